use std::time::Duration;

use gatepost_domain::audit::{Actor, Event as Act, Record};
use gatepost_domain::webhook::{Answer, Delivery, DeliveryState, Event, Events, Form, Message};
use gatepost_domain::{
    EventId, PermissionNotes, RealmId, Role, RoleName, RoleNotes, Timestamp, UserId, Webhook, WebhookId,
    WebhookState,
};
use gatepost_store::{
    Constraint, Error, audit, permission_notes, realms, role_notes, roles, users, webhooks,
};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_webhook_is_kept_found_listed_changed_and_deleted,
    a_webhook_is_changed_only_as_it_is_and_turned_off_once,
    what_is_appended_to_the_trail_is_told_to_those_who_chose_it,
    what_is_told_is_how_things_are_in_the_transaction,
    what_becomes_of_rights_is_told_as_it_is_then,
    what_a_form_has_no_name_for_is_not_told_in_it,
    what_is_taken_back_is_told_to_nobody,
    nothing_is_lost_between_the_making_of_a_webhook_and_the_acts_around_it,
    messages_are_due_in_order_and_settled_once,
    what_happens_in_one_transaction_is_told_in_its_order,
    whoever_waits_is_found_however_much_waits_for_others,
    what_did_not_arrive_is_sent_again_when_somebody_says_so,
    old_messages_are_deleted,
    a_webhook_and_a_realm_go_with_what_waits_for_them,
);

fn webhook(store: &Store, number: u8, events: &str) -> Webhook {
    Webhook {
        id: WebhookId::from_bytes([number; 16]),
        realm: store.realm,
        name: Some("for the ledger".parse().unwrap()),
        url: format!("https://app.test/{number}").parse().unwrap(),
        events: Events::choose(events.split_whitespace()).unwrap(),
        form: Form::Standard,
        state: WebhookState::On,
        sealed_secret: vec![number],
        previous_secret: None,
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    }
}

async fn keep(store: &Store, webhook: &Webhook) {
    write!(store, [webhook] tx => webhooks::create(tx, &webhook).await).unwrap();
}

async fn find(store: &Store, id: WebhookId) -> Option<Webhook> {
    let realm = store.realm;
    read!(store, [] tx => webhooks::find(tx, realm, id).await).unwrap()
}

/// An act about somebody, some seconds later.
async fn act(store: &Store, event: Act, user: UserId, seconds: u64) -> EventId {
    let at = later(seconds);
    let record =
        Record::new(EventId::new(at, &store.dice), store.realm, at, event, Actor::Operator).user(user);
    write!(store, [record] tx => audit::append(tx, &record).await).unwrap();
    record.id
}

async fn all(store: &Store, id: WebhookId) -> Vec<Delivery> {
    let realm = store.realm;
    let mut found =
        read!(store, [] tx => webhooks::list_deliveries(tx, (realm, id), None, None, 1_000).await).unwrap();
    found.reverse();
    found
}

async fn due(store: &Store, id: WebhookId, limit: u32, now: Timestamp) -> Vec<Delivery> {
    let realm = store.realm;
    read!(store, [] tx => webhooks::due(tx, realm, id, limit, now).await).unwrap()
}

async fn settle(store: &Store, tried: Delivery) -> bool {
    write_one!(store, [tried] tx => webhooks::settle(tx, &tried).await).unwrap()
}

async fn waiting(store: &Store, now: Timestamp) -> Vec<WebhookId> {
    let found = read!(store, [] tx => webhooks::waiting(tx, None, 100, now).await).unwrap();
    assert!(found.iter().all(|(realm, _)| *realm == store.realm));
    found.into_iter().map(|(_, id)| id).collect()
}

async fn a_webhook_is_kept_found_listed_changed_and_deleted(store: Store) {
    let realm = store.realm;
    let one = webhook(&store, 1, "user.created user.deleted");
    let two = Webhook {
        name: None,
        events: Events::All,
        form: Form::Zalt,
        state: WebhookState::Off,
        previous_secret: Some((vec![9], later(60))),
        ..webhook(&store, 2, "*")
    };
    keep(&store, &two).await;
    keep(&store, &one).await;
    assert_eq!(
        (find(&store, one.id).await, find(&store, two.id).await),
        (Some(one.clone()), Some(two.clone()))
    );
    let list =
        async |after, limit| read!(store, [] tx => webhooks::list(tx, realm, after, limit).await).unwrap();
    assert_eq!(list(None, 1).await, std::slice::from_ref(&one));
    assert_eq!(list(Some(one.id), 9).await, std::slice::from_ref(&two));
    assert_eq!(read!(store, [] tx => webhooks::count(tx, realm).await), Ok(2));
    assert_eq!(read!(store, [] tx => webhooks::count(tx, RealmId::MAX).await), Ok(0));
    let delete = async |id| write!(store, [] tx => webhooks::delete(tx, realm, id).await).unwrap();
    assert!(delete(one.id).await && !delete(one.id).await);
    let homeless = Webhook { realm: RealmId::MAX, ..one };
    let refused = write!(store, [homeless] tx => webhooks::create(tx, &homeless).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn a_webhook_is_changed_only_as_it_is_and_turned_off_once(store: Store) {
    let (realm, one) = (store.realm, webhook(&store, 1, "*"));
    keep(&store, &one).await;
    let changed = Webhook {
        url: "https://app.test/other".parse().unwrap(),
        previous_secret: Some((vec![7], later(9))),
        updated_at: later(1),
        ..one.clone()
    };
    let update =
        async |webhook: Webhook| write!(store, [webhook] tx => webhooks::update(tx, &webhook).await).unwrap();
    let after = update(changed.clone()).await.unwrap();
    assert_eq!(after, Webhook { version: 2, ..changed.clone() });
    assert_eq!(update(changed).await, None, "of an older version");
    assert_eq!(update(Webhook { id: WebhookId::MAX, ..after.clone() }).await, None);
    let id = one.id;
    let off = async || {
        write_one!(store, [] tx => webhooks::turn_off(tx, realm, id, WebhookState::Gone, later(2)).await)
            .unwrap()
    };
    assert!(off().await && !off().await);
    let found = find(&store, id).await.unwrap();
    assert_eq!((found.state, found.version, found.updated_at), (WebhookState::Gone, 3, later(2)));
}

async fn what_is_appended_to_the_trail_is_told_to_those_who_chose_it(store: Store) {
    let (some, every) = (webhook(&store, 1, "user.updated"), webhook(&store, 2, "*"));
    let off = Webhook { state: WebhookState::Off, ..webhook(&store, 3, "*") };
    for one in [&some, &every, &off] {
        keep(&store, one).await;
    }
    let ada = store.user("ada").await;
    let made = act(&store, Act::UserCreated, ada.id, 0).await;
    let updated = act(&store, Act::UserUpdated, ada.id, 1).await;
    act(&store, Act::SignInRefused, ada.id, 2).await;
    let ids = async |id| all(&store, id).await.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(some.id).await, [updated]);
    assert_eq!(ids(every.id).await, [made, updated]);
    assert!(ids(off.id).await.is_empty());
    let one = all(&store, some.id).await.remove(0);
    let expected = Delivery {
        realm: store.realm,
        webhook: some.id,
        id: updated,
        event: Event::UserUpdated,
        subject: *ada.id.as_bytes(),
        body: one.body.clone(),
        created_at: later(1),
        due_at: Some(later(1)),
        attempts: 0,
        failures: 0,
        last: None,
    };
    assert_eq!(one, expected);
    let realm = store.realm;
    let find =
        async |id| read!(store, [] tx => webhooks::find_delivery(tx, realm, some.id, id).await).unwrap();
    assert_eq!((find(updated).await, find(made).await), (Some(expected), None));
    // TN-05: of another realm nothing is told.
    let elsewhere = gatepost_domain::Realm::begin(
        RealmId::MAX,
        "elsewhere".parse().unwrap(),
        gatepost_domain::RealmSettings::default(),
        NOW,
    );
    write!(store, [elsewhere] tx => realms::create(tx, &elsewhere).await).unwrap();
    let foreign =
        Record::new(EventId::new(NOW, &store.dice), RealmId::MAX, NOW, Act::UserCreated, Actor::Operator);
    write!(store, [foreign] tx => audit::append(tx, &foreign).await).unwrap();
    assert_eq!(ids(every.id).await.len(), 2);
}

async fn what_is_told_is_how_things_are_in_the_transaction(store: Store) {
    let one = webhook(&store, 1, "*");
    keep(&store, &one).await;
    let ada = store.stranger("ada");
    let record =
        Record::new(EventId::new(NOW, &store.dice), store.realm, NOW, Act::UserCreated, Actor::Operator);
    let record = record.user(ada.id);
    write!(store, [ada, record] tx => {
        users::create(tx, &ada).await?;
        audit::append(tx, &record).await
    })
    .unwrap();
    let body = all(&store, one.id).await.remove(0).body;
    assert!(body.contains("\"email\":\"ada@example.com\"") && body.contains("\"mfa\":false"), "{body}");
}

async fn what_becomes_of_rights_is_told_as_it_is_then(store: Store) {
    let one = webhook(&store, 1, "*");
    keep(&store, &one).await;
    let (realm, name): (_, RoleName) = (store.realm, "editor".parse().unwrap());
    let act = |seconds, name: &str, value: &str| {
        let at = later(seconds);
        Record::new(EventId::new(at, &store.dice), realm, at, Act::RolesChanged, Actor::Operator)
            .with(name, value)
    };
    let role =
        Role { name: name.clone(), permissions: vec!["notes:write".parse().unwrap()], inherits: vec![] };
    let notes = RoleNotes { display_name: Some("Editor".parse().unwrap()), description: None };
    let record = act(1, "role", "editor").with("after", "notes:write");
    write!(store, [role, name, notes, record] tx => {
        role_notes::set(tx, realm, &name, &notes).await?;
        roles::replace(tx, realm, &[role]).await?;
        audit::append(tx, &record).await
    })
    .unwrap();
    let written = PermissionNotes {
        permission: "notes:write".parse().unwrap(),
        description: "Writes notes".to_owned(),
        created_at: NOW,
        updated_at: NOW,
    };
    let record = act(2, "permission", "notes:write").with("first", "true");
    write!(store, [written, record] tx => {
        permission_notes::set(tx, realm, &written).await?;
        audit::append(tx, &record).await
    })
    .unwrap();
    let record = act(3, "role", "editor").with("before", "notes:write");
    write!(store, [record] tx => {
        roles::replace(tx, realm, &[]).await?;
        audit::append(tx, &record).await
    })
    .unwrap();
    let told = all(&store, one.id).await;
    let events: Vec<_> = told.iter().map(|one| one.event.name()).collect();
    assert_eq!(events, ["role.created", "permission.created", "role.deleted"]);
    let holds = |n: usize, text: &str| assert!(told[n].body.contains(text), "{}", told[n].body);
    holds(0, r#""display_name":"Editor""#);
    holds(0, r#""permissions":["notes:write"]"#);
    holds(1, r#""description":"Writes notes""#);
    holds(2, r#""role":{"name":"editor"}"#);
}

async fn what_a_form_has_no_name_for_is_not_told_in_it(store: Store) {
    let ours = webhook(&store, 1, "*");
    let theirs = Webhook { form: Form::Scalekit, ..webhook(&store, 2, "*") };
    keep(&store, &ours).await;
    keep(&store, &theirs).await;
    let ada = store.user("ada").await;
    act(&store, Act::PasswordChanged, ada.id, 1).await;
    act(&store, Act::UserUpdated, ada.id, 2).await;
    let told = async |id| all(&store, id).await.into_iter().map(|one| one.event.name()).collect::<Vec<_>>();
    assert_eq!(told(ours.id).await, ["password.changed", "user.updated"]);
    assert_eq!(told(theirs.id).await, ["user.updated"]);
}

async fn what_is_taken_back_is_told_to_nobody(store: Store) {
    let one = webhook(&store, 1, "*");
    keep(&store, &one).await;
    let ada = store.user("ada").await;
    let record =
        Record::new(EventId::new(NOW, &store.dice), store.realm, NOW, Act::UserDeleted, Actor::Operator);
    let record = record.user(ada.id);
    let refused = write!(store, [record] tx => {
        audit::append(tx, &record).await?;
        Err::<(), _>(Error::Conflict(Constraint::Id))
    });
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Id));
    assert!(all(&store, one.id).await.is_empty());
}

/// What another process knows of the realm does not matter: each act asks in its own transaction.
async fn nothing_is_lost_between_the_making_of_a_webhook_and_the_acts_around_it(store: Store) {
    let ada = store.user("ada").await;
    let (another, one) = (store.another().await, webhook(&store, 1, "*"));
    let acts = at_once(9, |number| {
        let (store, another, one, user) = (store.clone(), another.clone(), one.clone(), ada.id);
        async move {
            if number == 4 {
                keep(&store, &one).await;
                None
            } else {
                let by = if number % 2 == 0 { &store } else { &another };
                Some(act(by, Act::UserUpdated, user, number as u64).await)
            }
        }
    });
    let acts = acts.await.into_iter().flatten().count();
    assert_eq!(acts, 8);
    let after = act(&another, Act::UserUpdated, ada.id, 10).await;
    let told: Vec<_> = all(&store, one.id).await.into_iter().map(|one| one.id).collect();
    assert_eq!(told.last(), Some(&after), "at once, in every process");
    another.remove().await;
}

async fn messages_are_due_in_order_and_settled_once(store: Store) {
    let one = webhook(&store, 1, "*");
    keep(&store, &one).await;
    let ada = store.user("ada").await;
    for seconds in [2, 1, 3] {
        act(&store, Act::UserUpdated, ada.id, seconds).await;
    }
    let first = due(&store, one.id, 2, later(2)).await;
    assert_eq!(first.iter().map(|one| one.created_at).collect::<Vec<_>>(), [later(1), later(2)]);
    let failed = first[0].tried(Answer::Status(500), 0, later(4));
    assert!(settle(&store, failed.clone()).await);
    assert!(!settle(&store, failed.clone()).await, "another kept theirs");
    let arrived = first[1].tried(Answer::Status(204), 0, later(4));
    assert!(settle(&store, arrived.clone()).await && !settle(&store, arrived.clone()).await);
    assert_eq!(due(&store, one.id, 9, later(8)).await.len(), 1, "the third");
    let again = due(&store, one.id, 9, later(9)).await;
    assert_eq!(again.last(), Some(&failed), "with what came of it");
    let realm = store.realm;
    let id = one.id;
    let since = async |seconds| {
        read!(store, [] tx => webhooks::any_delivered_since(tx, realm, id, later(seconds)).await).unwrap()
    };
    assert_eq!((since(4).await, since(5).await), (true, false));
    let of = async |state| {
        read!(store, [] tx => webhooks::list_deliveries(tx, (realm, id), Some(state), None, 9).await).unwrap()
    };
    assert_eq!(of(DeliveryState::Delivered).await, [arrived]);
    assert_eq!((of(DeliveryState::Waiting).await.len(), of(DeliveryState::Dead).await.len()), (2, 0));
}

async fn what_happens_in_one_transaction_is_told_in_its_order(store: Store) {
    let one = webhook(&store, 1, "*");
    keep(&store, &one).await;
    let ada = store.user("ada").await;
    let ids: Vec<_> = (0..9).map(|_| EventId::new(NOW, &store.dice)).collect();
    let (realm, user) = (store.realm, ada.id);
    write!(store, [ids] tx => {
        for id in ids {
            let record = Record::new(id, realm, NOW, Act::UserUpdated, Actor::Operator).user(user);
            audit::append(tx, &record).await?;
        }
        Ok::<_, Error>(())
    })
    .unwrap();
    let told = due(&store, one.id, 99, NOW).await;
    assert_eq!(told.into_iter().map(|one| one.id).collect::<Vec<_>>(), ids);
}

async fn whoever_waits_is_found_however_much_waits_for_others(store: Store) {
    let ada = store.user("ada").await;
    for number in 1..=4 {
        keep(&store, &webhook(&store, number, if number == 2 { "user.deleted" } else { "*" })).await;
    }
    assert!(waiting(&store, later(99)).await.is_empty());
    for seconds in 0..30 {
        act(&store, Act::UserUpdated, ada.id, seconds).await;
    }
    let ids: Vec<_> = [1, 3, 4].map(|number| WebhookId::from_bytes([number; 16])).into();
    assert_eq!(waiting(&store, later(0)).await, ids);
    assert!(waiting(&store, NOW.minus(Duration::from_secs(1))).await.is_empty());
    let after = Some(ids[0]);
    let page = read!(store, [] tx => webhooks::waiting(tx, after, 1, later(99)).await).unwrap();
    assert_eq!(page, [(store.realm, ids[1])]);
    let (realm, off) = (store.realm, ids[2]);
    write_one!(store, [] tx => webhooks::turn_off(tx, realm, off, WebhookState::Off, NOW).await).unwrap();
    for one in due(&store, ids[0], 99, later(99)).await {
        assert!(settle(&store, one.tried(Answer::Status(200), 0, later(99))).await);
    }
    assert_eq!(waiting(&store, later(99)).await, [ids[1]]);
}

async fn what_did_not_arrive_is_sent_again_when_somebody_says_so(store: Store) {
    let (realm, one) = (store.realm, webhook(&store, 1, "user.deleted"));
    keep(&store, &one).await;
    let message = Message::test(EventId::new(NOW, &store.dice), realm, NOW);
    let id = one.id;
    write!(store, [message] tx => webhooks::send(tx, id, &message, NOW).await).unwrap();
    let replay = async |event, now| {
        write_one!(store, [] tx => webhooks::replay(tx, realm, id, event, now).await).unwrap()
    };
    assert!(!replay(message.id, later(1)).await, "it still waits");
    let dead =
        Delivery { due_at: None, ..due(&store, id, 1, NOW).await[0].tried(Answer::Status(400), 0, later(1)) };
    assert!(settle(&store, dead.clone()).await);
    assert!(replay(message.id, later(5)).await && !replay(EventId::MAX, later(5)).await);
    let again = due(&store, id, 1, later(5)).await.remove(0);
    assert_eq!((again.attempts, again.due_at, &again.body), (0, Some(later(5)), &dead.body));
    assert!(settle(&store, Delivery { due_at: None, ..again.tried(Answer::Status(400), 0, later(6)) }).await);
    let all_dead = async |since, limit| {
        write_one!(store, [] tx => webhooks::replay_dead(tx, (realm, id), since, limit, later(7)).await)
            .unwrap()
    };
    assert_eq!((all_dead(later(1), 9).await, all_dead(NOW, 9).await, all_dead(NOW, 9).await), (0, 1, 0));
    let again = due(&store, id, 9, later(7)).await.remove(0);
    assert!(settle(&store, again.tried(Answer::Status(200), 0, later(8))).await);
    assert_eq!(all_dead(NOW, 9).await, 0, "it arrived");
}

async fn old_messages_are_deleted(store: Store) {
    let (realm, one) = (store.realm, webhook(&store, 1, "*"));
    keep(&store, &one).await;
    let ada = store.user("ada").await;
    for seconds in [1, 2, 3, 60] {
        act(&store, Act::UserUpdated, ada.id, seconds).await;
    }
    let delete = async |before, limit| {
        write_one!(store, [] tx => webhooks::delete_old(tx, realm, later(before), limit).await).unwrap()
    };
    assert_eq!((delete(1, 9).await, delete(60, 2).await, delete(60, 2).await), (0, 2, 1));
    assert_eq!(all(&store, one.id).await.len(), 1);
}

async fn a_webhook_and_a_realm_go_with_what_waits_for_them(store: Store) {
    let (realm, one, two) = (store.realm, webhook(&store, 1, "*"), webhook(&store, 2, "*"));
    keep(&store, &one).await;
    keep(&store, &two).await;
    let ada = store.user("ada").await;
    act(&store, Act::UserUpdated, ada.id, 1).await;
    let id = one.id;
    assert!(write!(store, [] tx => webhooks::delete(tx, realm, id).await).unwrap());
    assert_eq!((all(&store, one.id).await.len(), all(&store, two.id).await.len()), (0, 1));
    assert!(write!(store, [] tx => realms::delete(tx, realm).await).unwrap());
    assert!(all(&store, two.id).await.is_empty());
    assert!(waiting(&store, later(99)).await.is_empty());
}
