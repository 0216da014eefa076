//! What requests say of an organization, read.

use data_encoding::HEXLOWER;
use gatepost_domain::{
    DisplayName, LogoUrl, Metadata, RoleName, Slug, mfa::OrganizationMfa, organization::OWNER,
};
use serde_json::{Map, Value};

use crate::{
    App,
    accounts::{ADMINISTRATOR, field, roles_among},
    http::Problem,
    realm::Snapshot,
};

/// Reads a name out of a request.
pub fn name(text: &str) -> Result<DisplayName, Problem> {
    text.parse().map_err(|refused| field("name", refused))
}

/// Reads a slug out of a request.
pub fn slug(text: &str) -> Result<Slug, Problem> {
    text.parse().map_err(|refused| field("slug", refused))
}

/// A slug for an organization of which only the name is known: the name, as far as a slug has its letters, and some that nobody
/// else's ends with.
pub fn free_slug(app: &App, name: &DisplayName) -> Result<Slug, Problem> {
    let mut random = [0; 5];
    app.entropy().fill(&mut random);
    let words = name.as_str().to_lowercase();
    let words = words.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut text = words.collect::<Vec<_>>().join("-");
    text.truncate(40);
    let text = format!("{}-{}", text.trim_end_matches('-'), HEXLOWER.encode(&random));
    slug(text.trim_start_matches('-'))
}

/// Reads the roles of a member; each must be one the realm lets organizations give, or `owner`.
pub fn roles(realm: &Snapshot, names: &[String]) -> Result<Vec<RoleName>, Problem> {
    if names.iter().any(|name| name == ADMINISTRATOR) {
        let reason = "realm-admin is of the realm, not of an organization".into();
        return Err(Problem::InvalidField { field: "roles", reason });
    }
    roles_among(realm.organization_roles(), OWNER, names, |role| {
        if realm.roles().contains(role) {
            format!("the role {role} is not among the organization_roles of realm {}", realm.name())
        } else {
            format!("realm {} has no role {role}", realm.name())
        }
    })
}

/// Reads out of a request what an organization says of second factors.
pub fn mfa(text: &str) -> Result<OrganizationMfa, Problem> {
    text.parse().map_err(|refused| field("mfa", refused))
}

/// Reads where the picture of an organization is; an empty text is that it has none.
pub fn logo_url(text: &str) -> Result<Option<LogoUrl>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|refused| field("logo_url", refused))
}

/// Reads what its owners keep with an organization.
pub fn metadata(object: Map<String, Value>) -> Result<Metadata, Problem> {
    object.try_into().map_err(|refused| field("metadata", refused))
}
