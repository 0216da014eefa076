//! Clients register themselves (RFC 7591), within what the realm lets them.

mod manage;

use gatepost_domain::{
    Client, ClientId, ClientOrigin, ClientRegistration, ClientSettings, InitialAccessTokenId, RequestUri,
    Secret, SecretDigest, SettingRefused, Timestamp, WebUri,
    audit::{Actor, Event},
    client::{
        RegisteredBy, initial_access,
        registration::{self, Policy},
    },
};
use gatepost_store::{audit, clients, initial_access_tokens};
use serde_json::{Map, Value};

use super::{
    Secrets,
    bounds::{self, Bounds, taken},
    check_usable, new_secret, told,
};
use crate::{
    App,
    http::{Problem, origin::Where},
    outgoing::Reader,
    realm::Snapshot,
};

pub use manage::{authenticated, delete, update};

/// What registration access tokens begin with, so that a scanner finds one that leaked.
const PREFIX: &str = "gp_rat_";

/// Why a client is not registered, or what it registered not changed.
#[derive(Debug)]
pub enum RegistrationRefused {
    /// The realm registers no clients.
    Closed,
    /// The realm registers those that have an initial access token, and none was sent.
    TokenMissing,
    /// The token is not good here, or not any more.
    Token,
    /// The realm has as many clients as it takes that nobody vouches for.
    Full,
    /// What the client says of itself cannot be kept. The member has its registered name.
    Metadata(SettingRefused),
    /// Too often, or not the client's fault.
    Failed(Problem),
}

impl From<SettingRefused> for RegistrationRefused {
    fn from(refused: SettingRefused) -> Self {
        Self::Metadata(refused)
    }
}

impl From<Problem> for RegistrationRefused {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

impl From<gatepost_store::Error> for RegistrationRefused {
    fn from(error: gatepost_store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A client that registered itself or changed, with what is shown of it this once.
#[derive(Debug)]
pub struct Registered {
    /// As it is now.
    pub client: Client,
    /// Its new secret, if it was given one.
    pub secret: Option<Secret>,
    /// What it manages itself with.
    pub token: Secret,
}

/// Whether the realm registers clients at all, and of those that send a token or none. Whether the token is good is not looked at.
pub fn is_offered(realm: &Snapshot, token: Option<&str>) -> Result<(), RegistrationRefused> {
    match (realm.settings().client_registration, token) {
        (ClientRegistration::Closed, _) => Err(RegistrationRefused::Closed),
        (ClientRegistration::InitialAccessToken, None) => Err(RegistrationRefused::TokenMissing),
        (ClientRegistration::InitialAccessToken, Some(_)) | (ClientRegistration::Open, _) => Ok(()),
    }
}

/// What lets a client register.
#[derive(Clone, Copy)]
enum Admission {
    Anybody,
    Token(InitialAccessTokenId, SecretDigest),
}

impl Admission {
    /// What the realm asks for, of what was sent. A token that is sent must be good, also where none is needed.
    async fn of(
        app: &App,
        realm: &Snapshot,
        token: Option<&str>,
        origin: &Where,
        now: Timestamp,
    ) -> Result<Self, RegistrationRefused> {
        is_offered(realm, token)?;
        match token {
            None => {
                bounds::count(app, realm, origin, now).await?;
                Ok(Self::Anybody)
            }
            Some(text) => {
                let digest = Secret::received(text).digest();
                let found = match initial_access::id_of(text) {
                    Some(id) => find_initial(app, realm, id).await?,
                    None => None,
                };
                match found {
                    Some(token) if token.digest.ct_eq(&digest) && token.is_open(now) => {
                        Ok(Self::Token(token.id, digest))
                    }
                    _ => {
                        bounds::note_refused(app, realm, origin, "initial access token", now);
                        Err(RegistrationRefused::Token)
                    }
                }
            }
        }
    }

    const fn by(self) -> RegisteredBy {
        match self {
            Self::Anybody => RegisteredBy::Anybody,
            Self::Token(..) => RegisteredBy::InitialAccessToken,
        }
    }
}

async fn find_initial(
    app: &App,
    realm: &Snapshot,
    id: InitialAccessTokenId,
) -> Result<Option<gatepost_domain::InitialAccessToken>, Problem> {
    let realm = realm.id();
    let found = app.db().read("find an initial access token", move |tx| {
        Box::pin(async move { initial_access_tokens::find(tx, realm, id).await })
    });
    Ok(found.await?)
}

/// What such clients of the realm are kept within.
pub(super) fn policy(realm: &Snapshot, by: RegisteredBy) -> Policy<'_> {
    let settings = realm.settings();
    Policy { by, scopes: &settings.client_registration_scopes, signing_alg: settings.signing_alg.published() }
}

/// Registers a client that describes itself so. `token`: the initial access token, if it sent one.
pub async fn register(
    app: &App,
    realm: &Snapshot,
    token: Option<&str>,
    metadata: &Map<String, Value>,
    origin: &Where,
    now: Timestamp,
) -> Result<Registered, RegistrationRefused> {
    let admission = Admission::of(app, realm, token, origin, now).await?;
    let by = admission.by();
    let settings = registration::settings(metadata, &ClientSettings::default(), policy(realm, by))?;
    check(app, &Reader::newcomer(realm.id()), &settings).await?;
    let (id, own) = (new_id(app)?, Secret::generate(PREFIX, app.entropy()));
    let secret = settings.needs_secret().then(|| new_secret(app));
    let client = Client {
        id,
        realm: realm.id(),
        secret: None,
        previous_secret: None,
        sealed_secret: None,
        settings,
        origin: ClientOrigin::Registered { by, token: own.digest() },
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let client = match &secret {
        Some(secret) => Secrets::of(app, realm.id(), &client.id, secret).given_to(client),
        None => client,
    };
    let record = origin.record(app, realm.id(), Event::ClientRegistered, Actor::Anonymous, now);
    let mut record = told(record, None, Some(&client)).with("by", client.origin.as_str());
    if let Admission::Token(id, _) = admission {
        record = record.with("initial_access_token", id.to_string());
    }
    let (id, bounds) = (realm.id(), Bounds::of(realm));
    let made = app.db().write("register a client", move |tx| {
        let (client, record, bounds) = (client.clone(), record.clone(), bounds.clone());
        Box::pin(async move {
            match admission {
                Admission::Anybody if bounds.leave_room(tx).await? => {}
                Admission::Anybody => return Err(RegistrationRefused::Full),
                Admission::Token(token, digest) => {
                    if !initial_access_tokens::spend(tx, id, token, &digest, now).await? {
                        return Err(RegistrationRefused::Token);
                    }
                }
            }
            if bounds.impersonates(tx, &client).await? {
                return Err(taken().into());
            }
            let client = clients::upsert(tx, &client).await?;
            audit::append(tx, &record).await?;
            Ok(client)
        })
    });
    let made = made.await;
    if matches!(made, Err(RegistrationRefused::Full)) {
        bounds::note_refused(app, realm, origin, "as many as there may be", now);
    }
    Ok(Registered { client: made?, secret, token: own })
}

/// What looks beyond the settings themselves: at keys, and at what is published elsewhere.
pub(super) async fn check(
    app: &App,
    reader: &Reader,
    settings: &ClientSettings,
) -> Result<(), RegistrationRefused> {
    check_usable(settings).map_err(|problem| match problem {
        Problem::InvalidField { field, reason } => {
            RegistrationRefused::Metadata(SettingRefused { member: field.into(), reason })
        }
        other => other.into(),
    })?;
    let addresses = [
        ("jwks_uri", &settings.jwks_uri),
        ("sector_identifier_uri", &settings.sector_identifier_uri),
        ("backchannel_logout_uri", &settings.backchannel_logout_uri),
        ("initiate_login_uri", &settings.initiate_login_uri),
        ("client_uri", &settings.client_uri),
        ("logo_uri", &settings.logo_uri),
        ("policy_uri", &settings.policy_uri),
        ("tos_uri", &settings.tos_uri),
    ];
    for (member, uri) in addresses {
        if uri.as_ref().is_some_and(|uri| app.outgoing().leads_out(uri).is_err()) {
            let reason = "write an https address of the public internet";
            return Err(SettingRefused { member: member.into(), reason: reason.into() }.into());
        }
    }
    let inward = |uri: &RequestUri| {
        let address = uri.as_str().split('#').next().and_then(|address| address.parse().ok());
        address.is_none_or(|address| app.outgoing().leads_out(&address).is_err())
    };
    if settings.request_uris.iter().any(inward) {
        let reason = "write https addresses of the public internet";
        return Err(SettingRefused { member: "request_uris".into(), reason: reason.into() }.into());
    }
    match &settings.sector_identifier_uri {
        Some(uri) => check_sector(app, (uri, reader), settings).await,
        None => Ok(()),
    }
}

/// OpenID Connect Dynamic Client Registration 1.0 section 5. What exactly is wrong with what is there is not told: whoever registers
/// would learn what answers at addresses that only we reach.
async fn check_sector(
    app: &App,
    (uri, reader): (&WebUri, &Reader),
    settings: &ClientSettings,
) -> Result<(), RegistrationRefused> {
    let listed = match app.outgoing().get(uri, reader).await {
        Ok(fetched) => serde_json::from_slice::<Vec<String>>(&fetched.body).unwrap_or_default(),
        Err(error) => {
            tracing::info!(%error, client.sector_identifier_uri = %uri, "a sector could not be read");
            Vec::new()
        }
    };
    if settings.redirect_uris.iter().all(|uri| listed.iter().any(|one| one == uri.as_str())) {
        return Ok(());
    }
    let reason = "what is there must be a JSON list with every redirect URI of the client in it";
    Err(SettingRefused { member: "sector_identifier_uri".into(), reason: reason.into() }.into())
}

/// An id that nobody can guess or has.
fn new_id(app: &App) -> Result<ClientId, Problem> {
    let mut bytes = [0; 15];
    app.entropy().fill(&mut bytes);
    format!("client_{}", data_encoding::BASE32_DNSSEC.encode(&bytes)).parse().map_err(Problem::internal)
}
