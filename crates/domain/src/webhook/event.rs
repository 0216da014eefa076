//! Which events a webhook can be told of, and which of the audit trail those are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::audit::{self, Record};

macro_rules! events {
    ($(#[doc = $doc:literal] $variant:ident = $name:literal,)+) => {
        /// What a webhook is told of. The names are stable: they are chosen by, sent and switched on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Event { $(#[doc = $doc] $variant,)+ }

        impl Event {
            /// Every event there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name: words with dots between.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence that says what happened.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc.trim_ascii(),)+ }
            }
        }
    };
}

events! {
    /// An account was made, by whoever it belongs to or for them. Those of an import are told together, by `users.imported`.
    UserCreated = "user.created",
    /// An account has another profile, address or roles, or was disabled or enabled.
    UserUpdated = "user.updated",
    /// An account is gone, and with it its sessions, memberships and keys.
    UserDeleted = "user.deleted",
    /// Users were imported from a file.
    UsersImported = "users.imported",
    /// A user signed in.
    SessionCreated = "session.created",
    /// A user was signed out of a session, or of all.
    SessionRevoked = "session.revoked",
    /// A user has another password, and was signed out everywhere else.
    PasswordChanged = "password.changed",
    /// A user who had no second factor set one up, or has another in its place.
    MfaEnabled = "mfa.enabled",
    /// A user has no second factor any more.
    MfaDisabled = "mfa.disabled",
    /// An organization was made.
    OrganizationCreated = "organization.created",
    /// An organization has another name, slug, logo or setting, or other metadata.
    OrganizationUpdated = "organization.updated",
    /// An organization is gone, and with it its memberships, invitations and keys.
    OrganizationDeleted = "organization.deleted",
    /// Somebody was invited into an organization.
    MemberInvited = "member.invited",
    /// A user belongs to an organization from now on.
    MemberJoined = "member.joined",
    /// A member has other roles in an organization.
    MemberUpdated = "member.updated",
    /// A user left an organization, or was removed from it.
    MemberRemoved = "member.removed",
    /// A role was made.
    RoleCreated = "role.created",
    /// A role allows or inherits something else, or is shown otherwise.
    RoleUpdated = "role.updated",
    /// A role is gone.
    RoleDeleted = "role.deleted",
    /// What a permission is for was written down.
    PermissionCreated = "permission.created",
    /// What a permission is for was written down anew.
    PermissionUpdated = "permission.updated",
    /// A permission was struck out, and taken from every role.
    PermissionDeleted = "permission.deleted",
    /// Somebody tries whether messages arrive. It is sent whatever a webhook chose.
    Test = "webhook.test",
}

impl Event {
    /// Those a webhook can choose.
    pub fn choosable() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|event| *event != Self::Test)
    }

    /// What a record of the audit trail is told as. `None`: it is told to nobody.
    pub fn told_by(record: &Record) -> Option<Self> {
        use audit::Event as Act;
        match record.event {
            Act::UserRegistered | Act::UserCreated => Some(Self::UserCreated),
            Act::UserUpdated
            | Act::UserDisabled
            | Act::UserEnabled
            | Act::UserRolesChanged
            | Act::EmailVerified
            | Act::EmailChanged
            | Act::EmailChangeUndone => Some(Self::UserUpdated),
            Act::UserDeleted => Some(Self::UserDeleted),
            Act::UsersImported => Some(Self::UsersImported),
            // One that is signed in to once more was told when it began.
            Act::SignedIn if record.session.is_some() && !record.detail.contains_key("session") => {
                Some(Self::SessionCreated)
            }
            Act::SignedOut | Act::SessionRevoked | Act::SignedOutEverywhere => Some(Self::SessionRevoked),
            Act::PasswordChanged | Act::AccountRecovered => Some(Self::PasswordChanged),
            Act::SecondFactorAdded => Some(Self::MfaEnabled),
            Act::SecondFactorRemoved | Act::SecondFactorsReset => Some(Self::MfaDisabled),
            Act::AccountTakenOver if took_factors(record) => Some(Self::MfaDisabled),
            Act::OrganizationCreated => Some(Self::OrganizationCreated),
            Act::OrganizationUpdated => Some(Self::OrganizationUpdated),
            Act::OrganizationDeleted => Some(Self::OrganizationDeleted),
            Act::MemberInvited => Some(Self::MemberInvited),
            Act::MemberAdded => Some(Self::MemberJoined),
            Act::MemberRolesChanged => Some(Self::MemberUpdated),
            Act::MemberRemoved => Some(Self::MemberRemoved),
            Act::RolesChanged => Self::of_rights(&|name| record.detail.contains_key(name)),
            _ => None,
        }
    }
}

impl Event {
    /// What became of a role or a permission, by what the record says of it.
    fn of_rights(says: &dyn Fn(&str) -> bool) -> Option<Self> {
        match (says("role"), says("permission")) {
            (true, _) => Some(match (says("before"), says("after")) {
                (false, true) => Self::RoleCreated,
                (true, false) => Self::RoleDeleted,
                (true, true) | (false, false) => Self::RoleUpdated,
            }),
            (false, true) if says("taken_from") => Some(Self::PermissionDeleted),
            (false, true) if says("first") => Some(Self::PermissionCreated),
            (false, true) => Some(Self::PermissionUpdated),
            (false, false) => None,
        }
    }
}

/// Whether whoever proved the address of an account found second factors there.
fn took_factors(record: &Record) -> bool {
    use crate::mfa::FactorKind::{Passkey, Sms, Totp};
    let taken = record.detail.get("taken").map(String::as_str).unwrap_or_default();
    taken.split(' ').any(|word| [Totp, Passkey, Sms].iter().any(|kind| kind.name() == word))
}

/// The text names no event that a webhook could be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no webhook event has this name")]
pub struct NoSuchEvent;

impl FromStr for Event {
    type Err = NoSuchEvent;

    fn from_str(text: &str) -> Result<Self, NoSuchEvent> {
        Self::ALL.iter().copied().find(|event| event.name() == text).ok_or(NoSuchEvent)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

/// Which events a webhook is told of: all there are, also those of later releases, or those it names.
///
/// As text: names with a space before and after each, so that one can be looked for; `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Events {
    /// All.
    All,
    /// These, each once, in the order of [`Event::ALL`].
    Some(Vec<Event>),
}

/// Why events cannot be chosen so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventsRefused {
    /// None is named.
    #[error("name the events, or write [\"*\"] for all")]
    None,
    /// `*` beside others.
    #[error("\"*\" is all events: write it alone")]
    AllAndOthers,
    /// There is no such event.
    #[error("there is no event {name}{hint}")]
    Unknown {
        /// What was written.
        name: String,
        /// The nearest there is.
        hint: String,
    },
}

impl Events {
    /// Reads what somebody chose.
    pub fn choose<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, EventsRefused> {
        let names: Vec<&str> = names.into_iter().collect();
        match names.as_slice() {
            [] => return Err(EventsRefused::None),
            ["*"] => return Ok(Self::All),
            names if names.contains(&"*") => return Err(EventsRefused::AllAndOthers),
            _ => {}
        }
        let mut events = Vec::new();
        for name in names {
            let found = Event::choosable().find(|event| event.name() == name);
            events.push(found.ok_or_else(|| unknown(name))?);
        }
        events.sort_unstable();
        events.dedup();
        Ok(Self::Some(events))
    }

    /// Their names, as they were chosen.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::All => vec!["*"],
            Self::Some(events) => events.iter().map(|event| event.name()).collect(),
        }
    }

    /// As the database keeps them.
    pub fn as_text(&self) -> String {
        match self {
            Self::All => "*".to_owned(),
            Self::Some(events) => {
                let mut text = " ".to_owned();
                for event in events {
                    text.push_str(event.name());
                    text.push(' ');
                }
                text
            }
        }
    }
}

fn unknown(name: &str) -> EventsRefused {
    let known: Vec<&str> = Event::choosable().map(Event::name).collect();
    let near = crate::role::nearest(name, known.iter());
    let hint = match (named_elsewhere(name), near) {
        (None, _) if name.contains(['*', ',', ' ']) => {
            "; name each by itself, or `*` alone for all: there are no patterns".to_owned()
        }
        (Some(event), _) => format!("; that is {event} here"),
        (None, Some(near)) => format!("; did you mean {near}?"),
        (None, None) => String::new(),
    };
    EventsRefused::Unknown { name: name.chars().take(64).collect(), hint }
}

/// The event that a system whose form messages can have calls so.
fn named_elsewhere(name: &str) -> Option<Event> {
    Event::choosable()
        .find(|event| super::scalekit::name(*event) == Some(name) || super::zalt::name(*event) == name)
}

/// What the database kept. An event that this release does not know is left out: a later one wrote it.
impl FromStr for Events {
    type Err = NoSuchEvent;

    fn from_str(text: &str) -> Result<Self, NoSuchEvent> {
        match text {
            "*" => Ok(Self::All),
            names => Ok(Self::Some(names.split_whitespace().filter_map(|name| name.parse().ok()).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Actor;
    use crate::{EventId, RealmId, SessionId, Timestamp};

    #[test]
    fn every_event_has_one_stable_name_that_can_be_looked_for_in_a_list() {
        let mut names: Vec<_> = Event::ALL.iter().map(|event| event.name()).collect();
        for (event, name) in Event::ALL.iter().zip(&names) {
            assert_eq!(name.parse(), Ok(*event));
            // Nothing that means something to LIKE.
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'.'), "{name}");
            assert!(event.meaning().ends_with('.'));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Event::ALL.len());
        assert_eq!("user.invented".parse::<Event>(), Err(NoSuchEvent));
    }

    #[test]
    fn events_are_chosen_by_name_and_read_back() {
        let chosen = Events::choose(["user.deleted", "user.created", "user.created"]).unwrap();
        assert_eq!(chosen.names(), ["user.created", "user.deleted"]);
        assert_eq!(chosen.as_text(), " user.created user.deleted ");
        assert_eq!(chosen.as_text().parse(), Ok(chosen));
        assert_eq!(Events::choose(["*"]), Ok(Events::All));
        assert_eq!(Events::All.as_text().parse(), Ok(Events::All));
        assert_eq!(" user.created user.levitated ".parse::<Events>().unwrap().names(), ["user.created"]);
        assert_eq!(Events::choose([]), Err(EventsRefused::None));
        assert_eq!(Events::choose(["*", "user.created"]), Err(EventsRefused::AllAndOthers));
        for (name, told) in [
            ("user.create", "there is no event user.create; did you mean user.created?"),
            ("user.login", "there is no event user.login; that is session.created here"),
            (
                "user.organization_membership_created",
                "there is no event user.organization_membership_created; that is member.joined here",
            ),
            ("tenant.deleted", "there is no event tenant.deleted; that is organization.deleted here"),
            ("webhook.test", "there is no event webhook.test"),
            (
                "role.*",
                "there is no event role.*; name each by itself, or `*` alone for all: there are no patterns",
            ),
            ("", "there is no event "),
        ] {
            assert_eq!(Events::choose([name]).unwrap_err().to_string(), told);
        }
    }

    /// What the record of a change of rights says, and what it is told as.
    const RIGHTS: [(&[&str], Event); 7] = [
        (&["role", "after", "after_inherits"], Event::RoleCreated),
        (&["role", "before", "after"], Event::RoleUpdated),
        (&["role"], Event::RoleUpdated),
        (&["role", "before", "before_inherits"], Event::RoleDeleted),
        (&["permission", "first"], Event::PermissionCreated),
        (&["permission"], Event::PermissionUpdated),
        (&["permission", "taken_from"], Event::PermissionDeleted),
    ];

    #[test]
    fn what_became_of_a_role_or_a_permission_is_told() {
        let changed = Record::new(
            EventId::MIN,
            RealmId::MIN,
            Timestamp::from_micros(0),
            audit::Event::RolesChanged,
            Actor::Operator,
        );
        for (says, event) in RIGHTS {
            let record = says.iter().fold(changed.clone(), |record, name| record.with(name, ""));
            assert_eq!(Event::told_by(&record), Some(event), "{says:?}");
        }
        assert_eq!(Event::told_by(&changed), None);
    }

    #[test]
    fn the_trail_is_told_and_what_was_refused_is_not() {
        let record = |event| {
            Record::new(EventId::MIN, RealmId::MIN, Timestamp::from_micros(0), event, Actor::Operator)
        };
        for event in audit::Event::ALL.iter().copied().filter(|event| event.is_refusal()) {
            assert_eq!(Event::told_by(&record(event)), None, "{event}");
        }
        let signed_in = record(audit::Event::SignedIn).session(SessionId::MIN);
        assert_eq!(Event::told_by(&signed_in), Some(Event::SessionCreated));
        assert_eq!(Event::told_by(&signed_in.with("session", "the same")), None);
        let taken = |what: &str| record(audit::Event::AccountTakenOver).with("taken", what);
        assert_eq!(Event::told_by(&taken("password totp")), Some(Event::MfaDisabled));
        assert_eq!(Event::told_by(&taken("password")), None);
        // Each that can be chosen is told by something.
        let mut told: Vec<_> = audit::Event::ALL
            .iter()
            .filter_map(|event| Event::told_by(&record(*event).session(SessionId::MIN)))
            .chain(RIGHTS.map(|(_, event)| event))
            .collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told, Event::choosable().collect::<Vec<_>>());
    }
}
