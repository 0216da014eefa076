//! Requests that the client sent ahead (RFC 9126): the browser brings only their name.

use gatepost_domain::{
    Client,
    authorization::pushed::{REQUEST_URI, digest_of},
};
use gatepost_store::pushed_requests;

use super::{
    Step,
    request::{self, AuthorizationRequest, Refusal},
    signed,
};
use crate::{
    http::Problem,
    oauth::{OAuthError, form::Form},
    realm::Snapshot,
};

/// What is said of a name that is not good: forged, another client's, too old or answered before. Which of it is nobody's business.
pub(super) const NOT_GOOD: Refusal =
    Refusal::Shown("invalid_request_uri", "`request_uri` is not good here, or not any more.");

/// What would be refused in the browser is refused here, where the client itself is told (RFC 9126 section 2.3). The authorization
/// endpoint looks at all of it again.
pub(in crate::oauth) fn check(realm: &Snapshot, client: &Client, form: &Form) -> Result<(), OAuthError> {
    let read = request::return_to(client, form).and_then(|back| request::read(realm, client, form, back));
    match read {
        Ok(_) => Ok(()),
        Err(Refusal::Shown(error, what) | Refusal::Told(_, error, what)) => {
            Err(OAuthError::AuthorizationRequest(error, what))
        }
    }
}

impl Step<'_> {
    /// What the client asks for: what it sent ahead, if the form names that, and then nothing that stands beside the name (RFC 9126
    /// section 4); or the form itself.
    pub(super) async fn asked(
        &self,
        client: &Client,
        form: &Form,
    ) -> Result<Result<AuthorizationRequest, Refusal>, Problem> {
        let named = form.get("request_uri").filter(|uri| uri.starts_with(REQUEST_URI));
        let Some(uri) = named else { return Ok(self.asked_here(client, form).await) };
        let Some(digest) = digest_of(uri) else { return Ok(Err(NOT_GOOD)) };
        let (realm, id, now) = (self.realm.id(), client.id.clone(), self.now);
        let found = self.app.db().read("find a pushed request", move |tx| {
            let id = id.clone();
            Box::pin(async move { pushed_requests::find(tx, realm, &digest, &id, now).await })
        });
        let Some(found) = found.await? else { return Ok(Err(NOT_GOOD)) };
        let form = Form::of(found.parameters);
        let read =
            request::return_to(client, &form).and_then(|back| request::read(self.realm, client, &form, back));
        Ok(read.map(|request| AuthorizationRequest { pushed: Some(uri.to_owned()), ..request }))
    }

    /// A request that comes with the browser: signed, or as it stands. What is wrong with a signed one is told where the form says
    /// the client wants to be told, for what is in the object cannot be believed.
    async fn asked_here(&self, client: &Client, form: &Form) -> Result<AuthorizationRequest, Refusal> {
        if client.settings.require_pushed_authorization_requests {
            let what = "This client sends its requests ahead: `request_uri` is missing.";
            return Err(Refusal::Told(request::return_to(client, form)?, "invalid_request", what));
        }
        let signed = match signed(self.app, self.realm, client, form, self.now).await {
            Ok(signed) => signed,
            Err((error, what)) => {
                return Err(match request::return_to(client, form) {
                    Ok(back) | Err(Refusal::Told(back, ..)) => Refusal::Told(back, error, what),
                    Err(Refusal::Shown(..)) => Refusal::Shown(error, what),
                });
            }
        };
        let form = signed.as_ref().unwrap_or(form);
        let back = request::return_to(client, form)?;
        request::read(self.realm, client, form, back)
    }
}
