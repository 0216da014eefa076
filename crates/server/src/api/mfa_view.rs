//! What the API shows of second factors.

use clap::ValueEnum;
use gatepost_domain::{
    Mfa, Timestamp, User,
    mfa::{Factor, FactorKind, PhoneNumber, recovery_code::RecoveryCode},
};
use gatepost_store::recovery_codes::RecoveryCodes;
use serde::{Deserialize, Serialize};

use crate::{
    App,
    http::Problem,
    mfa::{self, Asking, Overview, SetUp},
    realm::Snapshot,
    sms::SmsSent,
};

/// The second factors of an account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SecondFactors)]
pub struct MfaView {
    /// What the realm says: `off`, `optional` or `required`.
    #[schema(value_type = String, example = "optional")]
    policy: Mfa,
    /// What was set up. Whoever has one is asked for it at every sign-in.
    factors: Vec<FactorView>,
    recovery_codes: RecoveryCodesView,
    /// Until when the account may sign in without one, where the realm requires one and it has none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    setup_required_by: Option<Timestamp>,
    /// Who beside the realm asks for one: of the account's organizations that require it the one that does so first. Others are in
    /// `/api/v1/organizations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<AskingOrganization>,
    /// On how many devices no second factor is asked for, because it was shown there.
    #[schema(example = 1)]
    trusted_devices: u64,
}

/// An organization that requires a second factor of whoever acts in it.
#[derive(Serialize, utoipa::ToSchema)]
struct AskingOrganization {
    #[schema(example = "org_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(example = "analytical")]
    slug: String,
    #[schema(example = "Analytical Engines")]
    name: String,
    /// Until when the account may act in it without one, where it has none. Past, the organization is closed to it until it has one;
    /// the account is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    setup_required_by: Option<Timestamp>,
}

/// A second factor.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SecondFactor)]
pub(super) struct FactorView {
    /// `totp`: an authenticator app. `passkey`: a passkey. `sms`: a telephone number that codes are sent to.
    #[schema(value_type = String, example = "totp")]
    kind: &'static str,
    /// Since when it is asked for.
    #[schema(value_type = String)]
    added_at: Timestamp,
    /// When it was last used.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
    /// Of `sms`: the last two digits of the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "•••78")]
    phone_number: Option<String>,
}

/// How many recovery codes there are. The codes themselves are shown once, when they are made.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RecoveryCodes)]
pub(super) struct RecoveryCodesView {
    /// How many are not used.
    #[schema(example = 9)]
    left: u64,
    /// How many were made together.
    #[schema(example = 10)]
    total: u64,
    /// When; `null` where there are none.
    #[schema(value_type = Option<String>)]
    created_at: Option<Timestamp>,
}

impl MfaView {
    pub(super) async fn of(
        app: &App,
        realm: &Snapshot,
        user: &User,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let overview = mfa::overview(app, realm.id(), user.id).await?;
        let lacks = !overview.has_factor();
        let asking = mfa::organization_asking(app, realm, user).await?;
        Ok(Self {
            policy: realm.settings().mfa,
            setup_required_by: mfa::due(realm, user, now).filter(|_| lacks),
            organization: asking.map(|Asking { organization, due }| AskingOrganization {
                id: organization.id.to_string(),
                slug: organization.slug.to_string(),
                name: organization.name.as_str().to_owned(),
                setup_required_by: Some(due).filter(|_| lacks),
            }),
            factors: overview.factors.iter().map(|factor| FactorView::of(factor, &overview)).collect(),
            recovery_codes: overview.codes.into(),
            trusted_devices: mfa::trusted_devices(app, realm, user.id, now).await?,
        })
    }
}

impl FactorView {
    fn of(factor: &Factor, overview: &Overview) -> Self {
        let number = overview.phone_number.as_ref().filter(|_| factor.kind == FactorKind::Sms);
        Self {
            kind: factor.kind.name(),
            added_at: factor.added_at,
            last_used_at: factor.last_used_at,
            phone_number: number.map(PhoneNumber::masked),
        }
    }
}

/// A code that is on its way.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct CodeSent {
    /// The last two digits of the number that it was sent to.
    #[schema(example = "•••78")]
    phone_number: String,
    /// Seconds until the code is refused.
    #[schema(example = 300)]
    expires_in: u64,
}

impl CodeSent {
    pub(super) fn new(sent: SmsSent, now: Timestamp) -> Self {
        Self { phone_number: sent.to, expires_in: sent.expires_at.since(now).as_secs() }
    }
}

impl From<RecoveryCodes> for RecoveryCodesView {
    fn from(codes: RecoveryCodes) -> Self {
        Self { left: codes.left, total: codes.total, created_at: codes.made_at }
    }
}

/// Which accounts to list, by what they have set up.
#[derive(Clone, Copy, Debug, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Enrolment {
    /// Those without a second factor
    None,
    /// Those that have one
    Enrolled,
}

impl Enrolment {
    /// Whether these have a second factor.
    pub fn has_factor(self) -> bool {
        matches!(self, Self::Enrolled)
    }
}

/// What an authenticator app is told. It is shown once, and counts when it was confirmed by a code.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TotpSetup {
    /// The key in base 32, for apps that cannot scan: time based, 6 digits, 30 seconds, SHA-1.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// What the picture says.
    #[schema(
        example = "otpauth://totp/Tideline:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tideline&algorithm=SHA1&digits=6&period=30"
    )]
    uri: String,
    /// The picture: a QR code as SVG.
    #[schema(example = "<svg xmlns=\"http://www.w3.org/2000/svg\" …")]
    qr_svg: String,
}

impl TotpSetup {
    pub(super) fn new(set_up: &SetUp) -> Result<Self, Problem> {
        Ok(Self {
            secret: set_up.secret.to_string(),
            uri: set_up.uri.to_string(),
            qr_svg: mfa::svg(&set_up.uri)?,
        })
    }
}

/// Recovery codes, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct NewRecoveryCodes {
    /// Each signs in once in place of a code of the app.
    #[schema(value_type = Vec<String>, example = json!(["4KMQ-7TWX", "9FJ2-HC6R"]))]
    recovery_codes: Vec<String>,
}

impl NewRecoveryCodes {
    pub(super) fn new(codes: &[RecoveryCode]) -> Self {
        Self { recovery_codes: revealed(codes) }
    }
}

/// Recovery codes as they go over the wire.
pub(super) fn revealed(codes: &[RecoveryCode]) -> Vec<String> {
    mfa::shown(codes).iter().map(|code| code.to_string()).collect()
}
