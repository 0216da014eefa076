//! What the OpenAPI document says beside the routes.

use utoipa::openapi::{
    ContactBuilder, InfoBuilder, OpenApi,
    extensions::ExtensionsBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use crate::accounts::ADMINISTRATOR;

/// Adds title, tags and the security scheme.
pub fn describe(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Gatepost")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Sign in, keep sessions, manage accounts. Paths are relative to a realm: `/` for the default realm, \
             `/r/{realm}` for any other. Errors are problem documents (RFC 9457) with a stable `code`. In the lines to copy \
             `$TOKEN` is the `access_token` that `POST /api/v1/login` answers with, and `$ID`, `$USER_ID` and their like are ids as \
             listed. Public \
             documents beside these: `/.well-known/openid-configuration`, `/.well-known/jwks.json`, and for whoever \
             watches the server `/health/live` and `/health/ready`.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("Gatepost")).build()))
        .build();
    api.tags = Some(vec![
        TagBuilder::new().name("Sign in").description(Some("Accounts, sessions and tokens.")).build(),
        TagBuilder::new()
            .name("Account")
            .description(Some("What signed-in people do with their own account."))
            .build(),
        TagBuilder::new()
            .name("Second factors")
            .description(Some(
                "What is asked for beside the password: an authenticator app (RFC 6238), and recovery codes for the day it is lost.",
            ))
            .build(),
        TagBuilder::new()
            .name("Passkeys")
            .description(Some(
                "Keys that a device or a password manager holds for one person: in place of a password, or after it (Web \
                 Authentication Level 3).",
            ))
            .build(),
        TagBuilder::new()
            .name("API keys")
            .description(Some(
                "Keys for programs. A key is exchanged at `/oauth/token` (RFC 8693) for an access token of a minute, which an \
                 API verifies as any other.",
            ))
            .build(),
        TagBuilder::new()
            .name("Organizations")
            .description(Some(
                "Groups of users with roles of their own. A token speaks of one at most (`org_id`), and then says what its \
                 user is there.",
            ))
            .build(),
        TagBuilder::new()
            .name("OAuth")
            .description(Some(
                "What OAuth clients use. A client sends its id and secret by HTTP Basic; in the lines to copy they are \
                 `$CLIENT` and `$SECRET`. Errors are those of RFC 6749.",
            ))
            .build(),
        TagBuilder::new()
            .name("Administration")
            .description(Some("Needs the role `realm-admin` in the realm."))
            .build(),
    ]);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let scheme =
        bearer.description(Some("An access token of this realm, from `POST /api/v1/login`.")).build();
    note_administration(&mut api);
    let client = HttpBuilder::new().scheme(HttpAuthScheme::Basic);
    let client = client.description(Some("Id and secret of a confidential client, form-encoded.")).build();
    let components = api.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    components.add_security_scheme("client", SecurityScheme::Http(client));
    api
}

/// Says what administration asks for in the form in which guards say it, for programs to read.
fn note_administration(api: &mut OpenApi) {
    for item in api.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            if operation.tags.iter().flatten().any(|tag| tag == "Administration") {
                let rules = serde_json::json!({ "role": ADMINISTRATOR });
                operation.extensions = Some(ExtensionsBuilder::new().add("x-gatepost", rules).build());
            }
        }
    }
}
