use super::*;
use crate::{MasterKey, RealmId, RealmSettings, Scopes, Session, SessionId, SessionOrigin, UserId};
use proptest::prelude::*;

fn key(byte: u8) -> RefreshMac {
    MasterKey::from_bytes([byte; 32]).refresh_mac_key()
}

fn grant(now: Timestamp) -> Grant {
    let settings = RealmSettings::default();
    let session = Session::begin(
        SessionId::MIN,
        RealmId::MIN,
        UserId::MIN,
        vec![],
        SessionOrigin::default(),
        &settings,
        now,
    );
    Grant::begin(GrantId::MAX, &session, "web".parse().unwrap(), Scopes::default(), vec![], &settings, now)
}

const GRACE: Duration = Duration::from_secs(10);
const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn at(generation: u32, stored: &Grant, now: Timestamp) -> Judgement {
    judge(RefreshToken { grant: stored.id, generation }, stored, now, GRACE)
}

#[test]
fn every_flipped_bit_and_every_other_key_is_refused() {
    let token = RefreshToken { grant: GrantId::from_bytes([7; 16]), generation: 3 };
    let text = token.encode(&key(1));
    assert_eq!(text.len(), 76);
    assert_eq!(RefreshToken::decode(&text, &key(1)), Some(token));
    assert_eq!(RefreshToken::decode(&text, &key(2)), None);
    for at in 0..text.len() {
        for other in [b'A', b'B', b'_', b'=', b' ', b'/'] {
            let mut changed = text.clone().into_bytes();
            if changed[at] != other {
                changed[at] = other;
                assert_eq!(
                    RefreshToken::decode(std::str::from_utf8(&changed).unwrap(), &key(1)),
                    None,
                    "letter {at}"
                );
            }
        }
        assert_eq!(RefreshToken::decode(&text[..at], &key(1)), None, "cut at {at}");
    }
    assert_eq!(RefreshToken::decode(&format!("{text}A"), &key(1)), None);
    assert_eq!(RefreshToken::decode(&format!(" {text}"), &key(1)), None);
}

#[test]
fn rt_01_a_token_used_before_is_reuse_except_the_previous_one_within_the_grace() {
    let mut stored = grant(NOW);
    assert_eq!(at(0, &stored, NOW), Judgement::Rotate);
    stored.generation = 2;
    stored.rotated_at = Some(NOW);
    let successor = RefreshToken { grant: stored.id, generation: 2 };
    assert_eq!(at(2, &stored, NOW), Judgement::Rotate);
    assert_eq!(at(1, &stored, NOW), Judgement::Replay { successor });
    let last = NOW.plus(GRACE).minus(Duration::from_micros(1));
    assert_eq!(at(1, &stored, last), Judgement::Replay { successor });
    assert_eq!(at(1, &stored, NOW.plus(GRACE)), Judgement::Reuse);
    assert_eq!(at(0, &stored, NOW), Judgement::Reuse);
    let presented = RefreshToken { generation: 1, grant: stored.id };
    assert_eq!(judge(presented, &stored, NOW, Duration::ZERO), Judgement::Reuse, "no grace");
}

#[test]
fn rt_03_two_rotations_in_one_second_are_still_told_apart() {
    let mut stored = grant(NOW);
    stored.generation = 2;
    stored.rotated_at = Some(NOW);
    assert_eq!(
        at(0, &stored, NOW),
        Judgement::Reuse,
        "the first token, replayed after two rotations at one time"
    );
}

#[test]
fn rt_10_a_grant_ends_idle_and_absolutely_and_also_when_the_clock_goes_back() {
    let mut stored = grant(NOW);
    assert_eq!(at(0, &stored, stored.idle_expires_at), Judgement::Expired);
    stored.idle_expires_at = stored.expires_at.plus(GRACE);
    assert_eq!(at(0, &stored, stored.expires_at), Judgement::Expired);
    stored.revoked_at = Some(NOW);
    assert_eq!(at(0, &stored, NOW.minus(GRACE)), Judgement::Revoked);
}

#[test]
fn a_token_newer_than_the_database_is_not_called_reuse() {
    assert_eq!(at(1, &grant(NOW), NOW), Judgement::Ahead);
    let mut last = grant(NOW);
    last.generation = u32::MAX;
    assert_eq!(at(0, &last, NOW), Judgement::Reuse);
}

proptest! {
    #[test]
    fn every_token_is_read_back_with_one_spelling(id: [u8; 16], generation: u32, secret: u8) {
        let token = RefreshToken { grant: GrantId::from_bytes(id), generation };
        let text = token.encode(&key(secret));
        prop_assert_eq!(RefreshToken::decode(&text, &key(secret)), Some(token));
        prop_assert_eq!(token.encode(&key(secret)), text);
    }

    #[test]
    fn no_text_is_accepted_that_we_did_not_make(text in "(gp_rt_)?[A-Za-z0-9_=-]{60,80}|\\PC*") {
        prop_assert_eq!(RefreshToken::decode(&text, &key(1)), None);
    }

    #[test]
    fn a_token_never_rotates_twice_and_only_the_previous_is_replayed(presented in 0_u32..6, stored_generation in 0_u32..6, later in 0_u64..30) {
        let mut stored = grant(NOW);
        stored.generation = stored_generation;
        stored.rotated_at = (stored_generation > 0).then_some(NOW);
        let judged = at(presented, &stored, NOW.plus(Duration::from_secs(later)));
        prop_assert_eq!(judged == Judgement::Rotate, presented == stored_generation);
        if let Judgement::Replay { successor } = judged {
            prop_assert!(presented + 1 == stored_generation && later < 10);
            prop_assert_eq!(successor.generation, stored_generation);
        }
    }
}
