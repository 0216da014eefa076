//! Messages are queued in the transaction that they tell of.

use gatepost_domain::webhook::{About, Event, Form, Message};
use gatepost_domain::{
    InvitationId, OrganizationId, RealmId, Role, RoleNotes, Timestamp, UserId, WebhookId, audit::Record,
};

use crate::{
    Error, Tx, invitations, organization_notes, organizations, permission_notes, realms, role_notes, roles,
    user_notes, users,
};

/// Queues what a record is told as, for every webhook that is on, chose the event, and is told of it in its form.
///
/// What the record is about is read here, in the transaction: the change must be made by then.
pub(crate) async fn tell(tx: &mut Tx, record: &Record, event: Event) -> Result<(), Error> {
    // What is told in one transaction happened at one moment; `created_at` says in which order.
    const SQL: &str = "INSERT INTO webhook_deliveries
            (realm_id, webhook_id, id, event, subject, body, state, created_at, due_at, attempts, failures)
        SELECT w.realm_id, w.id, $2, $3, $4, $5, 'waiting',
            COALESCE((SELECT MAX(d.created_at) + 1 FROM webhook_deliveries d
                WHERE d.webhook_id = w.id AND d.due_at IS NOT NULL AND d.due_at = $6), $6), $6, 0, 0
        FROM webhooks w
        WHERE w.realm_id = $1 AND w.state = 'on' AND (w.events = '*' OR w.events LIKE $7)
            AND ($8 OR w.form <> 'scalekit')";
    let about = about(tx, record, event).await?;
    let Some(message) = Message::of(record, event, &about) else { return Ok(()) };
    let wanted = pattern(event);
    let params = [
        (&message.realm).into(),
        (&message.id).into(),
        message.event.name().into(),
        message.subject.as_slice().into(),
        message.body.as_str().into(),
        message.at.into(),
        wanted.as_str().into(),
        Form::Scalekit.tells(event).into(),
    ];
    tx.execute(SQL, &params).await?;
    tx.rings();
    Ok(())
}

/// What a webhook that chose the event has among its events.
pub(crate) fn pattern(event: Event) -> String {
    format!("% {event} %")
}

/// Queues a message for one webhook, whatever it chose. It is for the caller to see that there is one.
pub async fn send(tx: &mut Tx, webhook: WebhookId, message: &Message, now: Timestamp) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO webhook_deliveries
            (realm_id, webhook_id, id, event, subject, body, state, created_at, due_at, attempts, failures)
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7, 0, 0)";
    let params = [
        (&message.realm).into(),
        (&webhook).into(),
        (&message.id).into(),
        message.event.name().into(),
        message.subject.as_slice().into(),
        message.body.as_str().into(),
        now.into(),
    ];
    tx.execute(SQL, &params).await?;
    tx.rings();
    Ok(())
}

async fn about(tx: &mut Tx, record: &Record, event: Event) -> Result<About, Error> {
    let named = |name: &str| record.detail.get(name).map(String::as_str);
    let mut about = About::default();
    if let Some(user) = record.user {
        about.user = users::find(tx, record.realm, user).await?;
        about.factors = factors(tx, record.realm, user).await?;
        about.external_id = user_notes::find(tx, record.realm, user).await?.external_id;
    }
    if let Some(id) = named("organization").and_then(|id| id.parse::<OrganizationId>().ok()) {
        about.organization = organizations::find(tx, record.realm, id).await?;
        let notes = organization_notes::find(tx, record.realm, id).await?;
        about.organization_external_id = notes.external_id;
    }
    if event == Event::MemberInvited
        && let Some(id) = named("invitation").and_then(|id| id.parse::<InvitationId>().ok())
    {
        about.invitation = invitations::find(tx, record.realm, id).await?;
    }
    match event {
        Event::RoleCreated | Event::RoleUpdated => {
            about.role = role(tx, record.realm, named("role").unwrap_or_default()).await?;
        }
        Event::PermissionCreated | Event::PermissionUpdated => {
            let name = named("permission").unwrap_or_default();
            let known = permission_notes::list(tx, record.realm).await?;
            about.permission = known.into_iter().find(|notes| notes.permission.as_str() == name);
        }
        _ => {}
    }
    Ok(about)
}

/// A role with what the profile of the realm brings to it.
async fn role(tx: &mut Tx, realm: RealmId, name: &str) -> Result<Option<(Role, RoleNotes)>, Error> {
    let Some(found) = realms::find(tx, realm).await? else { return Ok(None) };
    let all = found.settings.profile.all_roles(&roles::list(tx, realm).await?);
    let Some(role) = all.into_iter().find(|role| role.name.as_str() == name) else { return Ok(None) };
    let notes = role_notes::list(tx, realm).await?.into_iter().find(|(of, _)| *of == role.name);
    Ok(Some((role, notes.map(|(_, notes)| notes).unwrap_or_default())))
}

/// How many second factors a user has that count.
async fn factors(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<u64, Error> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM totp_seeds t
            WHERE t.realm_id = $1 AND t.user_id = $2 AND t.confirmed)
        + (SELECT COUNT(*) FROM passkeys p WHERE p.realm_id = $1 AND p.user_id = $2)
        + (SELECT COUNT(*) FROM phone_numbers n WHERE n.realm_id = $1 AND n.user_id = $2)";
    let found = tx.optional::<(u64,)>(SQL, &[(&realm).into(), (&user).into()]).await?;
    Ok(found.map_or(0, |(count,)| count))
}
