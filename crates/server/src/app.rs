//! An opened installation: what every handler, command and job works with.

mod event_ids;
mod master_key;
mod open;

use std::sync::Arc;

use gatepost_domain::{
    ClientId, DpopNonceKey, Entropy, EventId, MasterKey, PairwiseKey, PasswordHash, RealmId, Timestamp, User,
    UserId, WebhookId,
    application_token::ApplicationMac,
    authorization::{CodeMac, device::DeviceMac},
    browser::CsrfKey,
    interceptor::Trigger,
    mailed_link::LinkMac,
    password::Password,
    refresh::RefreshMac,
    session_token::SessionMac,
};
use gatepost_jose::Memo;
use gatepost_store::{Db, passwords};

use crate::{
    Clock, better_auth,
    clients::KnownClients,
    declare,
    http::{Problem, TrustedProxies, Where, observe::RequestId},
    jobs::{self, Silent},
    limits::{self, Limits, Rule},
    mail::{KeptMail, Mailer},
    outgoing::Outgoing,
    passwords::{Breaches, Checked, HashPool},
    places::Places,
    realm::{RealmCache, Snapshot},
    social::KnownProviders,
    throttle::Throttle,
};

pub(crate) use open::location;
pub use open::{OpenError, Reached};

/// An opened installation: the store, the master key, the realms in use and the threads that hash.
///
/// Cheap to clone; every clone is the same installation.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    db: Db,
    master_key: MasterKey,
    refresh_mac: RefreshMac,
    code_mac: CodeMac,
    device_mac: DeviceMac,
    session_mac: SessionMac,
    application_mac: ApplicationMac,
    csrf_key: CsrfKey,
    pairwise_key: PairwiseKey,
    dpop_nonce_key: DpopNonceKey,
    clients: KnownClients,
    realms: RealmCache,
    hasher: HashPool,
    breaches: Breaches,
    clock: Clock,
    entropy: Arc<dyn Entropy>,
    public_url: String,
    refusals: Throttle,
    silent_clients: Silent<(RealmId, ClientId)>,
    silent_webhooks: Silent<WebhookId>,
    interceptors: Places<(RealmId, Trigger)>,
    senders: Places<RealmId>,
    providers: KnownProviders,
    limits: Arc<Limits>,
    trusted_proxies: TrustedProxies,
    outgoing: Outgoing,
    sign_outs: tokio::sync::Notify,
    link_mac: LinkMac,
    mailer: Mailer,
    post: tokio::sync::Notify,
    better_auth_tokens: Memo<better_auth::Issued>,
    event_ids: event_ids::EventIds,
}

impl App {
    pub(crate) fn db(&self) -> &Db {
        &self.shared.db
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.shared.master_key
    }

    pub(crate) fn refresh_mac(&self) -> &RefreshMac {
        &self.shared.refresh_mac
    }

    pub(crate) fn code_mac(&self) -> &CodeMac {
        &self.shared.code_mac
    }

    pub(crate) fn device_mac(&self) -> &DeviceMac {
        &self.shared.device_mac
    }

    pub(crate) fn session_mac(&self) -> &SessionMac {
        &self.shared.session_mac
    }

    /// Tokens that were signed for applications of a moment ago.
    pub(crate) fn better_auth_tokens(&self) -> &Memo<better_auth::Issued> {
        &self.shared.better_auth_tokens
    }

    pub(crate) fn application_mac(&self) -> &ApplicationMac {
        &self.shared.application_mac
    }

    pub(crate) fn csrf_key(&self) -> &CsrfKey {
        &self.shared.csrf_key
    }

    pub(crate) fn clients(&self) -> &KnownClients {
        &self.shared.clients
    }

    pub(crate) fn dpop_nonce_key(&self) -> &DpopNonceKey {
        &self.shared.dpop_nonce_key
    }

    pub(crate) fn pairwise_key(&self) -> &PairwiseKey {
        &self.shared.pairwise_key
    }

    pub(crate) fn realms(&self) -> &RealmCache {
        &self.shared.realms
    }

    /// Which clients did not take what they were sent of late.
    pub(crate) fn silent_clients(&self) -> &Silent<(RealmId, ClientId)> {
        &self.shared.silent_clients
    }

    /// Which webhooks did not take what they were sent of late.
    pub(crate) fn silent_webhooks(&self) -> &Silent<WebhookId> {
        &self.shared.silent_webhooks
    }

    /// Who waits for the answers of interceptors.
    pub(crate) fn interceptors(&self) -> &Places<(RealmId, Trigger)> {
        &self.shared.interceptors
    }

    /// How many wait for whoever sends the text messages of a realm.
    pub(crate) fn senders(&self) -> &Places<RealmId> {
        &self.shared.senders
    }

    /// What is known of providers.
    pub(crate) fn providers(&self) -> &KnownProviders {
        &self.shared.providers
    }

    /// Which refusals, and what else is repeated, were written down of late.
    pub(crate) fn refusals(&self) -> &Throttle {
        &self.shared.refusals
    }

    /// How often things were tried of late; see [`limits::attempt`](crate::limits::attempt).
    pub(crate) fn limits(&self) -> &Arc<Limits> {
        &self.shared.limits
    }

    /// Which proxies say where a request came from.
    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.shared.trusted_proxies
    }

    /// Fetches what clients publish.
    pub(crate) fn outgoing(&self) -> &Outgoing {
        &self.shared.outgoing
    }

    /// Rung when somebody was signed out.
    pub(crate) fn sign_outs(&self) -> &tokio::sync::Notify {
        &self.shared.sign_outs
    }

    pub(crate) fn link_mac(&self) -> &LinkMac {
        &self.shared.link_mac
    }

    /// Sends letters.
    pub(crate) fn mailer(&self) -> &Mailer {
        &self.shared.mailer
    }

    /// Rung when a letter was queued.
    pub(crate) fn post(&self) -> &tokio::sync::Notify {
        &self.shared.post
    }

    /// A letter was queued: whoever waits for it should not wait long.
    pub(crate) fn post_is_waiting(&self) {
        self.shared.post.notify_one();
    }

    pub(crate) fn hasher(&self) -> &HashPool {
        &self.shared.hasher
    }

    /// The clock of this installation.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.shared.entropy
    }

    /// The id of something that happens.
    pub(crate) fn event_id(&self, now: Timestamp) -> EventId {
        EventId::new(now, self.entropy())
    }

    /// The same in a request: it is after those of all that happened before it in the request, also in the same moment.
    pub(crate) fn event_id_in(&self, request: RequestId, now: Timestamp) -> EventId {
        self.shared.event_ids.next(request, now, self.entropy())
    }

    /// The URL people and applications reach the server under, without trailing slash.
    pub fn public_url(&self) -> &str {
        &self.shared.public_url
    }

    /// Replaces a hash that is weaker than today's, and returns the one that the user has then; the one before, where the password was
    /// changed meanwhile. What fails is tried again at the next sign-in.
    ///
    /// It is done before the session begins, which does so only with the hash that the user has then. Of several who sign in at once
    /// with such a password one replaces the hash, and the others find theirs to be right by the new one too.
    pub(crate) async fn rehash(
        &self,
        user: &User,
        password: Password,
        old: PasswordHash,
        now: Timestamp,
    ) -> PasswordHash {
        let (realm, user) = (user.realm, user.id);
        let Ok(new) = self.hasher().hash(&password).await.map(PasswordHash::new) else { return old };
        let (before, after) = (old.clone(), new.clone());
        let replaced = self.db().write("upgrade a password hash", move |tx| {
            let (before, after) = (before.clone(), after.clone());
            Box::pin(
                async move { passwords::replace_if_unchanged(tx, realm, user, &before, &after, now).await },
            )
        });
        match replaced.await {
            Ok(true) => new,
            Ok(false) => self.replaced_meanwhile(user, realm, &password).await.unwrap_or(old),
            Err(error) => {
                tracing::warn!(%error, user.id = %user, "a password hash could not be upgraded");
                old
            }
        }
    }

    /// The hash that the user has now, if it is of this password.
    async fn replaced_meanwhile(
        &self,
        user: UserId,
        realm: RealmId,
        password: &Password,
    ) -> Option<PasswordHash> {
        let found = self.db().read("find a hash that was replaced", move |tx| {
            Box::pin(async move { passwords::find(tx, realm, user).await })
        });
        let found = found.await.ok()??;
        let checked = self.hasher().check(password, Some(found.as_str())).await.ok()?;
        matches!(checked, Checked::Right { .. }).then_some(found)
    }

    /// Hashes a password that somebody chose and that the realm's policy accepts, unless it is known from elsewhere. One that is refused
    /// counts, where it comes from: each is a question to somebody else.
    pub(crate) async fn hash_chosen(
        &self,
        realm: &Snapshot,
        password: &Password,
        origin: &Where,
        now: Timestamp,
    ) -> Result<String, Problem> {
        if self.shared.breaches.asks() {
            let place = (Rule::NewPassword, origin.neighbourhood());
            let attempt = limits::attempt(self, realm, place, origin, now)?;
            self.shared.breaches.refuse_known(password, now).await?;
            attempt.give_back();
        }
        Ok(self.hasher().hash(password).await?)
    }

    /// The same for somebody at the command line.
    pub(crate) async fn hash_given(&self, password: &Password) -> Result<String, Problem> {
        self.shared.breaches.refuse_known(password, self.clock().now()).await?;
        Ok(self.hasher().hash(password).await?)
    }

    /// Brings the installation to the state of a declarative file, and says what changed, a line each. Generated secrets
    /// are in these lines and nowhere else.
    pub async fn apply(&self, file: &std::path::Path) -> Result<Vec<String>, declare::ApplyError> {
        Ok(declare::apply(self, &declare::read(file)?, declare::Mode::Change).await?.lines())
    }

    /// Deletes audit events older than their realm keeps them, and sessions and invitations that have been over for 30 days.
    /// `gatepost serve` does it at its start and daily.
    pub async fn clean_up(&self) -> Result<(), gatepost_store::Error> {
        jobs::clean_up(self).await
    }

    /// Tells clients that asked for it of users who were signed out (OpenID Connect Back-Channel Logout 1.0). `gatepost serve` does it
    /// by itself.
    pub async fn tell_clients_of_sign_outs(&self) -> Result<(), gatepost_store::Error> {
        jobs::tell_clients(self).await
    }

    /// Sends the mail that is waiting. `gatepost serve` does it by itself.
    pub async fn send_mail(&self) -> Result<(), gatepost_store::Error> {
        jobs::send_mail(self).await
    }

    /// Sends webhooks the messages that are due. `gatepost serve` does it by itself.
    pub async fn send_webhooks(&self) -> Result<(), gatepost_store::Error> {
        jobs::send_messages(self).await
    }

    /// The mail that was kept instead of sent, the oldest first; nothing unless the settings say [`MailSettings::Kept`].
    ///
    /// [`MailSettings::Kept`]: crate::MailSettings::Kept
    pub fn kept_mail(&self) -> Vec<KeptMail> {
        self.mailer().kept().unwrap_or_default()
    }

    /// Finishes what is written, and ends the threads. Requests after this are refused.
    pub async fn close(&self) {
        self.shared.hasher.close();
        self.shared.db.close().await;
    }
}
