//! `/api/v1/admin/clients`

use axum::extract::State;
use gatepost_domain::{Client, ClientId, ClientSettings, Timestamp};
use gatepost_store::clients;
use serde::{Deserialize, Serialize};

use crate::{
    App,
    http::{
        Admin, Json, PathId, Problem, Query,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
};

/// An OAuth client, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Client)]
pub struct ClientView {
    /// The `client_id`.
    #[schema(example = "web")]
    id: String,
    /// It can keep no secret, and has none.
    public: bool,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    updated_at: Timestamp,
    /// With the names of the declarative file.
    #[schema(value_type = Object)]
    settings: ClientSettings,
}

impl From<&Client> for ClientView {
    fn from(client: &Client) -> Self {
        Self {
            id: client.id.to_string(),
            public: client.is_public(),
            created_at: client.created_at,
            updated_at: client.updated_at,
            settings: client.settings.clone(),
        }
    }
}

impl ClientView {
    /// For a table of `gatepost client list`.
    pub fn row(&self) -> Vec<String> {
        let name =
            self.settings.name.as_ref().map_or_else(|| "-".to_owned(), |name| name.as_str().to_owned());
        let kind = if self.public { "public" } else { "confidential" }.to_owned();
        vec![self.id.clone(), name, kind, self.settings.scopes.to_string()]
    }
}

/// Which clients to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<ClientId>,
}

/// One page of clients, by id.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ClientPage {
    clients: Vec<ClientView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List clients
#[utoipa::path(
    get, path = "/api/v1/admin/clients", tag = "Administration", operation_id = "list_clients", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = ClientPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<ClientPage>, Problem> {
    let (realm, limit) = (realm.id(), listing.limit);
    let found = app
        .db()
        .read("list clients", move |tx| {
            let cursor = listing.cursor.clone();
            Box::pin(async move { clients::list(tx, realm, cursor.as_ref(), limit.and_one()).await })
        })
        .await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    Ok(Json(ClientPage { clients: found.iter().map(ClientView::from).collect(), next_cursor }))
}

/// Show a client
#[utoipa::path(
    get, path = "/api/v1/admin/clients/{id}", tag = "Administration", operation_id = "get_client",
    security(("bearer" = [])), params(("id" = String, Path, description = "The `client_id`")),
    responses(
        (status = 200, description = "The client", body = ClientView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathId(id): PathId<ClientId>,
    State(app): State<App>,
) -> Result<Json<ClientView>, Problem> {
    let realm = realm.id();
    let found = app
        .db()
        .read("find a client", move |tx| {
            let id = id.clone();
            Box::pin(async move { clients::find(tx, realm, &id).await })
        })
        .await?;
    found.as_ref().map(ClientView::from).map(Json).ok_or(Problem::NotFound)
}
