//! Which Unicode spellings may name an account.

use unicode_normalization::UnicodeNormalization;
use unicode_security::{GeneralSecurityProfile, MixedScript};

/// Whether `text` could be taken for another text: a character that is not for identifiers (full-width letters,
/// the Kelvin sign, zero-width and direction characters: Unicode TS 39 section 3.1), or letters of several
/// scripts (section 5.1). Asked before normalisation, which would fold some of them into innocent letters.
pub(crate) fn is_deceptive(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let foreign = |c: char| {
        !c.is_ascii() && (!c.identifier_allowed() || std::iter::once(c).nfkc().ne(std::iter::once(c).nfc()))
    };
    text.chars().any(foreign) || !text.is_single_script()
}

/// Normal form C. ASCII is in it already.
pub(crate) fn composed(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { text.nfc().collect() }
}

/// Lower case in normal form C: what two spellings of one account have in common.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Lower case of a capital sigma depends on what follows it; both small ones are the same letter.
    composed(text).to_lowercase().replace('ς', "σ").nfc().collect()
}
