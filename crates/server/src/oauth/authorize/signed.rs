//! Requests that the client signed (RFC 9101): sent with the rest, or read where the client keeps them.

use std::borrow::Cow;

use gatepost_domain::{Client, Timestamp, authorization::request_object};
use gatepost_jose::dangerous_decode_without_verifying;
use serde_json::Value;

use super::request::Wrong;
use crate::{
    App,
    clients::keys,
    oauth::form::Form,
    outgoing::{Reader, Unfetched},
    realm::Snapshot,
};

/// What a request object may be called (section 10.8.1).
const TYPES: [&str; 2] = ["jwt", "oauth-authz-req+jwt"];

/// The parameters that the client signed, and then no others count (section 6.3); `None`: nothing is signed, and need not be.
///
/// Who opens the address decides what stands beside the object. It may say which client it is, and where that wants to be told of
/// errors; what is asked for is in the object.
pub(in crate::oauth) async fn signed(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    form: &Form,
    now: Timestamp,
) -> Result<Option<Form>, Wrong> {
    let invalid = |what| ("invalid_request", what);
    let must = client.settings.require_signed_request_object;
    let (object, unsupported) = match (form.get("request"), form.get("request_uri")) {
        (Some(_), Some(_)) => return Err(invalid("Send `request` or `request_uri`, not both.")),
        (Some(object), None) => (Cow::Borrowed(object), "request_not_supported"),
        (None, Some(uri)) => (Cow::Owned(read(app, client, uri).await?), "request_uri_not_supported"),
        (None, None) if must => {
            return Err(invalid("This client signs its requests (RFC 9101): `request` is missing."));
        }
        (None, None) => return Ok(None),
    };
    let wrong = |what| Err(("invalid_request_object", what));
    if is_unsigned(&object) {
        return Err((unsupported, "A request object is signed, and not with the algorithm none."));
    }
    if !keys::is_typed(&object, &TYPES) {
        return wrong("The request object is no JWT, or one of another type.");
    }
    let registered = client.settings.request_object_signing_alg;
    let Some(payload) = keys::verified(app, client, &object, registered, now).await else {
        return wrong("The request object is not signed by a key and with an algorithm of this client.");
    };
    // Where nobody asks for signatures, `aud` and `exp` are the client's to give (RFC 9101 section 4, OpenID Connect Core section 6.1).
    let limited = must || client.settings.security_profile.is_some();
    match request_object::read(&payload, &client.id, realm.issuer(), limited, now) {
        Ok(parameters) => Ok(Some(Form::of(parameters))),
        Err(refused) => wrong(refused.description()),
    }
}

/// `alg` of the header is `none`: what everybody can write.
fn is_unsigned(object: &str) -> bool {
    let header = dangerous_decode_without_verifying(object).ok();
    let header = header.and_then(|token| serde_json::from_str::<Value>(token.header()).ok());
    header.is_some_and(|header| header["alg"].as_str().is_some_and(|alg| alg.eq_ignore_ascii_case("none")))
}

/// The object at an address: none is opened but those that the client registered (RFC 9101 section 10.4.1).
async fn read(app: &App, client: &Client, uri: &str) -> Result<String, Wrong> {
    let address = client.settings.request_uris.iter().find_map(|registered| registered.admits(uri));
    let Some(address) = address else {
        return Err(("request_uri_not_supported", "This client has not registered this `request_uri`."));
    };
    let unread = ("invalid_request_uri", "There is no request object at `request_uri`, or it cannot be had.");
    let reader = Reader::client(client.realm, &client.id);
    let document = app.outgoing().request_object(&address, &reader).await.map_err(|error| {
        tracing::warn!(%error, client.id = %client.id, request_uri = %address, "a request object could not be read");
        if matches!(error, Unfetched::Busy) {
            ("temporarily_unavailable", "Too many requests are being read; try again.")
        } else {
            unread
        }
    })?;
    let text = String::from_utf8(document).map_err(|_| unread)?;
    Ok(text.trim_ascii().to_owned())
}
