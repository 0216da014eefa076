//! Signing in by a link or a code that is mailed, in the browser or program that asked for it (LG-18).
//!
//! A request leaves a note and learns nothing: whether the address is anybody's is found out by the job that sends mail. What is
//! mailed is good once, for ten minutes, and only for whoever asked: a link that somebody is talked into opening signs them in nowhere.

use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLinkId, SecretDigest, Timestamp, User,
    mailed_link::MailedCode, mfa::First, outbox::Notice,
};
use gatepost_store::{Tx, mailed_links, users};

use super::sign_in::Proven;
use crate::{
    App, accounts,
    http::{Problem, origin::Where},
    limits::{self, Rule},
    mail,
    realm::Snapshot,
};

/// What somebody brings who was sent a letter.
#[derive(Clone, Copy)]
pub enum Mailed<'a> {
    /// What stands in its link.
    Link(&'a str),
    /// The code in it, as typed, and which letter was asked for.
    Code(MailedLinkId, &'a str),
}

/// Whether people sign in by mail in the realm.
pub fn is_by_mail(app: &App, realm: &Snapshot) -> bool {
    realm.settings().email_sign_in && app.mailer().is_on()
}

/// Mails a link and a code to whoever has the address, if an account has it. Returns by what they are known to whoever asks.
pub async fn ask_by_mail(
    app: &App,
    realm: &Snapshot,
    email: EmailAddress,
    asked: AskedSignIn,
    origin: &Where,
    now: Timestamp,
) -> Result<MailedLinkId, Problem> {
    let id = MailedLinkId::new(now, app.entropy());
    let what = (LinkPurpose::SignIn, email);
    accounts::ask_for_code(app, realm, what, (id, asked), origin, now).await?;
    Ok(id)
}

/// What came of looking at what somebody brought.
enum Looked {
    Right(Box<(User, AskedSignIn)>),
    /// Not right; whose letter it would have been, if there is one, and whether another code is looked at.
    Wrong(Option<gatepost_domain::UserId>, bool),
    /// Tried too often.
    Over,
}

/// Uses up what was mailed, for whoever asked for it. `by` is what they prove that with.
///
/// It proves the address: of an account that nobody had proved before, what it was signed in to with until then is taken away
/// (LG-14). A second factor is asked for as always.
pub async fn prove_by_mail(
    app: &App,
    realm: &Snapshot,
    mailed: Mailed<'_>,
    by: &SecretDigest,
    origin: &Where,
    now: Timestamp,
) -> Result<(Proven, AskedSignIn), Problem> {
    if !realm.settings().email_sign_in {
        return Err(Problem::EmailSignInOff);
    }
    let attempt = limits::attempt(app, realm, (Rule::SignInAddress, origin.neighbourhood()), origin, now)?;
    let (id, code) = match mailed {
        Mailed::Link(token) => match app.link_mac().decode(token) {
            Some((LinkPurpose::SignIn, id)) => (id, None),
            _ => return Err(Problem::InvalidLink),
        },
        Mailed::Code(id, typed) => {
            (id, Some(typed.parse::<MailedCode>().is_ok_and(|typed| typed == app.link_mac().code(id))))
        }
    };
    let (worker, whence, by, realm_id) = (app.clone(), origin.clone(), *by, realm.id());
    let looked = app
        .db()
        .write("look at what was mailed to sign in", move |tx| {
            let (app, origin) = (worker.clone(), whence.clone());
            Box::pin(async move {
                let found = mailed_links::find_live(tx, realm_id, id, now).await?;
                if let Some(right) = code {
                    // Every try counts before it is answered, whether there is such a letter or not.
                    if !accounts::count_code(tx, realm_id, id, now).await? {
                        return Ok(Looked::Over);
                    }
                    if !right {
                        let goes_on = accounts::codes_are_left(tx, realm_id, id, now).await?;
                        return Ok(Looked::Wrong(found.map(|link| link.user), goes_on));
                    }
                }
                let what = (id, LinkPurpose::SignIn);
                let Some(link) = mailed_links::take_asked(tx, realm_id, what, &by, now).await? else {
                    return Ok(Looked::Over);
                };
                let user = users::find(tx, realm_id, link.user).await?;
                let user =
                    user.filter(|user| !user.is_disabled() && user.email.as_ref() == Some(&link.email));
                let (Some(user), Some(asked)) = (user, link.asked) else { return Ok(Looked::Over) };
                mailed_links::forget(tx, realm_id, user.id, LinkPurpose::SignIn).await?;
                let user = own(tx, &app, (&user, &link.email), &origin, now).await?;
                Ok::<_, Problem>(Looked::Right(Box::new((user, asked))))
            })
        })
        .await?;
    match looked {
        Looked::Right(proved) => {
            let (user, asked) = *proved;
            app.sign_outs().notify_one();
            let email = user.email.clone().ok_or(Problem::InvalidLink)?;
            Ok((Proven { user, first: First::Email(email), second: None, attempt }, asked))
        }
        Looked::Wrong(whose, goes_on) => {
            accounts::note_wrong_code(app, realm_id, whose, origin, now).await?;
            Err(if goes_on { Problem::InvalidCode } else { Problem::InvalidLink })
        }
        Looked::Over => Err(Problem::InvalidLink),
    }
}

/// The letter proves the address, and its owner is told if they were the first to.
async fn own(
    tx: &mut Tx,
    app: &App,
    about: (&User, &EmailAddress),
    origin: &Where,
    now: Timestamp,
) -> Result<User, Problem> {
    let owned = accounts::prove_address(tx, app, about, origin, now).await?;
    if !owned.taken.is_empty() {
        mail::notice(tx, app, &owned.user, Notice::AccountTakenOver, origin, now).await?;
    }
    Ok(owned.user)
}

/// Whether a link that was mailed can be used, by whoever looks at it: looking uses nothing up.
pub async fn opened_to_sign_in(
    app: &App,
    realm: &Snapshot,
    token: &str,
    by: &SecretDigest,
    now: Timestamp,
) -> Result<Opened, Problem> {
    let (link, _) = accounts::opened(app, realm, token, &[LinkPurpose::SignIn], now).await?;
    match link.asked {
        Some(asked) if asked.by == *by => Ok(Opened::Here(link.email, asked)),
        _ => Ok(Opened::Elsewhere),
    }
}

/// Where a link was opened.
pub enum Opened {
    /// Where it was asked for.
    Here(EmailAddress, AskedSignIn),
    /// In another browser.
    Elsewhere,
}
