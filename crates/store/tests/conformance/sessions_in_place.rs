//! Sessions of administrators in the place of users, and whatever ends them.

use std::time::Duration;

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{Grant, RealmSettings, RoleName, Session, SessionId, User, UserId};
use gatepost_store::{outbox, sessions, users};

use crate::support::{NOW, Store, at_once, later};

on_every_backend!(
    a_session_in_the_place_of_a_user_is_one_of_theirs_and_no_device_of_theirs,
    it_begins_only_in_a_live_session_of_an_administrator_and_for_nobody_who_is_one,
    it_ends_for_good_with_whatever_it_lives_by,
    it_goes_on_where_something_else_ends,
    it_is_over_when_the_session_it_began_in_has_expired,
    what_begins_while_its_reason_ends_does_not_live,
);

/// A user, an administrator, and their session.
struct World {
    store: Store,
    ada: User,
    root: User,
    session: Session,
}

async fn set_roles(store: &Store, user: UserId, roles: &str) {
    let roles: Vec<RoleName> = roles.split_whitespace().map(|role| role.parse().unwrap()).collect();
    let (realm, message) = (store.realm, store.message());
    let set =
        write!(store, [roles] tx => users::set_roles(tx, realm, user, &roles, None, NOW, message).await);
    set.unwrap();
}

impl World {
    async fn new(store: Store) -> Self {
        let (ada, root) = (store.user("ada").await, store.user("root").await);
        set_roles(&store, root.id, "editor realm-admin").await;
        let session = store.session(&root).await;
        Self { store, ada, root, session }
    }

    fn in_place(&self) -> Session {
        let (id, settings) = (SessionId::new(NOW, &self.store.dice), RealmSettings::default());
        let lifetime = Duration::from_mins(15);
        Session::begin_in_place(id, &self.session, self.ada.id, &settings, lifetime, NOW)
    }

    async fn begins(&self, session: &Session) -> bool {
        let store = &self.store;
        write!(store, [session] tx => sessions::create(tx, &session, None).await).unwrap()
    }

    async fn begun(&self) -> (Session, Grant) {
        let session = self.in_place();
        assert!(self.begins(&session).await);
        let grant = self.store.grant(&session).await;
        (session, grant)
    }

    async fn is_live(&self, session: &Session) -> bool {
        self.store.find_live(session, later(5)).await.is_some()
    }
}

async fn a_session_in_the_place_of_a_user_is_one_of_theirs_and_no_device_of_theirs(store: Store) {
    let world = World::new(store.clone()).await;
    let (session, _) = world.begun().await;
    assert_eq!((session.impersonator, session.begun_in), (Some(world.root.id), Some(world.session.id)));
    assert_eq!(store.find_live(&session, later(5)).await, Some((session.clone(), world.ada.clone())));
    assert_eq!(store.find_live(&session, session.expires_at).await, None);
    let (realm, user) = (store.realm, world.ada.id);
    let known = read!(store, [] tx => sessions::origins(tx, realm, user, SessionId::MIN, 9).await);
    assert_eq!(known.unwrap(), []);
    let listed = read!(store, [] tx => sessions::list(tx, realm, user, later(5), None, 9).await);
    assert_eq!(listed.unwrap(), [session]);
}

async fn it_begins_only_in_a_live_session_of_an_administrator_and_for_nobody_who_is_one(store: Store) {
    let world = World::new(store.clone()).await;
    let good = world.in_place();
    let (hers, later_ended) = (store.session(&world.ada).await, store.session(&world.root).await);
    for (bad, why) in [
        (Session { begun_in: None, ..good.clone() }, "in none"),
        (Session { begun_in: Some(hers.id), ..good.clone() }, "in one of somebody else"),
        (Session { begun_in: Some(hers.id), impersonator: Some(world.ada.id), ..good.clone() }, "by a user"),
        (Session { user: world.root.id, ..good.clone() }, "for an administrator"),
        (Session { created_at: world.session.expires_at, ..good.clone() }, "in one that has expired"),
    ] {
        assert!(!world.begins(&bad).await, "{why}");
    }
    let (realm, root, message) = (store.realm, world.root.id, store.message());
    let ended = write!(store, [] tx => sessions::revoke(tx, realm, root, later_ended.id, NOW, message).await);
    assert!(ended.unwrap());
    assert!(
        !world.begins(&Session { begun_in: Some(later_ended.id), ..good.clone() }).await,
        "in one that ended"
    );
    assert!(world.begins(&good).await);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    SignOut,
    SignOutOfOthers,
    SignOutOfAll,
    SignOutEverywhere,
    Disable,
    Delete,
    TakeRole,
    GiveRoleToUser,
    DisableUser,
    DeleteUser,
}

impl End {
    const ALL: [Self; 10] = [
        Self::SignOut,
        Self::SignOutOfOthers,
        Self::SignOutOfAll,
        Self::SignOutEverywhere,
        Self::Disable,
        Self::Delete,
        Self::TakeRole,
        Self::GiveRoleToUser,
        Self::DisableUser,
        Self::DeleteUser,
    ];

    async fn happens(self, store: &Store, (root, session): (UserId, SessionId), ada: UserId) {
        let (realm, message) = (store.realm, store.message());
        match self {
            Self::SignOut => {
                write!(store, [] tx => sessions::revoke(tx, realm, root, session, NOW, message).await).map(|_| ())
            }
            Self::SignOutOfOthers => {
                write!(store, [] tx => sessions::revoke_all(tx, realm, root, Some(session), NOW, message).await)
                    .map(|_| ())
            }
            Self::SignOutOfAll => {
                write!(store, [] tx => sessions::revoke_all(tx, realm, root, None, NOW, message).await).map(|_| ())
            }
            Self::SignOutEverywhere => {
                write!(store, [] tx => users::sign_out_everywhere(tx, realm, root, NOW, message).await).map(|_| ())
            }
            Self::Disable => {
                write!(store, [] tx => users::disable(tx, realm, root, NOW, message).await).map(|_| ())
            }
            Self::Delete => {
                write!(store, [] tx => users::delete(tx, realm, root, NOW, message).await).map(|_| ())
            }
            Self::TakeRole => {
                set_roles(store, root, "editor not-realm-admin").await;
                Ok(())
            }
            Self::GiveRoleToUser => {
                set_roles(store, ada, "realm-admin").await;
                Ok(())
            }
            Self::DisableUser => {
                write!(store, [] tx => users::disable(tx, realm, ada, NOW, message).await).map(|_| ())
            }
            Self::DeleteUser => {
                write!(store, [] tx => users::delete(tx, realm, ada, NOW, message).await).map(|_| ())
            }
        }
        .unwrap();
    }

    /// As if it had not happened, as far as that can be.
    async fn is_undone(self, store: &Store, root: UserId, ada: UserId) {
        let realm = store.realm;
        for user in [root, ada] {
            write!(store, [] tx => users::enable(tx, realm, user, NOW).await).unwrap();
        }
        set_roles(store, root, "editor realm-admin").await;
        set_roles(store, ada, "").await;
    }
}

async fn told(store: &Store) -> Vec<Message> {
    let lease = Duration::from_secs(1);
    let claimed =
        write_one!(store, [] tx => outbox::claim_due(tx, "revocation", 999, lease, later(99)).await);
    claimed.unwrap().into_iter().map(|queued| queued.message).collect()
}

async fn it_ends_for_good_with_whatever_it_lives_by(store: Store) {
    for end in End::ALL {
        let world = World::new(store.clone()).await;
        let (root, ada) = (world.root.id, world.ada.id);
        let (first, second) = (world.begun().await, world.begun().await);
        end.happens(&store, (root, world.session.id), ada).await;
        end.is_undone(&store, root, ada).await;
        let told = told(&store).await;
        for (session, grant) in [first, second] {
            assert!(!world.is_live(&session).await, "{end:?}");
            if end == End::DeleteUser {
                continue;
            }
            assert_eq!(store.find_grant(&grant).await.unwrap().revoked_at, Some(NOW), "{end:?}");
            let of_it = Revocation::Sessions { sessions: vec![session.id], user: ada };
            // Of a user who is disabled everything is told at once.
            let of_all = Revocation::User { user: ada, not_before: NOW };
            let expected = Message::Revocation(if end == End::DisableUser { of_all } else { of_it });
            assert!(told.contains(&expected), "{end:?}: {told:?}");
        }
        let realm = store.realm;
        for user in [root, ada] {
            let message = store.message();
            write!(store, [] tx => users::delete(tx, realm, user, NOW, message).await).unwrap();
        }
    }
}

async fn it_goes_on_where_something_else_ends(store: Store) {
    let world = World::new(store.clone()).await;
    let (session, grant) = world.begun().await;
    let (realm, root) = (store.realm, world.root.id);
    let (other, stranger) = (store.session(&world.root).await, store.user("eve").await);
    let message = store.message();
    let ended = write!(store, [] tx => sessions::revoke(tx, realm, root, other.id, NOW, message).await);
    assert!(ended.unwrap());
    set_roles(&store, root, "realm-admin").await;
    set_roles(&store, world.ada.id, "editor").await;
    End::Disable.happens(&store, (stranger.id, session.id), stranger.id).await;
    End::GiveRoleToUser.happens(&store, (stranger.id, session.id), stranger.id).await;
    assert!(world.is_live(&session).await);
    assert_eq!(store.find_grant(&grant).await.unwrap().revoked_at, None);
}

async fn it_is_over_when_the_session_it_began_in_has_expired(store: Store) {
    let mut world = World::new(store.clone()).await;
    for (idle, absolute) in [(later(60), later(600)), (later(600), later(60))] {
        let session = store.session_of(&world.root, NOW);
        let session = Session { idle_expires_at: idle, expires_at: absolute, ..session };
        assert!(world.begins(&session).await);
        world.session = session;
        let in_place = Session { expires_at: later(600), idle_expires_at: later(600), ..world.in_place() };
        assert!(world.begins(&in_place).await);
        assert!(store.find_live(&in_place, later(59)).await.is_some());
        assert!(store.find_live(&in_place, later(60)).await.is_none());
        let (realm, user) = (store.realm, world.ada.id);
        let listed = read!(store, [] tx => sessions::list(tx, realm, user, later(60), None, 9).await);
        assert_eq!(listed.unwrap(), []);
    }
}

/// SE-07: of the two that happen at once, the end wins, in whatever order they are written.
async fn what_begins_while_its_reason_ends_does_not_live(store: Store) {
    // Those after which an administrator may well begin anew are no ends of what begins then.
    for end in End::ALL.into_iter().filter(|end| *end != End::SignOutOfOthers) {
        for _ in 0..3 {
            let world = World::new(store.clone()).await;
            let (root, ada) = (world.root.id, world.ada.id);
            let begun = at_once(6, |n| {
                let (store, own, session) = (store.clone(), world.session.id, world.in_place());
                async move {
                    if n == 3 {
                        end.happens(&store, (root, own), ada).await;
                    } else {
                        let begun = write!(store, [session] tx => sessions::create(tx, &session, None).await);
                        begun.unwrap();
                    }
                    session
                }
            })
            .await;
            end.is_undone(&store, root, ada).await;
            for session in begun {
                assert!(!world.is_live(&session).await, "{end:?}");
            }
            let realm = store.realm;
            for user in [root, ada] {
                let message = store.message();
                write!(store, [] tx => users::delete(tx, realm, user, NOW, message).await).unwrap();
            }
        }
    }
}
