//! A realm's settings, changed by who administers it.

use std::sync::Arc;

use gatepost_domain::{
    Logo, Realm, RealmId, RealmSettings, SettingRefused, Timestamp,
    audit::{Event, Record},
    role::RoleGraph,
};
use gatepost_store::{Tx, audit, realms, trusted_devices, users};
use serde_json::{Map, Value};

use super::redrawn;
use crate::{
    App,
    accounts::{ADMINISTRATOR, Who},
    http::Problem,
    interceptors, mfa,
    request_secrets::{Signs, has_secret},
    roles, sms,
};

/// The realm of an id, as it is now.
pub async fn find(app: &App, realm: RealmId) -> Result<Realm, Problem> {
    let found =
        app.db().read("find a realm", move |tx| Box::pin(async move { realms::find(tx, realm).await }));
    found.await?.ok_or(Problem::NotFound)
}

/// Gives a realm other settings: those that are named, by [`RealmSettings::with`].
pub async fn update(
    app: &App,
    realm: RealmId,
    changes: Map<String, Value>,
    who: Who,
    now: Timestamp,
) -> Result<Realm, Problem> {
    let changes = Arc::new(drawn(changes)?);
    let record = who.record_of_realm(app, Event::RealmUpdated, realm, now);
    let worker = app.clone();
    let updated = app.db().write("change a realm", move |tx| {
        let (changes, record, who) = (Arc::clone(&changes), record.clone(), who.clone());
        let app = worker.clone();
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = realms::find(tx, realm).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            let settings = before.settings.with(&changes)?;
            settings.check()?;
            if settings.interceptors != before.settings.interceptors {
                interceptors::check(&app, &settings)?;
                if !settings.interceptors.is_empty() && !has_secret(tx, realm, Signs::Interceptors).await? {
                    return Err(Problem::from(without_secret("interceptors", "interceptor-secret")));
                }
            }
            if settings.sms_url != before.settings.sms_url {
                sms::check(&app, &settings)?;
                if settings.sms_url.is_some() && !has_secret(tx, realm, Signs::Sms).await? {
                    return Err(Problem::from(without_secret("sms_url", "sms-secret")));
                }
            }
            let graph = RoleGraph::new(&roles::all(tx, realm).await?).map_err(Problem::internal)?;
            settings.check_roles(&graph)?;
            if locks_administrators_out(tx, &before, &settings).await? {
                return Err(Problem::from(locked_out()));
            }
            if let Some(refused) = mfa::forbids_what_an_organization_asks(tx, realm, &settings).await? {
                return Err(Problem::from(refused));
            }
            if settings == before.settings {
                return Ok(before);
            }
            let after =
                realms::update_settings(tx, &before.with_settings(settings.clone(), now), None).await?;
            let record = told(record, &before.settings, &settings);
            let record = let_go(tx, record, (&before, &settings)).await?;
            audit::append(tx, &record).await?;
            after.ok_or(Problem::NotFound)
        })
    });
    let updated = updated.await?;
    app.realms().forget(realm);
    Ok(updated)
}

/// Whether the realm's administrators could sign in until now, and none could any more: where only verified addresses may, and no
/// administrator has one.
pub(crate) async fn locks_administrators_out(
    tx: &mut Tx,
    before: &Realm,
    after: &RealmSettings,
) -> Result<bool, gatepost_store::Error> {
    if before.settings.require_verified_email || !after.require_verified_email {
        return Ok(false);
    }
    let Ok(administrator) = ADMINISTRATOR.parse() else { return Ok(false) };
    users::only_unverified_have_role(tx, before.id, &administrator).await
}

/// Ends what does not outlast its setting, and says so in the record: where trust in devices is turned off, none is trusted when it is
/// turned on again. Nor then what an earlier version left, or somebody was just being trusted by in another process.
pub(crate) async fn let_go(
    tx: &mut Tx,
    record: Record,
    (before, after): (&Realm, &RealmSettings),
) -> Result<Record, gatepost_store::Error> {
    let trusts = |settings: &RealmSettings| !settings.trusted_device_ttl.is_zero();
    if trusts(&before.settings) == trusts(after) {
        return Ok(record);
    }
    Ok(match trusted_devices::forget_in_realm(tx, before.id).await? {
        0 => record,
        forgotten => record.with("trusted_devices_forgotten", forgotten.to_string()),
    })
}

/// What is said where it would.
pub(crate) fn locked_out() -> SettingRefused {
    SettingRefused::new(
        "require_verified_email",
        "no administrator of the realm has a verified address, and none could sign in any more; \
         verify one first, as in `gatepost user verify ada@example.com`",
    )
}

/// What is said where requests could not be signed.
fn without_secret(member: &'static str, secret: &str) -> SettingRefused {
    SettingRefused::new(
        member,
        format!(
            "there is no secret yet that requests are signed with; make it first, at `/api/v1/admin/realm/{secret}` or by \
             `gatepost realm {secret}`, and give it to whoever is asked"
        ),
    )
}

/// A picture is drawn before it is kept. What is no picture is refused with the other settings.
fn drawn(mut changes: Map<String, Value>) -> Result<Map<String, Value>, SettingRefused> {
    if let Some(Value::String(text)) = changes.get_mut("logo")
        && let Ok(logo) = text.parse::<Logo>()
    {
        *text = redrawn(&logo)?.to_string();
    }
    Ok(changes)
}

/// The record with what was and what is, as far as they differ.
pub(crate) fn told(record: Record, before: &RealmSettings, after: &RealmSettings) -> Record {
    let names = before.differing(after);
    if names.is_empty() {
        return record;
    }
    let shown = |settings: &RealmSettings| {
        let mut members = serde_json::to_value(settings).unwrap_or_default();
        // Which one it was is enough: the picture itself would be most of the trail.
        members["logo"] = settings.logo.as_ref().map(Logo::version).into();
        let shown: Map<String, Value> =
            names.iter().map(|name| (name.clone(), members[name].clone())).collect();
        Value::Object(shown).to_string()
    };
    record.with("before", shown(before)).with("after", shown(after))
}
