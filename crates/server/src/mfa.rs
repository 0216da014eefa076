//! Second factors of accounts: set up, removed, reset. Every front door and the command line come through here; how one signs in
//! with them is in [`session`](crate::session).

mod change;
mod code;
mod picture;
mod policy;
mod set_up;
mod sms;
mod trusted;

use gatepost_domain::{
    Mfa, RealmId, Timestamp, User, UserId,
    mfa::{self as rule, Factor, FactorKind, Method, PhoneNumber, recovery_code::RecoveryCode},
    outbox,
    passkey::Passkey,
};
use gatepost_store::{
    Tx, passkeys, phone_numbers, phone_numbers::Phone, recovery_codes, recovery_codes::RecoveryCodes,
    sms_codes, totp_seeds,
};
use zeroize::Zeroizing;

use crate::{
    App,
    http::{Problem, SignedIn},
    realm::Snapshot,
};

pub use change::{new_recovery_codes, remove_sms, remove_totp, reset};
pub(crate) use change::{remove_all, remove_since};
pub(crate) use code::{ShownCode, Taken, may_be_sent};
pub use code::{check_code, check_sms_code};
pub use picture::{modules, svg};
pub use policy::{Asking, due, is_offered, organization_asking, set_up_by};
pub(crate) use policy::{forbids_what_an_organization_asks, is_required};
pub(crate) use set_up::{Begun, Confirms, open_seed};
pub use set_up::{
    BegunBy, SetUp, begin_totp, begin_totp_with_codes, confirm_totp, confirm_totp_with_codes, pending_totp,
};
pub use sms::{begin_sms, confirm_sms, pending_sms, send_sms};
pub use trusted::{
    forget_trusted_device, forget_trusted_devices, list_trusted_devices, trust_device, trusted_devices,
};

/// What an account has set up.
#[derive(Debug)]
pub struct Overview {
    /// Its second factors.
    pub factors: Vec<Factor>,
    /// The telephone number, where it is one of them.
    pub phone_number: Option<PhoneNumber>,
    /// Its recovery codes.
    pub codes: RecoveryCodes,
}

impl Overview {
    /// Whether there is anything that is asked for at sign-in.
    pub fn has_factor(&self) -> bool {
        !self.factors.is_empty()
    }

    /// Its authenticator app.
    pub fn totp(&self) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.kind == FactorKind::Totp)
    }

    /// Its telephone number.
    pub fn sms(&self) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.kind == FactorKind::Sms)
    }

    /// Whether a code can be sent to its telephone number: it has one, and the realm somebody who sends.
    pub fn sends_sms(&self, realm: &Snapshot) -> bool {
        self.phone_number.is_some() && crate::sms::sender(realm).is_ok()
    }

    /// Whether it has a passkey.
    pub fn has_passkey(&self) -> bool {
        self.factors.iter().any(|factor| factor.kind == FactorKind::Passkey)
    }
}

/// The second factors of an account, of every kind.
pub async fn factors(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
) -> Result<Vec<Factor>, gatepost_store::Error> {
    let totp = totp_seeds::find(tx, realm, user, true).await?;
    let passkeys = passkeys::list(tx, realm, user).await?;
    let phone = phone_numbers::find(tx, realm, user).await?;
    let totp = totp.iter().map(totp_seeds::TotpSeed::factor);
    Ok(totp.chain(passkeys.iter().map(Passkey::factor)).chain(phone.iter().map(Phone::factor)).collect())
}

/// Forgets what is only being set up, and codes that were sent: whoever began it may not be who goes on.
pub(crate) async fn forget_begun(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
) -> Result<(), gatepost_store::Error> {
    totp_seeds::forget_begun(tx, realm, user).await?;
    sms_codes::forget_all(tx, realm, user).await
}

/// What an account has set up.
pub async fn overview(app: &App, realm: RealmId, user: UserId) -> Result<Overview, Problem> {
    let found = app.db().read("look at second factors", move |tx| {
        Box::pin(async move {
            let factors = factors(tx, realm, user).await?;
            let phone_number = phone_numbers::find(tx, realm, user).await?.map(|phone| phone.number);
            let codes = recovery_codes::count(tx, realm, user).await?;
            Ok::<_, Problem>(Overview { factors, phone_number, codes })
        })
    });
    found.await
}

/// What an account may show at the second step of a sign-in, the easiest and strongest first: a program is told the names.
pub async fn methods(app: &App, realm: &Snapshot, user: UserId) -> Result<Vec<&'static str>, Problem> {
    let overview = overview(app, realm.id(), user).await?;
    let passkey = overview.has_passkey().then(|| FactorKind::Passkey.name());
    let totp = overview.totp().map(|factor| factor.kind.name());
    let sms = overview.sends_sms(realm).then(|| FactorKind::Sms.name());
    Ok(passkey.into_iter().chain(totp).chain(sms).chain([Method::RecoveryCode.name()]).collect())
}

/// What somebody who has none may set up at sign-in, the easiest first.
pub fn kinds_to_set_up(realm: &Snapshot) -> Vec<&'static str> {
    let passkey = crate::passkeys::relying_party(realm).is_ok().then(|| FactorKind::Passkey.name());
    passkey.into_iter().chain([FactorKind::Totp.name()]).collect()
}

/// Whether an account has a second factor.
pub async fn has_factor(app: &App, user: &User) -> Result<bool, Problem> {
    Ok(overview(app, user.realm, user.id).await?.has_factor())
}

/// Refuses to go on unless the caller may change how the account is signed in to: by a sign-in of their own, a moment ago, with all
/// the factors they have. Inside the transaction that writes: a session of a moment ago may be one factor short by then.
pub(crate) async fn may_change(
    tx: &mut Tx,
    caller: &SignedIn,
    now: Timestamp,
) -> Result<Vec<Factor>, Problem> {
    let (realm, user) = (caller.user.realm, caller.user.id);
    if caller.grant.is_some() || caller.session.impersonator.is_some() {
        return Err(Problem::NotForApplications);
    }
    let factors = factors(tx, realm, user).await?;
    let session = &caller.session;
    if !rule::may_change(&session.amr, session.authenticated_at, !factors.is_empty(), now) {
        return Err(Problem::ReauthenticationRequired);
    }
    Ok(factors)
}

/// Whether the caller may change how the account is signed in to, as far as one can say before it is written.
pub async fn check_may_change(app: &App, caller: &SignedIn, now: Timestamp) -> Result<(), Problem> {
    let caller = caller.clone();
    let checked = app.db().read("check that a sign-in is fresh", move |tx| {
        let caller = caller.clone();
        Box::pin(async move { may_change(tx, &caller, now).await.map(|_| ()) })
    });
    checked.await
}

/// Where new second factors are not wanted.
pub(crate) fn is_wanted(policy: Mfa) -> Result<(), Problem> {
    match policy {
        Mfa::Off => Err(Problem::SecondFactorsOff),
        Mfa::Optional | Mfa::Required => Ok(()),
    }
}

/// What a letter calls a factor.
pub(crate) const fn called(kind: FactorKind) -> outbox::Factor {
    match kind {
        FactorKind::Totp => outbox::Factor::AuthenticatorApp,
        FactorKind::Passkey => outbox::Factor::Passkey,
        FactorKind::Sms => outbox::Factor::PhoneNumber,
    }
}

/// Fresh recovery codes, and what is kept of them.
pub(crate) fn fresh_codes(
    app: &App,
    realm: RealmId,
    user: UserId,
) -> (Vec<RecoveryCode>, Vec<gatepost_domain::SecretDigest>) {
    let codes = RecoveryCode::generate(app.entropy());
    let key = app.master_key().recovery_code_key();
    let digests = codes.iter().map(|code| key.digest(realm, user, code)).collect();
    (codes, digests)
}

/// Recovery codes as they are shown, once.
pub fn shown(codes: &[RecoveryCode]) -> Vec<Zeroizing<String>> {
    codes.iter().map(RecoveryCode::reveal).collect()
}
