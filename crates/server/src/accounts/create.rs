//! New accounts.

use gatepost_domain::{
    DisplayName, EmailAddress, PasswordHash, RoleName, Timestamp, User, UserId, Username,
    audit::{Actor, Event, Record},
};
use gatepost_store::{audit, passwords, users};

use super::{Who, email, field, names, roles_of};
use crate::{
    App,
    http::{Problem, origin::Where},
    realm::Snapshot,
};

/// What a new account says of itself, parsed.
#[derive(Clone, Debug)]
pub struct Profile {
    email: Option<EmailAddress>,
    email_verified: bool,
    username: Option<Username>,
    name: Option<DisplayName>,
    roles: Vec<RoleName>,
}

impl Profile {
    /// Reads the members of a request. An account needs an address or a user name: one signs in with it.
    pub fn parse(address: Option<&str>, username: Option<&str>, name: Option<&str>) -> Result<Self, Problem> {
        let profile = Self {
            email: address.map(email).transpose()?,
            email_verified: false,
            username: username
                .map(|text| text.parse().map_err(|refused| field("username", refused)))
                .transpose()?,
            name: name.map(|text| text.parse().map_err(|refused| field("name", refused))).transpose()?,
            roles: Vec::new(),
        };
        if profile.email.is_none() && profile.username.is_none() {
            return Err(Problem::InvalidField {
                field: "email",
                reason: "give an address or a user name".into(),
            });
        }
        Ok(profile)
    }

    /// Whether the address counts as proven.
    #[must_use]
    pub fn verified(mut self, verified: bool) -> Self {
        self.email_verified = verified && self.email.is_some();
        self
    }

    /// The roles; each must exist in the realm.
    pub fn roles(mut self, realm: &Snapshot, names: &[String]) -> Result<Self, Problem> {
        self.roles = roles_of(realm, names)?;
        Ok(self)
    }

    /// What a password may not be made of.
    pub fn words(&self) -> Vec<&str> {
        let email = self.email.as_ref().map(EmailAddress::as_str);
        let username = self.username.as_ref().map(Username::as_str);
        let name = self.name.as_ref().map(DisplayName::as_str);
        email.into_iter().chain(username).chain(name).collect()
    }

    fn into_user(self, id: UserId, realm: &Snapshot, now: Timestamp) -> User {
        let mut user = User::new(id, realm.id(), now);
        user.email = self.email;
        user.email_verified = self.email_verified;
        user.username = self.username;
        user.name = self.name;
        user.roles = self.roles;
        user
    }
}

/// Makes an account for somebody who asked for one.
pub async fn register(
    app: &App,
    realm: &Snapshot,
    profile: Profile,
    hash: String,
    origin: Where,
    now: Timestamp,
) -> Result<User, Problem> {
    let id = UserId::new(now, app.entropy());
    let record = origin.record(app, realm.id(), Event::UserRegistered, Actor::User(id), now).user(id);
    insert(app, profile.into_user(id, realm, now), Some(hash), record, None, now).await
}

/// Makes an account on somebody's order. Without a hash it cannot sign in with a password.
pub async fn create(
    app: &App,
    realm: &Snapshot,
    profile: Profile,
    hash: Option<String>,
    who: Who,
    now: Timestamp,
) -> Result<User, Problem> {
    let id = UserId::new(now, app.entropy());
    let mut record = who.record(app, Event::UserCreated, realm.id(), id, now);
    if !profile.roles.is_empty() {
        record = record.with("roles", names(&profile.roles));
    }
    insert(app, profile.into_user(id, realm, now), hash, record, Some(who), now).await
}

async fn insert(
    app: &App,
    user: User,
    hash: Option<String>,
    record: Record,
    who: Option<Who>,
    now: Timestamp,
) -> Result<User, Problem> {
    let hash = hash.map(PasswordHash::new);
    let made = user.clone();
    app.db()
        .write("make a user", move |tx| {
            let (user, hash, record, who) = (made.clone(), hash.clone(), record.clone(), who.clone());
            Box::pin(async move {
                if let Some(who) = &who {
                    who.still_may(tx, now).await?;
                }
                users::create(tx, &user).await?;
                if let Some(hash) = &hash {
                    passwords::set(tx, user.realm, user.id, hash, now).await?;
                }
                audit::append(tx, &record).await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    Ok(user)
}
