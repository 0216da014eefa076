//! Devices that cannot show a sign-in page (RFC 8628): what the device keeps, and what a person types for it.

use std::{fmt, str::FromStr, time::Duration};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::{
    ClientId, DeviceCodeId, Entropy, GrantId, RealmId, Scopes, SessionId, Timestamp, UserId, derived_token,
};

/// What every device code starts with.
pub const PREFIX: &str = "gp_dc_";

/// How long a person may take to find another screen, sign in there and type the code.
pub const DEVICE_CODE_TTL: Duration = Duration::from_mins(10);

/// How long a device waits between two questions (RFC 8628 section 3.5).
pub const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// How much longer it waits each time it asked too soon.
pub const SLOW_DOWN: Duration = Duration::from_secs(5);

/// How much too soon a question may come: the network was slower the time before.
pub const EARLY: Duration = Duration::from_secs(1);

/// A device that waits to be connected, as it is kept. The text it gets as device code is derived from the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// The id.
    pub id: DeviceCodeId,
    /// The realm.
    pub realm: RealmId,
    /// The client on the device.
    pub client: ClientId,
    /// What a person types. Gone once it was decided on.
    pub user_code: Option<UserCode>,
    /// What was asked for.
    pub details: DeviceDetails,
    /// The grant that begins with it.
    pub grant: GrantId,
    /// When it was given.
    pub created_at: Timestamp,
    /// From when it is refused.
    pub expires_at: Timestamp,
    /// The browser's session that was asked last whether the device may be connected, and alone can say so.
    pub session: Option<SessionId>,
    /// What was decided, and when.
    pub decision: Option<Decision>,
    /// When it was redeemed.
    pub redeemed_at: Option<Timestamp>,
}

/// What a person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the device may be connected.
    pub approved: bool,
    /// When.
    pub at: Timestamp,
}

/// What a device asked for. Unknown members are skipped: a newer release may have written them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceDetails {
    /// What the client may do.
    pub scopes: Scopes,
    /// Whom the tokens are for; the realm's audience when empty.
    pub audience: Vec<String>,
}

/// What a device is told that asks whether it is connected (RFC 8628 section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was connected, and gets its tokens.
    Approved {
        /// Where.
        session: SessionId,
        /// When.
        at: Timestamp,
    },
    /// A person said no.
    Denied,
    /// Nobody has decided.
    Pending,
    /// Nobody has decided in time, or it was connected and did not come for its tokens.
    Expired,
    /// It has its tokens.
    Redeemed,
}

impl DeviceCode {
    /// What has become of it.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match (self.redeemed_at, self.decision, self.session) {
            (Some(_), ..) => Standing::Redeemed,
            _ if now >= self.expires_at => Standing::Expired,
            (None, Some(Decision { approved: true, at }), Some(session)) => {
                Standing::Approved { session, at }
            }
            (None, Some(_), _) => Standing::Denied,
            (None, None, _) => Standing::Pending,
        }
    }
}

/// The key that makes and checks device codes. Made by [`MasterKey::device_mac_key`](crate::MasterKey::device_mac_key).
#[derive(Clone)]
pub struct DeviceMac(hmac::Key);

impl DeviceMac {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The device code of an id.
    pub fn encode(&self, code: DeviceCodeId) -> String {
        derived_token::encode(PREFIX, &self.0, code.as_bytes())
    }

    /// Reads a device code of ours; `None` for anything else, without the database.
    pub fn decode(&self, text: &str) -> Option<DeviceCodeId> {
        derived_token::decode(PREFIX, &self.0, text).map(DeviceCodeId::from_bytes)
    }
}

impl fmt::Debug for DeviceMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceMac(…)")
    }
}

/// Consonants only: no two look alike, and no word comes about (RFC 8628 section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// How many a person types: 20 to the eighth are 34 bits, of which few may be tried.
const LENGTH: usize = 8;

/// What a person types from a device: eight letters, in two halves.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserCode([u8; LENGTH]);

impl UserCode {
    /// One that nobody guesses in the few tries there are.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        // Bytes that would make some letters likelier than others are not used.
        const FAIR: u8 = 240;
        let mut letters = [0; LENGTH];
        let mut filled = 0;
        while filled < LENGTH {
            let mut bytes = [0; 2 * LENGTH];
            entropy.fill(&mut bytes);
            for byte in bytes.into_iter().filter(|byte| *byte < FAIR).take(LENGTH - filled) {
                letters[filled] = LETTERS[usize::from(byte) % LETTERS.len()];
                filled += 1;
            }
        }
        Self(letters)
    }

    /// The letters alone.
    pub fn letters(&self) -> &str {
        // Letters of ASCII always are text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// As a device shows it.
impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, right) = self.letters().split_at(LENGTH / 2);
        write!(f, "{left}-{right}")
    }
}

/// Whoever knows it while it is open can connect the device.
impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

/// The text is no user code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user code is eight letters")]
pub struct NoUserCode;

/// As people type it: small or capital, with a dash, with spaces, or without.
impl FromStr for UserCode {
    type Err = NoUserCode;

    fn from_str(text: &str) -> Result<Self, NoUserCode> {
        let mut letters = [0; LENGTH];
        let mut typed = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '—'));
        for letter in &mut letters {
            let upper = typed.next().and_then(|c| u8::try_from(c).ok()).ok_or(NoUserCode)?;
            *letter = upper.to_ascii_uppercase();
        }
        let known = typed.next().is_none() && letters.iter().all(|letter| LETTERS.contains(letter));
        if known { Ok(Self(letters)) } else { Err(NoUserCode) }
    }
}

/// How often one account may type a code in [`GUESS_WINDOW`], right or wrong.
pub const GUESSES_OF_ONE: u32 = 20;

/// How often all accounts of a realm together may type a code in [`GUESS_WINDOW`] that no device waits with. With ten devices
/// waiting at any time, whoever uses this up all year finds one of them with a chance of one in two hundred.
pub const GUESSES_OF_ALL: u32 = 300;

/// The time in which codes that are typed are counted.
pub const GUESS_WINDOW: Duration = Duration::from_mins(10);

/// What the codes that an account typed are counted under.
pub fn guesses_of(user: UserId) -> String {
    format!("user code of {user}")
}

/// What the wrong codes of a whole realm are counted under.
pub const GUESSES: &str = "user codes";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;

    #[test]
    fn a_device_code_is_read_back_and_is_no_other_token() {
        let master = MasterKey::from_bytes([1; 32]);
        let text = master.device_mac_key().encode(DeviceCodeId::MAX);
        assert!(text.starts_with("gp_dc_") && text.len() == 70, "{text}");
        assert_eq!(master.device_mac_key().decode(&text), Some(DeviceCodeId::MAX));
        assert_eq!(MasterKey::from_bytes([2; 32]).device_mac_key().decode(&text), None);
        let code = master.code_mac_key().encode(crate::CodeId::MAX);
        assert_eq!(master.device_mac_key().decode(&code.replace("gp_ac_", "gp_dc_")), None);
    }

    #[test]
    fn a_user_code_is_read_as_people_type_it() {
        let code: UserCode = "WDJB-MJHT".parse().unwrap();
        assert_eq!((code.letters(), code.to_string().as_str()), ("WDJBMJHT", "WDJB-MJHT"));
        for same in ["wdjbmjht", " wdjb mjht ", "WDJB–MJHT", "w-d-j-b-m-j-h-t"] {
            assert_eq!(same.parse(), Ok(code), "{same}");
        }
        for other in
            ["", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "WDJB_MJHT", "WDJB-MJH0", "ẂDJB-MJHT", "ŗDJBMJHT"]
        {
            assert_eq!(other.parse::<UserCode>(), Err(NoUserCode), "{other}");
        }
        assert_eq!(format!("{code:?}"), "UserCode(…)");
    }

    /// splitmix64
    struct Dice(std::sync::atomic::AtomicU64);

    impl Entropy for Dice {
        fn fill(&self, out: &mut [u8]) {
            for chunk in out.chunks_mut(8) {
                const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
                let mut z = self.0.fetch_add(STEP, std::sync::atomic::Ordering::Relaxed).wrapping_add(STEP);
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                chunk.copy_from_slice(&(z ^ (z >> 31)).to_be_bytes()[..chunk.len()]);
            }
        }
    }

    #[test]
    fn oa_20_every_letter_of_a_user_code_is_as_likely_as_any_other() {
        let entropy = Dice(std::sync::atomic::AtomicU64::new(0));
        let mut counts = [0_u32; 256];
        for _ in 0..10_000 {
            for letter in UserCode::generate(&entropy).letters().bytes() {
                counts[usize::from(letter)] += 1;
            }
        }
        let seen: Vec<_> = LETTERS.iter().map(|letter| counts[usize::from(*letter)]).collect();
        assert_eq!(seen.iter().sum::<u32>(), 80_000, "no other letters");
        assert!(seen.iter().all(|count| (3_750..4_250).contains(count)), "{seen:?}");
    }

    #[test]
    fn what_was_decided_is_told_until_the_end() {
        let at = Timestamp::from_unix_seconds;
        let waiting = DeviceCode {
            id: DeviceCodeId::MIN,
            realm: RealmId::MIN,
            client: "tv".parse().unwrap(),
            user_code: None,
            details: DeviceDetails::default(),
            grant: GrantId::MIN,
            created_at: at(0),
            expires_at: at(600),
            session: Some(SessionId::MIN),
            decision: None,
            redeemed_at: None,
        };
        let decided =
            |approved| DeviceCode { decision: Some(Decision { approved, at: at(9) }), ..waiting.clone() };
        assert_eq!(waiting.standing(at(599)), Standing::Pending);
        assert_eq!(waiting.standing(at(600)), Standing::Expired);
        let approved = Standing::Approved { session: SessionId::MIN, at: at(9) };
        assert_eq!(decided(true).standing(at(599)), approved);
        assert_eq!(decided(true).standing(at(600)), Standing::Expired);
        assert_eq!(decided(false).standing(at(10)), Standing::Denied);
        let redeemed = DeviceCode { redeemed_at: Some(at(10)), ..decided(true) };
        assert_eq!(redeemed.standing(at(601)), Standing::Redeemed);
    }
}
