//! Changes to accounts, column by column.

use gatepost_domain::{
    DisplayName, EmailAddress, LinkPurpose, Notes, NotesChange, OutboxId, PasswordHash, PersonalClaims,
    RealmId, RoleName, Timestamp, User, UserId, Username, audit::Event, outbox::Notice,
};
use gatepost_store::{Tx, audit, passwords, personal_claims, user_notes, users};

use super::{
    ADMINISTRATOR, Who, deletion::Opened, email, field, is_administrator, left_behind, links, noted,
    roles_of, with_roles,
};
use crate::{
    App,
    api_keys::revoke_because,
    http::{Problem, SignedIn, origin::Where},
    jobs::logout,
    mail, mfa,
    realm::Snapshot,
};

/// What is to change. `None` leaves a column as it is; the inner `None` clears it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    email: Option<Option<EmailAddress>>,
    email_verified: Option<bool>,
    username: Option<Option<Username>>,
    name: Option<Option<DisplayName>>,
    roles: Option<Roles>,
    disabled: Option<bool>,
    reason: Option<Box<str>>,
    password: Option<PasswordHash>,
    claims: Option<ClaimChanges>,
    notes: NotesChange,
}

/// What is to be another of what else is known of a person. `None` leaves a claim as it is; the inner `None` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimChanges {
    /// `given_name`
    pub given_name: Option<Option<String>>,
    /// `family_name`
    pub family_name: Option<Option<String>>,
    /// `picture`
    pub picture: Option<Option<String>>,
    /// `gender`
    pub gender: Option<Option<String>>,
    /// `locale`
    pub locale: Option<Option<String>>,
    /// `phone_number`; another is verified by nobody.
    pub phone_number: Option<Option<String>>,
}

impl ClaimChanges {
    /// What is known of somebody of whom nothing was.
    pub fn of_nobody(self) -> PersonalClaims {
        self.over(PersonalClaims::default())
    }

    /// What is known then of somebody of whom this was known.
    pub fn over(self, mut known: PersonalClaims) -> PersonalClaims {
        if self.phone_number.as_ref().is_some_and(|number| *number != known.phone_number) {
            known.phone_number_verified = None;
        }
        for (change, claim) in [
            (self.given_name, &mut known.given_name),
            (self.family_name, &mut known.family_name),
            (self.picture, &mut known.picture),
            (self.gender, &mut known.gender),
            (self.locale, &mut known.locale),
            (self.phone_number, &mut known.phone_number),
        ] {
            if let Some(value) = change {
                *claim = value;
            }
        }
        known
    }
}

/// Which roles somebody is to have.
#[derive(Clone, Debug)]
enum Roles {
    /// These.
    Only(Vec<RoleName>),
    /// Those they have, with some and without others.
    Edited { add: Vec<RoleName>, remove: Vec<RoleName> },
}

impl Roles {
    fn of(&self, present: &[RoleName]) -> Vec<RoleName> {
        let mut roles = match self {
            Self::Only(roles) => roles.clone(),
            Self::Edited { add, remove } => {
                present.iter().filter(|role| !remove.contains(role)).chain(add).cloned().collect()
            }
        };
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

impl Change {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another address. It is not verified unless [`email_verified`](Self::email_verified) says so too.
    pub fn email(mut self, text: Option<Option<String>>) -> Result<Self, Problem> {
        self.email = text.map(|text| text.as_deref().map(email).transpose()).transpose()?;
        Ok(self)
    }

    /// Whether the address counts as proven.
    #[must_use]
    pub fn email_verified(mut self, verified: Option<bool>) -> Self {
        self.email_verified = verified.or_else(|| self.email.as_ref().map(|_| false));
        self
    }

    /// Another name to sign in with.
    pub fn username(mut self, text: Option<Option<String>>) -> Result<Self, Problem> {
        let parse = |text: String| text.parse().map_err(|refused| field("username", refused));
        self.username = text.map(|text| text.map(parse).transpose()).transpose()?;
        Ok(self)
    }

    /// Another name to show.
    pub fn name(mut self, text: Option<Option<String>>) -> Result<Self, Problem> {
        let parse = |text: String| text.parse().map_err(|refused| field("name", refused));
        self.name = text.map(|text| text.map(parse).transpose()).transpose()?;
        Ok(self)
    }

    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.columns().is_empty()
            && self.roles.is_none()
            && self.disabled.is_none()
            && self.password.is_none()
    }

    /// What else is known of the person.
    pub fn claims(mut self, changes: ClaimChanges) -> Result<Self, Problem> {
        let refused = |refused| field("profile", refused);
        changes.clone().of_nobody().check().map_err(refused)?;
        self.claims = Some(changes).filter(|changes| *changes != ClaimChanges::default());
        Ok(self)
    }

    /// What an application keeps with it.
    pub fn notes(mut self, change: NotesChange) -> Result<Self, Problem> {
        change.over(Notes::default()).map_err(noted)?;
        self.notes = change;
        Ok(self)
    }

    /// Other roles; each must exist in the realm.
    pub fn roles(mut self, realm: &Snapshot, names: Option<&[String]>) -> Result<Self, Problem> {
        self.roles = names.map(|names| roles_of(realm, names)).transpose()?.map(Roles::Only);
        Ok(self)
    }

    /// Some roles more, which must exist in the realm, and some less.
    pub fn edit_roles(
        mut self,
        realm: &Snapshot,
        add: &[String],
        remove: &[String],
    ) -> Result<Self, Problem> {
        self.roles = Some(Roles::Edited { add: roles_of(realm, add)?, remove: roles_of(realm, remove)? });
        Ok(self)
    }

    /// Whether the account can sign in.
    #[must_use]
    pub fn disabled(mut self, disabled: Option<bool>) -> Self {
        self.disabled = disabled;
        self
    }

    /// Why it cannot, for the audit trail: up to 200 characters.
    pub fn because(mut self, reason: Option<&str>) -> Result<Self, Problem> {
        let refused = |text: &&str| text.chars().count() > 200 || text.chars().any(char::is_control);
        if reason.as_ref().is_some_and(refused) {
            let reason = "give up to 200 characters, without control characters".into();
            return Err(Problem::InvalidField { field: "reason", reason });
        }
        self.reason = reason.map(Into::into);
        Ok(self)
    }

    /// Another password, as a hash.
    #[must_use]
    pub fn password(mut self, hash: String) -> Self {
        self.password = Some(PasswordHash::new(hash));
        self
    }

    /// The names of the columns that change, for the audit trail.
    fn columns(&self) -> String {
        let columns = [
            ("email", self.email.is_some()),
            ("email_verified", self.email_verified.is_some()),
            ("username", self.username.is_some()),
            ("name", self.name.is_some()),
            ("claims", self.claims.is_some()),
            ("notes", !self.notes.is_empty()),
        ];
        columns.iter().filter(|(_, changes)| *changes).map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    }
}

/// Changes an account of the realm and returns it as it is then.
pub async fn change(
    app: &App,
    realm: RealmId,
    user: UserId,
    change: Change,
    who: Who,
    now: Timestamp,
) -> Result<User, Problem> {
    let record = |event| who.record(app, event, realm, user, now);
    let columns = change.columns();
    let mut records = Vec::new();
    if !columns.is_empty() {
        records.push(record(Event::UserUpdated).with("columns", columns));
    }
    if change.password.is_some() {
        records.push(record(Event::PasswordChanged));
    }
    let worker = app.clone();
    let messages = [(); 3].map(|()| OutboxId::new(now, app.entropy()));
    app.db()
        .write("change a user", move |tx| {
            let (change, records, who) = (change.clone(), records.clone(), who.clone());
            let app = worker.clone();
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let before = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                who.reaches(&before)?;
                // How one signs in is changed with every factor, and not by being an administrator.
                if who.administers_themselves(&before)
                    && (change.password.is_some()
                        || change.email.is_some()
                        || change.email_verified.is_some())
                {
                    return Err(Problem::OwnAccount);
                }
                who.means(Some(&before))?;
                let profile = users::ProfileChanges {
                    email: change.email,
                    email_verified: change.email_verified,
                    username: change.username,
                    name: change.name,
                };
                users::update_profile(tx, realm, user, &profile, None, now).await?;
                if let Some(changes) = change.claims {
                    let claims = changes.over(personal_claims::find(tx, realm, user).await?);
                    personal_claims::set(tx, realm, user, &claims, now).await?;
                }
                if !change.notes.is_empty() {
                    let kept = user_notes::find(tx, realm, user).await?;
                    user_notes::set(tx, realm, user, &change.notes.over(kept).map_err(noted)?).await?;
                }
                let roles = change.roles.as_ref().map(|roles| roles.of(&before.roles));
                if let Some(roles) = roles.filter(|roles| !same(roles, &before.roles)) {
                    if !roles.iter().any(|role| role.as_str() == ADMINISTRATOR) {
                        keep_an_administrator(tx, &before).await?;
                    }
                    users::set_roles(tx, realm, user, &roles, None, now, messages[0]).await?;
                    let record = who.record(&app, Event::UserRolesChanged, realm, user, now);
                    audit::append(tx, &with_roles(record, &before.roles, &roles)).await?;
                }
                match change.disabled {
                    Some(true) => {
                        keep_an_administrator(tx, &before).await?;
                        let record = who.record(&app, Event::UserDisabled, realm, user, now);
                        let record = match change.reason.as_deref() {
                            Some(reason) => record.with("reason", reason),
                            None => record,
                        };
                        let record = left_behind::told(tx, record, &before).await?;
                        users::disable(tx, realm, user, now, messages[1]).await?;
                        audit::append(tx, &record).await?;
                        links::forget(tx, (realm, user), &links::BUT_UNDOING).await?;
                        revoke_because(tx, &app, (realm, user), Some(Event::UserDisabled.name()), &who, now)
                            .await?;
                    }
                    Some(false) if before.is_disabled() => {
                        users::enable(tx, realm, user, now).await?;
                        audit::append(tx, &who.record(&app, Event::UserEnabled, realm, user, now)).await?;
                    }
                    Some(false) | None => {}
                }
                if let Some(hash) = &change.password {
                    passwords::set(tx, realm, user, hash, now).await?;
                    mfa::forget_begun(tx, realm, user).await?;
                    users::sign_out_everywhere(tx, realm, user, now, messages[2]).await?;
                    // Whoever needs another password from somebody else may have lost the account to a third.
                    revoke_because(tx, &app, (realm, user), Some(Event::PasswordChanged.name()), &who, now)
                        .await?;
                }
                for record in &records {
                    audit::append(tx, record).await?;
                }
                let after = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                told(tx, &app, (&before, &after), change.password.is_some(), &who, now).await?;
                if after.email.is_none() && after.username.is_none() {
                    let reason = "keep an address or a user name: one signs in with it".into();
                    return Err(Problem::InvalidField { field: "email", reason });
                }
                Ok(after)
            })
        })
        .await
        .inspect(|_| app.post_is_waiting())
}

/// Tells the owner what others could take the account with, and ends what was mailed about the state before.
async fn told(
    tx: &mut Tx,
    app: &App,
    (before, after): (&User, &User),
    password: bool,
    who: &Who,
    now: Timestamp,
) -> Result<(), gatepost_store::Error> {
    let whose = (before.realm, before.id);
    let new_email = before.email != after.email;
    if new_email {
        links::forget(tx, whose, &LinkPurpose::ALL).await?;
    } else if password {
        links::forget(tx, whose, &[LinkPurpose::Recover]).await?;
    }
    for (changed, notice) in [
        (new_email, Notice::EmailChanged),
        (before.username != after.username, Notice::UsernameChanged),
        (password, Notice::PasswordChanged),
    ] {
        if changed {
            mail::notice(tx, app, before, notice, who.origin(), now).await?;
        }
    }
    Ok(())
}

fn same(roles: &[RoleName], others: &[RoleName]) -> bool {
    roles.len() == others.len() && roles.iter().all(|role| others.contains(role))
}

/// Deletes an account of the realm and everything of it. An organization of which it is the only member goes too; the last
/// owner of one with other members is not deleted.
pub async fn delete(
    app: &App,
    realm: RealmId,
    user: UserId,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    remove(app, (realm, user), who, Shown::Nothing, now).await
}

/// The same for the account of whoever asks, where the realm lets people do so. It takes a sign-in of the person's own, a moment ago, with
/// every factor they have.
pub async fn delete_own(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if !realm.settings().account_deletion {
        return Err(Problem::AccountDeletionOff);
    }
    let whose = (caller.user.realm, caller.user.id);
    remove(app, whose, Who::themselves(caller, origin), Shown::SignIn(caller.clone()), now).await
}

/// By what somebody shows that they may delete their own account.
#[derive(Clone)]
pub(super) enum Shown {
    /// By nothing: it is the account of somebody else.
    Nothing,
    /// By a sign-in of a moment ago.
    SignIn(SignedIn),
    /// By a link that was mailed to them.
    Link(SignedIn, Opened),
}

pub(super) async fn remove(
    app: &App,
    (realm, user): (RealmId, UserId),
    who: Who,
    shown: Shown,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = who.record(app, Event::UserDeleted, realm, user, now);
    let message = OutboxId::new(now, app.entropy());
    let worker = app.clone();
    app.db()
        .write("delete a user", move |tx| {
            let (record, who, app) = (record.clone(), who.clone(), worker.clone());
            let shown = shown.clone();
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let before = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                who.reaches(&before)?;
                who.means(Some(&before))?;
                keep_an_administrator(tx, &before).await?;
                match shown {
                    Shown::SignIn(owner) => drop(mfa::may_change(tx, &owner, now).await?),
                    Shown::Link(owner, link) => link.take(tx, &owner, &before, now).await?,
                    Shown::Nothing if who.is(user) => return Err(Problem::OwnAccount),
                    Shown::Nothing => {}
                }
                left_behind::settle(tx, &app, &before, &who, now).await?;
                revoke_because(tx, &app, (realm, user), Some(Event::UserDeleted.name()), &who, now).await?;
                logout::before_deletion(tx, &app, realm, user, now).await?;
                users::delete(tx, realm, user, now, message).await?;
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await
}

/// Refuses to go on if `user` is the only enabled administrator of the realm. The transaction is serialisable, so two
/// administrators demoting one another do not both succeed.
async fn keep_an_administrator(tx: &mut Tx, user: &User) -> Result<(), Problem> {
    if !is_administrator(user) || user.is_disabled() {
        return Ok(());
    }
    let role: RoleName = ADMINISTRATOR.parse().map_err(Problem::internal)?;
    if !users::others_have_role(tx, user.realm, user.id, &role).await? {
        return Err(Problem::LastAdministrator);
    }
    Ok(())
}
