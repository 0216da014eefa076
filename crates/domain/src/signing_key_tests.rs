use super::*;
use proptest::prelude::*;

const DAY: Duration = Duration::from_hours(24);
const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn policy() -> KeyPolicy {
    KeyPolicy::new(Some(DAY * 90), Duration::from_mins(15))
}

fn key(new: NewKey, created_at: Timestamp) -> StoredKey {
    StoredKey {
        realm: RealmId::MIN,
        kid: format!("k{}", new.sequence),
        alg: SigningAlg::ES256,
        sequence: new.sequence,
        public_jwk: None,
        sealed: b"secret".to_vec(),
        created_at,
        signs_from: new.signs_from,
        withdrawn_at: None,
    }
}

fn k(sequence: u32, signs_from: Timestamp) -> StoredKey {
    key(NewKey { sequence, signs_from }, signs_from)
}

#[test]
fn the_first_key_signs_at_once() {
    let plan = plan(&[], &policy(), START);
    assert_eq!(plan.create, Some(NewKey { sequence: 1, signs_from: START }));
    assert_eq!((plan.signer, plan.published), (None, vec![]));
}

#[test]
fn the_next_key_is_published_a_day_before_it_signs() {
    let first = k(1, START);
    let due = START.plus(DAY * 90);
    let quiet = plan(std::slice::from_ref(&first), &policy(), START);
    assert_eq!((quiet.create, quiet.next_change), (None, Some(due.minus(DAY))));
    let made = plan(std::slice::from_ref(&first), &policy(), due.minus(DAY));
    assert_eq!(made.create, Some(NewKey { sequence: 2, signs_from: due }));

    let keys = [first, key(made.create.unwrap(), due.minus(DAY))];
    let waiting = plan(&keys, &policy(), due.minus(Duration::from_micros(1)));
    assert_eq!(waiting.signer.as_deref(), Some("k1"));
    assert_eq!(waiting.published, ["k2", "k1"]);
    assert_eq!((waiting.create, waiting.next_change), (None, Some(due)));
    let taken_over = plan(&keys, &policy(), due);
    assert_eq!(taken_over.signer.as_deref(), Some("k2"));
    assert_eq!(taken_over.published, ["k2", "k1"]);
}

#[test]
fn a_server_that_slept_through_its_rotation_still_gives_a_days_notice() {
    let late = START.plus(DAY * 200);
    let made = plan(&[k(1, START)], &policy(), late).create.unwrap();
    assert_eq!(made.signs_from, late.plus(DAY));
}

#[test]
fn a_retired_key_is_published_until_its_last_token_expired_and_then_deleted() {
    let (first, second) = (k(1, START), k(2, START.plus(DAY)));
    let last = START.plus(DAY).plus(policy().keep_for);
    let keys = [second, first];
    let before = plan(&keys, &policy(), last.minus(Duration::from_micros(1)));
    assert_eq!(
        (before.published, before.delete, before.next_change),
        (vec!["k2".into(), "k1".into()], vec![], Some(last))
    );
    let after = plan(&keys, &policy(), last);
    assert_eq!((after.published, after.delete), (vec!["k2".to_owned()], vec!["k1".to_owned()]));
}

#[test]
fn a_withdrawn_key_is_not_published_and_the_next_signs_at_once() {
    let (mut first, next) = (k(1, START), k(2, START.plus(DAY)));
    first.withdrawn_at = Some(START);
    let keys = [first.clone(), next];
    let now = plan(&keys, &policy(), START);
    assert_eq!((now.signer.as_deref(), now.published), (Some("k2"), vec!["k2".to_owned()]));
    assert_eq!(plan(&keys, &policy(), START.plus(policy().keep_for)).delete, ["k1"]);
    let alone = plan(&[first], &policy(), START);
    assert_eq!(alone.create, Some(NewKey { sequence: 2, signs_from: START }), "nobody left to sign");
}

#[test]
fn a_rotation_by_command_gives_notice_unless_it_must_not() {
    let keys = [k(1, START)];
    let made = |sequence, signs_from| Rotation::Make(NewKey { sequence, signs_from });
    assert_eq!(rotate_now(&keys, &policy(), false, START), made(2, START.plus(DAY)));
    assert_eq!(rotate_now(&keys, &policy(), true, START), made(2, START));
    assert_eq!(rotate_now(&[], &policy(), false, START), made(1, START));
}

#[test]
fn a_rotation_at_once_takes_the_key_that_waits() {
    let mut keys = [k(1, START), k(2, START.plus(DAY))];
    assert_eq!(rotate_now(&keys, &policy(), false, START), Rotation::Waits);
    assert_eq!(rotate_now(&keys, &policy(), true, START), Rotation::Advance("k2".to_owned()));
    keys[1].signs_from = START;
    let plan = plan(&keys, &policy(), START);
    assert_eq!((plan.signer.as_deref(), plan.published.len()), (Some("k2"), 2));
    // Of several that wait, made by an earlier release, the first.
    let several = [k(1, START), k(2, START.plus(DAY)), k(3, START.plus(DAY))];
    assert_eq!(rotate_now(&several, &policy(), true, START), Rotation::Advance("k2".to_owned()));
    // One that was withdrawn waits no longer.
    let withdrawn = [k(1, START), StoredKey { withdrawn_at: Some(START), ..k(2, START.plus(DAY)) }];
    let next = Rotation::Make(NewKey { sequence: 3, signs_from: START });
    assert_eq!(rotate_now(&withdrawn, &policy(), true, START), next);
}

#[test]
fn a_key_that_overtakes_a_waiting_one_signs() {
    let keys = [k(1, START), k(2, START.plus(DAY)), k(3, START)];
    assert_eq!(plan(&keys, &policy(), START).signer.as_deref(), Some("k3"));
    // Key 2's time comes later, but key 3 came after it: the newest whose time has come signs.
    assert_eq!(plan(&keys, &policy(), START.plus(DAY)).signer.as_deref(), Some("k3"));
}

#[test]
fn debug_shows_no_private_key() {
    assert!(!format!("{:?}", k(1, START)).contains("sealed"));
}

proptest! {
    /// Years of rotation, looked at irregularly: the key that signs was always published for a day before
    /// (except the first), and is published for as long as a token it signed may live.
    #[test]
    fn no_token_is_ever_signed_with_a_key_that_is_not_known(steps in prop::collection::vec(1_u64..2_000_000, 1..300)) {
        let policy = policy();
        let mut now = START;
        let mut keys: Vec<StoredKey> = Vec::new();
        let mut signed: Vec<(String, Timestamp)> = Vec::new();
        for step in steps {
            for _ in 0..3 {
                let todo = plan(&keys, &policy, now);
                keys.extend(todo.create.map(|new| key(new, now)));
                keys.retain(|key| !todo.delete.contains(&key.kid));
            }
            let settled = plan(&keys, &policy, now);
            prop_assert!(settled.create.is_none() && settled.delete.is_empty());
            let signer = settled.signer.clone().unwrap();
            let stored = keys.iter().find(|key| key.kid == signer).unwrap();
            prop_assert!(stored.sequence == 1 || now.since(stored.created_at) >= DAY);
            signed.push((signer, now.plus(Duration::from_mins(15))));
            signed.retain(|(_, expires)| *expires > now);
            for (kid, _) in &signed {
                prop_assert!(settled.published.contains(kid), "{} is not published", kid);
            }
            now = now.plus(Duration::from_secs(step));
        }
    }
}
