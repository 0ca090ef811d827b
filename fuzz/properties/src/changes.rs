//! Small changes of an input, always the same ones for the same bytes: a failure comes back.

/// As many as a fuzzer has time for at each input.
const AT_MOST: usize = 32;

/// Numbers that depend on nothing but the bytes (FNV-1a, then an xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn of(bytes: &[u8]) -> Self {
        let hash = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, hash) | 1)
    }

    /// Below `bound`, which is above zero.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}

/// The bytes with one byte changed, at places all over them.
pub fn changed(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut dice = Dice::of(bytes);
    let count = if bytes.is_empty() { 0 } else { AT_MOST };
    (0..count).map(move |_| {
        let mut other = bytes.to_vec();
        let at = dice.below(other.len());
        other[at] ^= u8::try_from(1 + dice.below(255)).unwrap_or(1);
        other
    })
}

/// The same of a text, where it still is one.
pub fn changed_text(text: &str) -> impl Iterator<Item = String> {
    changed(text.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok())
}

/// The bytes without their end, cut at places all over them.
pub fn cut(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut dice = Dice::of(bytes);
    let count = if bytes.is_empty() { 0 } else { AT_MOST / 4 };
    (0..count).map(move |_| &bytes[..dice.below(bytes.len())])
}
