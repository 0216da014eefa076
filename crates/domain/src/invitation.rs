//! Invitations into an organization: a secret for one person, good once.

use std::time::Duration;

use crate::{
    EmailAddress, Entropy, InvitationId, OrganizationId, RealmId, RoleName, Secret, SecretDigest, TeamId,
    Timestamp, UserId, numbered_secret,
};

/// What the secret of every invitation starts with.
pub const PREFIX: &str = "gp_inv_";
/// How long an invitation is good.
pub const LIFETIME: Duration = Duration::from_hours(24 * 7);

/// An invitation as it is kept: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The id. It is part of the secret, so that one is found without comparing secrets.
    pub id: InvitationId,
    /// The realm.
    pub realm: RealmId,
    /// Where to.
    pub organization: OrganizationId,
    /// Who is invited: the one who proved to read mail there.
    pub email: EmailAddress,
    /// As what.
    pub roles: Vec<RoleName>,
    /// Into which teams, beside.
    pub teams: Vec<TeamId>,
    /// SHA-256 of the whole secret.
    pub digest: SecretDigest,
    /// Who invited; the account may be gone by now.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it is refused.
    pub expires_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Invitation {
    /// Whether it may still be accepted.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.accepted_at.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Makes the secret of an invitation: the one text that is shown once.
pub fn generate(id: InvitationId, entropy: &dyn Entropy) -> Secret {
    numbered_secret::generate(PREFIX, id.as_bytes(), entropy)
}

/// The id in the secret of an invitation, if the text can be one. Made-up ones end here, without the database.
pub fn id_of(text: &str) -> Option<InvitationId> {
    numbered_secret::id_of(PREFIX, text).map(InvitationId::from_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;
    use crate::{ApiKeyId, api_key};

    #[test]
    fn an_invitation_is_read_back_as_its_id_and_a_key_is_none() {
        let id = InvitationId::from_bytes([0xa5; 16]);
        let secret = generate(id, &Counting::default());
        assert_eq!((secret.reveal().len(), id_of(secret.reveal())), (71, Some(id)));
        let key = api_key::generate(ApiKeyId::from_bytes([0xa5; 16]), &Counting::default());
        assert_eq!((id_of(key.reveal()), api_key::id_of(secret.reveal())), (None, None));
    }

    #[test]
    fn an_invitation_is_open_until_one_of_three_things_happens() {
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let id = InvitationId::MIN;
        let open = Invitation {
            id,
            realm: RealmId::MIN,
            organization: OrganizationId::MIN,
            email: "ada@example.com".parse().unwrap(),
            roles: vec![],
            teams: vec![],
            digest: generate(id, &Counting::default()).digest(),
            invited_by: None,
            created_at: now,
            expires_at: now.plus(LIFETIME),
            accepted_at: None,
            revoked_at: None,
        };
        assert!(open.is_open(now) && !open.is_open(open.expires_at));
        assert!(!Invitation { accepted_at: Some(now), ..open.clone() }.is_open(now));
        assert!(!Invitation { revoked_at: Some(now), ..open }.is_open(now));
    }
}
