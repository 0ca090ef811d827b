//! How long a statement of a million lines takes to read, and by how much memory rises above its bytes:
//! `cargo run --release -p statement --example million_lines [lines]`. A million camt entries are beyond the limit on
//! bytes, so camt is measured with as many as fit.

#[path = "../tests/support/big.rs"]
mod big;
#[path = "../tests/support/peak.rs"]
mod peak;

use statement::profiles::BUILT_IN;
use statement::{Format, Head, Line, LineState, MAX_FILE_BYTES, Profile, ReadError, SettlementProfile, Sink};
use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

struct Count(usize);

impl Sink for Count {
    fn statement(&mut self, _: &Head) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn line(&mut self, _: Line, _: LineState) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

/// `read` gives how many lines there were.
fn measure(
    name: &str,
    bytes: &[u8],
    read: impl FnOnce(&[u8]) -> Result<usize, ReadError>,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let (lines, rise) = peak::rise(|| read(bytes));
    let (took, lines) = (start.elapsed(), lines?);
    let per_second = bytes.len() as u128 / took.as_micros().max(1);
    let (mb, ms, rise) = (bytes.len() / 1_000_000, took.as_millis(), rise.unwrap_or(0));
    println!("{name:10} {lines:>9} lines {mb:>4} MB {ms:>6} ms {per_second:>4} MB/s, peak + {rise} KiB");
    Ok(())
}

fn statement(format: Format<'_>) -> impl FnOnce(&[u8]) -> Result<usize, ReadError> {
    move |bytes| {
        let mut count = Count(0);
        statement::read_into(bytes, format, &mut count).map(|_| count.0)
    }
}

fn settlement(profile: &SettlementProfile) -> impl FnOnce(&[u8]) -> Result<usize, ReadError> {
    |bytes| statement::read_settlement_into(bytes, profile, &mut |_| ControlFlow::Continue(())).map(|s| s.rows)
}

fn main() -> Result<(), Box<dyn Error>> {
    let lines = std::env::args().nth(1).map_or(Ok(1_000_000), |n| n.parse())?;
    let profile: Profile = toml::from_str(big::CSV_PROFILE)?;
    measure("csv", &big::csv(lines), statement(Format::Csv(&profile)))?;
    let utf16 = Profile { encoding: statement::Encoding::Utf16Le, ..profile };
    let bytes: Vec<u8> = String::from_utf8(big::csv(lines))?.encode_utf16().flat_map(u16::to_le_bytes).collect();
    measure("utf-16", &bytes, statement(Format::Csv(&utf16)))?;
    measure("mt940", &big::mt940(lines), statement(Format::Mt940))?;
    let (_, toml) = BUILT_IN.iter().find(|(name, _)| name.ends_with("-settlement")).ok_or("no profile")?;
    measure("settlement", &big::settlement(lines), settlement(&toml::from_str(toml)?))?;
    let fit = MAX_FILE_BYTES / (big::camt(1_000).len() / 1_000 + 5);
    measure("camt", &big::camt(lines.min(fit)), statement(Format::Camt))
}
