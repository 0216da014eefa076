//! Claims as the application's own type.

use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{CurrentUser, HasGuard, Main, Refusal};

/// Extracts the token's claims as your own type: `async fn plan(Claims(mine): Claims<Plan>) -> String`.
///
/// Parsed once per token and kept with it. A token whose claims do not fit is 401 `invalid_token`; the log names the field.
/// With several guards, take `CurrentUser<Staff>` and call [`read`](crate::Identity::read).
#[derive(Debug)]
pub struct Claims<T>(pub Arc<T>);

impl<S, T> FromRequestParts<S> for Claims<T>
where
    S: HasGuard + Send + Sync,
    T: DeserializeOwned + Send + Sync + 'static,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let user = <CurrentUser as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let read = user.read().map(Self);
        read.map_err(|refusal| HasGuard::<Main>::guard(state).challenged(refusal, &parts.headers))
    }
}

/// Parses a payload, and logs where it does not fit without logging what is there.
pub(crate) fn parse<T: DeserializeOwned>(payload: &str) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_str(payload);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        // Other messages quote the value; this one quotes a field of the application's type.
        let reason = Some(error.inner().to_string()).filter(|text| text.starts_with("missing field"));
        let reason = reason.as_deref().unwrap_or("wrong type or value");
        let claims = std::any::type_name::<T>();
        tracing::debug!(
            claims,
            field,
            reason,
            "refused a token whose claims do not fit {claims}: {field}: {reason}"
        );
        Refusal::Invalid
    })
}
