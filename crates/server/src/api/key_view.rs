//! What the API shows and reads of API keys, whoever they belong to.

use std::time::Duration;

use gatepost_domain::{
    ApiKeyId, Secret, Timestamp,
    api_key::{self, ApiKey},
};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    api_keys::{self, Dealing, OVERLAP, Wish},
    http::{
        Json, Problem,
        page::{self, Limit},
    },
    realm::Snapshot,
};

/// An API key, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ApiKey)]
pub struct KeyView {
    #[schema(example = "key_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    /// How the key begins, so that whoever finds one knows which it is.
    #[schema(example = "gp_key_06fj5k2m8nqv3w1t")]
    start: String,
    #[schema(example = "ci")]
    name: String,
    /// What it may be used for, as far as its owner may.
    #[schema(example = json!(["notes:read"]))]
    scopes: Vec<String>,
    /// Who made it; nobody, if an operator did.
    #[schema(example = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    created_by: Option<String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// From when it is refused.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            start: api_key::start(&key.id),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            created_by: key.created_by.map(|user| user.to_string()),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

impl KeyView {
    /// For a table of `gatepost api-key list`.
    pub fn row(&self) -> Vec<String> {
        let moment = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let (scopes, end, used) = (self.scopes.join(" "), moment(self.expires_at), moment(self.last_used_at));
        vec![self.id.clone(), self.name.clone(), scopes, end, used]
    }
}

/// A key that was just made. The only answer that holds the key itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FreshKey {
    /// The key. It is shown this once: keep it where secrets are kept.
    #[schema(example = "gp_key_…")]
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

impl FreshKey {
    /// Of a key and its secret.
    pub fn show((key, secret): &(ApiKey, Secret)) -> Json<Self> {
        Json(Self { key: secret.reveal().to_owned(), view: key.into() })
    }
}

/// Which keys to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyListing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<ApiKeyId>,
}

impl KeyListing {
    /// The page of an owner's keys that is asked for.
    pub async fn page(
        &self,
        app: &App,
        realm: &Snapshot,
        dealing: Dealing,
        now: Timestamp,
    ) -> Result<Json<KeyPage>, Problem> {
        let found = api_keys::list(app, realm, dealing, (self.cursor, self.limit.and_one()), now).await?;
        let (found, next_cursor) = page::cut(found, self.limit, |last| last.id.to_string());
        Ok(Json(KeyPage { api_keys: found.iter().map(KeyView::from).collect(), next_cursor }))
    }
}

/// One page of keys, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KeyPage {
    api_keys: Vec<KeyView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// A key to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What it is for, in your words.
    #[schema(example = "ci")]
    name: String,
    /// What it may be used for; at least one. A scope that is a permission (`notes:read`) must be one of yours there, every other
    /// one of the realm's `api_key_scopes`.
    #[schema(example = json!(["notes:read"]))]
    scopes: Vec<String>,
    /// Seconds until it is refused, 1 or more; it stays until it is revoked unless given.
    #[schema(example = 7_776_000)]
    expires_in: Option<u32>,
}

impl NewKey {
    /// What is asked for, checked.
    pub fn parse(&self, now: Timestamp) -> Result<Wish, Problem> {
        let expires_in = self.expires_in.map(|seconds| Duration::from_secs(seconds.into()));
        Wish::parse(&self.name, &self.scopes, expires_in, now)
    }
}

/// How a key is to be replaced.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the old key goes on beside the new one; a day unless given, 31 days at most, 0 ends it at once.
    #[schema(example = 86_400)]
    overlap_seconds: Option<u32>,
}

impl Rotation {
    /// How long the old key goes on.
    pub fn overlap(&self) -> Duration {
        self.overlap_seconds.map_or(OVERLAP, |seconds| Duration::from_secs(seconds.into()))
    }
}
