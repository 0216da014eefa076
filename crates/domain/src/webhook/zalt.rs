//! Messages as applications written for Zalt read them: the same, by other names.

use serde_json::{Map, Value, json};

use super::{Delivery, Event, Events, EventsRefused};

/// What is an organization here is a tenant there.
const RENAMED: [(Event, &str); 3] = [
    (Event::OrganizationCreated, "tenant.created"),
    (Event::OrganizationUpdated, "tenant.updated"),
    (Event::OrganizationDeleted, "tenant.deleted"),
];

/// What an event is called there.
pub fn name(event: Event) -> &'static str {
    RENAMED.iter().find(|(ours, _)| *ours == event).map_or(event.name(), |(_, theirs)| theirs)
}

/// The names of what somebody chose.
pub fn names(events: &Events) -> Vec<&'static str> {
    match events {
        Events::All => vec!["*"],
        Events::Some(events) => events.iter().map(|event| name(*event)).collect(),
    }
}

/// Reads what somebody chose, by those names. An event that nobody would be told of is refused.
pub fn choose(names: &[String]) -> Result<Events, EventsRefused> {
    let ours = |text: &str| RENAMED.iter().find(|(_, theirs)| *theirs == text).map(|(ours, _)| ours.name());
    Events::choose(names.iter().map(|text| ours(text).unwrap_or(text)))
}

/// The document of a message: `{id, type, timestamp, idempotency_key, data}`.
pub fn body(message: &Delivery) -> String {
    let sent: Map<String, Value> = serde_json::from_str(&message.body).unwrap_or_default();
    let member = |name: &str| sent.get(name).cloned().unwrap_or_default();
    json!({
        "id": message.id,
        "type": name(message.event),
        "timestamp": member("timestamp"),
        "idempotency_key": message.id,
        "data": member("data"),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Message;
    use crate::{EventId, RealmId, Timestamp, WebhookId};

    #[test]
    fn events_are_chosen_and_shown_by_the_names_of_zalt() {
        let chosen =
            |names: &[&str]| choose(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let some = chosen(&["tenant.deleted", "user.created"]).unwrap();
        assert_eq!(some, Events::choose(["user.created", "organization.deleted"]).unwrap());
        assert_eq!(names(&some), ["user.created", "tenant.deleted"]);
        assert_eq!(names(&chosen(&["*"]).unwrap()), ["*"]);
        for nothing in ["security.high_risk_login", "session_task.created", "impersonation.started"] {
            assert!(chosen(&[nothing]).is_err(), "{nothing}");
        }
    }

    #[test]
    fn a_message_has_the_members_of_zalt() {
        let (id, at) = (EventId::MAX, Timestamp::from_unix_seconds(1_800_000_000));
        let message = Message::test(id, RealmId::MIN, at);
        let delivery = Delivery {
            realm: RealmId::MIN,
            webhook: WebhookId::MIN,
            id,
            event: Event::OrganizationCreated,
            subject: message.subject,
            body: message.body.replace("\"data\":{}", "\"data\":{\"a\":1}"),
            created_at: at,
            due_at: Some(at),
            attempts: 0,
            failures: 0,
            last: None,
        };
        let sent: Value = serde_json::from_str(&body(&delivery)).unwrap();
        assert_eq!(
            sent,
            json!({
                "id": id, "type": "tenant.created", "timestamp": "2027-01-15T08:00:00Z", "idempotency_key": id,
                "data": {"a": 1},
            })
        );
    }
}
