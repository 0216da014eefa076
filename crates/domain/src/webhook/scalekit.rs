//! Messages as applications written for Scalekit read them: by its names of events, and in its documents.

use serde_json::{Map, Value, json};

use super::{Delivery, Event};

/// What an event is called there. `None`: it has no name there, and nobody is told of it in this form.
pub const fn name(event: Event) -> Option<&'static str> {
    match event {
        Event::UserCreated
        | Event::UserUpdated
        | Event::UserDeleted
        | Event::OrganizationCreated
        | Event::OrganizationUpdated
        | Event::OrganizationDeleted
        | Event::RoleCreated
        | Event::RoleUpdated
        | Event::RoleDeleted
        | Event::PermissionCreated
        | Event::PermissionUpdated
        | Event::PermissionDeleted
        | Event::Test => Some(event.name()),
        Event::SessionCreated => Some("user.login"),
        Event::SessionRevoked => Some("user.logout"),
        Event::MemberInvited => Some("user.organization_invitation"),
        Event::MemberJoined => Some("user.organization_membership_created"),
        Event::MemberUpdated => Some("user.organization_membership_updated"),
        Event::MemberRemoved => Some("user.organization_membership_deleted"),
        Event::UsersImported | Event::PasswordChanged | Event::MfaEnabled | Event::MfaDisabled => None,
    }
}

/// What kind of thing the document is about.
const fn object(event: Event) -> &'static str {
    match event {
        Event::SessionCreated => "UserLoginEvent",
        Event::SessionRevoked => "UserLogoutEvent",
        Event::OrganizationCreated | Event::OrganizationUpdated | Event::OrganizationDeleted => {
            "Organization"
        }
        Event::MemberInvited | Event::MemberJoined | Event::MemberUpdated | Event::MemberRemoved => {
            "OrgMembershipEvent"
        }
        Event::RoleCreated | Event::RoleUpdated | Event::RoleDeleted => "Role",
        Event::PermissionCreated | Event::PermissionUpdated | Event::PermissionDeleted => "Permission",
        Event::Test => "Webhook",
        Event::UserCreated
        | Event::UserUpdated
        | Event::UserDeleted
        | Event::UsersImported
        | Event::PasswordChanged
        | Event::MfaEnabled
        | Event::MfaDisabled => "User",
    }
}

/// The document of a message: `{spec_version, id, object, environment_id, occurred_at, organization_id, type, data}`. The environment
/// is the realm.
pub fn body(message: &Delivery) -> String {
    let sent: Map<String, Value> = serde_json::from_str(&message.body).unwrap_or_default();
    let data = sent.get("data").cloned().unwrap_or_default();
    json!({
        "spec_version": "1",
        "id": message.id,
        "object": object(message.event),
        "environment_id": message.realm,
        "occurred_at": sent.get("timestamp"),
        "organization_id": data["organization"]["id"],
        "type": name(message.event).unwrap_or(message.event.name()),
        "data": told(message.event, &data, &sent),
    })
    .to_string()
}

fn told(event: Event, data: &Value, sent: &Map<String, Value>) -> Value {
    match event {
        Event::OrganizationCreated | Event::OrganizationUpdated | Event::OrganizationDeleted => {
            organization(&data["organization"])
        }
        Event::MemberInvited => json!({
            "organization": organization(&data["organization"]),
            "user": invited(data, sent.get("timestamp")),
        }),
        Event::MemberJoined | Event::MemberUpdated | Event::MemberRemoved => {
            let mut user = user(&data["user"]);
            user["membership"] = membership(&data["organization"], &data["roles"]);
            // Who was removed is a member no more.
            if event != Event::MemberRemoved {
                user["membership"]["membership_status"] = "ACTIVE".into();
            }
            json!({ "organization": organization(&data["organization"]), "user": user })
        }
        Event::RoleCreated | Event::RoleUpdated | Event::RoleDeleted => role(&data["role"]),
        Event::PermissionCreated | Event::PermissionUpdated | Event::PermissionDeleted => {
            permission(&data["permission"])
        }
        Event::Test => json!({}),
        Event::UserCreated
        | Event::UserUpdated
        | Event::UserDeleted
        | Event::SessionCreated
        | Event::SessionRevoked
        | Event::UsersImported
        | Event::PasswordChanged
        | Event::MfaEnabled
        | Event::MfaDisabled => json!({ "user": user(&data["user"]) }),
    }
}

/// Of one that is gone nothing is known but its id.
fn user(ours: &Value) -> Value {
    if ours.get("created_at").is_none() {
        return json!({ "id": ours["id"] });
    }
    json!({
        "id": ours["id"],
        "email": text(&ours["email"]),
        "external_id": ours["external_id"],
        "create_time": ours["created_at"],
        "update_time": ours["updated_at"],
        "user_profile": {
            "id": ours["id"],
            "name": text(&ours["name"]),
            "preferred_username": text(&ours["username"]),
            "email_verified": ours["email_verified"],
        },
    })
}

fn organization(ours: &Value) -> Value {
    if ours.get("created_at").is_none() {
        return json!({ "id": ours["id"] });
    }
    json!({
        "id": ours["id"],
        "display_name": ours["name"],
        "external_id": ours["external_id"],
        "create_time": ours["created_at"],
        "update_time": ours["updated_at"],
    })
}

/// Its id is its name. Of one that is gone nothing else is known.
fn role(ours: &Value) -> Value {
    let name = &ours["name"];
    if ours.get("inherits").is_none() {
        return json!({ "id": name, "name": name });
    }
    json!({
        "id": name,
        "name": name,
        "display_name": ours["display_name"].as_str().or(name.as_str()),
        "description": text(&ours["description"]),
        "extends": text(&ours["inherits"][0]),
    })
}

fn permission(ours: &Value) -> Value {
    let name = &ours["name"];
    if ours.get("created_at").is_none() {
        return json!({ "id": name, "name": name });
    }
    json!({ "id": name, "name": name, "description": ours["description"] })
}

/// There is no account until the invitation is accepted: whoever is invited has an address, and no id.
fn invited(data: &Value, at: Option<&Value>) -> Value {
    let invitation = &data["invitation"];
    let mut membership = membership(&data["organization"], &invitation["roles"]);
    membership["membership_status"] = "PENDING_INVITE".into();
    membership["provisioning_method"] = "invitation".into();
    membership["created_at"] = at.cloned().unwrap_or_default();
    membership["expires_at"] = invitation["expires_at"].clone();
    json!({ "id": null, "email": text(&invitation["email"]), "membership": membership })
}

/// The id of a role is its name.
fn membership(organization: &Value, roles: &Value) -> Value {
    let roles = roles.as_array().into_iter().flatten();
    json!({
        "organization_id": organization["id"],
        "name": organization["name"],
        "display_name": organization["name"],
        "roles": roles.map(|name| json!({ "id": name, "name": name })).collect::<Vec<_>>(),
    })
}

/// What is missing is an empty text there.
fn text(ours: &Value) -> &str {
    ours.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventId, RealmId, Timestamp, WebhookId};

    fn sent(event: Event, data: &Value) -> Value {
        let at = Timestamp::from_unix_seconds(1_800_000_000);
        let delivery = Delivery {
            realm: RealmId::MIN,
            webhook: WebhookId::MIN,
            id: EventId::MAX,
            event,
            subject: [0; 16],
            body: json!({ "timestamp": at, "data": data }).to_string(),
            created_at: at,
            due_at: Some(at),
            attempts: 0,
            failures: 0,
            last: None,
        };
        serde_json::from_str(&body(&delivery)).unwrap()
    }

    fn acme() -> Value {
        json!({ "id": "org_1", "slug": "acme", "name": "Acme", "external_id": "a-1", "created_at": "c", "updated_at": "u" })
    }

    fn ada() -> Value {
        json!({
            "id": "usr_1", "email": "ada@example.com", "email_verified": true, "username": null, "name": "Ada",
            "external_id": null, "roles": ["realm-admin"], "mfa": true, "created_at": "c", "updated_at": "u",
        })
    }

    #[test]
    fn a_message_has_the_members_of_scalekit() {
        assert_eq!(
            sent(Event::OrganizationCreated, &json!({ "organization": acme(), "user": ada() })),
            json!({
                "spec_version": "1", "id": EventId::MAX, "object": "Organization", "environment_id": RealmId::MIN,
                "occurred_at": "2027-01-15T08:00:00Z", "organization_id": "org_1", "type": "organization.created",
                "data": {
                    "id": "org_1", "display_name": "Acme", "external_id": "a-1", "create_time": "c", "update_time": "u",
                },
            })
        );
    }

    #[test]
    fn a_person_is_told_as_scalekit_knows_people() {
        let login = sent(Event::SessionCreated, &json!({ "user": ada(), "session": { "id": "ses_1" } }));
        assert_eq!((&login["type"], &login["object"]), (&json!("user.login"), &json!("UserLoginEvent")));
        assert_eq!(login["organization_id"], Value::Null);
        assert_eq!(
            login["data"],
            json!({ "user": {
                "id": "usr_1", "email": "ada@example.com", "external_id": null, "create_time": "c", "update_time": "u",
                "user_profile": { "id": "usr_1", "name": "Ada", "preferred_username": "", "email_verified": true },
            } })
        );
        let gone = sent(Event::UserDeleted, &json!({ "user": { "id": "usr_1" } }));
        assert_eq!(gone["data"], json!({ "user": { "id": "usr_1" } }));
    }

    #[test]
    fn a_membership_is_told_with_the_person_and_the_organization() {
        let data = json!({ "organization": acme(), "user": ada(), "roles": ["editor"] });
        let joined = sent(Event::MemberJoined, &data);
        assert_eq!(joined["type"], "user.organization_membership_created");
        assert_eq!(
            (&joined["organization_id"], &joined["data"]["organization"]["id"]),
            (&json!("org_1"), &json!("org_1"))
        );
        let member = json!({
            "organization_id": "org_1", "name": "Acme", "display_name": "Acme", "membership_status": "ACTIVE",
            "roles": [{ "id": "editor", "name": "editor" }],
        });
        assert_eq!(
            (&joined["data"]["user"]["id"], &joined["data"]["user"]["membership"]),
            (&json!("usr_1"), &member)
        );
        let removed = sent(Event::MemberRemoved, &data);
        assert_eq!(removed["type"], "user.organization_membership_deleted");
        assert_eq!(removed["data"]["user"]["membership"].get("membership_status"), None);
    }

    #[test]
    fn roles_and_permissions_are_told_by_name() {
        let role = json!({
            "name": "editor", "permissions": ["notes:write"], "inherits": ["reader", "biller"], "display_name": null,
            "description": null,
        });
        let made = sent(Event::RoleCreated, &json!({ "role": role }));
        assert_eq!((&made["type"], &made["object"]), (&json!("role.created"), &json!("Role")));
        assert_eq!(
            made["data"],
            json!({ "id": "editor", "name": "editor", "display_name": "editor", "description": "", "extends": "reader" })
        );
        let gone = sent(Event::RoleDeleted, &json!({ "role": { "name": "editor" } }));
        assert_eq!(gone["data"], json!({ "id": "editor", "name": "editor" }));
        let permission =
            json!({ "name": "a:b", "description": "Does b.", "created_at": "c", "updated_at": "u" });
        let told = sent(Event::PermissionUpdated, &json!({ "permission": permission }));
        assert_eq!((&told["type"], &told["object"]), (&json!("permission.updated"), &json!("Permission")));
        assert_eq!(told["data"], json!({ "id": "a:b", "name": "a:b", "description": "Does b." }));
        let struck =
            sent(Event::PermissionDeleted, &json!({ "permission": { "name": "a:b" }, "taken_from": ["x"] }));
        assert_eq!(struck["data"], json!({ "id": "a:b", "name": "a:b" }));
    }

    #[test]
    fn whoever_is_invited_has_an_address_and_no_id_yet() {
        let invitation =
            json!({ "id": "inv_1", "email": "new@example.com", "roles": ["editor"], "expires_at": "e" });
        let told = sent(Event::MemberInvited, &json!({ "organization": acme(), "invitation": invitation }));
        assert_eq!(told["type"], "user.organization_invitation");
        let user = &told["data"]["user"];
        assert_eq!((&user["id"], &user["email"]), (&Value::Null, &json!("new@example.com")));
        assert_eq!(
            (&user["membership"]["membership_status"], &user["membership"]["expires_at"]),
            (&json!("PENDING_INVITE"), &json!("e"))
        );
    }
}
