//! From the text of a payload to typed claims.

use super::{Claims, Slice};
use crate::json::{self, Kind, Value, tag};
use crate::permissions::Permissions;
use crate::{Refused, VerifyingKey};

/// Later than this no token is meant to live; a value above is most likely in milliseconds. 9999-12-31T23:59:59Z.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Makes the places for the claims that have a type, and the search for them.
///
/// Names are told apart by their tag: length and first seven bytes. Where a name is longer, it is then compared in full.
macro_rules! claims {
    ($($field:ident = $name:literal,)*) => {
        /// Where the claims that have a type stand in the payload.
        #[derive(Default)]
        struct Found {
            $($field: Option<Value>,)*
        }

        impl Found {
            fn search(payload: &str) -> Result<Self, Refused> {
                /// The tags, by the names of the fields.
                #[expect(non_upper_case_globals, reason = "one word a claim, whatever it is used for")]
                mod tags {
                    $(pub(super) const $field: u64 = super::tag($name.as_bytes());)*
                }
                let mut found = Self::default();
                json::members(payload, |name, value| match name.tag {
                    $(tags::$field if $name.len() <= 7 || name.is($name) => found.$field = Some(value),)*
                    _ => {}
                })
                .map_err(Refused::Malformed)?;
                Ok(found)
            }
        }
    };
}

claims! {
    iss = "iss",
    sub = "sub",
    aud = "aud",
    exp = "exp",
    iat = "iat",
    nbf = "nbf",
    jti = "jti",
    sid = "sid",
    cnf = "cnf",
    acr = "acr",
    amr = "amr",
    name = "name",
    scope = "scope",
    email = "email",
    roles = "roles",
    org_id = "org_id",
    api_key = "api_key",
    realm_id = "realm_id",
    client_id = "client_id",
    auth_time = "auth_time",
    permissions = "permissions",
    email_verified = "email_verified",
}

/// The payload, and the strings with escapes, undone, on their way to its end.
struct Reading<'p> {
    payload: &'p str,
    undone: String,
}

impl Reading<'_> {
    /// Where the string `value` will lie.
    #[inline]
    fn place(&mut self, value: Value) -> Option<Slice> {
        match value.kind {
            Kind::Text => Some(Slice { start: value.start + 1, end: value.end - 1 }),
            Kind::EscapedText => Some(self.append(&value.string(self.payload)?)),
            _ => None,
        }
    }

    fn append(&mut self, text: &str) -> Slice {
        let start = self.payload.len() + self.undone.len();
        self.undone.push_str(text);
        Slice::new(start, start + text.len())
    }

    fn required(&mut self, name: &'static str, value: Option<Value>) -> Result<Slice, Refused> {
        self.place(value.ok_or(Refused::ClaimMissing(name))?).ok_or(Refused::ClaimInvalid(name))
    }

    /// `null` counts as absent: it is how many issuers write "none".
    fn optional(&mut self, name: &'static str, value: Option<Value>) -> Result<Slice, Refused> {
        match value {
            None => Ok(Slice::NONE),
            Some(value) if value.kind == Kind::Null => Ok(Slice::NONE),
            Some(value) => self.place(value).ok_or(Refused::ClaimInvalid(name)),
        }
    }

    /// For claims where a value of another type is common elsewhere, and taking it for absent grants nothing.
    fn lenient(&mut self, value: Option<Value>) -> Slice {
        value.and_then(|value| self.place(value)).unwrap_or(Slice::NONE)
    }

    /// Some issuers write a list where RFC 8693 section 4.2 has one string. It is kept as that string.
    fn scope(&mut self, value: Option<Value>) -> Result<Slice, Refused> {
        match value {
            Some(value) if value.kind == Kind::Array => {
                let listed = value.strings(self.payload).ok_or(Refused::ClaimInvalid("scope"))?;
                Ok(self.append(&listed.join(" ")))
            }
            other => self.optional("scope", other),
        }
    }

    fn audience(&self, value: Option<Value>) -> Result<Box<[Box<str>]>, Refused> {
        let value = value.ok_or(Refused::ClaimMissing("aud"))?;
        match value.string(self.payload) {
            Some(one) => Ok(Box::new([one.into()])),
            None => value.strings(self.payload).ok_or(Refused::ClaimInvalid("aud")),
        }
    }

    fn strings(&self, name: &'static str, value: Option<Value>) -> Result<Box<[Box<str>]>, Refused> {
        match value {
            None => Ok(Box::default()),
            Some(value) if value.kind == Kind::Null => Ok(Box::default()),
            Some(value) => value.strings(self.payload).ok_or(Refused::ClaimInvalid(name)),
        }
    }

    /// A NumericDate (RFC 7519 section 2): a number, not negative, not beyond the year 9999. Fractions are cut off.
    fn seconds(&self, name: &'static str, value: Option<Value>) -> Result<Option<i64>, Refused> {
        let Some(value) = value else { return Ok(None) };
        if value.kind != Kind::Number {
            return Err(Refused::ClaimInvalid(name));
        }
        let raw = value.raw(self.payload);
        if let Some(seconds) = whole(raw) {
            return Ok(Some(seconds));
        }
        match raw.parse::<f64>() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range is checked, and fractions are to be cut off"
            )]
            Ok(seconds) if (0.0..=LAST_SECOND).contains(&seconds) => Ok(Some(seconds as i64)),
            _ => Err(Refused::ClaimInvalid(name)),
        }
    }

    fn required_seconds(&self, name: &'static str, value: Option<Value>) -> Result<i64, Refused> {
        self.seconds(name, value)?.ok_or(Refused::ClaimMissing(name))
    }
}

/// The value of up to eleven digits, which is how nearly every date is written.
fn whole(digits: &str) -> Option<i64> {
    if digits.len() > 11 {
        return None;
    }
    digits
        .bytes()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

impl Claims {
    /// Reads a payload whose signature `key` has made. Checks the types (step "types" of the order), not the values.
    pub(crate) fn read_payload(payload: Vec<u8>, key: &VerifyingKey) -> Result<Self, Refused> {
        let mut text =
            String::from_utf8(payload).map_err(|_| Refused::Malformed("the payload is not UTF-8"))?;
        let found = Found::search(&text)?;
        let mut read = Reading { payload: &text, undone: String::new() };
        let subject = read.required("sub", found.sub)?;
        if subject.start == subject.end {
            return Err(Refused::ClaimInvalid("sub"));
        }
        let mut claims = Self {
            text: Box::default(),
            payload_length: text.len(),
            key: key.clone(),
            issuer: read.required("iss", found.iss)?,
            subject,
            audience: read.audience(found.aud)?,
            expires_at: read.required_seconds("exp", found.exp)?,
            issued_at: read.required_seconds("iat", found.iat)?,
            not_before: read.seconds("nbf", found.nbf)?,
            auth_time: read.seconds("auth_time", found.auth_time)?,
            token_id: match found.jti {
                None => Slice::NONE,
                jti => read.required("jti", jti)?,
            },
            client_id: read.optional("client_id", found.client_id)?,
            session_id: read.optional("sid", found.sid)?,
            scope: read.scope(found.scope)?,
            email: read.optional("email", found.email)?,
            email_verified: match found.email_verified.map(|value| value.kind) {
                Some(Kind::True) => Some(true),
                Some(Kind::False) => Some(false),
                _ => None,
            },
            name: read.lenient(found.name),
            acr: read.lenient(found.acr),
            amr: found.amr.and_then(|value| value.strings(read.payload)).unwrap_or_default(),
            realm: read.optional("realm_id", found.realm_id)?,
            organization: read.optional("org_id", found.org_id)?,
            api_key: read.optional("api_key", found.api_key)?,
            roles: read.strings("roles", found.roles)?,
            permissions: Permissions::new(read.strings("permissions", found.permissions)?),
            confirmation: found.cnf.map_or(Slice::NONE, |value| Slice { start: value.start, end: value.end }),
        };
        let undone = read.undone;
        text.push_str(&undone);
        claims.text = text.into_boxed_str();
        Ok(claims)
    }
}
