//! What commands that work on an installation share. All of them work while the server runs.

use gatepost_domain::{EmailAddress, RealmName, User, UserId, Username};
use gatepost_store::{realms, users};

use super::{Refusal, Settings};
use crate::{App, Clock, Config, Reached, config::logging, http::Problem, realm::Snapshot};

/// What a command refuses with where the API answers a problem.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn refusal(problem: Problem) -> Refusal {
    Refusal::new(problem.reason())
}

/// The same, with the thing it is about.
pub(super) fn refusal_of(thing: String) -> impl FnOnce(Problem) -> Refusal {
    move |problem| Refusal::new(format!("{thing}: {}", problem.reason()))
}

/// Opens the installation the settings describe, which must be there: a command that made a new one where a folder was
/// misspelled would seem to have done what was asked.
pub(super) async fn open(settings: &Settings) -> Result<App, Refusal> {
    must_exist(&settings.load(super::Listening::default())?)?;
    open_or_make(settings).await
}

/// Whether there is an installation where the settings say.
pub(super) fn must_exist(config: &Config) -> Result<(), Refusal> {
    if config.database_url.is_none() && !config.data_dir.join("gatepost.db").exists() {
        return Err(Refusal::new(format!(
            "there is no installation in {}: name its folder with --data-dir, or its settings with --config; \
             `gatepost serve` and `gatepost apply` make one",
            config.data_dir.display()
        )));
    }
    Ok(())
}

/// The same, and makes the installation if it is not there.
pub(super) async fn open_or_make(settings: &Settings) -> Result<App, Refusal> {
    let config = settings.load(super::Listening::default())?;
    // What the settings say of logs is said of the server. A command logs more only where it is told to.
    let for_command = Config { log_level: settings.log_level.clone(), ..config.clone() };
    logging::start(&for_command, logging::COMMAND)?;
    // Commands make no links and no tokens for others unless a public URL is set; the default one is the server's own.
    let here = format!("http://{}", config.listen);
    Ok(App::open(&config, Clock::system(), Reached::AsServed(&here)).await?)
}

/// The realm called `name`, or the default realm.
pub(super) async fn realm(app: &App, name: Option<&RealmName>) -> Result<std::sync::Arc<Snapshot>, Refusal> {
    let found = match name {
        Some(name) => app.realms().named(app, name.as_str()).await,
        None => app.realms().for_host(app, "").await,
    };
    match found.map_err(|problem| Refusal::new(problem.reason()))? {
        Some(realm) => Ok(realm),
        None => Err(no_such_realm(app, name).await),
    }
}

async fn no_such_realm(app: &App, name: Option<&RealmName>) -> Refusal {
    let all = app
        .db()
        .read("list realms", |tx| Box::pin(async move { realms::list(tx, None, 10_000).await }))
        .await;
    let names: Vec<String> = all.unwrap_or_default().iter().map(|realm| realm.name.to_string()).collect();
    let Some(name) = name else {
        return Refusal::new("there is no default realm");
    };
    let hint = crate::config::nearest(name.as_str(), names.iter().map(String::as_str));
    Refusal::new(match hint {
        Some(near) => format!("there is no realm {name}; did you mean {near}?"),
        None => format!("there is no realm {name}; `gatepost realm list` shows all"),
    })
}

/// The user with this id, address or user name.
pub(super) async fn user(app: &App, realm: &Snapshot, text: &str) -> Result<User, Refusal> {
    let id = realm.id();
    let by_id = text.parse::<UserId>().ok();
    let by_email = text.parse::<EmailAddress>().ok();
    let by_username = text.parse::<Username>().ok();
    let found = app
        .db()
        .read("find a user", move |tx| {
            let (by_email, by_username) = (by_email.clone(), by_username.clone());
            Box::pin(async move {
                if let Some(user) = by_id {
                    return users::find(tx, id, user).await;
                }
                if let Some(email) = &by_email {
                    return users::find_by_email(tx, id, email).await;
                }
                match &by_username {
                    Some(username) => users::find_by_username(tx, id, username).await,
                    None => Ok(None),
                }
            })
        })
        .await?;
    found.ok_or_else(|| {
        Refusal::new(format!(
            "realm {} has no user {text}; `gatepost user list` shows all, --realm names another realm",
            realm.name()
        ))
    })
}
