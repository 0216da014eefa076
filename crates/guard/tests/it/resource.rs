//! Resources: who gets what is in the path, and what those learn who do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get as on_get;
use gatepost_guard::{CurrentMember, CurrentUser, Guard, Guarded, KeySet, Resource, User, check_state};
use gatepost_jose::SigningKey;
use serde::Deserialize;
use serde_json::json;

use crate::support::*;

struct Staff;

#[derive(Clone, FromRef)]
struct Shelf {
    guard: Guard,
    staff: Guard<Staff>,
    loads: Arc<AtomicUsize>,
}

check_state!(Shelf);

#[derive(Debug, Clone)]
struct Note {
    owner: &'static str,
    organization: &'static str,
}

impl Note {
    fn find(id: u64, shelf: &Shelf) -> Option<Self> {
        shelf.loads.fetch_add(1, Ordering::SeqCst);
        (id == 1).then_some(Self { owner: "usr_ada", organization: "org_acme" })
    }
}

impl Resource<Shelf> for Note {
    type Key = u64;

    async fn load(id: u64, shelf: &Shelf) -> Option<Self> {
        Self::find(id, shelf)
    }

    fn allows(&self, user: &User) -> bool {
        self.owner == user.id || user.has_role("admin")
    }
}

/// A note that strangers cannot tell from one that is not there.
struct Diary(Note);

impl Diary {
    fn owner(&self) -> &'static str {
        self.0.owner
    }
}

impl Resource<Shelf> for Diary {
    type Key = u64;
    const HIDDEN: bool = true;

    async fn load(id: u64, shelf: &Shelf) -> Option<Self> {
        Note::find(id, shelf).map(Self)
    }

    fn allows(&self, user: &User) -> bool {
        self.0.owner == user.id
    }
}

#[derive(Deserialize)]
struct Place {
    shelf: String,
    note: u64,
}

/// A note named by two parameters, for the members of its organization.
struct Shared(Note);

impl Resource<Shelf> for Shared {
    type Key = Place;

    async fn load(place: Place, shelf: &Shelf) -> Option<Self> {
        if place.shelf == "maths" { Note::find(place.note, shelf).map(Self) } else { None }
    }

    fn allows(&self, user: &User) -> bool {
        user.organization_id() == Some(self.0.organization)
    }
}

/// A note, or why the database did not yield it.
impl Resource<Shelf> for Result<Note, &'static str> {
    type Key = u64;

    async fn load(_: u64, _: &Shelf) -> Option<Self> {
        Some(Err("the database is away"))
    }

    fn allows(&self, user: &User) -> bool {
        self.as_ref().map_or(true, |note| note.owner == user.id)
    }
}

struct Fixture {
    app: Router,
    key: SigningKey,
    loads: Arc<AtomicUsize>,
}

fn fixture() -> Fixture {
    let (guard, key) = offline();
    let staff_key = crate::support::key("staff");
    let staff = TestClock::new()
        .builder()
        .issuer_with_keys("https://staff.example.com", KeySet::new([staff_key.verifying_key()]).unwrap())
        .discover_later()
        .unwrap()
        .tagged::<Staff>();
    let loads = Arc::<AtomicUsize>::default();
    let app = Router::new()
        .route(
            "/notes/{id}",
            on_get(|note: Guarded<Note>| async move { format!("{} {}", note.owner, note.1.id) }),
        )
        .route("/staff/{id}", on_get(|note: Guarded<Note, Staff>| async move { note.1.issuer.clone() }))
        .route("/diary/{id}", on_get(|note: Guarded<Diary>| async move { note.owner() }))
        .route(
            "/shelves/{shelf}/notes/{note}",
            on_get(|_: CurrentMember, note: Guarded<Shared>| async move { note.into_resource().0.owner }),
        )
        .route(
            "/failing/{id}",
            on_get(|note: Guarded<Result<Note, &'static str>>| async move {
                note.into_resource().map_or_else(ToOwned::to_owned, |note| note.owner.to_owned())
            }),
        )
        .route("/none", on_get(|_: Guarded<Note>| async {}))
        .route("/two/{a}/{b}", on_get(|_: Guarded<Note>| async {}))
        .with_state(Shelf { guard, staff, loads: loads.clone() });
    Fixture { app, key, loads }
}

impl Fixture {
    async fn get(&self, path: &str, more: serde_json::Value) -> Answer {
        get(&self.app, path, &[&bearer(&token(&self.key, &claims(ISSUER, more)))]).await
    }

    fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn its_owner_has_it_and_so_has_whoever_the_resource_allows() {
    let notes = fixture();
    assert_eq!(notes.get("/notes/1", json!({})).await.body, "usr_ada usr_ada");
    let admin = json!({ "sub": "usr_root", "roles": ["admin"] });
    assert_eq!(notes.get("/notes/1", admin).await.body, "usr_ada usr_root");
}

/// What a stranger learns about paths and notes: nothing, and the database does not notice them.
#[tokio::test]
async fn without_a_good_token_nothing_is_loaded_and_no_path_is_judged() {
    let notes = fixture();
    let expired = bearer(&token(&notes.key, &claims(ISSUER, json!({ "exp": NOW - 60 }))));
    for path in ["/notes/1", "/notes/2", "/notes/one", "/notes/%ff", "/diary/1", "/none", "/two/1/2"] {
        for authorization in [&[][..], &["Bearer garbage"], &[&expired]] {
            assert_eq!(get(&notes.app, path, authorization).await.status, 401, "{path} {authorization:?}");
        }
    }
    assert_eq!(notes.loads(), 0);
}

#[tokio::test]
async fn what_is_missing_is_404_before_anybody_is_forbidden() {
    let notes = fixture();
    for path in
        ["/notes/2", "/notes/one", "/notes/-1", "/notes/1.0", "/notes/99999999999999999999", "/notes/%ff"]
    {
        for who in ["usr_ada", "usr_bob"] {
            let answer = notes.get(path, json!({ "sub": who })).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{who} {path}");
            assert_eq!(answer.challenge(), None);
        }
    }
    assert_eq!(notes.loads(), 2, "only a key is looked up");
}

#[tokio::test]
async fn somebody_elses_is_403_and_says_so() {
    let notes = fixture();
    let answer = notes.get("/notes/1", json!({ "sub": "usr_bob", "roles": ["Admin"] })).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "not_yours"));
    assert_eq!(answer.challenge(), None, "another token would not help");
}

/// Attack TN-01: the answer is that of a missing one, byte for byte.
#[tokio::test]
async fn tn_01_a_hidden_resource_of_somebody_else_cannot_be_told_from_a_missing_one() {
    let notes = fixture();
    assert_eq!(notes.get("/diary/1", json!({})).await.body, "usr_ada");
    let bob = json!({ "sub": "usr_bob", "roles": ["admin"] });
    let hidden = notes.get("/diary/1", bob.clone()).await;
    assert_eq!(hidden.status, 404);
    for missing in ["/diary/2", "/diary/one"] {
        let missing = notes.get(missing, bob.clone()).await;
        assert_eq!(
            (missing.status, missing.headers, missing.body),
            (hidden.status, hidden.headers.clone(), hidden.body.clone())
        );
    }
}

#[tokio::test]
async fn a_key_may_be_several_parameters_and_the_rule_an_organization() {
    let notes = fixture();
    let member = json!({ "sub": "usr_bob", "org_id": "org_acme" });
    assert_eq!(notes.get("/shelves/maths/notes/1", member.clone()).await.body, "usr_ada");
    assert_eq!(notes.get("/shelves/poems/notes/1", member).await.status, 404);
    let stranger = notes.get("/shelves/maths/notes/1", json!({ "org_id": "org_globex" })).await;
    assert_eq!(stranger.code(), "not_yours");
    assert_eq!(notes.get("/shelves/maths/notes/1", json!({})).await.code(), "organization_required");
}

#[tokio::test]
async fn the_tag_says_whose_users_they_are() {
    let notes = fixture();
    assert_eq!(notes.get("/staff/1", json!({})).await.status, 401);
}

#[tokio::test]
async fn a_failure_to_load_is_the_handlers_to_answer_and_not_a_404() {
    assert_eq!(fixture().get("/failing/1", json!({})).await.body, "the database is away");
}

#[tokio::test]
async fn a_route_that_cannot_yield_the_key_is_a_mistake_that_the_log_explains() {
    let log = Log::default();
    let _logging = log.listen();
    let notes = fixture();
    for path in ["/none", "/two/1/2"] {
        let answer = notes.get(path, json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "misrouted"), "{path}");
    }
    let logged = log.take();
    assert_eq!(logged.matches("write one path parameter for each part of u64").count(), 2, "{logged}");
    assert_eq!(notes.loads(), 0);
}

#[tokio::test]
async fn guards_on_one_route_find_the_caller_once_and_agree() {
    let (guard, key) = offline();
    let shelf = Shelf { staff: guard.clone().tagged(), guard, loads: Arc::default() };
    let app = Router::new()
        .route(
            "/notes/{id}",
            on_get(
                |user: CurrentUser, note: Guarded<Note>| async move { (user.id == note.1.id).to_string() },
            ),
        )
        .with_state(shelf);
    let ada = bearer(&token(&key, &claims(ISSUER, json!({}))));
    assert_eq!(get(&app, "/notes/1", &[&ada]).await.body, "true");
}
