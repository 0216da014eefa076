//! What a text message says.

use gatepost_domain::mfa::sms::{SMS_CODE_TTL, SmsCode};
use zeroize::Zeroizing;

use super::{letter::name_of, words::words};
use crate::{
    pages::{Language, html::say},
    realm::Snapshot,
};

/// A code in a sentence, in the language of a tag or the one that is spoken where there is none, and which that is.
pub fn text_message(realm: &Snapshot, tag: &str, code: &SmsCode) -> (&'static str, Zeroizing<String>) {
    let language = Language::named(tag).unwrap_or(Language::ALL[0]);
    let text = say(words(language).text_message)
        .put("code", code.reveal())
        .put("realm", name_of(realm))
        .put("minutes", SMS_CODE_TTL.as_secs() / 60);
    (language.tag, Zeroizing::new(text.plain()))
}
