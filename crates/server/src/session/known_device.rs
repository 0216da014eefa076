//! Devices on which somebody has signed in before: they get in while others guess at the account (LG-05).
//!
//! A device is known by a cookie, sealed and of one realm. All it gives is a count of its own for wrong passwords; it is no session and
//! proves nothing. It names up to five accounts, each with the password it was signed in to with: after a change of password a device is
//! known again once it has signed in with the new one, so that whoever knew the old one cannot go on guessing apart from everybody else.

use std::time::Duration;

use axum::http::HeaderValue;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use gatepost_domain::{EmailAddress, PasswordHash, SecretDigest, Timestamp, User, UserId, mfa::First};
use gatepost_store::{passwords, users};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    browser::{Keep, device_cookie, set_cookie},
    http::{Problem, origin::Where},
    realm::Snapshot,
};

/// What the cookie is sealed for.
const PURPOSE: &str = "known device";
/// How many accounts a device is known to.
const ACCOUNTS: usize = 5;
/// How long after the last sign-in.
const LIFE: Duration = Duration::from_hours(24 * 180);
/// No cookie of ours is longer.
const LONGEST: usize = 2_048;

#[derive(Serialize, Deserialize)]
struct Device {
    /// What tells it from others: 128 random bits.
    id: String,
    /// The last one first.
    accounts: Vec<Account>,
}

#[derive(Serialize, Deserialize)]
struct Account {
    user: UserId,
    /// The beginning of a digest of the stored hash.
    password: String,
    until: Timestamp,
}

/// What counts apart: a device, for an account that it is known to.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct KnownDevice {
    id: String,
    user: UserId,
}

/// The device that a request comes from, if it is known to this account.
pub fn known_device(
    app: &App,
    realm: &Snapshot,
    (user, hash): (UserId, &PasswordHash),
    origin: &Where,
    now: Timestamp,
) -> Option<KnownDevice> {
    let device = Device::open(app, realm, origin.device()?)?;
    let password = digest(hash);
    let is_known =
        |account: &Account| account.user == user && account.password == password && now < account.until;
    device.accounts.iter().any(is_known).then_some(KnownDevice { id: device.id, user })
}

/// Whether a sign-in is on a device that its user knows, so that nobody need be told of it: whoever takes their laptop elsewhere is not
/// somebody else.
pub(super) fn is_known(
    app: &App,
    realm: &Snapshot,
    (user, first): (UserId, &First),
    origin: &Where,
    now: Timestamp,
) -> bool {
    first.password().is_some_and(|hash| known_device(app, realm, (user, hash), origin, now).is_some())
}

/// Makes the device known to an account that was just signed in to on it: the name of a cookie, and what it holds.
pub fn remember_device(
    app: &App,
    realm: &Snapshot,
    (user, hash): (&User, &PasswordHash),
    origin: &Where,
    now: Timestamp,
) -> DeviceCookie {
    let mut device = origin.device().and_then(|text| Device::open(app, realm, text)).unwrap_or_else(|| {
        let mut id = [0; 16];
        app.entropy().fill(&mut id);
        Device { id: BASE64URL_NOPAD.encode(&id), accounts: Vec::new() }
    });
    device.accounts.retain(|account| account.user != user.id && now < account.until);
    device.accounts.truncate(ACCOUNTS - 1);
    device.accounts.insert(0, Account { user: user.id, password: digest(hash), until: now.plus(LIFE) });
    DeviceCookie { name: device_cookie(realm.name()), value: device.seal(app, realm) }
}

/// Makes the device known to an account that was just signed in to on it without its password.
pub async fn remember_device_of(
    app: &App,
    realm: &Snapshot,
    user: &User,
    origin: &Where,
    now: Timestamp,
) -> Result<DeviceCookie, Problem> {
    let (realm_id, id) = (realm.id(), user.id);
    let hash = app
        .db()
        .read("the password that a device is known by", move |tx| {
            Box::pin(async move { passwords::find(tx, realm_id, id).await.map_err(Problem::from) })
        })
        .await?;
    Ok(remember_device(app, realm, (user, &or_none(hash)), origin, now))
}

/// What the device is known by: an account without a password by that it has none.
fn or_none(hash: Option<PasswordHash>) -> PasswordHash {
    hash.unwrap_or_else(|| PasswordHash::new(""))
}

/// The device that a request comes from, if it is known to the account that has an address and whose owner proved it: of an address
/// that nobody proved anybody makes an account, and as many devices as they like.
///
/// Whose address it is, is not looked up: only whether one of those has it whom the cookie names. That is the same work whatever address
/// is asked about, and none where there is no cookie (LG-02).
pub async fn known_device_at(
    app: &App,
    realm: &Snapshot,
    email: &EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<Option<KnownDevice>, Problem> {
    let Some(device) = origin.device().and_then(|text| Device::open(app, realm, text)) else {
        return Ok(None);
    };
    let named: Vec<UserId> = device.accounts.iter().map(|account| account.user).collect();
    let realm_id = realm.id();
    let accounts = app
        .db()
        .read("whom a device is known to", move |tx| {
            let named = named.clone();
            Box::pin(async move {
                let mut accounts = Vec::with_capacity(named.len());
                for id in named {
                    let user = users::find(tx, realm_id, id).await?;
                    let hash = or_none(passwords::find(tx, realm_id, id).await?);
                    accounts.push(user.map(|user| (user, hash)));
                }
                Ok::<_, Problem>(accounts)
            })
        })
        .await?;
    let theirs = accounts
        .into_iter()
        .flatten()
        .find(|(user, _)| user.email_verified && user.email.as_ref() == Some(email));
    Ok(theirs.and_then(|(user, hash)| known_device(app, realm, (user.id, &hash), origin, now)))
}

impl KnownDevice {
    /// Whose it is.
    pub fn user(&self) -> UserId {
        self.user
    }
}

/// A cookie that makes a device known.
pub struct DeviceCookie {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: String,
}

impl DeviceCookie {
    /// How long it is kept.
    pub const KEEP: Keep = Keep::Seconds(LIFE.as_secs());

    /// As a header.
    pub fn header(&self) -> Option<HeaderValue> {
        set_cookie(&self.name, &self.value, Self::KEEP)
    }
}

impl Device {
    fn open(app: &App, realm: &Snapshot, text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let plain = app.master_key().open(PURPOSE, realm.id().as_bytes(), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    fn seal(&self, app: &App, realm: &Snapshot) -> String {
        // Strings and moments always serialise.
        let plain = serde_json::to_vec(self).unwrap_or_default();
        BASE64URL_NOPAD.encode(&app.master_key().seal(PURPOSE, realm.id().as_bytes(), &plain, app.entropy()))
    }
}

/// Enough to tell one stored hash from the next, and of no use for guessing a password: the cookie is sealed, and a hash has a salt.
fn digest(hash: &PasswordHash) -> String {
    HEXLOWER.encode(&SecretDigest::of(hash.as_str().as_bytes()).as_bytes()[..8])
}
