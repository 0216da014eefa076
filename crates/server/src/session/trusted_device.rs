//! Devices on which a second factor is not asked for, because somebody has shown theirs there and said so.
//!
//! A device is known by a cookie, sealed and of one realm, which names for up to five users what the store knows: whoever is somebody
//! else has no use for it, and what is taken back in the store is taken back (MF-05). Only a sign-in that says that it may
//! ([`Where::on_trusted_device`]) goes by it; whoever has to prove anew who they are does not. What ends sessions of an account ends
//! this too, in the store; what makes a factor worth nothing does it itself.

use axum::http::HeaderValue;
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    RealmId, Timestamp, TrustedDeviceId, User, UserId,
    mfa::{Missing, TrustedDevice},
};
use gatepost_store::{Error, Tx, trusted_devices};
use serde::{Deserialize, Serialize};

use super::second::Asked;
use crate::{
    App,
    browser::{Keep, set_cookie, trust_cookie},
    http::origin::Where,
    realm::Snapshot,
};

/// What the cookie is sealed for.
const PURPOSE: &str = "trusted device";
/// For how many users a device is trusted.
const USERS: usize = 5;
/// How many devices a user trusts.
const DEVICES: u32 = 50;
/// No cookie of ours is longer.
const LONGEST: usize = 2_048;

#[derive(Default, Serialize, Deserialize)]
struct Trust {
    /// The last one first.
    users: Vec<(UserId, TrustedDeviceId, Timestamp)>,
}

impl Trust {
    fn open(app: &App, realm: &Snapshot, text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let plain = app.master_key().open(PURPOSE, realm.id().as_bytes(), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    fn of(&self, user: UserId) -> Option<TrustedDeviceId> {
        self.users.iter().find(|(whose, ..)| *whose == user).map(|(_, id, _)| *id)
    }
}

/// What the cookie of a device says for a user. Whether that is so, the store knows.
#[derive(Clone, Copy)]
pub(super) struct Trusted {
    id: TrustedDeviceId,
    /// A realm that shortens the time means those too that are trusted already.
    since: Timestamp,
}

/// By what the device that a request comes from is trusted for a user, if the sign-in may go by it and the realm has any of that.
pub(super) fn trusted_device(
    app: &App,
    realm: &Snapshot,
    user: UserId,
    origin: &Where,
    now: Timestamp,
) -> Option<Trusted> {
    let since = trusted_since(realm, now)?;
    let trust = Trust::open(app, realm, origin.trusted()?)?;
    trust.of(user).map(|id| Trusted { id, since })
}

/// Which device of a user the one that a request comes from says that it is. Whether it is trusted, the store knows.
pub fn this_device(app: &App, realm: &Snapshot, user: UserId, origin: &Where) -> Option<TrustedDeviceId> {
    Trust::open(app, realm, origin.trust_as_sent()?)?.of(user)
}

/// Devices that are trusted since then still are. `None`: the realm trusts none.
pub(crate) fn trusted_since(realm: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    let lifetime = realm.settings().trusted_device_ttl;
    (!lifetime.is_zero()).then(|| now.minus(lifetime))
}

/// Asks nobody for a second factor on a device that is trusted for them. In the transaction that begins the session. Whoever has none
/// yet, and must, sets one up all the same.
pub(super) async fn excuse(
    tx: &mut Tx,
    asked: Asked,
    (realm, user): (RealmId, UserId),
    trusted: Option<&Trusted>,
    now: Timestamp,
) -> Result<Asked, Error> {
    if let (Asked::Missing(Missing::Factor), Some(Trusted { id, since })) = (&asked, trusted)
        && trusted_devices::is_trusted(tx, realm, user, *id, *since, now).await?
    {
        return Ok(Asked::Excused);
    }
    Ok(asked)
}

/// A device that is to be trusted.
#[derive(Clone)]
pub(crate) struct NewTrust {
    device: TrustedDevice,
    /// What it was trusted by until now: a copy of that is worth nothing any more.
    before: Option<TrustedDeviceId>,
}

impl NewTrust {
    /// The device that a request comes from, if it is to be one on which the user is not asked again.
    pub(crate) fn of(
        app: &App,
        realm: &Snapshot,
        user: UserId,
        origin: &Where,
        now: Timestamp,
    ) -> Option<Self> {
        let (id, whose) = (TrustedDeviceId::new(now, app.entropy()), (realm.id(), user));
        let (agent, lifetime) = (origin.session_origin().user_agent, realm.settings().trusted_device_ttl);
        let device = TrustedDevice::begin(id, whose, agent, lifetime, now);
        let device = device.filter(|_| origin.is_to_be_trusted())?;
        let trust = origin.trust_as_sent().and_then(|text| Trust::open(app, realm, text));
        Some(Self { device, before: trust.and_then(|trust| trust.of(user)) })
    }

    /// The device.
    pub(crate) fn device(&self) -> &TrustedDevice {
        &self.device
    }

    /// Trusts it from now on.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        if let Some(before) = self.before {
            trusted_devices::forget(tx, self.device.realm, self.device.user, before).await?;
        }
        trusted_devices::create(tx, &self.device).await?;
        trusted_devices::forget_oldest(tx, self.device.realm, self.device.user, DEVICES).await.map(drop)
    }
}

/// A cookie by which a device is trusted.
pub struct TrustCookie {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: String,
    /// How long it is kept.
    pub keep: Keep,
}

impl TrustCookie {
    /// As a header.
    pub fn header(&self) -> Option<HeaderValue> {
        set_cookie(&self.name, &self.value, self.keep)
    }
}

/// The cookie of a device that has just become one on which this user is not asked.
pub fn trust(
    app: &App,
    realm: &Snapshot,
    (user, device): (&User, &TrustedDevice),
    origin: &Where,
    now: Timestamp,
) -> TrustCookie {
    let mut trust = origin.trust_as_sent().and_then(|text| Trust::open(app, realm, text)).unwrap_or_default();
    trust.users.retain(|(whose, _, until)| *whose != user.id && now < *until);
    trust.users.truncate(USERS - 1);
    trust.users.insert(0, (user.id, device.id, device.expires_at));
    // Ids and moments always serialise.
    let plain = serde_json::to_vec(&trust).unwrap_or_default();
    let sealed = app.master_key().seal(PURPOSE, realm.id().as_bytes(), &plain, app.entropy());
    let until = trust.users.iter().map(|(.., until)| *until).max().unwrap_or(now);
    TrustCookie {
        name: trust_cookie(realm.name()),
        value: BASE64URL_NOPAD.encode(&sealed),
        keep: Keep::Seconds(until.since(now).as_secs()),
    }
}
