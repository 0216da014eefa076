//! `gatepost token mint|decode|explain`

use std::{io::Read as _, path::PathBuf};

use clap::{Args, Subcommand};
use gatepost_domain::{
    RealmName, Scopes, TokenFormat,
    audit::{Actor, Event, Record},
};
use gatepost_jose::{claims_to_be_api_key, dangerous_decode_without_verifying};
use gatepost_store::audit;
use serde::Serialize;

use super::{
    Output, Refusal, Settings,
    explain::{self, Expected, Operation, Requirement},
    output::print,
    store,
};
use crate::{
    App,
    realm::Snapshot,
    session::FIRST_PARTY,
    signing::{self, Audience, Limit, Subject},
};

/// Access tokens: make one, look into one, or learn why one is refused.
#[derive(Args)]
pub(super) struct TokenCommand {
    /// The realm; the default realm unless given
    #[arg(long, value_name = "NAME", global = true)]
    realm: Option<RealmName>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make an access token for a user, to try an API with. It belongs to no session
    Mint {
        /// Id, e-mail address or user name
        user: String,
        /// Whom it is for; the realm's audience unless given
        #[arg(long)]
        audience: Vec<String>,
        /// What it may be used for, as in "notes:read notes:write"
        #[arg(long, default_value = "")]
        scope: Scopes,
    },
    /// Show what a token says, without checking anything
    Decode {
        /// The token, or - to read it from standard input
        token: String,
    },
    /// Check a token or an API key as a guard would, and say which check refuses it
    Explain(Explain),
}

#[derive(Args)]
struct Explain {
    /// The token or API key, or - to read it from standard input
    token: String,
    /// The method of a request, as in GET: what its route asks for is checked too
    #[arg(requires = "path")]
    method: Option<String>,
    /// The path of the request
    path: Option<String>,
    /// The OpenAPI document (JSON) of the API the route belongs to; Gatepost's own unless given
    #[arg(long, value_name = "FILE", requires = "path")]
    api: Option<PathBuf>,
    /// A rule to check, as in permission=notes:write, any_role=admin,owner or fresh=300; may be given several times
    #[arg(long, value_name = "RULE", value_parser = Requirement::parse)]
    requires: Vec<Requirement>,
    /// The audience the API asks for; the realm's own unless given
    #[arg(long)]
    audience: Option<String>,
}

#[derive(Serialize)]
struct Minted {
    access_token: String,
    expires_in: u64,
}

#[derive(Serialize)]
struct Decoded {
    header: serde_json::Value,
    payload: serde_json::Value,
}

impl TokenCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let output = Output::new(self.json);
        match self.what {
            What::Decode { token } => decode(&text(token)?, output),
            What::Mint { user, audience, scope } => {
                let app = store::open(&settings).await?;
                let realm = store::realm(&app, self.realm.as_ref()).await?;
                let minted = mint(&app, &realm, &user, audience, &scope).await?;
                output.show(&minted, || minted.access_token.clone())
            }
            What::Explain(explain) => {
                let app = store::open(&settings).await?;
                let realm = store::realm(&app, self.realm.as_ref()).await?;
                explain.run(&app, &realm, output).await
            }
        }
    }
}

impl Explain {
    async fn run(self, app: &App, realm: &Snapshot, output: Output) -> Result<(), Refusal> {
        let (mut requirements, mut own) = (Vec::new(), false);
        let mut of_an_api = realm.settings().audience.first().map(String::as_str);
        if let (Some(method), Some(path)) = (&self.method, &self.path) {
            let operation = Operation::find(self.api.as_deref(), method, path)?;
            if operation.public {
                let said = format!("{method} {path} is public: no credential is looked at");
                return output.show(&serde_json::json!({ "accepted": true, "public": true }), || said);
            }
            (requirements, own) = (operation.requirements, operation.own);
            of_an_api = of_an_api.filter(|_| !own); // Our own is for the realm itself.
        }
        requirements.extend(self.requires);
        let token = text(self.token)?;
        let verifier = realm.verifier_of(&token, self.audience.as_deref().or(of_an_api));
        let expected = Expected { verifier, requirements, own };
        let trace = explain::trace(app, realm, &expected, &token).await?;
        output.show(&trace, || trace.lines())?;
        match trace.refusal() {
            None => Ok(()),
            Some(refusal) => Err(Refusal::new(refusal)),
        }
    }
}

/// The token itself: from the command line, or from standard input so that no shell history keeps it.
fn text(token: String) -> Result<String, Refusal> {
    let text = if token == "-" {
        let mut text = String::new();
        std::io::stdin().lock().take(64 * 1024).read_to_string(&mut text)?;
        text.trim().to_owned()
    } else {
        token
    };
    if text.starts_with('{') {
        return Err(Refusal::new(
            "this is JSON and not a token: give the value of `access_token`, or - to read it from standard input",
        ));
    }
    Ok(text)
}

fn decode(token: &str, output: Output) -> Result<(), Refusal> {
    explain::must_be_token(token)?;
    if claims_to_be_api_key(token) {
        return Err(Refusal::new(
            "this is an API key, which says nothing by itself; `gatepost token explain` says whether it is good",
        ));
    }
    let parts = dangerous_decode_without_verifying(token)?;
    let decoded = Decoded {
        header: serde_json::from_str(parts.header())?,
        payload: serde_json::from_str(parts.payload())?,
    };
    let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default();
    output.show(&decoded, || {
        format!("header {}\npayload {}", pretty(&decoded.header), pretty(&decoded.payload))
    })?;
    if output.is_json() { Ok(()) } else { print("\nNothing was verified; `gatepost token explain` does.") }
}

async fn mint(
    app: &App,
    realm: &Snapshot,
    user: &str,
    audience: Vec<String>,
    scopes: &Scopes,
) -> Result<Minted, Refusal> {
    let user = store::user(app, realm, user).await?;
    if user.is_disabled() {
        return Err(Refusal::new(format!(
            "user {} is disabled; enable them with `gatepost user enable`",
            user.id
        )));
    }
    let now = app.clock().now();
    let names = if audience.is_empty() { realm.settings().audience.clone() } else { audience };
    let audience = if names.is_empty() { realm.own_audience() } else { Audience::of(names) };
    let subject = Subject {
        user: &user,
        session: None,
        client: FIRST_PARTY,
        pseudonym: None,
        bound_to: None,
        grant: None,
        scopes,
        member: None,
        limit: Limit::OWN,
        exchanged: None,
        external: None,
        audience,
        format: TokenFormat::Standard,
    };
    let (access_token, expires_in) = signing::issue(realm, subject, app.entropy(), now)
        .map_err(|problem| Refusal::new(problem.reason()))?;
    let record =
        Record::new(app.event_id(now), realm.id(), now, Event::TokenMinted, Actor::Operator).user(user.id);
    app.db()
        .write("record a minted token", move |tx| {
            let record = record.clone();
            Box::pin(async move { audit::append(tx, &record).await })
        })
        .await?;
    Ok(Minted { access_token, expires_in })
}
