//! The clients of an organization: programs whose tokens speak of it.

use data_encoding::HEXLOWER;
use gatepost_domain::{
    Client, ClientId, ClientSettings, GrantType, OrganizationId, RealmId, Timestamp, TokenFormat,
};
use gatepost_store::{clients, organizations};

use super::{Made, create as create_client};
use crate::{
    App,
    accounts::{Who, field},
    http::Problem,
};

/// What the ids of those begin with that are made here.
const PREFIX: &str = "m2morg_";

/// Makes a client of an organization, under an id of its own. It acts on its own, and in nobody's name.
pub async fn create(
    app: &App,
    realm: RealmId,
    organization: OrganizationId,
    settings: ClientSettings,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    let mut random = [0; 16];
    app.entropy().fill(&mut random);
    let id = format!("{PREFIX}{}", HEXLOWER.encode(&random));
    let id: ClientId = id.parse().map_err(|refused| field("id", refused))?;
    let settings = ClientSettings {
        organization: Some(organization),
        grants: vec![GrantType::ClientCredentials],
        token_format: TokenFormat::Scalekit,
        ..settings
    };
    create_client(app, realm, id, settings, who, now).await
}

/// The clients of an organization, by their ids. There are no more than fit into one answer.
pub async fn list(app: &App, realm: RealmId, organization: OrganizationId) -> Result<Vec<Client>, Problem> {
    app.db()
        .read("list the clients of an organization", move |tx| {
            Box::pin(async move {
                organizations::find(tx, realm, organization).await?.ok_or(Problem::NotFound)?;
                Ok(clients::list_of_organization(tx, realm, organization).await?)
            })
        })
        .await
}

/// The client of an id, if it is one of the organization's.
pub async fn find(
    app: &App,
    realm: RealmId,
    organization: OrganizationId,
    id: ClientId,
) -> Result<Client, Problem> {
    let found = super::find(app, realm, id).await?;
    let found = found.filter(|client| client.settings.organization == Some(organization));
    found.ok_or(Problem::NotFound)
}
