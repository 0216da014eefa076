//! What a user authorizes a client to do: the code that the client redeems, and the consent behind it.

pub mod device;
pub mod pkce;
pub mod pushed;
mod redirect;
pub mod request_object;

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::{
    ClientId, CodeId, GrantDetails, GrantId, OrganizationId, RealmId, Scopes, SessionId, Timestamp, UserId,
    derived_token,
};

/// What every authorization code starts with.
pub const PREFIX: &str = "gp_ac_";

/// How long a code is good. Clients redeem it at once (RFC 6749 section 4.1.2 allows ten minutes).
pub const CODE_TTL: Duration = Duration::from_mins(1);

/// An authorization code as it is kept (RFC 6749 section 4.1.2). The text a client gets is derived from its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// The id.
    pub id: CodeId,
    /// The realm.
    pub realm: RealmId,
    /// The browser's session in which it was given.
    pub session: SessionId,
    /// Who authorized the client.
    pub user: UserId,
    /// The client that may redeem it.
    pub client: ClientId,
    /// The grant that begins with it.
    pub grant: GrantId,
    /// What was asked for and agreed on.
    pub details: CodeDetails,
    /// When it was given.
    pub created_at: Timestamp,
    /// From when it is refused.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub redeemed_at: Option<Timestamp>,
}

/// What was asked for and agreed on when a code was given. Unknown members are skipped: a newer release may have written them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeDetails {
    /// Where it was sent.
    pub redirect_uri: String,
    /// What the client may do.
    pub scopes: Scopes,
    /// Whom the tokens are for; the realm's audience when empty.
    pub audience: Vec<String>,
    /// The SHA-256 of what the client will show when it redeems the code (RFC 7636), in base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    /// What the client wants to find in the ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The organization that the tokens are to speak of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// What stays with the grant.
    #[serde(flatten)]
    pub grant: GrantDetails,
}

/// The key that makes and checks authorization codes. Made by [`MasterKey::code_mac_key`](crate::MasterKey::code_mac_key).
#[derive(Clone)]
pub struct CodeMac(hmac::Key);

impl CodeMac {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The code of an id.
    pub fn encode(&self, code: CodeId) -> String {
        derived_token::encode(PREFIX, &self.0, code.as_bytes())
    }

    /// Reads a code of ours; `None` for anything else, without the database.
    pub fn decode(&self, text: &str) -> Option<CodeId> {
        derived_token::decode(PREFIX, &self.0, text).map(CodeId::from_bytes)
    }
}

impl fmt::Debug for CodeMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeMac(…)")
    }
}

/// What a user has agreed to let a client do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The realm.
    pub realm: RealmId,
    /// Who agreed.
    pub user: UserId,
    /// The client.
    pub client: ClientId,
    /// To what.
    pub scopes: Scopes,
    /// When it was first given.
    pub created_at: Timestamp,
    /// When it was last widened.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;

    #[test]
    fn a_code_is_read_back_and_is_no_other_token() {
        let master = MasterKey::from_bytes([1; 32]);
        let text = master.code_mac_key().encode(CodeId::MAX);
        assert!(text.starts_with("gp_ac_") && text.len() == 70, "{text}");
        assert_eq!(master.code_mac_key().decode(&text), Some(CodeId::MAX));
        assert_eq!(MasterKey::from_bytes([2; 32]).code_mac_key().decode(&text), None);
        assert_eq!(master.code_mac_key().decode(&text.replace("gp_ac_", "gp_st_")), None);
        assert_eq!(master.code_mac_key().decode(&format!("{text}A")), None);
        let mut changed = text.into_bytes();
        changed[10] = if changed[10] == b'A' { b'B' } else { b'A' };
        assert_eq!(master.code_mac_key().decode(std::str::from_utf8(&changed).unwrap()), None);
    }

    #[test]
    fn the_details_of_an_older_release_are_read() {
        let details: CodeDetails = serde_json::from_str(r#"{"scopes":["openid"],"later":1}"#).unwrap();
        assert_eq!(details.scopes.to_string(), "openid");
        assert_eq!(
            serde_json::to_string(&details).unwrap(),
            r#"{"redirect_uri":"","scopes":["openid"],"audience":[]}"#
        );
    }
}
