//! The ZIP archive around a workbook (APPNOTE 6.3), in the one shape in which spreadsheet programs write it. Whatever two
//! readers might take for different files is refused: a name twice, parts that overlap, a part that its own head calls
//! otherwise than the directory does, bytes before or after, a split, locked or ZIP64 archive.

use super::part::Part;
use crate::error::Reason;
use crate::limits::{LEAST_UNPACKED_BYTES, MAX_UNPACKED_BYTES, MAX_UNPACKING};
use std::collections::BTreeMap;

const MAX_ENTRIES: usize = 10_000;
const END: [u8; 4] = *b"PK\x05\x06";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
const END_BYTES: usize = 22;
const LOCKED: u16 = 1;

pub(crate) struct Archive<'b> {
    bytes: &'b [u8],
    /// By name, in small letters: a workbook's names differ by more than that (ECMA-376 part 2, 6.2.2.3).
    entries: BTreeMap<String, Entry>,
}

pub(super) struct Entry {
    pub deflated: bool,
    pub crc: u32,
    packed: usize,
    pub unpacked: u64,
    /// Where its own head begins, and its data.
    head: usize,
    data: usize,
}

impl<'b> Archive<'b> {
    pub fn open(bytes: &'b [u8]) -> Result<Self, Reason> {
        let end = bytes.len().checked_sub(END_BYTES).ok_or(Reason::Truncated)?;
        let tail = Fields(bytes, end);
        // a comment, which nobody writes, could hide a second directory
        if tail.signature()? != END {
            return Err(Reason::Truncated);
        }
        let (count, size, start) = (tail.u16(10)?, tail.u32(12)?, tail.u32(16)?);
        let is_whole = tail.u16(4)? == 0 && tail.u16(6)? == 0 && tail.u16(8)? == count && tail.u16(20)? == 0;
        if !is_whole || start.checked_add(size) != Some(end) {
            return Err(Reason::Workbook("an archive of another shape"));
        }
        if usize::from(count) > MAX_ENTRIES {
            return Err(Reason::Limit("parts of a workbook"));
        }
        let mut archive = Self { bytes, entries: BTreeMap::new() };
        let mut at = start;
        for _ in 0..count {
            at = archive.entry(at, start)?;
        }
        if at != end {
            return Err(Reason::Workbook("an archive of another shape"));
        }
        archive.nothing_overlaps()?;
        Ok(archive)
    }

    /// Takes one entry of the directory up; where the next one begins.
    fn entry(&mut self, at: usize, directory: usize) -> Result<usize, Reason> {
        let fields = Fields(self.bytes, at);
        if fields.signature()? != CENTRAL {
            return Err(Reason::Workbook("an archive of another shape"));
        }
        let (flags, method) = (fields.u16(8)?, fields.u16(10)?);
        let (packed, unpacked, head) = (fields.u32(20)?, fields.u32(24)?, fields.u32(42)?);
        let length = usize::from(fields.u16(28)?);
        let name = fields.slice(46, length)?;
        let local = Fields(self.bytes, head);
        let same = local.signature()? == LOCAL
            && (local.u16(6)?, local.u16(8)?) == (flags, method)
            && local.slice(30, usize::from(local.u16(26)?))? == name;
        if !same {
            return Err(Reason::Workbook("a part that is called otherwise in the archive's directory"));
        }
        if flags & LOCKED != 0 {
            return Err(Reason::Workbook("it is locked by a password"));
        }
        let deflated = match method {
            0 if packed == unpacked => false,
            8 => true,
            _ => return Err(Reason::Workbook("a part is packed in another way")),
        };
        let data = head + 30 + length + usize::from(local.u16(28)?);
        if data.checked_add(packed).is_none_or(|end| end > directory) {
            return Err(Reason::Truncated);
        }
        let name = std::str::from_utf8(name).map_err(|_| Reason::Encoding("not UTF-8"))?.to_ascii_lowercase();
        let entry = Entry { deflated, crc: fields.crc()?, packed, unpacked: unpacked as u64, head, data };
        if self.entries.insert(name, entry).is_some() {
            return Err(Reason::Twice("a part of the workbook".to_owned()));
        }
        Ok(at + 46 + length + usize::from(fields.u16(30)?) + usize::from(fields.u16(32)?))
    }

    fn nothing_overlaps(&self) -> Result<(), Reason> {
        let mut spans: Vec<_> = self.entries.values().map(|e| (e.head, e.data + e.packed)).collect();
        spans.sort_unstable();
        let overlap = spans.windows(2).any(|pair| pair[0].1 > pair[1].0);
        if overlap { Err(Reason::Workbook("parts that overlap")) } else { Ok(()) }
    }

    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(&name.to_ascii_lowercase())
    }

    /// A part, which is at most `most` bytes long when it is unpacked.
    pub fn part(&self, name: &str, most: u64) -> Result<Part<'b>, Reason> {
        let entry = self.entries.get(&name.to_ascii_lowercase());
        let entry = entry.ok_or_else(|| Reason::Missing("a part of the workbook".to_owned()))?;
        if entry.unpacked > most.min(self.allowance()) {
            return Err(Reason::Limit("bytes of an unpacked workbook"));
        }
        let data = self.bytes.get(entry.data..entry.data + entry.packed).ok_or(Reason::Truncated)?;
        Ok(Part::new(data, entry))
    }

    /// What a file of this size may unpack to: a bomb is small.
    fn allowance(&self) -> u64 {
        let of_its_size = (self.bytes.len() as u64).saturating_mul(MAX_UNPACKING);
        of_its_size.saturating_add(LEAST_UNPACKED_BYTES).min(MAX_UNPACKED_BYTES)
    }
}

/// Little-endian numbers from a place on.
struct Fields<'b>(&'b [u8], usize);

impl<'b> Fields<'b> {
    fn slice(&self, offset: usize, length: usize) -> Result<&'b [u8], Reason> {
        let start = self.1.checked_add(offset).ok_or(Reason::Truncated)?;
        let end = start.checked_add(length).ok_or(Reason::Truncated)?;
        self.0.get(start..end).ok_or(Reason::Truncated)
    }

    fn bytes<const N: usize>(&self, offset: usize) -> Result<[u8; N], Reason> {
        self.slice(offset, N)?.try_into().map_err(|_| Reason::Truncated)
    }

    fn signature(&self) -> Result<[u8; 4], Reason> {
        self.bytes(0)
    }

    fn crc(&self) -> Result<u32, Reason> {
        self.bytes(16).map(u32::from_le_bytes)
    }

    fn u16(&self, offset: usize) -> Result<u16, Reason> {
        self.bytes(offset).map(u16::from_le_bytes)
    }

    /// A size or a place; all ones would say that ZIP64 has it.
    fn u32(&self, offset: usize) -> Result<usize, Reason> {
        match self.bytes(offset).map(u32::from_le_bytes)? {
            u32::MAX => Err(Reason::Workbook("an archive of another shape")),
            number => Ok(number as usize),
        }
    }
}
