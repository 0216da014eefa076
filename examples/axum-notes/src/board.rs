//! The boards of organizations: every member reads, editors and owners write, and no organization sees another's.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use gatepost_guard::{CurrentMember, Guarded, Require, Resource, User, any_role};
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use crate::api::{App, Text};
use crate::notes::Notes;
use crate::problem::Problem;

any_role!(pub(crate) Editor = "owner" | "editor");

/// One note of a board, as it is stored and as it is answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Posting {
    id: i64,
    organization: String,
    /// The `sub` of whoever wrote it.
    author: String,
    text: String,
    created_at: String,
}

/// The member comes first: whoever is asked for behind it is who they are in that organization.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/", get(board).post(post)).route("/{id}", get(read).delete(take_down))
}

async fn board(member: CurrentMember, State(notes): State<Notes>) -> Result<Json<Vec<Posting>>, Problem> {
    Ok(Json(notes.board_of(member.organization.id.clone()).await?))
}

async fn post(
    member: CurrentMember,
    _: Require<Editor>,
    State(notes): State<Notes>,
    text: Text,
) -> Result<(StatusCode, Json<Posting>), Problem> {
    let organization = member.organization.id.clone();
    let posted = notes.post(organization, member.id.clone(), text?.0.text()?).await?;
    Ok((StatusCode::CREATED, Json(posted)))
}

async fn read(_: CurrentMember, posting: Guarded<Found>) -> Result<Json<Posting>, Problem> {
    Ok(Json(posting.into_resource()?))
}

async fn take_down(
    _: CurrentMember,
    _: Require<Editor>,
    posting: Guarded<Found>,
    State(notes): State<Notes>,
) -> Result<StatusCode, Problem> {
    notes.take_down(posting.into_resource()?.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

type Found = Result<Posting, rusqlite::Error>;

/// What is on another organization's board is not there.
impl Resource<App> for Found {
    type Key = i64;

    const HIDDEN: bool = true;

    async fn load(id: i64, app: &App) -> Option<Self> {
        app.notes().posting(id).await.transpose()
    }

    /// A failure is nobody's: the handler turns it into its answer.
    fn allows(&self, user: &User) -> bool {
        self.as_ref().map_or(true, |posting| user.organization_id() == Some(&posting.organization))
    }
}

impl Notes {
    async fn post(&self, organization: String, author: String, text: String) -> rusqlite::Result<Posting> {
        const SQL: &str = "INSERT INTO board (organization, author, text) VALUES (?1, ?2, ?3)
            RETURNING id, organization, author, text, created_at";
        self.with(move |db| db.prepare_cached(SQL)?.query_row(params![organization, author, text], posting))
            .await
    }

    /// Newest first.
    async fn board_of(&self, organization: String) -> rusqlite::Result<Vec<Posting>> {
        const SQL: &str = "SELECT id, organization, author, text, created_at FROM board
            WHERE organization = ?1 ORDER BY id DESC";
        self.with(move |db| db.prepare_cached(SQL)?.query_map([organization], posting)?.collect()).await
    }

    async fn posting(&self, id: i64) -> rusqlite::Result<Option<Posting>> {
        const SQL: &str = "SELECT id, organization, author, text, created_at FROM board WHERE id = ?1";
        self.with(move |db| db.prepare_cached(SQL)?.query_row([id], posting).optional()).await
    }

    async fn take_down(&self, id: i64) -> rusqlite::Result<()> {
        self.with(move |db| db.prepare_cached("DELETE FROM board WHERE id = ?1")?.execute([id]).map(drop))
            .await
    }
}

fn posting(row: &Row<'_>) -> rusqlite::Result<Posting> {
    let (id, organization, author) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(Posting { id, organization, author, text: row.get(3)?, created_at: row.get(4)? })
}
