use std::net::IpAddr;
use std::time::Duration;

use crate::{OrganizationId, RealmId, RealmSettings, SessionId, TeamId, Timestamp, UserId};

/// Where a session was made, for its owner to recognise it by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionOrigin {
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// What the client calls itself: at most 400 characters, without control characters.
    pub user_agent: Option<String>,
}

impl SessionOrigin {
    /// Takes what a client sent, and drops what must not be stored or shown.
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let cleaned = |text: &str| {
            let text: String = text.chars().filter(|c| !crate::name::is_invisible(*c)).take(400).collect();
            if text.is_empty() { None } else { Some(text) }
        };
        Self { address, user_agent: user_agent.and_then(cleaned) }
    }

    /// Whether it looks like the same device: the same program, whatever its version, in the same network.
    pub fn resembles(&self, other: &Self) -> bool {
        let program = |origin: &Self| {
            let agent = origin.user_agent.as_deref().unwrap_or_default();
            agent.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect::<String>()
        };
        let network = |origin: &Self| match origin.address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => u64::from(u32::from(address) >> 8),
            // Twice 24 bits of the host's network: a site is given at least so many.
            Some(IpAddr::V6(address)) => {
                u64::try_from(u128::from(address) >> 80).unwrap_or_default() | (1 << 63)
            }
            None => u64::MAX,
        };
        program(self) == program(other) && network(self) == network(other)
    }
}

/// A signed-in browser or device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id: `sid` in tokens.
    pub id: SessionId,
    /// The realm.
    pub realm: RealmId,
    /// Who signed in.
    pub user: UserId,
    /// The administrator who acts in the place of the user, who did not sign in then.
    pub impersonator: Option<UserId>,
    /// The administrator's session in which that began: it lives no longer.
    pub begun_in: Option<SessionId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the user last proved to be the user: `auth_time`.
    pub authenticated_at: Timestamp,
    /// Which of the cookies it was given is good: the newest.
    pub cookie: u32,
    /// When it was last seen, to the hour or so (see [`Session::is_due_for_touch`]).
    pub last_seen_at: Timestamp,
    /// When it ends if it is not seen again.
    pub idle_expires_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// How the user proved to be the user: `amr` (RFC 8176): `pwd`, `otp`, `mfa`, …
    pub amr: Vec<String>,
    /// Where it was made.
    pub origin: SessionOrigin,
    /// The organization that is active in it, for an application that keeps the session itself: a grant has its own
    /// ([`Grant::organization`](crate::Grant::organization)). Whether its user belongs there is asked where it is used.
    pub organization: Option<OrganizationId>,
    /// The team that was made active in it. Whether it is one of the active organization, and its user in it, is asked where it is used.
    pub team: Option<TeamId>,
}

impl Session {
    /// What nobody does in the place of a user, in the words of Zalt.
    pub const RESTRICTIONS: [&'static str; 5] =
        ["change_password", "change_email", "manage_mfa", "manage_api_keys", "delete_account"];

    /// A session of a user who has just signed in, with the lifetimes of the realm.
    pub fn begin(
        id: SessionId,
        realm: RealmId,
        user: UserId,
        amr: Vec<String>,
        origin: SessionOrigin,
        settings: &RealmSettings,
        now: Timestamp,
    ) -> Self {
        let expires_at = now.plus(settings.session_ttl);
        Self {
            id,
            realm,
            user,
            impersonator: None,
            begun_in: None,
            created_at: now,
            authenticated_at: now,
            cookie: 0,
            last_seen_at: now,
            idle_expires_at: now.plus(settings.session_idle_ttl).min(expires_at),
            expires_at,
            revoked_at: None,
            amr,
            origin,
            organization: None,
            team: None,
        }
    }

    /// The same for a browser that is not to be remembered: it ends with the browser, or after
    /// [`browser_session_ttl`](RealmSettings::browser_session_ttl).
    #[must_use]
    pub fn until_browser_closes(mut self, settings: &RealmSettings) -> Self {
        self.expires_at = self.expires_at.min(self.created_at.plus(settings.browser_session_ttl));
        self.idle_expires_at = self.idle_expires_at.min(self.expires_at);
        self
    }

    /// Whether it may outlive the browser's being closed; see [`until_browser_closes`](Self::until_browser_closes).
    pub fn is_remembered(&self, settings: &RealmSettings) -> bool {
        self.expires_at > self.created_at.plus(settings.browser_session_ttl)
    }

    /// A session in the place of a user, begun by an administrator in a session of theirs. The user has proved nothing in it, and it ends
    /// when it ends: being seen does not prolong it, and it does not outlive the administrator's.
    pub fn begin_in_place(
        id: SessionId,
        admin: &Self,
        user: UserId,
        settings: &RealmSettings,
        lifetime: Duration,
        now: Timestamp,
    ) -> Self {
        // Where staff are is for the trail, and not for the user.
        let begun = Self::begin(id, admin.realm, user, Vec::new(), SessionOrigin::default(), settings, now);
        let expires_at = begun.expires_at.min(now.plus(lifetime)).min(admin.expires_at);
        let (impersonator, begun_in) = (Some(admin.user), Some(admin.id));
        Self { impersonator, begun_in, expires_at, idle_expires_at: expires_at, ..begun }
    }

    /// A session of its own for what a client may do while its user is away: begun in the user's browser, and going on without.
    pub fn begin_for_client(id: SessionId, browser: &Self, settings: &RealmSettings, now: Timestamp) -> Self {
        let (realm, user, amr) = (browser.realm, browser.user, browser.amr.clone());
        Self {
            authenticated_at: browser.authenticated_at,
            ..Self::begin(id, realm, user, amr, browser.origin.clone(), settings, now)
        }
    }

    /// Whether the session is good at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.idle_expires_at && now < self.expires_at
    }

    /// Whether it is worth a write to say that the session was seen: after an hour, or a tenth of the idle
    /// lifetime if that is shorter.
    pub fn is_due_for_touch(&self, settings: &RealmSettings, now: Timestamp) -> bool {
        now.since(self.last_seen_at) >= Duration::from_hours(1).min(settings.session_idle_ttl / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_the_same_after_an_update_and_in_the_same_network() {
        let of = |address: &str, agent: &str| SessionOrigin::new(address.parse().ok(), Some(agent));
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
        let known = of("192.0.2.1", firefox);
        assert!(known.resembles(&of("192.0.2.200", &firefox.replace("145.0", "146.1"))));
        assert!(known.resembles(&of("::ffff:192.0.2.7", firefox)));
        assert!(!known.resembles(&of("192.0.3.1", firefox)));
        assert!(!known.resembles(&of("192.0.2.1", "curl/8.9")));
        let v6 = of("2001:db8:1:2::3", firefox);
        assert!(
            v6.resembles(&of("2001:db8:1:ff::4", firefox)) && !v6.resembles(&of("2001:db8:2::3", firefox))
        );
        assert!(!v6.resembles(&known) && !known.resembles(&of("", firefox)));
    }

    fn session(now: Timestamp) -> Session {
        let origin = SessionOrigin::new(None, Some("curl\r\n/8\0"));
        Session::begin(
            SessionId::MIN,
            RealmId::MIN,
            UserId::MIN,
            vec!["pwd".into()],
            origin,
            &RealmSettings::default(),
            now,
        )
    }

    #[test]
    fn a_session_ends_idle_and_absolutely() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        let mut session = session(now);
        assert!(session.is_live(now) && !session.is_live(session.idle_expires_at));
        session.idle_expires_at = session.expires_at.plus(Duration::from_secs(9));
        assert!(!session.is_live(session.expires_at));
        session.revoked_at = Some(now);
        assert!(!session.is_live(now));
    }

    #[test]
    fn a_browser_that_is_not_remembered_is_signed_in_for_a_day() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        let settings = RealmSettings::default();
        let session = session(now).until_browser_closes(&settings);
        assert!(session.is_live(now.plus(Duration::from_hours(24) - Duration::from_secs(1))));
        assert!(!session.is_live(now.plus(Duration::from_hours(24))));
        let long = RealmSettings { browser_session_ttl: settings.session_ttl * 2, ..settings.clone() };
        assert_eq!(self::session(now).until_browser_closes(&long), self::session(now));
        assert!(self::session(now).is_remembered(&settings) && !session.is_remembered(&settings));
    }

    #[test]
    fn a_session_in_the_place_of_a_user_is_short_and_proves_nothing() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        let (settings, id, admin) = (RealmSettings::default(), SessionId::MAX, session(now));
        let begun = |admin: &Session| {
            Session::begin_in_place(id, admin, UserId::MAX, &settings, Duration::from_mins(15), now)
        };
        let in_place = begun(&admin);
        assert_eq!((in_place.user, in_place.impersonator), (UserId::MAX, Some(admin.user)));
        assert_eq!((in_place.realm, in_place.begun_in), (admin.realm, Some(admin.id)));
        assert_eq!((in_place.amr.len(), in_place.expires_at), (0, now.plus(Duration::from_mins(15))));
        assert_eq!(in_place.idle_expires_at, in_place.expires_at);
        assert_eq!(in_place.origin, SessionOrigin::default());
        let soon_over = Session { expires_at: now.plus(Duration::from_mins(1)), ..admin };
        assert_eq!(begun(&soon_over).expires_at, soon_over.expires_at, "not longer than the administrator's");
    }

    #[test]
    fn a_session_is_touched_once_an_hour() {
        let now = Timestamp::from_unix_seconds(1_000_000);
        let session = session(now);
        let settings = RealmSettings::default();
        assert!(!session.is_due_for_touch(&settings, now.plus(Duration::from_secs(3_599))));
        assert!(session.is_due_for_touch(&settings, now.plus(Duration::from_hours(1))));
        assert!(!session.is_due_for_touch(&settings, now.minus(Duration::from_hours(1))), "clock set back");
        let short = RealmSettings { session_idle_ttl: Duration::from_mins(10), ..settings };
        assert!(session.is_due_for_touch(&short, now.plus(Duration::from_mins(1))));
    }

    #[test]
    fn what_a_client_calls_itself_is_cleaned() {
        assert_eq!(session(Timestamp::from_micros(0)).origin.user_agent.as_deref(), Some("curl/8"));
        assert_eq!(SessionOrigin::new(None, Some("\0\n")).user_agent, None);
        assert_eq!(SessionOrigin::new(None, Some(&"x".repeat(9_000))).user_agent.map(|t| t.len()), Some(400));
    }
}
