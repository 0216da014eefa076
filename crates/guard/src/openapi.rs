//! Documentation of guarded routes for utoipa.

use utoipa::Modify;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// A utoipa modifier that adds the security scheme `gatepost`, a bearer token.
///
/// utoipa takes a plain name here, and has an `OpenApi` of its own, so import this one under another. It does not see extractors:
/// write `security(…)` on each guarded path, with the scopes it asks for.
///
/// ```
/// use gatepost_guard::OpenApi as Gatepost;
/// use utoipa::OpenApi;
///
/// #[utoipa::path(get, path = "/notes", security(("gatepost" = ["notes"])))]
/// async fn notes() {}
///
/// #[derive(OpenApi)]
/// #[openapi(paths(notes), modifiers(&Gatepost))]
/// struct Api;
///
/// let document = serde_json::to_value(Api::openapi()).unwrap();
/// assert_eq!(document["components"]["securitySchemes"]["gatepost"]["scheme"], "bearer");
/// assert_eq!(document["paths"]["/notes"]["get"]["security"][0]["gatepost"][0], "notes");
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenApi;

impl Modify for OpenApi {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token, sent as `Authorization: Bearer …`."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("gatepost", SecurityScheme::Http(scheme));
    }
}
