//! Documentation of guarded routes for utoipa.

use utoipa::Modify;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

/// A utoipa modifier that adds the security schemes `gatepost`, a bearer token, and `gatepostKey`, an API key.
///
/// utoipa takes a plain name here, and has an `OpenApi` of its own, so import this one under another. It does not see extractors:
/// write `security(…)` on each guarded path, with the scopes it asks for, and `("gatepostKey" = [])` beside it where the guard takes
/// [API keys](crate::Builder::api_keys).
///
/// ```
/// use gatepost_guard::OpenApi as Gatepost;
/// use utoipa::OpenApi;
///
/// #[utoipa::path(get, path = "/notes", security(("gatepost" = ["notes"]), ("gatepostKey" = [])))]
/// async fn notes() {}
///
/// #[derive(OpenApi)]
/// #[openapi(paths(notes), modifiers(&Gatepost))]
/// struct Api;
///
/// let document = serde_json::to_value(Api::openapi()).unwrap();
/// assert_eq!(document["components"]["securitySchemes"]["gatepost"]["scheme"], "bearer");
/// assert_eq!(document["components"]["securitySchemes"]["gatepostKey"]["name"], "X-API-Key");
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
        let key = ApiKeyValue::with_description("X-API-Key", "An API key, if this API takes them.");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("gatepost", SecurityScheme::Http(scheme));
        components.add_security_scheme("gatepostKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}
