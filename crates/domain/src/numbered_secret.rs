//! Secrets that name what they are for: a prefix, an id, 160 random bits and a checksum, in letters and digits, so that a
//! double click selects all of it.

use crate::id::{read_base32_bytes, write_base32_bytes};
use crate::{Entropy, Secret, SecretDigest};

/// Bytes of an id, of the secret part, and of the checksum behind them.
const ID: usize = 16;
const SECRET: usize = 20;
const CHECKSUM: usize = 4;
/// Bytes of the id that are shown of a secret: when it was made, to the millisecond, and 32 random bits.
const START: usize = 10;
/// Letters of base 32 for 40 bytes.
const LETTERS: usize = 64;

/// Makes the secret of an id.
pub(crate) fn generate(prefix: &str, id: &[u8; ID], entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; ID + SECRET + CHECKSUM];
    bytes[..ID].copy_from_slice(id);
    entropy.fill(&mut bytes[ID..ID + SECRET]);
    let checksum = checksum(&bytes[..ID + SECRET]);
    bytes[ID + SECRET..].copy_from_slice(&checksum);
    let mut text = String::with_capacity(prefix.len() + LETTERS);
    text.push_str(prefix);
    write_base32_bytes(&bytes, &mut text);
    Secret::received(text)
}

/// The first letters of the secret of an id: of the id alone, up to its random bits, so that no two begin alike.
pub(crate) fn start(prefix: &str, id: &[u8; ID]) -> String {
    let mut text = prefix.to_owned();
    write_base32_bytes(&id[..START], &mut text);
    text
}

/// The id in such a secret, if the text can be one: prefix, shape and checksum are right.
pub(crate) fn id_of(prefix: &str, text: &str) -> Option<[u8; ID]> {
    let letters = text.strip_prefix(prefix)?;
    if letters.len() != LETTERS {
        return None;
    }
    let bytes: [u8; ID + SECRET + CHECKSUM] = read_base32_bytes(letters.as_bytes())?;
    let (body, found) = bytes.split_at(ID + SECRET);
    let (id, _) = body.split_first_chunk::<ID>()?;
    (checksum(body) == *found).then_some(*id)
}

/// Not a secret and no proof: it tells secrets from what only looks like one.
fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let mut four = [0; CHECKSUM];
    four.copy_from_slice(&SecretDigest::of(body).as_bytes()[..CHECKSUM]);
    four
}
