//! Lines leave as they are read, so memory does not grow with the file. Alone in its process: the peak is the process's.

#[path = "support/big.rs"]
mod big;
#[path = "support/peak.rs"]
mod peak;
#[path = "support/sheets.rs"]
mod sheets;

use statement::profiles::BUILT_IN;
use statement::{Format, Head, Line, LineState, Profile, SettlementProfile, Sink};
use std::io::Write as _;
use std::ops::ControlFlow;

/// What a reader may hold beyond the bytes of the file. The lines of any of the files would be three times that.
const MOST_KIB: usize = 8 * 1024;

#[derive(Default)]
struct Count {
    lines: usize,
    dong: i64,
}

impl Sink for Count {
    fn statement(&mut self, _: &Head) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn line(&mut self, line: Line, _: LineState) -> ControlFlow<()> {
        self.lines += 1;
        self.dong += line.amount.minor;
        ControlFlow::Continue(())
    }
}

#[test]
fn a_long_file_is_read_in_memory_that_does_not_grow_with_it() {
    let profile: Profile = toml::from_str(big::CSV_PROFILE).unwrap();
    type Make = fn(usize) -> Vec<u8>;
    let files: [(&str, usize, Make, Format<'_>); 3] = [
        ("csv", 200_000, big::csv, Format::Csv(&profile)),
        ("mt940", 200_000, big::mt940, Format::Mt940),
        ("camt", 60_000, big::camt, Format::Camt),
    ];
    for (name, lines, make, format) in files {
        let bytes = make(lines);
        let mut count = Count::default();
        let (summary, rise) = peak::rise(|| statement::read_into(&bytes, format, &mut count).unwrap());
        let statement = &summary.statements[0];
        assert_eq!((count.lines, statement.lines, statement.pending), (lines, lines, 0), "{name}");
        let moved = statement.closing.unwrap().amount.minor - statement.head.opening.unwrap().amount.minor;
        assert_eq!(count.dong, moved, "{name}");
        small(name, &bytes, rise);
    }
    let (_, toml) = BUILT_IN.iter().find(|(name, _)| *name == "vnpay-settlement").unwrap();
    let profile: SettlementProfile = toml::from_str(toml).unwrap();
    let bytes = big::settlement(100_000);
    let mut net = 0;
    let mut add = |row: statement::settlement::Row| {
        net += row.net;
        ControlFlow::Continue(())
    };
    let (summary, rise) = peak::rise(|| statement::read_settlement_into(&bytes, &profile, &mut add).unwrap());
    assert_eq!((summary.rows, summary.net), (100_000, net));
    small("settlement", &bytes, rise);
    let bytes = sheets::settlement(30_000);
    let mut dong = 0;
    let mut add = |row: statement::settlement::Row| {
        dong += row.net;
        ControlFlow::Continue(())
    };
    let (summary, rise) = peak::rise(|| statement::read_settlement_into(&bytes, &profile, &mut add).unwrap());
    assert_eq!((summary.rows, summary.net), (30_000, dong));
    small("workbook", &bytes, rise);
}

fn small(name: &str, bytes: &[u8], rise: Option<usize>) {
    match rise {
        Some(kib) => assert!(kib < MOST_KIB, "{name} of {} bytes took {kib} KiB more", bytes.len()),
        None => {
            // The test runner captures what `eprintln!` writes.
            let _ = writeln!(std::io::stderr(), "statement: no /proc/self here: memory of {name} not measured");
        }
    }
}
