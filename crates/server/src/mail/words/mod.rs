//! What letters say: a catalogue a language, as that of the pages.

mod ar;
mod de;
mod en;

use crate::pages::Language;

macro_rules! words {
    ($($key:ident,)+) => {
        /// Every sentence of the letters, in one language.
        #[derive(Debug)]
        pub(super) struct MailWords {
            $(pub(super) $key: &'static str,)+
        }

        impl MailWords {
            /// Every sentence with its name.
            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($key), self.$key)),+]
            }
        }
    };
}

words! {
    hello,
    hello_nobody,
    copy,
    once_minutes,
    once_day,
    once_week,
    foot,
    because_typed,
    because_account,
    verify_subject,
    verify_heading,
    verify_text,
    verify_code_text,
    verify_go,
    not_you_verify,
    change_subject,
    change_text,
    change_code_text,
    recover_subject,
    recover_heading,
    recover_text,
    recover_code_text,
    not_you_recover,
    exists_subject,
    exists_heading,
    exists_text,
    exists_go,
    not_you_exists,
    sign_in_subject,
    sign_in_heading,
    sign_in_text,
    sign_in_code_text,
    sign_in_code,
    sign_in_hint,
    not_you_sign_in,
    not_you_code,
    delete_subject,
    delete_heading,
    delete_text,
    delete_go,
    delete_hint,
    not_you_delete,
    undo_subject,
    undo_heading,
    undo_text,
    undo_go,
    not_you_undo,
    invite_subject,
    invite_heading,
    invite_text,
    invite_text_nobody,
    invite_go,
    invite_hint,
    not_you_invite,
    device_subject,
    device_heading,
    device_text,
    password_subject,
    password_heading,
    password_text,
    username_subject,
    username_heading,
    username_text,
    email_text,
    not_you_email,
    added_subject,
    added_heading,
    added_text,
    removed_subject,
    removed_heading,
    removed_text,
    reset_subject,
    reset_heading,
    reset_text,
    codes_subject,
    codes_heading,
    codes_text,
    code_used_subject,
    code_used_heading,
    code_used_text,
    taken_subject,
    taken_heading,
    taken_text,
    passkey,
    authenticator_app,
    recovery_codes,
    identity,
    phone_number,
    text_message,
    nothing_to_do,
    not_you_notice,
    fact_device,
    fact_address,
    fact_time,
}

/// The catalogue of a language.
pub(super) fn words(language: Language) -> &'static MailWords {
    match language.tag {
        "de" => &de::WORDS,
        "ar" => &ar::WORDS,
        _ => &en::WORDS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in braces and the tags of a sentence, sorted.
    fn parts(text: &str) -> Vec<&str> {
        let names = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        let tags = text.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
        let mut parts: Vec<_> = names.chain(tags).collect();
        parts.sort_unstable();
        parts
    }

    #[test]
    fn every_language_says_everything_with_the_same_values() {
        for language in Language::ALL {
            for ((key, theirs), (_, english)) in words(language).all().iter().zip(en::WORDS.all()) {
                assert!(!theirs.trim().is_empty(), "{key} in {}", language.tag);
                assert_eq!(parts(theirs), parts(english), "{key} in {}", language.tag);
                let same = language.tag == "en" || *key == "foot" || *key == "passkey";
                assert!(same || *theirs != english, "{key} in {}", language.tag);
                // A subject is a header, and no place for markup.
                assert!(!key.ends_with("_subject") || !theirs.contains('<'), "{key} in {}", language.tag);
            }
        }
    }
}
