//! What a webhook is sent: a document that says what happened, to whom, and how that is since.

use serde_json::{Map, Value, json};

use super::Event;
use crate::audit::Record;
use crate::{
    DisplayName, EmailAddress, EventId, Invitation, Organization, OrganizationId, PermissionNotes, RealmId,
    Role, RoleName, RoleNotes, Timestamp, User, Username,
};

/// What is known of those whom a record is about, as they are when it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The user of the record, unless gone.
    pub user: Option<User>,
    /// How many second factors that user has.
    pub factors: u64,
    /// What an application calls that user, where it said so.
    pub external_id: Option<String>,
    /// The organization that the record names, unless gone.
    pub organization: Option<Organization>,
    /// What an application calls that organization.
    pub organization_external_id: Option<String>,
    /// The invitation that the record names.
    pub invitation: Option<Invitation>,
    /// The role that the record names, unless gone, and how it is shown.
    pub role: Option<(Role, RoleNotes)>,
    /// What the permission that the record names is for, where that is written down.
    pub permission: Option<PermissionNotes>,
}

/// A message to whoever chose its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same for every receiver and however often it is sent. It is that of the record in the audit trail.
    pub id: EventId,
    /// In which realm it happened.
    pub realm: RealmId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// Whom it is about: what is told of one is sent in the order in which it happened.
    pub subject: [u8; 16],
    /// The document, JSON.
    pub body: String,
}

impl Message {
    /// What a record is told as. `None`: it is told to nobody after all.
    ///
    /// Only what is named here is in it: no secret, token or digest of one can be, whatever the record or the rows hold.
    pub fn of(record: &Record, event: Event, about: &About) -> Option<Self> {
        match event {
            Event::MfaEnabled if about.factors != 1 => return None,
            Event::MfaDisabled if about.factors != 0 => return None,
            _ => {}
        }
        let mut data = Map::new();
        if let Some(id) = record.user {
            let known = about.user.as_ref().filter(|_| event != Event::UserDeleted);
            data.insert("user".into(), known.map_or_else(|| json!({ "id": id }), |user| shown(user, about)));
        }
        if let Some(id) = record.detail.get("organization") {
            let known = about.organization.as_ref().filter(|_| event != Event::OrganizationDeleted);
            data.insert(
                "organization".into(),
                known.map_or_else(|| json!({ "id": id }), |known| organization(known, about)),
            );
        }
        match event {
            Event::SessionCreated | Event::SessionRevoked => sessions(record, &mut data),
            Event::MemberInvited => {
                if let Some(invitation) = &about.invitation {
                    data.insert("invitation".into(), invited(invitation));
                }
            }
            Event::MemberJoined | Event::MemberRemoved => {
                data.insert("roles".into(), words(record, "roles"));
            }
            Event::MemberUpdated => {
                data.insert("roles".into(), words(record, "after"));
            }
            Event::UsersImported => {
                for count in ["made", "existing", "refused"] {
                    let number = record.detail.get(count).and_then(|text| text.parse::<u64>().ok());
                    data.insert(count.into(), number.into());
                }
            }
            Event::RoleCreated | Event::RoleUpdated | Event::RoleDeleted => {
                data.insert("role".into(), role(record, about));
            }
            Event::PermissionCreated | Event::PermissionUpdated => {
                data.insert("permission".into(), permission(record, about));
            }
            Event::PermissionDeleted => {
                data.insert("permission".into(), permission(record, about));
                data.insert("taken_from".into(), words(record, "taken_from"));
            }
            _ => {}
        }
        let named = record.detail.get("organization").and_then(|id| id.parse::<OrganizationId>().ok());
        let subject = match (record.user, named) {
            (Some(user), _) => *user.as_bytes(),
            (None, Some(organization)) => *organization.as_bytes(),
            (None, None) => *record.realm.as_bytes(),
        };
        Some(Self::new(record.id, record.realm, record.at, event, subject, &data))
    }

    /// A message that says only that it arrives.
    pub fn test(id: EventId, realm: RealmId, at: Timestamp) -> Self {
        Self::new(id, realm, at, Event::Test, *realm.as_bytes(), &Map::new())
    }

    fn new(
        id: EventId,
        realm: RealmId,
        at: Timestamp,
        event: Event,
        subject: [u8; 16],
        data: &Map<String, Value>,
    ) -> Self {
        let body = json!({ "id": id, "type": event, "timestamp": at, "realm_id": realm, "data": data });
        Self { id, realm, at, event, subject, body: body.to_string() }
    }
}

fn sessions(record: &Record, data: &mut Map<String, Value>) {
    if let Some(session) = record.session {
        data.insert("session".into(), json!({ "id": session }));
    } else {
        data.insert("all_sessions".into(), true.into());
        if let Some(kept) = record.detail.get("kept") {
            data.insert("kept_session".into(), json!({ "id": kept }));
        }
    }
}

fn words(record: &Record, name: &str) -> Value {
    let words = record.detail.get(name).map(String::as_str).unwrap_or_default();
    words.split_whitespace().collect()
}

fn names(roles: &[RoleName]) -> Value {
    roles.iter().map(RoleName::as_str).collect()
}

fn shown(user: &User, about: &About) -> Value {
    json!({
        "id": user.id,
        "email": user.email.as_ref().map(EmailAddress::as_str),
        "email_verified": user.email_verified,
        "username": user.username.as_ref().map(Username::as_str),
        "name": user.name.as_ref().map(DisplayName::as_str),
        "external_id": about.external_id,
        "roles": names(&user.roles),
        "disabled": user.is_disabled(),
        "mfa": about.factors > 0,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}

fn organization(organization: &Organization, about: &About) -> Value {
    json!({
        "id": organization.id,
        "slug": organization.slug.as_str(),
        "name": organization.name.as_str(),
        "external_id": about.organization_external_id,
        "created_at": organization.created_at,
        "updated_at": organization.updated_at,
    })
}

/// Of one that is gone nothing is known but its name.
fn role(record: &Record, about: &About) -> Value {
    let Some((role, notes)) = &about.role else { return json!({ "name": record.detail.get("role") }) };
    json!({
        "name": role.name,
        "permissions": role.permissions,
        "inherits": names(&role.inherits),
        "display_name": notes.display_name.as_ref().map(DisplayName::as_str),
        "description": notes.description,
    })
}

fn permission(record: &Record, about: &About) -> Value {
    let Some(notes) = &about.permission else { return json!({ "name": record.detail.get("permission") }) };
    json!({
        "name": notes.permission,
        "description": notes.description,
        "created_at": notes.created_at,
        "updated_at": notes.updated_at,
    })
}

/// Nothing of its secret: who reads this could accept it.
fn invited(invitation: &Invitation) -> Value {
    json!({
        "id": invitation.id,
        "email": invitation.email.as_str(),
        "roles": names(&invitation.roles),
        "invited_by": invitation.invited_by,
        "expires_at": invitation.expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{self, Actor};
    use crate::{InvitationId, SecretDigest, SessionId, UserId};

    const AT: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn record(event: audit::Event) -> Record {
        Record::new(EventId::MAX, RealmId::MIN, AT, event, Actor::Operator)
    }

    fn told(record: &Record, about: &About) -> Option<Value> {
        let event = Event::told_by(record).unwrap();
        Message::of(record, event, about).map(|message| serde_json::from_str(&message.body).unwrap())
    }

    fn ada() -> User {
        User { email: Some("ada@example.com".parse().unwrap()), ..User::new(UserId::MAX, RealmId::MIN, AT) }
    }

    #[test]
    fn a_message_says_what_happened_when_and_to_whom() {
        let about = About { user: Some(ada()), external_id: Some("customer-7".into()), ..About::default() };
        let made = record(audit::Event::UserCreated).user(UserId::MAX);
        let body = told(&made, &about).unwrap();
        assert_eq!(
            body,
            json!({
                "id": EventId::MAX, "type": "user.created", "timestamp": "2027-01-15T08:00:00Z", "realm_id": RealmId::MIN,
                "data": { "user": {
                    "id": UserId::MAX, "email": "ada@example.com", "email_verified": false, "username": null, "name": null,
                    "external_id": "customer-7", "roles": [], "disabled": false, "mfa": false, "created_at": AT, "updated_at": AT,
                } },
            })
        );
        let gone = record(audit::Event::UserDeleted).user(UserId::MAX);
        let body = told(&gone, &About::default()).unwrap();
        assert_eq!(body["data"], json!({ "user": { "id": UserId::MAX } }));
    }

    #[test]
    fn second_factors_are_told_when_there_is_the_first_and_none_any_more() {
        let added = record(audit::Event::SecondFactorAdded).user(UserId::MAX);
        let removed = record(audit::Event::SecondFactorRemoved).user(UserId::MAX);
        let with = |factors| About { user: Some(ada()), factors, ..About::default() };
        let mfa = |told: Option<Value>| told.map(|body| body["data"]["user"]["mfa"].as_bool().unwrap());
        assert_eq!((mfa(told(&added, &with(1))), mfa(told(&added, &with(2)))), (Some(true), None));
        assert_eq!((mfa(told(&removed, &with(0))), mfa(told(&removed, &with(1)))), (Some(false), None));
    }

    #[test]
    fn wh_05_an_invitation_is_told_without_what_accepts_it() {
        let invitation = Invitation {
            id: InvitationId::MAX,
            realm: RealmId::MIN,
            organization: OrganizationId::MAX,
            email: "new@example.com".parse().unwrap(),
            roles: vec!["editor".parse().unwrap()],
            digest: SecretDigest::of(b"secret"),
            invited_by: Some(UserId::MAX),
            created_at: AT,
            expires_at: AT,
            accepted_at: None,
            revoked_at: None,
            teams: vec![],
        };
        let about = About { invitation: Some(invitation), ..About::default() };
        let record =
            record(audit::Event::MemberInvited).with("organization", "org_x").with("secret", "s3cret");
        let body = told(&record, &about).unwrap();
        assert_eq!(
            body["data"],
            json!({
                "organization": { "id": "org_x" },
                "invitation": {
                    "id": InvitationId::MAX, "email": "new@example.com", "roles": ["editor"], "invited_by": UserId::MAX,
                    "expires_at": AT,
                },
            })
        );
    }

    #[test]
    fn one_session_or_all_but_one_are_told() {
        let all = record(audit::Event::SignedOutEverywhere).user(UserId::MAX).with("kept", "ses_1");
        let data = told(&all, &About::default()).unwrap()["data"].clone();
        assert_eq!((&data["all_sessions"], &data["kept_session"]["id"]), (&json!(true), &json!("ses_1")));
        let one = record(audit::Event::SignedOut).user(UserId::MAX).session(SessionId::MAX);
        let data = told(&one, &About::default()).unwrap()["data"].clone();
        assert_eq!((&data["all_sessions"], &data["session"]["id"]), (&Value::Null, &json!(SessionId::MAX)));
    }

    #[test]
    fn a_role_is_told_as_it_is_and_one_that_is_gone_by_its_name() {
        let role = Role {
            name: "editor".parse().unwrap(),
            permissions: vec!["notes:write".parse().unwrap()],
            inherits: vec!["reader".parse().unwrap()],
        };
        let notes = RoleNotes { display_name: Some("Editor".parse().unwrap()), description: None };
        let about = About { role: Some((role, notes)), ..About::default() };
        let made = record(audit::Event::RolesChanged).with("role", "editor").with("after", "notes:write");
        assert_eq!(
            told(&made, &about).unwrap()["data"],
            json!({ "role": {
                "name": "editor", "permissions": ["notes:write"], "inherits": ["reader"], "display_name": "Editor",
                "description": null,
            } })
        );
        let gone = record(audit::Event::RolesChanged).with("role", "editor").with("before", "notes:write");
        assert_eq!(told(&gone, &About::default()).unwrap()["data"], json!({ "role": { "name": "editor" } }));
        let struck =
            record(audit::Event::RolesChanged).with("permission", "notes:write").with("taken_from", "a b");
        let body = told(&struck, &About::default()).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]),
            (
                &json!("permission.deleted"),
                &json!({ "permission": { "name": "notes:write" }, "taken_from": ["a", "b"] })
            )
        );
    }

    #[test]
    fn what_is_about_one_has_one_subject() {
        let of =
            |record: &Record| Message::of(record, Event::UserUpdated, &About::default()).unwrap().subject;
        let user = record(audit::Event::UserUpdated).user(UserId::MAX);
        assert_eq!(of(&user), *UserId::MAX.as_bytes());
        let id = OrganizationId::from_bytes([7; 16]);
        assert_eq!(
            of(&record(audit::Event::OrganizationUpdated).with("organization", id.to_string())),
            [7; 16]
        );
        assert_eq!(of(&record(audit::Event::UsersImported)), [0; 16]);
    }
}
