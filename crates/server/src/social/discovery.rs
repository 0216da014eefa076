//! Where a provider is asked: read from its metadata (OpenID Connect Discovery), or known.

use std::{convert::Infallible, sync::Arc, time::Duration};

use gatepost_domain::{IdentityId, Preset, Provider, ProviderSettings, Timestamp, WebUri};
use quick_cache::sync::Cache;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::Failed;
use crate::{
    App,
    outgoing::Reader,
    places::{OfOne, Place},
};

/// So many providers are remembered.
const PROVIDERS: usize = 1_000;
/// So many identities are remembered that somebody asks about. Where one is forgotten too early, two ask at once, and one of them keeps what
/// comes of it.
const ASKING: usize = 4_096;
/// So many ask a provider about one identity or wait until they may. Whoever comes then does not.
pub(super) const WAITING: usize = 32;
/// So long somebody waits for that.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long metadata are taken for what they were, at the least and unless their provider says longer.
const FRESH: Duration = Duration::from_hours(1);
/// And at the most.
const LONGEST_FRESH: Duration = Duration::from_hours(24);
/// How long they still serve where they cannot be read again.
const STALE: Duration = Duration::from_hours(24);
/// How long after a failure a provider is left alone.
const PAUSE: Duration = Duration::from_secs(30);

/// Where a provider is asked, and how.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    pub(super) authorization: WebUri,
    pub(super) token: WebUri,
    /// Where its keys are; one that has none makes no ID tokens.
    pub(super) keys: Option<WebUri>,
    pub(super) user_info: Option<WebUri>,
    /// It names itself in every answer (RFC 9207).
    pub(super) names_itself: bool,
    /// How it takes our secret.
    pub(super) takes_secret: TakesSecret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakesSecret {
    InHeader,
    InForm,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: WebUri,
    token_endpoint: WebUri,
    jwks_uri: WebUri,
    userinfo_endpoint: Option<WebUri>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What is known of providers, and what is being asked of them.
pub struct KnownProviders {
    known: Cache<String, Arc<Mutex<Known>>>,
    asking: Cache<(IdentityId, About), Arc<OfOne>>,
}

/// What a provider is asked about an identity. Who waits for the one does not wait for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum About {
    /// Other tokens.
    Renewal,
    /// Who it is.
    User,
}

#[derive(Default)]
struct Known {
    read: Option<(Endpoints, Timestamp)>,
    fresh_until: Option<Timestamp>,
    failed_at: Option<Timestamp>,
}

impl KnownProviders {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { known: Cache::new(PROVIDERS), asking: Cache::new(ASKING) }
    }

    fn of(&self, name: &str) -> Arc<Mutex<Known>> {
        if let Some(known) = self.known.get(name) {
            return known;
        }
        let new = Arc::new(Mutex::default());
        self.known.insert(name.to_owned(), Arc::clone(&new));
        // Another may have been quicker, or the place may be gone already: what is there counts.
        self.known.get(name).unwrap_or(new)
    }

    /// Of those who ask a provider the same about one identity, one does at a time in this process: whoever has the place, until they drop
    /// it. `None`: too many wait for it already, or it was not free in time.
    pub(super) async fn alone(&self, identity: IdentityId, about: About) -> Option<Place> {
        let new = || Ok::<_, Infallible>(Arc::new(OfOne::new(1, WAITING)));
        let Ok(known) = self.asking.get_or_insert_with(&(identity, about), new);
        tokio::time::timeout(PATIENCE, known.take()).await.ok().flatten()
    }

    /// Where the provider is asked. Read by one at a time; the others wait for what comes.
    pub(super) async fn endpoints(
        &self,
        app: &App,
        provider: &Provider,
        now: Timestamp,
    ) -> Result<Endpoints, Failed> {
        let Some(address) = provider.settings.discovery() else { return of_github(&provider.settings) };
        let known = self.of(&format!("{} {} {address}", provider.realm, provider.id));
        let mut known = known.lock().await;
        let usable = known.read.clone().filter(|(_, at)| now.since(*at) < STALE).map(|(found, _)| found);
        if let Some(found) = &usable
            && known.fresh_until.is_some_and(|until| now < until)
        {
            return Ok(found.clone());
        }
        if known.failed_at.is_some_and(|failed| now.since(failed) < PAUSE) {
            return usable.ok_or_else(|| Failed::Discovery("it could not be read a moment ago".to_owned()));
        }
        match read(app, provider, &address).await {
            Ok((found, fresh)) => {
                known.read = Some((found.clone(), now));
                known.fresh_until = Some(now.plus(fresh));
                known.failed_at = None;
                Ok(found)
            }
            Err(failed) => {
                known.failed_at = Some(now);
                match usable {
                    Some(found) => {
                        tracing::warn!(provider.id = %provider.id, error = %failed, "a provider's metadata could not be read again; the last known serve");
                        Ok(found)
                    }
                    None => Err(failed),
                }
            }
        }
    }
}

async fn read(app: &App, provider: &Provider, address: &str) -> Result<(Endpoints, Duration), Failed> {
    let wrong = |reason: &str| Failed::Discovery(reason.to_owned());
    let uri: WebUri = address.parse().map_err(|_| wrong("the issuer is no address"))?;
    let reader = Reader::provider(provider.realm, &provider.id);
    let fetched = app.outgoing().get(&uri, &reader).await?;
    let metadata: Metadata = serde_json::from_slice(&fetched.body)
        .map_err(|error| Failed::Discovery(format!("not the metadata of a provider: {error}")))?;
    if !provider.settings.describes_itself_as(&metadata.issuer) {
        return Err(wrong("they are of another issuer than the one in the settings"));
    }
    for endpoint in [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri]
        .into_iter()
        .chain(&metadata.userinfo_endpoint)
    {
        app.outgoing().leads_out(endpoint)?;
    }
    // What is left out means `client_secret_basic` (OpenID Connect Discovery section 3).
    let methods = metadata.token_endpoint_auth_methods_supported;
    let takes = |method: &str| methods.as_ref().is_none_or(|all| all.iter().any(|one| one == method));
    let takes_secret = match (provider.settings.preset, takes("client_secret_basic")) {
        (Some(Preset::Apple), _) | (_, false) => TakesSecret::InForm,
        _ => TakesSecret::InHeader,
    };
    let fresh = fetched.max_age.unwrap_or(FRESH).clamp(FRESH, LONGEST_FRESH);
    let found = Endpoints {
        authorization: metadata.authorization_endpoint,
        token: metadata.token_endpoint,
        keys: Some(metadata.jwks_uri),
        user_info: metadata.userinfo_endpoint,
        names_itself: metadata.authorization_response_iss_parameter_supported,
        takes_secret,
    };
    Ok((found, fresh))
}

/// GitHub publishes no metadata; its addresses are documented, also those of one's own.
fn of_github(settings: &ProviderSettings) -> Result<Endpoints, Failed> {
    let base = settings.issuer().trim_end_matches('/');
    let api = match base {
        "https://github.com" => "https://api.github.com".to_owned(),
        own => format!("{own}/api/v3"),
    };
    let at = |address: String| {
        address.parse().map_err(|_| Failed::Discovery("the issuer is no address".to_owned()))
    };
    Ok(Endpoints {
        authorization: at(format!("{base}/login/oauth/authorize"))?,
        token: at(format!("{base}/login/oauth/access_token"))?,
        keys: None,
        user_info: Some(at(format!("{api}/user"))?),
        names_itself: false,
        takes_secret: TakesSecret::InForm,
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_to_ask_about_an_identity_and_no_crowd_waits() {
        let providers = KnownProviders::new();
        let (id, other) = (IdentityId::MIN, IdentityId::MAX);
        let first = providers.alone(id, About::Renewal).await.unwrap();
        assert!(
            providers.alone(id, About::User).await.is_some()
                && providers.alone(other, About::Renewal).await.is_some()
        );
        let begun = tokio::time::Instant::now();
        let mut waiting: Vec<_> =
            (1..WAITING).map(|_| Box::pin(providers.alone(id, About::Renewal))).collect();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()), "they wait");
        assert!(providers.alone(id, About::Renewal).await.is_none());
        assert_eq!(begun.elapsed(), Duration::ZERO, "one more is told at once");
        assert!(waiting.remove(0).await.is_none());
        assert_eq!(begun.elapsed(), PATIENCE, "and the others in the end");
        drop(waiting);
        let mut next = Box::pin(providers.alone(id, About::Renewal));
        assert!((&mut next).now_or_never().is_none(), "whoever went away waits no more");
        drop(first);
        assert!(next.await.is_some());
    }

    #[test]
    fn github_is_asked_where_it_says() {
        let settings = |issuer: Option<&str>| ProviderSettings {
            preset: Some(Preset::Github),
            issuer: issuer.map(|issuer| issuer.parse().unwrap()),
            ..ProviderSettings::default()
        };
        let public = of_github(&settings(None)).unwrap();
        assert_eq!(public.authorization.as_str(), "https://github.com/login/oauth/authorize");
        assert_eq!(public.token.as_str(), "https://github.com/login/oauth/access_token");
        assert_eq!(public.user_info.unwrap().as_str(), "https://api.github.com/user");
        let own = of_github(&settings(Some("https://git.example.com"))).unwrap();
        assert_eq!(own.user_info.unwrap().as_str(), "https://git.example.com/api/v3/user");
    }
}
