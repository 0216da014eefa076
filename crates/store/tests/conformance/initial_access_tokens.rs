use gatepost_domain::{InitialAccessToken, InitialAccessTokenId, RealmId, SecretDigest};
use gatepost_store::{Constraint, Error, initial_access_tokens as tokens};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_token_is_kept_found_listed_and_taken_back,
    a_token_is_used_as_often_as_it_has_uses,
    expired_tokens_are_deleted,
);

fn token(store: &Store, number: u8, uses: u32) -> InitialAccessToken {
    InitialAccessToken {
        id: InitialAccessTokenId::from_bytes([number; 16]),
        realm: store.realm,
        name: Some("for the partners".parse().unwrap()),
        digest: SecretDigest::of(&[number]),
        uses,
        used: 0,
        created_at: NOW,
        expires_at: later(60),
    }
}

async fn keep(store: &Store, token: &InitialAccessToken) {
    let token = token.clone();
    write!(store, [token] tx => tokens::create(tx, &token).await).unwrap();
}

async fn a_token_is_kept_found_listed_and_taken_back(store: Store) {
    let realm = store.realm;
    let (one, two) = (token(&store, 1, 1), InitialAccessToken { name: None, ..token(&store, 2, 9) });
    keep(&store, &two).await;
    keep(&store, &one).await;
    let find = async |id| read!(store, [] tx => tokens::find(tx, realm, id).await).unwrap();
    assert_eq!((find(one.id).await, find(InitialAccessTokenId::MAX).await), (Some(one.clone()), None));
    let list =
        async |after, limit| read!(store, [] tx => tokens::list(tx, realm, after, limit).await).unwrap();
    assert_eq!(list(None, 1).await, std::slice::from_ref(&one));
    assert_eq!(list(Some(one.id), 9).await, std::slice::from_ref(&two));
    let delete = async |id| write!(store, [] tx => tokens::delete(tx, realm, id).await).unwrap();
    assert!(delete(one.id).await && !delete(one.id).await);
    assert_eq!(find(one.id).await, None);
    let homeless = InitialAccessToken { realm: RealmId::MAX, ..one };
    let refused = write!(store, [homeless] tx => tokens::create(tx, &homeless).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn a_token_is_used_as_often_as_it_has_uses(store: Store) {
    let (realm, kept) = (store.realm, token(&store, 1, 3));
    keep(&store, &kept).await;
    let spend = |digest: SecretDigest, at: u64| {
        let (store, id) = (store.clone(), kept.id);
        async move {
            write!(store, [digest] tx => tokens::spend(tx, realm, id, &digest, later(at)).await).unwrap()
        }
    };
    assert!(!spend(SecretDigest::of(b"another"), 0).await, "another secret");
    assert!(!spend(kept.digest, 60).await, "expired");
    let spent = at_once(20, |_| spend(kept.digest, 59)).await;
    assert_eq!(spent.into_iter().filter(|spent| *spent).count(), 3);
    assert!(!spend(kept.digest, 59).await, "used up");
    let found =
        read!(store, [] tx => tokens::find(tx, realm, InitialAccessTokenId::from_bytes([1; 16])).await);
    assert_eq!(found.unwrap().map(|token| token.used), Some(3));
}

async fn expired_tokens_are_deleted(store: Store) {
    let realm = store.realm;
    for number in 1..=3 {
        keep(&store, &token(&store, number, 1)).await;
    }
    let delete = async |before, limit| {
        write!(store, [] tx => tokens::delete_expired(tx, realm, later(before), limit).await).unwrap()
    };
    assert_eq!((delete(60, 9).await, delete(61, 2).await, delete(61, 2).await), (0, 2, 1));
}
