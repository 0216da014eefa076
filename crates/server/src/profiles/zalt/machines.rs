//! `/machines`: programs of one's own, and the tokens they get. A machine is a client whose tokens are in the format of Zalt.

use std::time::Duration;

use axum::{
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use data_encoding::HEXLOWER;
use gatepost_domain::{
    Client, ClientId, ClientSettings, DisplayName, Entropy, GrantType, Scopes, Secret, TokenFormat,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{self, Body, Id, In},
};
use crate::{
    App,
    accounts::{Who, field},
    clients::{self, Made},
    http::{
        Admin, Now, Problem, Query, Where,
        page::{self, Limit},
    },
    oauth::{self, Form},
    realm::InRealm,
};

/// What the id of a machine begins with.
const PREFIX: &str = "zalt_m2m_";

fn fresh_id(entropy: &dyn Entropy) -> Result<ClientId, Problem> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    format!("{PREFIX}{}", HEXLOWER.encode(&bytes)).parse().map_err(Problem::internal)
}

fn view(realm: &InRealm, client: &Client) -> Value {
    let scopes: Vec<String> = client.settings.scopes.iter().map(ToString::to_string).collect();
    json!({
        "id": client.id,
        "realm_id": realm.name(),
        "name": client.settings.name.as_ref().map(DisplayName::as_str),
        "description": null,
        "client_id": client.id,
        "scopes": scopes,
        "target_machines": [],
        "status": "active",
        "created_at": client.created_at,
        "updated_at": client.updated_at,
        "realmId": realm.name(),
        "clientId": client.id,
        "createdAt": client.created_at,
        "updatedAt": client.updated_at,
    })
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "MACHINE_NOT_FOUND", "The realm has no such machine.")
}

/// The machine that a path names; another client is none.
async fn named(app: &App, realm: &InRealm, id: Option<ClientId>) -> Result<Client, Refusal> {
    let found = clients::find(app, realm.id(), id.ok_or_else(not_found)?).await?;
    found.filter(|client| client.settings.token_format == TokenFormat::Zalt).ok_or_else(not_found)
}

/// With its secret, which is shown this once.
fn fresh(message: &str, realm: &InRealm, made: &Made) -> Value {
    let secret = made.secret.as_ref().map(Secret::reveal);
    json!({
        "message": message,
        "machine": view(realm, &made.client),
        "client_id": made.client.id,
        "clientId": made.client.id,
        "client_secret": secret,
        "clientSecret": secret,
    })
}

/// A machine to be made.
#[derive(Deserialize)]
pub struct New {
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    target_machines: Option<Vec<Value>>,
    #[serde(default)]
    allowed_targets: Option<Vec<Value>>,
}

/// Makes one.
pub async fn create(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<New>,
) -> Result<Said, Refusal> {
    if [&body.target_machines, &body.allowed_targets].into_iter().flatten().any(|targets| !targets.is_empty())
    {
        let message =
            "Targets are not kept: whom a token is for is the audience, and what it may do its scopes.";
        return Err(Refusal::invalid(message));
    }
    let settings = ClientSettings {
        name: Some(body.name.parse().map_err(|refused| field("name", refused))?),
        grants: vec![GrantType::ClientCredentials],
        scopes: body.scopes.join(" ").parse::<Scopes>().map_err(|refused| field("scopes", refused))?,
        token_format: TokenFormat::Zalt,
        ..ClientSettings::default()
    };
    if settings.granted(None).is_empty() {
        let message = "scopes: a machine needs some, and none that stands for a person; name them, as in [\"notes:read\"].";
        return Err(Refusal::invalid(message));
    }
    let (id, who) = (fresh_id(app.entropy())?, Who::administrator(&admin, origin));
    let made = clients::create(&app, realm.id(), id, settings, who, now).await?;
    Ok(Said::created(fresh("The machine. Its secret is shown this once.", &realm, &made)))
}

/// Which to list.
#[derive(Deserialize)]
pub struct Listing {
    #[serde(default)]
    limit: Limit,
    cursor: Option<ClientId>,
}

/// One page of them, by id.
pub async fn list(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    State(app): State<App>,
    In(Query(asked)): In<Query<Listing>>,
) -> Result<Said, Refusal> {
    let limit = asked.limit;
    let (format, most) = (TokenFormat::Zalt, limit.and_one());
    let found = clients::list_in_format(&app, realm.id(), format, asked.cursor, most).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let all: Vec<Value> = found.iter().map(|client| view(&realm, client)).collect();
    Ok(Said::ok(json!({"machines": all, "next_cursor": next_cursor})))
}

/// One of them.
pub async fn show(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<ClientId>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = named(&app, &realm, id).await?;
    Ok(Said::ok(json!({"machine": view(&realm, &found)})))
}

/// Removes one. Its tokens end by themselves, and it gets no others.
pub async fn delete(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<ClientId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = named(&app, &realm, id).await?;
    let who = Who::administrator(&admin, origin);
    clients::delete(&app, realm.id(), found.id.clone(), who, now).await?;
    Ok(Said::ok(json!({"message": "The machine is removed.", "id": found.id})))
}

/// Gives one another secret. The one before is refused at once.
pub async fn rotate(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<ClientId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = named(&app, &realm, id).await?;
    let who = Who::administrator(&admin, origin);
    let made = clients::rotate_secret(&app, realm.id(), found.id, Duration::ZERO, who, now).await?;
    Ok(Said::ok(fresh("Another secret. It is shown this once; the one before is refused.", &realm, &made)))
}

/// What a machine says who it is with: a form, as RFC 6749 has it, or the same members as JSON.
pub struct Asked {
    headers: HeaderMap,
    form: Form,
}

#[derive(Deserialize)]
struct AsJson {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
    scopes: Option<Vec<String>>,
}

impl AsJson {
    fn form(self) -> Form {
        let scope = self.scope.or_else(|| self.scopes.map(|scopes| scopes.join(" ")));
        let members = [
            ("grant_type", self.grant_type),
            ("client_id", self.client_id),
            ("client_secret", self.client_secret),
            ("scope", scope),
        ];
        let sent = |(name, value): (&str, Option<String>)| {
            Some((name.to_owned(), value.filter(|value| !value.is_empty())?))
        };
        Form::of(members.into_iter().filter_map(sent).collect())
    }
}

impl FromRequest<App> for Asked {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let headers = request.headers().clone();
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = if sent::is(content_type, "application/x-www-form-urlencoded") {
            Form::parse(&sent::bytes(request, app).await?)?
        } else {
            let Body(body) = Body::<AsJson>::from_request(request, app).await?;
            body.form()
        };
        Ok(Self { headers, form })
    }
}

/// `POST /machines/token`: the token of a machine.
pub async fn token(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Asked { headers, form }: Asked,
) -> Result<Said, Refusal> {
    let answer = oauth::for_program(&app, &realm, (&headers, &form), &origin, now).await?;
    Ok(Said::ok(serde_json::to_value(answer).map_err(Problem::internal)?))
}
