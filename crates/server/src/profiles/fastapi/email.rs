//! Why a text is no address, in the words of `email-validator`, which FastAPI asks. Whether it is one is ours to say.

use gatepost_domain::EmailAddress;

use super::invalid::Invalid;

/// Reads an address.
pub fn read(loc: &[&'static str], text: &str) -> Result<EmailAddress, Invalid> {
    text.parse().map_err(|refused: gatepost_domain::EmailRefused| {
        Invalid::no_email(loc, text, reason(text).unwrap_or_else(|| refused.to_string()))
    })
}

/// The address as it is shown: with the domain in lower case.
pub fn shown(email: &EmailAddress) -> String {
    match email.as_str().rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => email.as_str().to_owned(),
    }
}

fn reason(text: &str) -> Option<String> {
    let said = |words: &str| Some(words.to_owned());
    if text.contains(['\r', '\n']) {
        return said("Carriage return and line feed characters are not allowed");
    }
    let Some((local, domain)) = text.split_once('@') else {
        return said("An email address must have an @-sign.");
    };
    if local.is_empty() {
        return said("There must be something before the @-sign.");
    }
    if domain.is_empty() {
        return said("There must be something after the @-sign.");
    }
    if local.starts_with('"') {
        return said("Quoting the part before the @-sign is not allowed here.");
    }
    let wrong = named(local, |letter| {
        !letter.is_ascii() || letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter)
    });
    if let Some(wrong) = wrong {
        return Some(format!("The email address contains invalid characters before the @-sign: {wrong}."));
    }
    if local.starts_with('.') {
        return said("An email address cannot start with a period.");
    }
    if local.ends_with('.') {
        return said("An email address cannot have a period immediately before the @-sign.");
    }
    if local.contains("..") || domain.contains("..") {
        return said("An email address cannot have two periods in a row.");
    }
    if domain.starts_with('[') {
        return said("A bracketed IP address after the @-sign is not allowed here.");
    }
    let wrong =
        named(domain, |letter| !letter.is_ascii() || letter.is_ascii_alphanumeric() || "-.".contains(letter));
    if let Some(wrong) = wrong {
        return Some(format!("The part after the @-sign contains invalid characters: {wrong}."));
    }
    if domain.ends_with('.') {
        return said("An email address cannot end with a period.");
    }
    if domain.starts_with('-') {
        return said("An email address cannot have a hyphen immediately after the @-sign.");
    }
    if !domain.contains('.') {
        return said("The part after the @-sign is not valid. It should have a period.");
    }
    let last = domain.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return said("The part after the @-sign is not valid. It is not within a valid top-level domain.");
    }
    None
}

/// The letters that do not fit, each once, in their order.
fn named(text: &str, fits: impl Fn(char) -> bool) -> Option<String> {
    let mut wrong: Vec<char> = text.chars().filter(|letter| !fits(*letter)).collect();
    wrong.sort_unstable();
    wrong.dedup();
    let name = |letter: &char| match letter {
        ' ' => "SPACE".to_owned(),
        letter if letter.is_control() => format!("U+{:04X}", u32::from(*letter)),
        letter => format!("'{letter}'"),
    };
    (!wrong.is_empty()).then(|| wrong.iter().map(name).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What email-validator 2.4 says of them.
    #[test]
    fn what_is_no_address_is_told_as_email_validator_tells_it() {
        for (text, said) in [
            ("x", "An email address must have an @-sign."),
            ("x@", "There must be something after the @-sign."),
            ("@x.com", "There must be something before the @-sign."),
            ("a@b", "The part after the @-sign is not valid. It should have a period."),
            ("a b@c.com", "The email address contains invalid characters before the @-sign: SPACE."),
            ("a@b..com", "An email address cannot have two periods in a row."),
            ("a@@b.com", "The part after the @-sign contains invalid characters: '@'."),
            ("a@-x.com", "An email address cannot have a hyphen immediately after the @-sign."),
            (".a@x.com", "An email address cannot start with a period."),
            ("a.@x.com", "An email address cannot have a period immediately before the @-sign."),
            ("a@x.com.", "An email address cannot end with a period."),
            ("a@[1.2.3.4]", "A bracketed IP address after the @-sign is not allowed here."),
            ("\"a b\"@x.com", "Quoting the part before the @-sign is not allowed here."),
            ("a@x_y.com", "The part after the @-sign contains invalid characters: '_'."),
            ("a@x.123", "The part after the @-sign is not valid. It is not within a valid top-level domain."),
            ("a(b)@x.com", "The email address contains invalid characters before the @-sign: '(', ')'."),
            ("a\0@x.com", "The email address contains invalid characters before the @-sign: U+0000."),
        ] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text:?}");
            assert_eq!(reason(text).as_deref(), Some(said), "{text:?}");
        }
        assert_eq!(shown(&"Ada@EXAMPLE.com".parse().unwrap()), "Ada@example.com");
    }
}
