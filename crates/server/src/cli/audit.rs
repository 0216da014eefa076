//! `gatepost audit export`

use clap::{Args, Subcommand};
use gatepost_domain::{
    EventId, RealmName, Timestamp,
    audit::{Actor, Event, Record},
};
use gatepost_store::audit::{self, RecordFilter};

use super::{Refusal, Settings, output::print, store};
use crate::{App, config::nearest, realm::Snapshot};

/// Records read at a time.
const PAGE: u32 = 1_000;

/// The audit trail: who did what to whom, when and from where.
#[derive(Args)]
pub(super) struct AuditCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print a realm's trail as NDJSON, one event a line, the newest first
    Export {
        /// The realm [default: the default realm]
        #[arg(long)]
        realm: Option<RealmName>,
        /// Only what was done to this user: id, e-mail address or user name
        #[arg(long)]
        user: Option<String>,
        /// Only what this one did: user:…, client:…, operator, system or anonymous
        #[arg(long)]
        actor: Option<Actor>,
        /// Only what was refused
        #[arg(long)]
        refused: bool,
        /// Only events of this name, as in sign-in-refused
        #[arg(long, value_parser = event)]
        event: Option<Event>,
        /// Only from this day or moment on (UTC), as in 2026-11-01 or 2026-11-01T08:30:00Z
        #[arg(long, value_parser = moment)]
        since: Option<Timestamp>,
        /// Only before this day or moment
        #[arg(long, value_parser = moment)]
        until: Option<Timestamp>,
        /// Print one JSON list in place of a line for each event
        #[arg(long)]
        json: bool,
    },
}

fn event(text: &str) -> Result<Event, String> {
    text.parse().map_err(|_| match nearest(text, Event::ALL.iter().map(|event| event.name())) {
        Some(near) => format!("no event has this name; did you mean {near}?"),
        None => "no event has this name; docs/reference/audit-events.md lists them".to_owned(),
    })
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    let midnight = || format!("{text}T00:00:00Z").parse();
    text.parse()
        .or_else(|_| midnight())
        .map_err(|_| "write a day, or a moment as in 2026-11-01T08:30:00Z (UTC)")
}

impl AuditCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let What::Export { realm, user, actor, refused, event, since, until, json } = self.what;
        let realm = store::realm(&app, realm.as_ref()).await?;
        let user = match user {
            Some(text) => Some(store::user(&app, &realm, &text).await?.id),
            None => None,
        };
        export(
            &app,
            &realm,
            RecordFilter { user, actor, refused: refused.then_some(true), event, since, until },
            json,
        )
        .await
    }
}

/// By pages, so that a long trail needs no more memory than a short one.
async fn export(app: &App, realm: &Snapshot, filter: RecordFilter, json: bool) -> Result<(), Refusal> {
    let mut before: Option<EventId> = None;
    if json {
        print("[")?;
    }
    loop {
        let (realm, asked) = (realm.id(), filter.clone());
        let page: Vec<Record> = app
            .db()
            .read("export the audit trail", move |tx| {
                let filter = asked.clone();
                Box::pin(async move { audit::list(tx, realm, &filter, before, PAGE).await })
            })
            .await?;
        let Some(last) = page.last() else {
            return if json { print("]") } else { Ok(()) };
        };
        let is_first = before.is_none();
        before = Some(last.id);
        let lines: Vec<String> = page.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        match (json, is_first) {
            (false, _) => print(&lines.join("\n"))?,
            (true, true) => print(&lines.join(",\n"))?,
            (true, false) => print(&format!(",{}", lines.join(",\n")))?,
        }
    }
}
