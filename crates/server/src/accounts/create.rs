//! New accounts.

use gatepost_domain::{
    DisplayName, EmailAddress, LinkPurpose, Notes, PasswordHash, PersonalClaims, Profile as FrontDoor,
    Registration, RoleName, Timestamp, User, UserId, Username,
    audit::{Actor, Event},
    interceptor::Trigger,
    outbox::Letter,
    password::Policy,
};
use gatepost_store::{Tx, audit, mailed_links, passwords, personal_claims, user_notes, user_numbers, users};

use super::{Who, email, field, letters::count_strangers_letter, links, names, noted, roles_of};
use crate::{
    App,
    http::{Problem, origin::Where},
    interceptors::{About, Before},
    limits::{self, Rule},
    mail,
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
    claims: PersonalClaims,
    notes: Notes,
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
            claims: PersonalClaims::default(),
            notes: Notes::default(),
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

    /// What else it says of the person.
    pub fn claims(mut self, claims: PersonalClaims) -> Result<Self, Problem> {
        claims.check().map_err(|refused| field("profile", refused))?;
        self.claims = claims;
        Ok(self)
    }

    /// What an application keeps with it.
    pub fn notes(mut self, notes: Notes) -> Result<Self, Problem> {
        notes.check().map_err(noted)?;
        self.notes = notes;
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

/// Refuses where nobody makes an account themselves.
pub fn check_registration_open(realm: &Snapshot) -> Result<(), Problem> {
    if realm.settings().registration == Registration::Open {
        Ok(())
    } else {
        Err(Problem::RegistrationClosed)
    }
}

/// Whether nobody has a user name. Told where people make accounts themselves, which tells it too; and no more often than that.
pub async fn is_username_free(
    app: &App,
    realm: &Snapshot,
    username: Username,
    origin: &Where,
    now: Timestamp,
) -> Result<bool, Problem> {
    check_registration_open(realm)?;
    limits::attempt(app, realm, (Rule::Register, origin.neighbourhood()), origin, now)?;
    let realm = realm.id();
    let found = app.db().read("find whether a user name is free", move |tx| {
        let username = username.clone();
        Box::pin(async move { users::find_by_username(tx, realm, &username).await })
    });
    Ok(found.await?.is_none())
}

/// Makes an account for somebody who asks for one, if the realm lets people and its policy the password: what every program's door
/// does. Returns it with the hash of the password. See [`register`].
pub async fn sign_up(
    app: &App,
    realm: &Snapshot,
    profile: Profile,
    password: &str,
    origin: &Where,
    now: Timestamp,
) -> Result<(User, PasswordHash), Problem> {
    check_registration_open(realm)?;
    let policy = Policy::of(realm.settings().password);
    let password = policy.accept(password, &profile.words()).map_err(Problem::WeakPassword)?;
    limits::attempt(app, realm, (Rule::Register, origin.neighbourhood()), origin, now)?;
    let hash = app.hash_chosen(realm, &password, origin, now).await?;
    let user = register(app, realm, profile, hash.clone(), origin.clone(), now).await?;
    Ok((user, PasswordHash::new(hash)))
}

/// Makes an account for somebody who asked for one, and mails a link to prove the address.
///
/// Where only proven addresses sign in and mail is sent, an address that has an account is answered as any other: with what the
/// account would look like. Its owner is told by mail (LG-01).
pub async fn register(
    app: &App,
    realm: &Snapshot,
    profile: Profile,
    hash: String,
    origin: Where,
    now: Timestamp,
) -> Result<User, Problem> {
    // Whether the address has an account is not looked at before: whoever asks is not to learn it by what is asked.
    let about = || About::Signup {
        email: profile.email.clone(),
        username: profile.username.clone(),
        name: profile.name.clone(),
    };
    let before = Before { app, realm, origin: &origin, now, trigger: Trigger::PreSignup };
    before.allowed(about).await?;
    let id = UserId::new(now, app.entropy());
    let record = origin.record(app, realm.id(), Event::UserRegistered, Actor::User(id), now).user(id);
    let claims = profile.claims.clone();
    let (user, hash) = (profile.into_user(id, realm, now), PasswordHash::new(hash));
    let quietly = realm.settings().require_verified_email && app.mailer().is_on();
    // Counted whether the letter is the first link or to an owner; who has caused too many is answered as ever, and none is sent.
    let email = user.email.as_ref().filter(|_| app.mailer().is_on());
    let letter = email.and_then(|email| count_strangers_letter(app, realm, email, &origin, now).ok());
    let (made, worker, sends) = (user.clone(), app.clone(), letter.is_some());
    let numbered = realm.settings().profile == FrontDoor::Runbook;
    let registered = app
        .db()
        .write("register a user", move |tx| {
            let (user, hash, record) = (made.clone(), hash.clone(), record.clone());
            let (app, origin, claims) = (worker.clone(), origin.clone(), claims.clone());
            Box::pin(async move {
                // Also where there will be no such account: whoever asks is not to learn it by the number.
                if numbered {
                    user_numbers::give(tx, user.realm, user.id).await?;
                }
                if let Some(email) = &user.email {
                    match is_free(tx, &user, email, now).await {
                        Err(Problem::EmailTaken) if quietly => {
                            return tell_owner(tx, &app, &user, (email, sends), &origin, now).await;
                        }
                        other => other?,
                    }
                }
                users::create(tx, &user).await?;
                if !claims.is_empty() {
                    personal_claims::set(tx, user.realm, user.id, &claims, now).await?;
                }
                passwords::set(tx, user.realm, user.id, &hash, now).await?;
                audit::append(tx, &record).await?;
                if let Some(email) = user.email.clone().filter(|_| sends) {
                    let (whose, about) = ((user.realm, user.id), (LinkPurpose::VerifyEmail, email));
                    links::send(tx, &app, whose, about, &origin, now).await?;
                }
                Ok::<_, Problem>(())
            })
        })
        .await;
    if let (Err(_), Some(letter)) = (&registered, letter) {
        letter.give_back();
    }
    registered?;
    app.post_is_waiting();
    Ok(user)
}

/// Whether an account can be made with the address: nobody has it, nor can take it back.
async fn is_free(tx: &mut Tx, user: &User, email: &EmailAddress, now: Timestamp) -> Result<(), Problem> {
    let taken = users::find_by_email(tx, user.realm, email).await?.is_some();
    if taken || mailed_links::is_reserved(tx, user.realm, email, now).await? {
        return Err(Problem::EmailTaken);
    }
    Ok(())
}

/// Tells whoever has the address that somebody wanted to make an account with it, unless they have been told often. A user name that is taken is told as it is to
/// anybody else.
async fn tell_owner(
    tx: &mut Tx,
    app: &App,
    wanted: &User,
    (email, sends): (&EmailAddress, bool),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if let Some(username) = &wanted.username
        && users::find_by_username(tx, wanted.realm, username).await?.is_some()
    {
        return Err(Problem::UsernameTaken);
    }
    if let Some(owner) = users::find_by_email(tx, wanted.realm, email).await?.filter(|_| sends) {
        let letter = Letter::AccountExists { user: owner.id };
        mail::queue(tx, app, wanted.realm, origin.language(), letter, now).await?;
    }
    Ok(())
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
    let (claims, notes) = (profile.claims.clone(), profile.notes.clone());
    let hash = hash.map(PasswordHash::new);
    let user = profile.into_user(id, realm, now);
    let made = user.clone();
    app.db()
        .write("make a user", move |tx| {
            let (user, hash, record, who) = (made.clone(), hash.clone(), record.clone(), who.clone());
            let (claims, notes) = (claims.clone(), notes.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                users::create(tx, &user).await?;
                if !claims.is_empty() {
                    personal_claims::set(tx, user.realm, user.id, &claims, now).await?;
                }
                if !notes.is_empty() {
                    user_notes::set(tx, user.realm, user.id, &notes).await?;
                }
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
