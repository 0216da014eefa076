//! `ClientService`: the clients of an organization, which act on their own.

use gatepost_domain::{
    Client, ClientId, ClientSettings, OrganizationId, Secret, SecretDigest, Timestamp,
    client::LONGEST_OVERLAP,
};
use serde_json::{Map, json};

use super::{
    grpc::{Answer, Call, Refusal, given, id, not_kept, page},
    messages::{clients as messages, moment},
};
use crate::{
    accounts::field,
    clients::{self, Made, secret_name},
    http::page as pages,
};

fn shown(client: &Client, now: Timestamp) -> messages::M2MClient {
    let settings = &client.settings;
    let previous = client.previous_secret.filter(|previous| now < previous.until);
    let present = client.secret.map(|digest| (digest, None));
    let secrets = present.into_iter().chain(previous.map(|previous| (previous.digest, Some(previous.until))));
    messages::M2MClient {
        client_id: client.id.to_string(),
        secrets: secrets.map(|(digest, until)| secret(&digest, until)).collect(),
        name: settings.name.as_ref().map_or_else(String::new, |name| name.as_str().to_owned()),
        description: String::new(),
        organization_id: settings
            .organization
            .map(|organization| organization.to_string())
            .unwrap_or_default(),
        create_time: moment(client.created_at),
        update_time: moment(client.updated_at),
        scopes: settings.scopes.iter().map(ToString::to_string).collect(),
        audience: settings.audience.clone(),
        expiry: 0,
    }
}

/// What is known of a secret: not when it was made, nor how it ends.
fn secret(digest: &SecretDigest, until: Option<Timestamp>) -> messages::ClientSecret {
    messages::ClientSecret {
        id: secret_name(digest),
        create_time: None,
        update_time: None,
        secret_suffix: String::new(),
        status: 0,
        expire_time: until.and_then(moment),
    }
}

fn plain(secret: Option<&Secret>) -> String {
    secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default()
}

/// Of the organization that is asked for, the client that is.
async fn find(call: &Call, organization: &str, client: &str) -> Result<(ClientId, Client), Refusal> {
    let organization: OrganizationId = id("organization_id", organization)?;
    let client: ClientId = id("client_id", client)?;
    let found = clients::find_of_organization(&call.app, call.realm.id(), organization, client.clone());
    Ok((client, found.await?))
}

fn check(wanted: &messages::OrganizationClient) -> Result<(), Refusal> {
    not_kept("description", !wanted.description.is_empty())?;
    not_kept("custom_claims", !wanted.custom_claims.is_empty())?;
    if wanted.expiry != 0 {
        let reason = "tokens live as long as the realm's `access_token_ttl` says; leave it out";
        return Err(Refusal::field("expiry", reason));
    }
    Ok(())
}

pub(super) async fn create(
    call: Call,
    asked: messages::CreateOrganizationClientRequest,
) -> Answer<messages::CreateOrganizationClientResponse> {
    let organization = id("organization_id", &asked.organization_id)?;
    let wanted = given("client", asked.client)?;
    check(&wanted)?;
    let name = Some(wanted.name).filter(|name| !name.is_empty());
    let settings = ClientSettings {
        name: name.map(|name| name.parse()).transpose().map_err(|refused| field("name", refused))?,
        scopes: wanted.scopes.join(" ").parse().map_err(|refused| field("scopes", refused))?,
        audience: wanted.audience,
        ..ClientSettings::default()
    };
    let realm = call.realm.id();
    let made =
        clients::create_of_organization(&call.app, realm, organization, settings, call.who(), call.now);
    let Made { client, secret, .. } = made.await?;
    Ok(messages::CreateOrganizationClientResponse {
        client: Some(shown(&client, call.now)),
        plain_secret: plain(secret.as_ref()),
    })
}

pub(super) async fn get(
    call: Call,
    asked: messages::GetOrganizationClientRequest,
) -> Answer<messages::ClientResponse> {
    let (_, found) = find(&call, &asked.organization_id, &asked.client_id).await?;
    Ok(messages::ClientResponse { client: Some(shown(&found, call.now)) })
}

/// What is empty in the message was not sent, and stays.
pub(super) async fn update(
    call: Call,
    asked: messages::UpdateOrganizationClientRequest,
) -> Answer<messages::ClientResponse> {
    let (client, _) = find(&call, &asked.organization_id, &asked.client_id).await?;
    let wanted = given("client", asked.client)?;
    check(&wanted)?;
    let mut changes = Map::new();
    for (name, value, is_given) in [
        ("name", json!(wanted.name), !wanted.name.is_empty()),
        ("scopes", json!(wanted.scopes), !wanted.scopes.is_empty()),
        ("audience", json!(wanted.audience), !wanted.audience.is_empty()),
    ] {
        if is_given {
            changes.insert(name.to_owned(), value);
        }
    }
    let realm = call.realm.id();
    let Made { client, .. } =
        clients::update(&call.app, realm, client, changes, call.who(), call.now).await?;
    Ok(messages::ClientResponse { client: Some(shown(&client, call.now)) })
}

pub(super) async fn list(
    call: Call,
    asked: messages::ListOrganizationClientsRequest,
) -> Answer<messages::ListOrganizationClientsResponse> {
    let organization = id("organization_id", &asked.organization_id)?;
    let (limit, after) = page::<ClientId>(asked.page_size, &asked.page_token)?;
    let mut found = clients::list_of_organization(&call.app, call.realm.id(), organization).await?;
    found.retain(|client| after.as_ref().is_none_or(|after| client.id > *after));
    let (found, next) = pages::cut(found, limit, |last| last.id.to_string());
    Ok(messages::ListOrganizationClientsResponse {
        next_page_token: next.unwrap_or_default(),
        clients: found.iter().map(|client| shown(client, call.now)).collect(),
    })
}

pub(super) async fn delete(call: Call, asked: messages::DeleteOrganizationClientRequest) -> Answer<()> {
    let (client, _) = find(&call, &asked.organization_id, &asked.client_id).await?;
    Ok(clients::delete(&call.app, call.realm.id(), client, call.who(), call.now).await?)
}

/// The secret before stays good for 30 days, or until it is deleted; the one before that does not.
pub(super) async fn create_secret(
    call: Call,
    asked: messages::CreateOrganizationClientSecretRequest,
) -> Answer<messages::CreateOrganizationClientSecretResponse> {
    let (client, _) = find(&call, &asked.organization_id, &asked.client_id).await?;
    let realm = call.realm.id();
    let rotated = clients::rotate_secret(&call.app, realm, client, LONGEST_OVERLAP, call.who(), call.now);
    let Made { client, secret: fresh, .. } = rotated.await?;
    Ok(messages::CreateOrganizationClientSecretResponse {
        plain_secret: plain(fresh.as_ref()),
        secret: client.secret.as_ref().map(|digest| secret(digest, None)),
    })
}

pub(super) async fn delete_secret(
    call: Call,
    asked: messages::DeleteOrganizationClientSecretRequest,
) -> Answer<()> {
    let (client, _) = find(&call, &asked.organization_id, &asked.client_id).await?;
    let (realm, name) = (call.realm.id(), asked.secret_id);
    Ok(clients::drop_secret(&call.app, realm, client, name, call.who(), call.now).await?)
}
