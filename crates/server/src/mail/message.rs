//! A letter as it travels (RFC 5322): headers, text, HTML, and the realm's picture inside it, so that nothing is fetched when it is read.

use std::time::{Duration, UNIX_EPOCH};

use gatepost_domain::{EmailAddress, OutboxId, Timestamp};
use lettre::{
    Address, Message,
    message::{
        Attachment, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use super::Rendered;

/// Whom a letter is from.
pub(super) struct Sender<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a EmailAddress,
}

/// Writes a letter down. Whatever is in a name or a subject stays in its header (IJ-03).
pub(super) fn compose(
    id: OutboxId,
    from: &Sender<'_>,
    to: &EmailAddress,
    letter: &Rendered,
    now: Timestamp,
) -> Result<Message, String> {
    let sender = address(from.address)?;
    let date = UNIX_EPOCH + Duration::from_secs(u64::try_from(now.unix_seconds()).unwrap_or_default());
    let html = SinglePart::html(letter.html.clone());
    let looks = match &letter.logo {
        Some(logo) => {
            let kind = ContentType::parse("image/png").map_err(|error| error.to_string())?;
            let picture = Attachment::new_inline("logo".to_owned()).body(logo.png().to_vec(), kind);
            MultiPart::alternative()
                .singlepart(SinglePart::plain(letter.text.clone()))
                .multipart(MultiPart::related().singlepart(html).singlepart(picture))
        }
        None => MultiPart::alternative().singlepart(SinglePart::plain(letter.text.clone())).singlepart(html),
    };
    // The name of a person who gets a letter is whatever somebody typed: the address stands alone.
    Message::builder()
        .message_id(Some(format!("<{id}@{}>", sender.domain())))
        .date(date)
        .from(Mailbox::new(Some(one_line(from.name)), sender))
        .to(Mailbox::new(None, address(to)?))
        .subject(one_line(&letter.subject))
        // RFC 3834: nobody's absence is told to us.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(looks)
        .map_err(|error| error.to_string())
}

/// What stands in a header is one line, whatever it was made of.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// The address as stored, its domain in the letters that every server takes.
fn address(email: &EmailAddress) -> Result<Address, String> {
    let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    let domain = email.key().rsplit_once('@').map_or("", |(_, domain)| domain);
    // Without the address: this is logged.
    Address::new(local, domain).map_err(|_| "the address cannot be written in a letter".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(subject: &str) -> Rendered {
        Rendered { subject: subject.into(), text: "Hello".into(), html: "<p>Hello</p>".into(), logo: None }
    }

    fn formatted(name: &str, to: &str, letter: &Rendered) -> String {
        let (from, to) = ("no-reply@example.com".parse().unwrap(), to.parse().unwrap());
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let message = compose(OutboxId::MIN, &Sender { name, address: &from }, &to, letter, now).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    fn headers(message: &str) -> Vec<&str> {
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        head.split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect()
    }

    #[test]
    fn ij_03_nothing_in_a_name_or_a_subject_is_a_header_of_its_own() {
        let plain = formatted("Tideline", "ada@example.com", &letter("Hello"));
        let known = headers(&plain);
        assert_eq!(
            known,
            ["Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"]
        );
        for evil in [
            "x\r\nBcc: eve@example.com",
            "x\nBcc: eve@example.com",
            "x\rBcc: eve@example.com",
            "x\r\n\r\n<script>",
            "x\u{2028}Bcc: eve@example.com",
            "x\u{85}Bcc: eve@example.com",
            "x\0y",
            "\"><eve@example.com>, ",
            "=?utf-8?q?x=0d=0aBcc:_eve@example.com?=",
        ] {
            for message in [
                formatted(evil, "ada@example.com", &letter("Hello")),
                formatted("Tideline", "ada@example.com", &letter(evil)),
            ] {
                assert_eq!(headers(&message), known, "{evil:?}: {message}");
                let bodies = message.matches("\r\n\r\n").count();
                assert_eq!(bodies, plain.matches("\r\n\r\n").count(), "{evil:?}: {message}");
            }
        }
    }

    #[test]
    fn lg_08_mail_goes_to_the_one_address_as_stored() {
        let message = formatted("Tideline", "Ada+x@exämple.com", &letter("Hello"));
        assert!(message.contains("To: Ada+x@xn--exmple-cua.com\r\n"), "{message}");
        assert!(message.contains("From: Tideline <no-reply@example.com>\r\n"), "{message}");
        assert!(
            message.contains("Message-ID: <out_00000000000000000000000000@example.com>\r\n"),
            "{message}"
        );
        assert!(message.contains("Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"), "{message}");
    }
}
