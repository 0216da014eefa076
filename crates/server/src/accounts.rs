//! Accounts: made, changed, deleted. Every front door and the command line come through here.

mod about;
mod change;
mod create;
mod deletion;
mod email;
mod history;
mod left_behind;
mod letters;
mod links;
mod numbers;
mod ownership;
mod password;
mod proof;
mod recovery;
mod ways_in;

use gatepost_domain::{
    EmailAddress, NotesRefused, RealmId, RoleName, Timestamp, User, UserId,
    audit::{Actor, Event, Record},
    role::RoleGraph,
};
use gatepost_store::{Tx, user_notes, users};
use serde::{Deserialize, Deserializer};

use crate::{
    App,
    clients::Administering,
    config::nearest,
    http::{IfMatch, Problem, SignedIn, etag::Tagged, origin::Where},
    realm::Snapshot,
};

pub use about::{About, about, about_each};
pub use change::{Change, ClaimChanges, change, delete, delete_own};
pub use create::{Profile, check_registration_open, create, is_username_free, register, sign_up};
pub use deletion::{ask_to_delete, delete_own_by_link, opened_to_delete};
pub(crate) use email::remind_to_verify;
pub use email::{
    CONFIRMING, ask_to_change_email, ask_to_change_email_by, ask_to_verify, awaited_email, confirm_email,
    undo_email_change, verify_ones_own,
};
pub use history::{Act, By, history, trail};
pub use letters::count_mail;
pub(crate) use letters::{count_members_letter, count_strangers_letter};
pub use links::{ask_for_code, link_of_code, opened};
pub(crate) use links::{codes_are_left, count_code, note_wrong_code, send as send_link};
pub use numbers::{list_numbered, number, numbered};
pub(crate) use ownership::{prove as prove_address, take_over};
pub use password::{accept_password, change_password, check_password};
pub use proof::Proof;
use proof::Right;
pub use recovery::{ask_to_recover, recover};
pub use ways_in::has_password;
pub(crate) use ways_in::{Way, is_last_way_in};

pub use gatepost_domain::role::ADMINISTRATOR;

/// Whether the account administers its realm.
pub fn is_administrator(user: &User) -> bool {
    user.roles.iter().any(|role| role.as_str() == ADMINISTRATOR)
}

/// Who acts on an account, and from where.
#[derive(Clone, Debug)]
pub struct Who {
    actor: Actor,
    origin: Where,
    proof: Option<Evidence>,
    meant_for: IfMatch,
}

/// By what is known, inside the transaction that writes, that somebody may.
#[derive(Clone, Debug)]
enum Evidence {
    /// By the session of a person.
    Session(Proof),
    /// By what a client was given to administer.
    Client(Administering),
}

impl Who {
    fn of(actor: Actor, origin: Where, proof: Option<Evidence>) -> Self {
        Self { actor, origin, proof, meant_for: IfMatch::default() }
    }

    fn by_session(caller: &SignedIn, proof: Proof, origin: Where) -> Self {
        Self::of(Actor::User(caller.user.id), origin, Some(Evidence::Session(proof)))
    }

    /// The account's owner.
    pub fn themselves(caller: &SignedIn, origin: Where) -> Self {
        Self::by_session(caller, Proof::of(caller), origin)
    }

    /// An administrator of the realm.
    pub fn administrator(caller: &SignedIn, origin: Where) -> Self {
        let proof = Proof::of(caller).by(Right::Administrator);
        Self::by_session(caller, proof, origin)
    }

    /// Somebody who acts on accounts by a role that the realm's profile knows for it, their own or one that inherits it.
    pub fn by_role(caller: &SignedIn, roles: &RoleGraph, role: &str, origin: Where) -> Self {
        if is_administrator(&caller.user) {
            return Self::administrator(caller, origin);
        }
        let reaches =
            |name: &&RoleName| roles.rights([*name]).roles.iter().any(|reached| reached.as_str() == role);
        let right = Right::AnyOf(roles.names().filter(reaches).cloned().collect());
        let proof = Proof::of(caller).by(right);
        Self::by_session(caller, proof, origin)
    }

    /// A client that administers the realm. Administrators are beyond it.
    pub fn client(client: Administering, origin: Where) -> Self {
        Self::of(Actor::Client(client.client().clone()), origin, Some(Evidence::Client(client)))
    }

    /// Somebody at the command line.
    pub fn operator() -> Self {
        Self::of(Actor::Operator, Where::default(), None)
    }

    /// The account's owner, who has proved its address: by a link that was mailed to them, or by a provider.
    pub fn by_mail(owner: &User, origin: Where) -> Self {
        Self::of(Actor::User(owner.id), origin, None)
    }

    /// From where.
    pub(crate) fn origin(&self) -> &Where {
        &self.origin
    }

    /// Whether the account is the one that acts.
    pub(crate) fn is(&self, user: UserId) -> bool {
        self.actor == Actor::User(user)
    }

    /// Whether the caller may still do this, asked inside the transaction that writes.
    pub(crate) async fn still_may(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Problem> {
        match &self.proof {
            Some(Evidence::Session(proof)) => proof.check(tx, now).await,
            Some(Evidence::Client(client)) => client.check(tx).await,
            None => Ok(()),
        }
    }

    /// Whether whoever acts by a session has shown a second factor in it, if their account has one.
    pub(crate) async fn has_shown_all(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Problem> {
        match &self.proof {
            Some(Evidence::Session(proof)) => proof.has_shown_all(tx, now).await,
            Some(Evidence::Client(_)) | None => Ok(()),
        }
    }

    /// Whether the account is one that they may act on, as it is inside the transaction that writes.
    pub(crate) fn reaches(&self, user: &User) -> Result<(), Problem> {
        let beyond = match &self.proof {
            Some(Evidence::Session(proof)) => matches!(proof.right, Right::AnyOf(_)),
            Some(Evidence::Client(_)) => true,
            None => false,
        };
        if beyond && is_administrator(user) { Err(Problem::MissingRole) } else { Ok(()) }
    }

    /// Whether it is their own account, and they act on it as administrators do.
    pub(crate) fn administers_themselves(&self, user: &User) -> bool {
        let by_right =
            matches!(&self.proof, Some(Evidence::Session(proof)) if !matches!(proof.right, Right::Own));
        by_right && self.is(user.id)
    }

    /// The change is meant for these states of what it changes, and for no other.
    #[must_use]
    pub fn meaning(mut self, states: IfMatch) -> Self {
        self.meant_for = states;
        self
    }

    /// Whether the change is meant for what was found inside the transaction that writes.
    pub(crate) fn means(&self, found: Option<&impl Tagged>) -> Result<(), Problem> {
        self.meant_for.check(found)
    }

    pub(crate) fn record(
        &self,
        app: &App,
        event: Event,
        realm: RealmId,
        user: UserId,
        now: Timestamp,
    ) -> Record {
        self.record_of_realm(app, event, realm, now).user(user)
    }

    /// Of something that is done to nobody in particular.
    pub(crate) fn record_of_realm(&self, app: &App, event: Event, realm: RealmId, now: Timestamp) -> Record {
        self.origin.record(app, realm, event, self.actor.clone(), now)
    }
}

/// The account of an id.
pub async fn find(app: &App, realm: RealmId, id: UserId) -> Result<User, Problem> {
    let found =
        app.db().read("find a user", move |tx| Box::pin(async move { users::find(tx, realm, id).await }));
    found.await?.ok_or(Problem::NotFound)
}

/// The account that is called so elsewhere.
pub async fn find_by_external_id(app: &App, realm: RealmId, external_id: String) -> Result<UserId, Problem> {
    // Which no text of a database holds.
    if external_id.contains('\0') {
        return Err(Problem::NotFound);
    }
    let found = app.db().read("find a user by an external id", move |tx| {
        let external_id = external_id.clone();
        Box::pin(async move { user_notes::find_by_external_id(tx, realm, &external_id).await })
    });
    found.await?.ok_or(Problem::NotFound)
}

/// The accounts of a realm that a filter leaves, as many as `limit`, after the given one.
pub async fn list(
    app: &App,
    realm: RealmId,
    filter: users::UserFilter,
    after: Option<UserId>,
    limit: u32,
) -> Result<users::Listed, Problem> {
    let found = app.db().read("list users", move |tx| {
        let filter = filter.clone();
        Box::pin(async move { users::list(tx, realm, &filter, after, limit).await })
    });
    Ok(found.await?)
}

/// The accounts of a realm that a filter leaves, in an order, as many as `limit` after the first `offset`; and how many there are. For
/// tables that people turn the pages of: it looks at every account.
pub async fn table(
    app: &App,
    realm: RealmId,
    filter: users::TableFilter,
    order: users::TableOrder,
    (offset, limit): (u32, u32),
) -> Result<(Vec<User>, u64), Problem> {
    let found = app.db().read("list users as a table", move |tx| {
        let filter = filter.clone();
        Box::pin(async move {
            let found = users::table(tx, realm, &filter, order, (offset, limit)).await?;
            Ok::<_, gatepost_store::Error>((found, users::count_in_table(tx, realm, &filter).await?))
        })
    });
    Ok(found.await?)
}

/// The account that is signed in to by this, whether it may be or not.
pub async fn find_by_login(app: &App, realm: RealmId, login: users::Login) -> Result<Option<User>, Problem> {
    let found = app.db().read("find a user by what they sign in with", move |tx| {
        let login = login.clone();
        Box::pin(async move {
            match &login {
                users::Login::Email(email) => users::find_by_email(tx, realm, email).await,
                users::Login::Username(username) => users::find_by_username(tx, realm, username).await,
            }
        })
    });
    Ok(found.await?)
}

/// Words an account says of itself, which a password may not be made of.
pub fn words(user: &User) -> Vec<&str> {
    let email = user.email.as_ref().map(EmailAddress::as_str);
    let username = user.username.as_ref().map(gatepost_domain::Username::as_str);
    let name = user.name.as_ref().map(gatepost_domain::DisplayName::as_str);
    email.into_iter().chain(username).chain(name).collect()
}

/// Roles as the audit trail tells them.
pub(crate) fn names(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ")
}

/// A record that tells which roles there were and which there are.
pub(crate) fn with_roles(record: Record, before: &[RoleName], after: &[RoleName]) -> Record {
    record.with("before", names(before)).with("after", names(after))
}

/// Reads an address out of a request.
pub fn email(text: &str) -> Result<EmailAddress, Problem> {
    text.parse().map_err(|refused| field("email", refused))
}

/// A field that does not hold what it should.
pub(crate) fn field(field: &'static str, refused: impl std::error::Error) -> Problem {
    Problem::InvalidField { field, reason: refused.to_string().into() }
}

/// Notes that cannot be kept.
pub(crate) fn noted(refused: NotesRefused) -> Problem {
    let member = match refused {
        NotesRefused::ExternalId => "external_id",
        NotesRefused::Metadata => "metadata",
    };
    field(member, refused)
}

/// Tells a member that is `null` (`Some(None)`) from one that is absent (`None`). For `deserialize_with`.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Reads role names; each must be one of the realm's, or the built-in administrator.
pub(crate) fn roles_of(realm: &Snapshot, names: &[String]) -> Result<Vec<RoleName>, Problem> {
    roles_among(realm.roles(), ADMINISTRATOR, names, |role| {
        format!("realm {} has no role {role}", realm.name())
    })
}

/// Reads role names; each must be in the graph, or the one that is built in.
pub(crate) fn roles_among(
    graph: &RoleGraph,
    built_in: &str,
    names: &[String],
    unknown: impl Fn(&RoleName) -> String,
) -> Result<Vec<RoleName>, Problem> {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let role: RoleName = name.parse().map_err(|refused| field("roles", refused))?;
            if role.as_str() == built_in || graph.contains(&role) {
                return Ok(role);
            }
            let known = graph.names().map(RoleName::as_str).chain([built_in]);
            let reason = match nearest(role.as_str(), known) {
                Some(near) => format!("{}; did you mean {near}?", unknown(&role)),
                None => unknown(&role),
            };
            Err(Problem::InvalidField { field: "roles", reason: reason.into() })
        })
        .collect()
}
