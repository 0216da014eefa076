//! Devices on which a second factor is not asked for.

use std::time::Duration;

use crate::{RealmId, Timestamp, TrustedDeviceId, UserId};

/// A device on which a user has shown a second factor and said that they are not to be asked for it again for a while.
///
/// It takes the place of nothing: a session that begins on it has the one factor that was shown, and says so. What asks for two asks
/// there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedDevice {
    /// The id. The device has it sealed in a cookie.
    pub id: TrustedDeviceId,
    /// The realm.
    pub realm: RealmId,
    /// For whom, and nobody else who uses the device.
    pub user: UserId,
    /// What the browser or program called itself.
    pub user_agent: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// From when one is asked again.
    pub expires_at: Timestamp,
}

impl TrustedDevice {
    /// One that is trusted from now on. `None`: the realm trusts none.
    pub fn begin(
        id: TrustedDeviceId,
        (realm, user): (RealmId, UserId),
        user_agent: Option<String>,
        lifetime: Duration,
        now: Timestamp,
    ) -> Option<Self> {
        let expires_at = now.plus(lifetime);
        (!lifetime.is_zero()).then_some(Self { id, realm, user, user_agent, created_at: now, expires_at })
    }
}
