//! How long a statement of a million lines takes to read, and by how much memory rises above its bytes:
//! `cargo run --release -p statement --example million_lines [lines]`. A million camt entries are beyond the limit on
//! bytes, so camt is measured with as many as fit.

#[path = "../tests/support/big.rs"]
mod big;
#[path = "../tests/support/peak.rs"]
mod peak;

use statement::{Format, Head, Line, LineState, MAX_FILE_BYTES, Profile, Sink};
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

fn measure(name: &str, bytes: &[u8], format: Format<'_>) -> Result<(), Box<dyn Error>> {
    let mut count = Count(0);
    let start = Instant::now();
    let (read, rise) = peak::rise(|| statement::read_into(bytes, format, &mut count));
    let took = start.elapsed();
    read?;
    let per_second = bytes.len() as u128 / took.as_micros().max(1);
    let (mb, lines, ms) = (bytes.len() / 1_000_000, count.0, took.as_millis());
    println!("{name:6} {lines:>9} lines {mb:>4} MB {ms:>6} ms {per_second:>4} MB/s, peak + {} KiB", rise.unwrap_or(0));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let lines = std::env::args().nth(1).map_or(Ok(1_000_000), |n| n.parse())?;
    let profile: Profile = toml::from_str(big::CSV_PROFILE)?;
    measure("csv", &big::csv(lines), Format::Csv(&profile))?;
    let utf16 = Profile { encoding: statement::Encoding::Utf16Le, ..profile };
    let bytes: Vec<u8> = String::from_utf8(big::csv(lines))?.encode_utf16().flat_map(u16::to_le_bytes).collect();
    measure("utf-16", &bytes, Format::Csv(&utf16))?;
    measure("mt940", &big::mt940(lines), Format::Mt940)?;
    let fit = MAX_FILE_BYTES / (big::camt(1_000).len() / 1_000 + 5);
    measure("camt", &big::camt(lines.min(fit)), Format::Camt)
}
