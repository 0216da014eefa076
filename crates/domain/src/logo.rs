use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest;
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::{name, parse_text};
use crate::personal_claims::{LONGEST, leads};

/// The picture of a realm on its pages: a PNG, written as `data:image/png;base64,…` (RFC 2397). A PNG holds no script and
/// leads nowhere; an SVG could do both.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    png: Arc<[u8]>,
    version: [u8; 8],
}

/// What cannot be the picture of a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogoRefused {
    /// It is no PNG, or not written as one.
    #[error("a logo is a PNG picture, written as data:image/png;base64,…")]
    Kind,
    /// It is too large.
    #[error("a logo has {} kB at most; make it smaller", Logo::MAX_BYTES / 1000)]
    Size,
}

const DATA: &str = "data:image/png;base64,";
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

impl Logo {
    /// Bytes at most: it is part of a page that has to be there at once.
    pub const MAX_BYTES: usize = 24_000;

    /// A picture of these bytes. What is in them beside the signature is for who draws pictures to say.
    pub fn from_png(png: &[u8]) -> Result<Self, LogoRefused> {
        if !png.starts_with(SIGNATURE) {
            return Err(LogoRefused::Kind);
        }
        if png.len() > Self::MAX_BYTES {
            return Err(LogoRefused::Size);
        }
        let mut version = [0; 8];
        version.copy_from_slice(&digest::digest(&digest::SHA256, png).as_ref()[..8]);
        Ok(Self { png: png.into(), version })
    }

    /// The bytes of the PNG.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// Another for another picture: 16 hexadecimal digits.
    pub fn version(&self) -> String {
        HEXLOWER.encode(&self.version)
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({}, {} bytes)", self.version(), self.png.len())
    }
}

impl FromStr for Logo {
    type Err = LogoRefused;

    fn from_str(text: &str) -> Result<Self, LogoRefused> {
        let encoded = text.strip_prefix(DATA).ok_or(LogoRefused::Kind)?;
        if encoded.len() > Self::MAX_BYTES.div_ceil(3) * 4 {
            return Err(LogoRefused::Size);
        }
        Self::from_png(&BASE64.decode(encoded.as_bytes()).map_err(|_| LogoRefused::Kind)?)
    }
}

impl fmt::Display for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{DATA}{}", BASE64.encode(&self.png))
    }
}

impl Serialize for Logo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Logo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_text(deserializer)
    }
}

name!(
    /// Where the picture of an organization is, as that of a person: an address that leads to a page and does nothing else.
    LogoUrl, LogoUrlRefused,
    "a logo is the address of a picture: https://… or http://… with a host, of up to 400 bytes, without `@` before it, white space, quotes, '<', '>' and '\\'",
    |t| t.len() <= LONGEST
        && leads(t) && !t.chars().any(char::is_control)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_written_as_a_png_and_read_back() {
        let logo = Logo::from_png(b"\x89PNG\r\n\x1a\nand so on").unwrap();
        let text = logo.to_string();
        assert!(text.starts_with("data:image/png;base64,iVBORw0KGg"), "{text}");
        assert_eq!(text.parse(), Ok(logo.clone()));
        assert_eq!(logo.version().len(), 16);
        assert_ne!(logo.version(), Logo::from_png(b"\x89PNG\r\n\x1a\nand so forth").unwrap().version());
        assert!(!format!("{logo:?}").contains("and so on"));
    }

    #[test]
    fn the_logo_of_an_organization_is_where_a_picture_is() {
        for good in ["https://example.com/acme.png?v=2", "http://localhost:3000/a.png"] {
            assert_eq!(good.parse::<LogoUrl>().map(|url| url.to_string()), Ok(good.to_owned()));
        }
        let long = format!("https://example.com/{}", "x".repeat(LONGEST));
        for bad in [
            "",
            "acme.png",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "https://a.test/\u{1}",
            "https://",
            "https:///acme.png",
            "https://bank.test@evil.test/",
            "https://ada:secret@a.test/",
            &long,
        ] {
            assert_eq!(bad.parse::<LogoUrl>(), Err(LogoUrlRefused), "{bad}");
        }
    }

    /// PG-03: a picture that is a document.
    #[test]
    fn pg_03_what_could_hold_a_script_is_no_logo() {
        for bad in [
            "https://example.com/logo.png",
            "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=",
            "data:text/html;base64,PGI+",
            "data:image/png;base64,PHN2Zz48L3N2Zz4=",
            "data:image/png;base64,!",
            "data:image/png,x",
            "",
        ] {
            assert_eq!(bad.parse::<Logo>(), Err(LogoRefused::Kind), "{bad}");
        }
        let large = [SIGNATURE, &vec![0; Logo::MAX_BYTES]].concat();
        assert_eq!(Logo::from_png(&large), Err(LogoRefused::Size));
        let text = format!("{DATA}{}", BASE64.encode(&large));
        assert_eq!(text.parse::<Logo>(), Err(LogoRefused::Size));
    }
}
