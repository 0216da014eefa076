//! What is over is deleted, a bounded number of rows at a time, so that no other write waits long.

use std::time::Duration;

use gatepost_domain::{
    OutboxId, Realm, RealmId, Timestamp,
    audit::{Actor, Event, Record},
    webhook,
};
use gatepost_store::{
    BoxFuture, Error, Tx, attempts, audit, clients, device_codes, initial_access_tokens, invitations,
    mailed_links, meta, pushed_requests, realms, sessions, sms_codes, trusted_devices, used_ids, webhooks,
};

use crate::App;

/// Rows deleted at a time.
const BATCH: u32 = 500;
/// Realms looked at together.
const REALMS: u32 = 100;
/// How long sessions and invitations are kept that are over.
const KEPT: Duration = Duration::from_hours(24 * 30);
/// The job, as of all processes on the store one does it at a time.
const JOB: &str = "clean-up";
/// How long the job is a process's own without another sign of life.
const LEASE: Duration = Duration::from_mins(10);

/// How long a client that nobody vouches for waits for somebody to agree to what it asks for.
const UNUSED: Duration = Duration::from_hours(24 * 7);

/// Deletes of every realm the audit events that are older than its `audit_retention`; sessions, invitations and initial access
/// tokens that have been over for 30 days; messages for webhooks of that age; and clients that came by themselves a week ago and that
/// nobody uses. Does nothing while another process is at it.
pub async fn clean_up(app: &App) -> Result<(), Error> {
    let now = app.clock().now();
    let holder = OutboxId::new(now, app.entropy()).to_string();
    if !hold(app, &holder).await? {
        return Ok(());
    }
    let done = every_realm(app, &holder, now).await;
    app.db()
        .write_one("give the clean-up back", move |tx| {
            let holder = holder.clone();
            Box::pin(async move { meta::release_lease(tx, JOB, &holder).await })
        })
        .await?;
    done
}

async fn hold(app: &App, holder: &str) -> Result<bool, Error> {
    let (now, holder) = (app.clock().now(), holder.to_owned());
    app.db()
        .write_one("take the clean-up", move |tx| {
            let holder = holder.clone();
            Box::pin(async move { meta::hold_lease(tx, JOB, &holder, LEASE, now).await })
        })
        .await
}

async fn every_realm(app: &App, holder: &str, now: Timestamp) -> Result<(), Error> {
    let mut after: Option<RealmId> = None;
    loop {
        let page = app
            .db()
            .read("list realms", move |tx| Box::pin(async move { realms::list(tx, after, REALMS).await }))
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for realm in &page {
            let id = realm.id;
            old_events(app, holder, realm, now).await?;
            let before = now.minus(KEPT);
            batches(app, holder, move |tx| {
                Box::pin(async move { sessions::delete_ended(tx, id, before, BATCH).await })
            })
            .await?;
            batches(app, holder, move |tx| {
                Box::pin(async move { mailed_links::delete_expired(tx, id, now, BATCH).await })
            })
            .await?;
            batches(app, holder, move |tx| {
                Box::pin(async move { trusted_devices::delete_expired(tx, id, now, BATCH).await })
            })
            .await?;
            batches(app, holder, move |tx| {
                Box::pin(async move { sms_codes::delete_expired(tx, id, now, BATCH).await })
            })
            .await?;
            batches(app, holder, move |tx| {
                Box::pin(async move { used_ids::forget_expired(tx, id, now, BATCH).await })
            })
            .await?;
            // Whoever signs in for one has an hour.
            let old = now.minus(Duration::from_hours(24));
            batches(app, holder, move |tx| {
                Box::pin(async move { pushed_requests::delete_expired(tx, id, old, BATCH).await })
            })
            .await?;
            // Until then a second use of a device code is still known to be one.
            batches(app, holder, move |tx| {
                Box::pin(async move { device_codes::delete_expired(tx, id, old, BATCH).await })
            })
            .await?;
            batches(app, holder, move |tx| {
                Box::pin(async move { attempts::forget_ended(tx, id, now, BATCH).await })
            })
            .await?;
            batches(app, holder, move |tx| {
                Box::pin(async move { invitations::delete_closed(tx, id, before, BATCH).await })
            })
            .await?;
            batches(app, holder, move |tx| {
                Box::pin(async move { initial_access_tokens::delete_expired(tx, id, before, BATCH).await })
            })
            .await?;
            let old = now.minus(webhook::KEPT);
            batches(app, holder, move |tx| {
                Box::pin(async move { webhooks::delete_old(tx, id, old, BATCH).await })
            })
            .await?;
            let unused = now.minus(UNUSED);
            batches(app, holder, move |tx| {
                Box::pin(async move { clients::delete_unused(tx, id, unused, BATCH).await })
            })
            .await?;
        }
    }
}

/// The trail itself tells that its beginning was deleted, and up to when.
async fn old_events(app: &App, holder: &str, realm: &Realm, now: Timestamp) -> Result<(), Error> {
    let (id, retention) = (realm.id, realm.settings.audit_retention);
    if retention.is_zero() {
        return Ok(());
    }
    let before = now.minus(retention);
    let record = Record::new(app.event_id(now), id, now, Event::AuditTrimmed, Actor::System)
        .with("before", before.to_string());
    let first = app
        .db()
        .write("delete old audit events", move |tx| {
            let record = record.clone();
            Box::pin(async move {
                let deleted = audit::delete_before(tx, id, before, BATCH).await?;
                if deleted > 0 {
                    audit::append(tx, &record).await?;
                }
                Ok::<_, Error>(deleted)
            })
        })
        .await?;
    if first > 0 {
        tracing::info!(realm.name = %realm.name, "deleting audit events of before {before}");
    }
    if first == u64::from(BATCH) {
        batches(app, holder, move |tx| {
            Box::pin(async move { audit::delete_before(tx, id, before, BATCH).await })
        })
        .await?;
    }
    Ok(())
}

/// Repeats `delete` until there is nothing left for it. Others write in between.
async fn batches<F>(app: &App, holder: &str, delete: F) -> Result<(), Error>
where
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<u64, Error>> + Clone + Send + 'static,
{
    while app.db().write_one("clean up", delete.clone()).await? == u64::from(BATCH) {
        if !hold(app, holder).await? {
            return Ok(());
        }
    }
    Ok(())
}
