//! The member names of the objects being read, and whether one stands twice.

use super::{Kind, Scanner, Wrong, string};

/// Up to this many names of an object are compared as they come; beyond, all are sorted at its end, so that a hostile object
/// costs n log n.
const COMPARED: usize = 24;

const TWICE: Wrong = "a JSON object with the same member twice";

/// A member name seen in an object that is still open.
#[derive(Clone, Copy, Default)]
pub(super) struct Name {
    pub(super) tag: u64,
    start: u32,
    end: u32,
    /// Whether `start..end` lies among the unescaped names.
    unescaped: bool,
}

/// The names of the objects that are open, outermost first. The first ones lie on the stack: most tokens need no more.
#[derive(Default)]
pub(super) struct Names {
    first: [Name; COMPARED],
    length: usize,
    further: Vec<Name>,
}

/// What is known of one open object.
pub(super) struct Open {
    /// Where its names start.
    start: usize,
    /// A bit for each name, to tell quickly that a name is new.
    bits: u64,
}

impl Names {
    pub(super) fn open(&self) -> Open {
        Open { start: self.length, bits: 0 }
    }

    fn push(&mut self, name: Name) {
        match self.first.get_mut(self.length) {
            Some(place) => *place = name,
            None => self.further.push(name),
        }
        self.length += 1;
    }

    fn truncate(&mut self, length: usize) {
        self.length = length;
        self.further.truncate(length.saturating_sub(COMPARED));
    }

    fn since(&self, start: usize) -> impl Iterator<Item = Name> {
        let first = self.first.get(start..self.length.min(COMPARED)).unwrap_or_default();
        let further = self.further.get(start.saturating_sub(COMPARED)..).unwrap_or_default();
        first.iter().chain(further).copied()
    }
}

impl Scanner<'_> {
    /// Reads a member name, compares it with the others of its object and remembers it.
    pub(super) fn name(&mut self, open: &mut Open) -> Result<Name, Wrong> {
        let start = self.at + 1;
        let name = if let Some(tag) = self.short_name(start) {
            let end = start + usize::from(tag.to_le_bytes()[7]);
            self.at = end + 1;
            Name { tag, start: narrow(start), end: narrow(end), unescaped: false }
        } else if self.string()? == Kind::Text {
            let tag = tag_at(self.bytes, start, self.at - 1);
            Name { tag, start: narrow(start), end: narrow(self.at - 1), unescaped: false }
        } else {
            let undone = string::unescape(&self.text[start..self.at - 1]);
            let from = self.unescaped.len();
            self.unescaped.push_str(&undone);
            let end = narrow(self.unescaped.len());
            Name { tag: tag(undone.as_bytes()), start: narrow(from), end, unescaped: true }
        };
        let bit = 1 << (name.tag.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        if open.bits & bit != 0 && self.names.length - open.start <= COMPARED && self.is_there(name, open) {
            return Err(TWICE);
        }
        open.bits |= bit;
        self.names.push(name);
        Ok(name)
    }

    /// The tag of a name that ends within eight bytes and has no escape, as most do: found and made in one step.
    #[inline]
    fn short_name(&self, start: usize) -> Option<u64> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let eight = self.bytes.get(start..)?.first_chunk::<8>()?;
        let word = u64::from_le_bytes(*eight);
        let (quote, backslash) = (word ^ (ONES * u64::from(b'"')), word ^ (ONES * u64::from(b'\\')));
        // The lowest mark is at the first zero byte; marks above it may be wrong, as usual with this subtraction.
        let quotes = quote.wrapping_sub(ONES) & !quote & (ONES << 7);
        let backslashes = backslash.wrapping_sub(ONES) & !backslash & (ONES << 7);
        if quotes == 0 || backslashes.trailing_zeros() < quotes.trailing_zeros() || self.controls {
            return None;
        }
        let length = quotes.trailing_zeros() / 8;
        Some(word & ((1 << (8 * length)) - 1) | u64::from(length) << 56)
    }

    #[inline]
    pub(super) fn name_of(&self, name: Name) -> &str {
        let text = if name.unescaped { self.unescaped.as_str() } else { self.text };
        text.get(name.start as usize..name.end as usize).unwrap_or_default()
    }

    fn is_there(&self, name: Name, open: &Open) -> bool {
        self.names
            .since(open.start)
            .any(|other| other.tag == name.tag && self.name_of(other) == self.name_of(name))
    }

    /// The object ends here.
    pub(super) fn close(&mut self, open: &Open) -> Result<(), Wrong> {
        if self.names.length - open.start > COMPARED {
            self.refuse_duplicates_of_many(open)?;
        }
        self.names.truncate(open.start);
        Ok(())
    }

    #[cold]
    fn refuse_duplicates_of_many(&self, open: &Open) -> Result<(), Wrong> {
        let mut sorted: Vec<&str> = self.names.since(open.start).map(|name| self.name_of(name)).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) { Err(TWICE) } else { Ok(()) }
    }
}

/// Texts of 4 GiB and more are refused before.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The length and the first seven bytes of a name in one number: names differ when these do, and names of up to seven bytes are
/// equal when these are.
pub(crate) const fn tag(name: &[u8]) -> u64 {
    let (mut tag, mut at) = (0, 0);
    while at < name.len() && at < 7 {
        tag |= (name[at] as u64) << (8 * at);
        at += 1;
    }
    let length = if name.len() < 255 { name.len() } else { 255 };
    tag | (length as u64) << 56
}

/// [`tag`] of a part of a longer text, without a loop where eight bytes can be read at once.
#[inline]
fn tag_at(bytes: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    match bytes.get(start..).and_then(<[u8]>::first_chunk::<8>) {
        Some(eight) if length < 255 => {
            let kept = (1_u64 << (8 * length.min(7))) - 1;
            u64::from_le_bytes(*eight) & kept | (length as u64) << 56
        }
        _ => tag(&bytes[start..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::{tag, tag_at};

    #[test]
    fn both_ways_to_a_tag_agree() {
        let text = b"\"a\":\"organization\",\"\xc3\xa9\",\"\",\"abcdefg\",\"abcdefgh\",\"abcdefghi\"";
        for start in 0..text.len() {
            for end in start..text.len() {
                assert_eq!(tag_at(text, start, end), tag(&text[start..end]), "{start}..{end}");
            }
        }
        let long = [b'x'; 600];
        for length in [253, 254, 255, 256, 500] {
            assert_eq!(tag_at(&long, 0, length), tag(&long[..length]));
        }
    }
}
