//! What the API shows of second factors.

use gatepost_domain::{
    Mfa, Timestamp, User,
    mfa::{Factor, recovery_code::RecoveryCode},
};
use gatepost_store::recovery_codes::RecoveryCodes;
use serde::Serialize;

use crate::{
    http::Problem,
    mfa::{self, Overview, SetUp},
    realm::Snapshot,
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
    /// On how many devices no second factor is asked for, because it was shown there.
    #[schema(example = 1)]
    trusted_devices: u64,
}

/// A second factor.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SecondFactor)]
pub(super) struct FactorView {
    /// `totp`: an authenticator app. `passkey`: a passkey.
    #[schema(value_type = String, example = "totp")]
    kind: &'static str,
    /// Since when it is asked for.
    #[schema(value_type = String)]
    added_at: Timestamp,
    /// When it was last used.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
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
    pub(super) fn new(
        realm: &Snapshot,
        user: &User,
        (overview, trusted_devices): (&Overview, u64),
        now: Timestamp,
    ) -> Self {
        Self {
            policy: realm.settings().mfa,
            setup_required_by: mfa::due(realm, user, now).filter(|_| !overview.has_factor()),
            factors: overview.factors.iter().map(FactorView::from).collect(),
            recovery_codes: overview.codes.into(),
            trusted_devices,
        }
    }
}

impl From<&Factor> for FactorView {
    fn from(factor: &Factor) -> Self {
        Self { kind: factor.kind.name(), added_at: factor.added_at, last_used_at: factor.last_used_at }
    }
}

impl From<RecoveryCodes> for RecoveryCodesView {
    fn from(codes: RecoveryCodes) -> Self {
        Self { left: codes.left, total: codes.total, created_at: codes.made_at }
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
