//! Webhooks of a Gatepost server, or of anybody who signs after Standard Webhooks: received and verified.

use gatepost_jose::webhook::{Headers, Secret, Verifier};
use http::HeaderMap;

pub use gatepost_jose::webhook::{Refused, SecretRefused, TOLERANCE};

use crate::clock::Clock;

/// Verifies the webhooks that one endpoint receives.
///
/// ```
/// use axum::{body::Bytes, extract::State, http::{HeaderMap, StatusCode}};
/// use gatepost_guard::webhooks::Webhooks;
/// use std::sync::Arc;
///
/// async fn hook(State(webhooks): State<Arc<Webhooks>>, headers: HeaderMap, body: Bytes) -> StatusCode {
///     match webhooks.verify(&headers, &body) {
///         Ok(_id) => StatusCode::NO_CONTENT,
///         Err(_) => StatusCode::BAD_REQUEST,
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Webhooks {
    verifier: Verifier,
    clock: Clock,
}

impl Webhooks {
    /// With the secret of the endpoint, `whsec_…`, as it was shown when the endpoint was made.
    pub fn new(secret: &str) -> Result<Self, SecretRefused> {
        Self::any_of([secret])
    }

    /// With several secrets, of which one is enough: while one is being replaced, the one before and the new one.
    pub fn any_of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Result<Self, SecretRefused> {
        let secrets = secrets.into_iter().map(str::parse).collect::<Result<Vec<Secret>, _>>()?;
        Ok(Self { verifier: Verifier::new(secrets), clock: Clock::System })
    }

    /// The id of the message, if the sender signed it within the last five minutes. `body` is what was received, to the byte: take it
    /// as `Bytes`, and read its JSON afterwards.
    ///
    /// The same message may come twice. Keep the ids of those that were dealt with, and answer a second one as the first.
    pub fn verify<'h>(&self, headers: &'h HeaderMap, body: &[u8]) -> Result<&'h str, Refused> {
        let headers = Headers {
            id: only(headers, "webhook-id"),
            timestamp: only(headers, "webhook-timestamp"),
            signature: only(headers, "webhook-signature"),
        };
        self.verifier.verify(headers, body, self.clock.now())
    }
}

/// The one header of the name.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"type":"user.created"}"#;
    const AT: i64 = 1_800_000_000;

    fn received() -> HeaderMap {
        let secret: Secret = SECRET.parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", AT.into());
        headers.insert("webhook-signature", secret.sign("evt_1", AT, BODY).parse().unwrap());
        headers
    }

    fn at(webhooks: Webhooks, now: i64) -> Webhooks {
        Webhooks { clock: Clock::Given(std::sync::Arc::new(move || now)), ..webhooks }
    }

    #[test]
    fn wh_01_a_message_is_taken_with_the_right_secret_while_it_is_new() {
        let another = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let right = || at(Webhooks::new(SECRET).unwrap(), AT + 9);
        assert_eq!(right().verify(&received(), BODY), Ok("evt_1"));
        assert_eq!(right().verify(&received(), b"{}"), Err(Refused::Signature));
        assert_eq!(at(right(), AT + 301).verify(&received(), BODY), Err(Refused::TooOld));
        let wrong = at(Webhooks::new(another).unwrap(), AT);
        assert_eq!(wrong.verify(&received(), BODY), Err(Refused::Signature));
        let both = at(Webhooks::any_of([another, SECRET]).unwrap(), AT);
        assert_eq!(both.verify(&received(), BODY), Ok("evt_1"));
        assert_eq!(Webhooks::new("secret").err(), Some(SecretRefused));
    }

    #[test]
    fn wh_01_a_header_that_is_there_twice_is_none() {
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut headers = received();
            let same = headers[name].clone();
            headers.append(name, same);
            let webhooks = at(Webhooks::new(SECRET).unwrap(), AT);
            assert_eq!(webhooks.verify(&headers, BODY), Err(Refused::Header(name)));
            headers.remove(name);
            assert_eq!(webhooks.verify(&headers, BODY), Err(Refused::Header(name)));
        }
    }
}
