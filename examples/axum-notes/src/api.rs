//! The routes. Who may do what is in the types of the handlers' arguments.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRef, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use gatepost_guard::{
    CurrentUser, Guard, Guarded, Refusal, Require, Resource, TokenOnly, User, check_state, role,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::notes::{Note, Notes};
use crate::problem::Problem;

role!(pub(crate) RealmAdmin = "realm-admin");

/// What the handlers share.
#[derive(Clone, FromRef)]
pub(crate) struct App {
    guard: Guard,
    notes: Notes,
}

impl App {
    pub(crate) const fn notes(&self) -> &Notes {
        &self.notes
    }
}

check_state!(App);

/// The whole API.
pub(crate) fn app(guard: Guard, notes: Notes) -> Router {
    let admin = Router::new().route("/notes", get(all_notes)).route_layer(guard.require::<RealmAdmin>());
    Router::new()
        .route("/", get(front))
        .route("/health", get(health))
        .route("/me", get(me))
        .route("/notes", get(my_notes).post(write))
        .route("/notes/{id}", get(read).put(rewrite).delete(delete))
        .nest("/admin", admin)
        .nest("/board", crate::board::routes())
        .with_state(App { guard, notes })
}

/// Open to all, and knows who is there.
async fn front(user: Option<CurrentUser>) -> Json<Value> {
    Json(json!({ "app": "notes", "user": user.map(|user| user.id.clone()) }))
}

async fn health(State(notes): State<Notes>) -> Result<Json<Value>, Problem> {
    notes.is_there().await?;
    Ok(Json(json!({ "status": "ok" })))
}

async fn me(user: CurrentUser) -> Json<Value> {
    Json(json!({ "id": user.id, "email": user.email, "name": user.name, "roles": user.roles }))
}

async fn my_notes(user: CurrentUser, State(notes): State<Notes>) -> Result<Json<Vec<Note>>, Problem> {
    Ok(Json(notes.of_owner(user.id.clone()).await?))
}

/// API keys read; only who signed in writes.
async fn write(
    user: Require<TokenOnly>,
    State(notes): State<Notes>,
    text: Text,
) -> Result<impl IntoResponse, Problem> {
    let note = notes.write(user.id.clone(), text?.0.text()?).await?;
    let location = format!("/notes/{}", note.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(note)))
}

async fn read(note: Guarded<Found>) -> Result<Json<Note>, Problem> {
    Ok(Json(note.into_resource()?))
}

async fn rewrite(
    _: Require<TokenOnly>,
    note: Guarded<Found>,
    State(notes): State<Notes>,
    text: Text,
) -> Result<Json<Note>, Problem> {
    let note = note.into_resource()?;
    // Deleted meanwhile: what the guard says of one that was never there.
    let rewritten = notes.rewrite(note.id, text?.0.text()?).await?;
    rewritten.map(Json).ok_or(Problem::Refused(Refusal::NotFound))
}

async fn delete(
    _: Require<TokenOnly>,
    note: Guarded<Found>,
    State(notes): State<Notes>,
) -> Result<StatusCode, Problem> {
    notes.delete(note.into_resource()?.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Behind the layer in [`app`].
async fn all_notes(State(notes): State<Notes>) -> Result<Json<Vec<Note>>, Problem> {
    Ok(Json(notes.all().await?))
}

/// The note that the path names, or why the database did not yield it: a note must not seem to be gone because its file is.
type Found = Result<Note, rusqlite::Error>;

/// A note is its owner's. [`Guarded`] asks in this order: signed in (401), the note exists (404), it is theirs (403).
impl Resource<App> for Found {
    type Key = i64;

    async fn load(id: i64, app: &App) -> Option<Self> {
        app.notes.find(id).await.transpose()
    }

    /// A failure is nobody's: the handler turns it into its answer.
    fn allows(&self, user: &User) -> bool {
        self.as_ref().map_or(true, |note| note.owner == user.id)
    }
}

/// The body, looked at only when the handler asks: whose note it is comes first.
pub(crate) type Text = Result<Json<NewText>, JsonRejection>;

#[derive(Deserialize)]
pub(crate) struct NewText {
    text: String,
}

const LONGEST: usize = 10_000;

impl NewText {
    pub(crate) fn text(self) -> Result<String, Problem> {
        if self.text.trim().is_empty() {
            return Err(Problem::BadNote("A note needs a text."));
        }
        if self.text.chars().count() > LONGEST {
            return Err(Problem::BadNote("A note has at most 10,000 characters."));
        }
        Ok(self.text)
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::BadNote("Send a JSON object with a string `text`."),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use gatepost_guard::KeySet;
    use gatepost_jose::{Algorithm, SigningKey, jwt};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    const ISSUER: &str = "https://auth.example.com";

    /// The API, and a way to speak to it as somebody.
    struct TestApp {
        api: Router,
        key: SigningKey,
    }

    impl TestApp {
        fn new() -> Self {
            let key = SigningKey::generate(Algorithm::ES256).unwrap();
            let guard = Guard::from_keys(ISSUER, "notes-api", KeySet::new([key.verifying_key()]).unwrap());
            Self { api: app(guard, Notes::in_memory()), key }
        }

        /// Status and body of one request by `who`, who has `roles`.
        async fn ask(&self, who: &str, roles: &[&str], method: &str, path: &str, body: &str) -> (u16, Value) {
            let claims = json!({
                "iss": ISSUER, "sub": who, "aud": "notes-api", "client_id": "web", "jti": who, "roles": roles,
                "iat": 1_700_000_000, "exp": 9_000_000_000_i64,
            });
            let mut request =
                Request::builder().method(method).uri(path).header("content-type", "application/json");
            if !who.is_empty() {
                let token = jwt::sign("at+jwt", &claims, &self.key).unwrap();
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer =
                self.api.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            (status, serde_json::from_slice(&body).unwrap_or_default())
        }
    }

    #[tokio::test]
    async fn a_note_is_seen_by_its_owner_and_nobody_else() {
        let app = TestApp::new();
        let (status, note) = app.ask("usr_ada", &[], "POST", "/notes", r#"{"text":"engine"}"#).await;
        assert_eq!((status, &note["owner"], &note["text"]), (201, &json!("usr_ada"), &json!("engine")));
        assert_eq!(app.ask("usr_ada", &[], "GET", "/notes/1", "").await, (200, note));
        let (status, problem) = app.ask("usr_bob", &["realm-admin"], "GET", "/notes/1", "").await;
        assert_eq!((status, &problem["code"]), (403, &json!("not_yours")));
        assert_eq!(app.ask("usr_bob", &[], "GET", "/notes", "").await, (200, json!([])));
    }

    /// What a stranger can tell from the answers: nothing.
    #[tokio::test]
    async fn credentials_come_before_everything_then_the_note_then_the_owner_then_the_body() {
        let app = TestApp::new();
        app.ask("usr_ada", &[], "POST", "/notes", r#"{"text":"engine"}"#).await;
        for (who, path, status) in [
            ("", "/notes/1", 401),
            ("", "/notes/99", 401),
            ("usr_bob", "/notes/99", 404),
            ("usr_bob", "/notes/1", 403),
            ("usr_ada", "/notes/1", 422),
            ("usr_ada", "/notes/one", 404),
            ("usr_ada", "/notes/-1", 404),
            ("usr_ada", "/notes/99999999999999999999", 404),
        ] {
            assert_eq!(app.ask(who, &[], "PUT", path, "no JSON").await.0, status, "{who} {path}");
        }
        assert_eq!(app.ask("usr_ada", &[], "GET", "/notes/1", "").await.1["text"], "engine");
    }

    #[tokio::test]
    async fn only_the_role_opens_the_administrators_list() {
        let app = TestApp::new();
        app.ask("usr_ada", &[], "POST", "/notes", r#"{"text":"engine"}"#).await;
        assert_eq!(app.ask("", &[], "GET", "/admin/notes", "").await.0, 401);
        assert_eq!(app.ask("usr_ada", &["realm-administrator"], "GET", "/admin/notes", "").await.0, 403);
        let (status, all) = app.ask("usr_root", &["realm-admin"], "GET", "/admin/notes", "").await;
        assert_eq!((status, &all[0]["owner"]), (200, &json!("usr_ada")));
    }

    #[tokio::test]
    async fn a_note_without_text_is_refused() {
        let app = TestApp::new();
        for body in ["", "{}", "[]", r#"{"text":1}"#, r#"{"text":""}"#, r#"{"text":" \n"}"#, "{\"text\":\"a"]
        {
            assert_eq!(app.ask("usr_ada", &[], "POST", "/notes", body).await.0, 422, "{body}");
        }
        let long = |length| json!({ "text": "ä".repeat(length) }).to_string();
        assert_eq!(app.ask("usr_ada", &[], "POST", "/notes", &long(10_001)).await.0, 422);
        assert_eq!(app.ask("usr_ada", &[], "POST", "/notes", &long(10_000)).await.0, 201);
    }
}
