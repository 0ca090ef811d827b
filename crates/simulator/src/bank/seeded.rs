//! Numbers that look like a bank's and come again with the same seed. Not for secrets.

/// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit state, the same on every machine and in every version.
pub(super) struct Seeded(u64);

impl Seeded {
    pub(super) fn new(seed: u64, counter: u64) -> Self {
        let mut mixed = Self(seed);
        Self(mixed.next() ^ counter.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Of 0..end; 0 when the range is empty.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    pub(super) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).filter_map(|_| self.pick(&letters).copied()).collect()
    }

    pub(super) fn digits(&mut self, length: usize) -> String {
        self.text("0123456789", length)
    }

    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let at = self.below(u64::try_from(of.len()).ok()?);
        of.get(usize::try_from(at).ok()?)
    }
}
