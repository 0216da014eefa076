//! `gatepost user list|show|create|import|roles|verify|disable|enable|delete|set-password|reset-mfa`

use std::io::{IsTerminal as _, Read as _};

use clap::{Args, Subcommand};
use gatepost_domain::{RealmName, User, password};
use gatepost_store::users::{self, UserFilter};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{
    Output, Refusal, Settings, confirm,
    import::Import,
    output::table,
    store::{self, refusal, refusal_of},
};
use crate::{
    App,
    accounts::{self, Change, Profile, Who},
    api::{Enrolment, UserView},
    mfa,
    realm::Snapshot,
};

/// Users of a realm.
#[derive(Args)]
pub(super) struct UserCommand {
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
    /// List the users, in the order they were made
    List {
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Only those who have no second factor, or only those who have one
        #[arg(long, value_enum, value_name = "WHICH")]
        mfa: Option<Enrolment>,
    },
    /// Show a user
    Show {
        /// Id, e-mail address or user name
        user: String,
    },
    /// Make a user
    Create(Create),
    /// Make the users of a file that another product wrote, with the hashes of their passwords
    Import(Import),
    /// Show the roles given to a user, or give and take some
    Roles {
        /// Id, e-mail address or user name
        user: String,
        /// A role to give; may be given several times
        #[arg(long, value_name = "ROLE")]
        add: Vec<String>,
        /// A role to take; may be given several times
        #[arg(long, value_name = "ROLE")]
        remove: Vec<String>,
    },
    /// Say that the e-mail address of a user is known to be theirs
    Verify {
        /// Id, e-mail address or user name
        user: String,
    },
    /// Stop a user signing in, end their sessions and revoke their API keys
    Disable {
        /// Id, e-mail address or user name
        user: String,
    },
    /// Let a disabled user sign in again
    Enable {
        /// Id, e-mail address or user name
        user: String,
    },
    /// Set a password, read from standard input, end the user's sessions and revoke their API keys
    SetPassword {
        /// Id, e-mail address or user name
        user: String,
    },
    /// Remove a user's second factors and recovery codes, for one who has lost both, and end their sessions
    ResetMfa {
        /// Id, e-mail address or user name
        user: String,
        /// Yes, from then on the password alone signs them in
        #[arg(long)]
        yes: bool,
    },
    /// Remove a user and everything of theirs
    Delete {
        /// Id, e-mail address or user name
        user: String,
        /// Yes, everything of theirs
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
struct Create {
    /// The address to sign in with
    #[arg(long)]
    email: Option<String>,
    /// The address is known to be theirs
    #[arg(long, requires = "email")]
    email_verified: bool,
    /// The name to sign in with
    #[arg(long)]
    username: Option<String>,
    /// The name to show
    #[arg(long)]
    name: Option<String>,
    /// A role; may be given several times. realm-admin administers the realm
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Read a password from standard input; without one the user cannot sign in with a password
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    user: UserView,
    disabled: bool,
}

/// One user, with what takes another look to know.
#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    user: Shown,
    second_factors: Vec<&'static str>,
}

impl From<&User> for Shown {
    fn from(user: &User) -> Self {
        Self { user: user.into(), disabled: user.is_disabled() }
    }
}

impl UserCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let output = Output::new(self.json);
        let now = app.clock().now();
        match self.what {
            What::List { limit, mfa } => {
                let filter =
                    UserFilter { has_factor: mfa.map(Enrolment::has_factor), ..UserFilter::default() };
                list(&app, &realm, filter, limit, output).await
            }
            What::Show { user } => {
                let user = store::user(&app, &realm, &user).await?;
                let overview = mfa::overview(&app, realm.id(), user.id).await.map_err(refusal)?;
                let kinds: Vec<_> = overview.factors.iter().map(|factor| factor.kind.name()).collect();
                let shown = Detailed { user: Shown::from(&user), second_factors: kinds };
                output.show(&shown, || {
                    let kinds = shown.second_factors.join(" ");
                    let kinds = if kinds.is_empty() { "none" } else { &kinds };
                    format!("{}\n{:<15}{kinds}", lines(&user), "second factors")
                })
            }
            What::Create(create) => {
                let profile = Profile::parse(
                    create.email.as_deref(),
                    create.username.as_deref(),
                    create.name.as_deref(),
                )
                .and_then(|profile| profile.verified(create.email_verified).roles(&realm, &create.roles))
                .map_err(refusal)?;
                let hash = if create.password_stdin {
                    Some(hash(&app, &realm, &profile.words()).await?)
                } else {
                    None
                };
                let called = create.email.or(create.username).unwrap_or_default();
                let user = accounts::create(&app, &realm, profile, hash, Who::operator(), now)
                    .await
                    .map_err(refusal_of(format!("user {called} in {}", realm.name())))?;
                output.show(&Shown::from(&user), || format!("made user {}", user.id))
            }
            What::Import(import) => import.run(&app, &realm, output).await,
            What::Roles { user, add, remove } => {
                let user = if add.is_empty() && remove.is_empty() {
                    store::user(&app, &realm, &user).await?
                } else {
                    let edited = Change::new().edit_roles(&realm, &add, &remove).map_err(refusal)?;
                    change(&app, &realm, &user, edited).await?
                };
                output.show(&Shown::from(&user), || match accounts::names(&user.roles).as_str() {
                    "" => format!("{} has no roles", user.id),
                    roles => format!("{} has {roles}", user.id),
                })
            }
            What::Verify { user } => {
                let found = store::user(&app, &realm, &user).await?;
                if found.email.is_none() {
                    return Err(Refusal::new(format!("{} has no e-mail address", found.id)));
                }
                let user = change(&app, &realm, &user, Change::new().email_verified(Some(true))).await?;
                output.show(&Shown::from(&user), || format!("the address of {} is verified", user.id))
            }
            What::Disable { user } => {
                let user = change(&app, &realm, &user, Change::new().disabled(Some(true))).await?;
                output.show(&Shown::from(&user), || {
                    format!(
                        "disabled user {}; their sessions have ended, and their API keys are revoked",
                        user.id
                    )
                })
            }
            What::Enable { user } => {
                let user = change(&app, &realm, &user, Change::new().disabled(Some(false))).await?;
                output.show(&Shown::from(&user), || format!("enabled user {}", user.id))
            }
            What::SetPassword { user } => {
                let user = store::user(&app, &realm, &user).await?;
                let hash = hash(&app, &realm, &accounts::words(&user)).await?;
                let user = change(&app, &realm, &user.id.to_string(), Change::new().password(hash)).await?;
                output.show(&Shown::from(&user), || {
                    format!(
                        "set the password of {}; their sessions have ended, and their API keys are revoked",
                        user.id
                    )
                })
            }
            What::ResetMfa { user: called, yes } => {
                let user = store::user(&app, &realm, &called).await?;
                confirm(yes, &format!("the second factors of {} and ends their sessions", user.id))?;
                let done = mfa::reset(&app, realm.id(), user.id, Who::operator(), now)
                    .await
                    .map_err(refusal_of(format!("user {called} in {}", realm.name())))?;
                output.show(&Shown::from(&user), || {
                    if done {
                        format!("reset the second factors of {}; their sessions have ended", user.id)
                    } else {
                        format!("{} has no second factor", user.id)
                    }
                })
            }
            What::Delete { user: called, yes } => {
                let user = store::user(&app, &realm, &called).await?;
                confirm(yes, &format!("user {} with their sessions, memberships and API keys", user.id))?;
                accounts::delete(&app, realm.id(), user.id, Who::operator(), now)
                    .await
                    .map_err(refusal_of(format!("user {called} in {}", realm.name())))?;
                output.show(&Shown::from(&user), || format!("deleted user {}", user.id))
            }
        }
    }
}

async fn change(app: &App, realm: &Snapshot, user: &str, change: Change) -> Result<User, Refusal> {
    let found = store::user(app, realm, user).await?;
    accounts::change(app, realm.id(), found.id, change, Who::operator(), app.clock().now())
        .await
        .map_err(refusal_of(format!("user {user} in {}", realm.name())))
}

async fn list(
    app: &App,
    realm: &Snapshot,
    filter: UserFilter,
    limit: u32,
    output: Output,
) -> Result<(), Refusal> {
    let id = realm.id();
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < limit as usize {
        let (filter, more) = (filter.clone(), limit - u32::try_from(found.len()).unwrap_or(limit));
        let listed = app.db().read("list users", move |tx| {
            let filter = filter.clone();
            Box::pin(async move { users::list(tx, id, &filter, after, more).await })
        });
        let users::Listed { users, until } = listed.await?;
        found.extend(users);
        // Behind those that were looked at there may be more.
        after = until;
        if until.is_none() {
            break;
        }
    }
    let shown: Vec<Shown> = found.iter().map(Shown::from).collect();
    output.show(&shown, || {
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|user| {
                let text = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
                vec![
                    user.id.to_string(),
                    text(user.email.as_ref().map(|email| email.as_str().to_owned())),
                    text(user.username.as_ref().map(|username| username.as_str().to_owned())),
                    user.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                    if user.is_disabled() { "disabled" } else { "active" }.to_owned(),
                ]
            })
            .collect();
        table(&["ID", "EMAIL", "USERNAME", "ROLES", "STATE"], &rows)
    })
}

fn lines(user: &User) -> String {
    let text = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
    let rows = [
        ("id", user.id.to_string()),
        ("email", text(user.email.as_ref().map(|email| email.as_str().to_owned()))),
        ("email verified", if user.email_verified { "yes" } else { "no" }.to_owned()),
        ("username", text(user.username.as_ref().map(|username| username.as_str().to_owned()))),
        ("name", text(user.name.as_ref().map(|name| name.as_str().to_owned()))),
        ("roles", user.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
        ("disabled", if user.is_disabled() { "yes" } else { "no" }.to_owned()),
        ("created", user.created_at.to_string()),
    ];
    rows.map(|(key, value)| format!("{key:<15}{value}").trim_end().to_owned()).join("\n")
}

/// Reads a password from standard input, up to the first line end, and hashes it.
async fn hash(app: &App, realm: &Snapshot, about: &[&str]) -> Result<String, Refusal> {
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        return Err(Refusal::new(
            "give the password on standard input, as in: gatepost user … < password.txt",
        ));
    }
    let mut text = Zeroizing::new(String::new());
    stdin.by_ref().take(8 * 1024).read_to_string(&mut text)?;
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    let password = password::Policy::of(realm.settings().password)
        .accept(line, about)
        .map_err(|weak| Refusal::new(format!("{weak}; choose another")))?;
    app.hash_given(&password).await.map_err(refusal)
}
