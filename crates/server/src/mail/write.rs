//! What a letter is about, read when it is written.

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    DisplayName, EmailAddress, Invitation, InvitationId, LinkPurpose, MailedLink, Organization, RealmId,
    Secret, Timestamp, User, UserId,
    outbox::{Factor, Letter, Mail, Notice},
};
use gatepost_store::{invitations, mailed_links, organizations, users};

use super::{Rendered, letter::Draft, words::words};
use crate::{
    App, better_auth,
    http::Problem,
    pages::{Language, device_name, html::say},
    realm::Snapshot,
};

/// What the secret of an invitation is sealed for.
const INVITATION: &str = "mailed invitation";

fn context(realm: RealmId, invitation: InvitationId) -> Vec<u8> {
    [*realm.as_bytes(), *invitation.as_bytes()].concat()
}

/// The secret of an invitation as it waits to be mailed: only this installation opens it.
pub fn seal_invitation(app: &App, invitation: &Invitation, secret: &Secret) -> String {
    let context = context(invitation.realm, invitation.id);
    let sealed = app.master_key().seal(INVITATION, &context, secret.reveal().as_bytes(), app.entropy());
    BASE64URL_NOPAD.encode(&sealed)
}

/// The letter, and the address it goes to. `None`: what it was about is gone, or over, and nobody is to be told.
pub async fn write(
    app: &App,
    realm: &Snapshot,
    mail: &Mail,
    now: Timestamp,
) -> Result<Option<(EmailAddress, Rendered)>, Problem> {
    let language = Language::named(&mail.language).unwrap_or(Language::ALL[0]);
    let written = match &mail.letter {
        Letter::Link { link } => {
            let (realm_id, id) = (realm.id(), *link);
            let found = app.db().read("find what a letter is about", move |tx| {
                Box::pin(async move {
                    let Some(link) = mailed_links::find_live(tx, realm_id, id, now).await? else {
                        return Ok(None);
                    };
                    let user = users::find(tx, realm_id, link.user).await?;
                    Ok::<_, Problem>(user.filter(|user| !user.is_disabled()).map(|user| (link, user)))
                })
            });
            let back = mail.back.as_deref();
            found
                .await?
                .map(|(link, user)| (link.email.clone(), of_link(app, realm, language, (&link, back), &user)))
        }
        Letter::AccountExists { user } => {
            let found = user_of(app, realm.id(), *user).await?;
            let found = found.filter(|user| !user.is_disabled());
            found.and_then(|user| {
                Some((user.email.clone()?, account_exists(realm, language, user.name.as_ref(), now)))
            })
        }
        Letter::Invitation { invitation, sealed } => {
            let found = invited(app, realm, *invitation, now).await?;
            let secret = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok().and_then(|sealed| {
                app.master_key().open(INVITATION, &context(realm.id(), *invitation), &sealed).ok()
            });
            match (found, secret.as_ref().and_then(|secret| std::str::from_utf8(secret).ok())) {
                (Some((invitation, organization, inviter)), Some(secret)) => {
                    let by = inviter.as_ref().and_then(|inviter| inviter.name.as_ref());
                    let about = (&invitation, &organization, by);
                    Some((invitation.email.clone(), of_invitation(realm, language, about, secret)))
                }
                _ => None,
            }
        }
        Letter::Notice { user, to, notice, at, address, device } => {
            let found = user_of(app, realm.id(), *user).await?;
            found.map(|user| {
                let where_from = (address.map(|address| address.to_string()), device.as_deref());
                (to.clone(), of_notice(realm, language, &user, *notice, (*at, where_from)))
            })
        }
        // Those are turned into links before.
        _ => None,
    };
    written.map(|(to, draft)| Ok((to, draft.finish().map_err(Problem::internal)?))).transpose()
}

async fn user_of(app: &App, realm: RealmId, user: UserId) -> Result<Option<User>, Problem> {
    let found = app.db().read("find whom a letter is for", move |tx| {
        Box::pin(async move { users::find(tx, realm, user).await })
    });
    Ok(found.await?)
}

async fn invited(
    app: &App,
    realm: &Snapshot,
    id: InvitationId,
    now: Timestamp,
) -> Result<Option<(Invitation, Organization, Option<User>)>, Problem> {
    let realm = realm.id();
    let found = app.db().read("find who is invited", move |tx| {
        Box::pin(async move {
            let invitation = invitations::find(tx, realm, id).await?.filter(|found| found.is_open(now));
            let Some(invitation) = invitation else { return Ok(None) };
            let organization = organizations::find(tx, realm, invitation.organization).await?;
            let inviter = match invitation.invited_by {
                Some(inviter) => users::find(tx, realm, inviter).await?,
                None => None,
            };
            Ok::<_, Problem>(organization.map(|organization| (invitation, organization, inviter)))
        })
    });
    found.await
}

pub(super) fn of_link<'r>(
    app: &App,
    realm: &'r Snapshot,
    language: Language,
    (link, back): (&MailedLink, Option<&str>),
    user: &User,
) -> Draft<'r> {
    let w = words(language);
    let token = app.link_mac().encode(link.purpose, link.id);
    let url = |path: &str| realm.url(&format!("{path}?token={token}"));
    // Of a link that is good for whoever asked alone, the code is mailed, which they type there.
    let code = link.asked.as_ref().map(|_| app.link_mac().code(link.id).reveal().to_string());
    let verifies = || match back {
        Some(back) => better_auth::verified_link(realm, &token, back),
        None => url("/verify-email"),
    };
    let name = user.name.as_ref();
    let draft = |subject, heading| Draft::new(realm, language, name, say(subject), heading);
    let at = link.created_at;
    let of_code = |subject, heading, text, code: String| {
        draft(subject, heading)
            .says(say(text))
            .fact(w.sign_in_code, Some(code))
            .not_you(say(w.not_you_code))
            .because_typed(w.because_typed, at)
    };
    match (link.purpose, code) {
        (LinkPurpose::VerifyEmail, Some(code)) => {
            of_code(w.verify_subject, w.verify_heading, w.verify_code_text, code)
        }
        (LinkPurpose::ChangeEmail, Some(code)) => {
            of_code(w.change_subject, w.verify_heading, w.change_code_text, code)
        }
        (LinkPurpose::Recover, Some(code)) => {
            of_code(w.recover_subject, w.recover_heading, w.recover_code_text, code)
        }
        (LinkPurpose::VerifyEmail, None) => draft(w.verify_subject, w.verify_heading)
            .says(say(w.verify_text))
            .asks(w.verify_go, verifies(), &[say(w.once_day)])
            .not_you(say(w.not_you_verify))
            .because_typed(w.because_typed, at),
        (LinkPurpose::ChangeEmail, None) => draft(w.change_subject, w.verify_heading)
            .says(say(w.change_text))
            .asks(w.verify_go, verifies(), &[say(w.once_day)])
            .not_you(say(w.not_you_verify))
            .because_typed(w.because_typed, at),
        (LinkPurpose::Recover, None) => draft(w.recover_subject, w.recover_heading)
            .says(say(w.recover_text))
            .asks(
                w.recover_heading,
                match back {
                    Some(back) => better_auth::reset_link(realm, &token, back),
                    None => url("/recover/confirm"),
                },
                &[say(w.once_minutes)],
            )
            .not_you(say(w.not_you_recover))
            .because_typed(w.because_typed, at),
        (LinkPurpose::SignIn, _) => {
            let code = app.link_mac().code(link.id).reveal();
            let by_link = link.asked.as_ref().is_none_or(|asked| asked.flow.is_some() || back.is_some());
            let letter = draft(w.sign_in_subject, w.sign_in_heading)
                .says(say(if by_link { w.sign_in_text } else { w.sign_in_code_text }))
                .fact(w.sign_in_code, Some(code.to_string()))
                .not_you(say(w.not_you_sign_in))
                .because_typed(w.because_typed, at);
            if by_link {
                let link = match back {
                    Some(back) => better_auth::magic_link(realm, &token, back),
                    None => url("/sign-in/email/open"),
                };
                letter.asks(w.exists_go, link, &[say(w.sign_in_hint)])
            } else {
                letter
            }
        }
        (LinkPurpose::DeleteAccount, _) => draft(w.delete_subject, w.delete_heading)
            .says(say(w.delete_text))
            .asks(
                w.delete_go,
                better_auth::deletion_link(realm, &token, back.unwrap_or_default()),
                &[say(w.delete_hint)],
            )
            .not_you(say(w.not_you_delete)),
        (LinkPurpose::UndoEmail, _) => draft(w.undo_subject, w.undo_heading)
            .says(say(w.undo_text))
            .says(say(w.nothing_to_do))
            .asks(w.undo_go, url("/undo-email"), &[say(w.once_week)])
            .not_you(say(w.not_you_undo)),
    }
}

pub(super) fn account_exists<'r>(
    realm: &'r Snapshot,
    language: Language,
    name: Option<&DisplayName>,
    now: Timestamp,
) -> Draft<'r> {
    let w = words(language);
    Draft::new(realm, language, name, say(w.exists_subject), w.exists_heading)
        .says(say(w.exists_text))
        .asks(w.exists_go, realm.url("/sign-in"), &[])
        .not_you(say(w.not_you_exists))
        .because_typed(w.because_typed, now)
}

/// A name that somebody gave to what is theirs, if it cannot be taken for an address by a program that makes links of those: else
/// anybody could have us send their advertisement to anybody.
fn tame(name: &DisplayName) -> Option<&str> {
    let name = name.as_str();
    let inner_dot = name.split_whitespace().any(|word| word.trim_end_matches('.').contains('.'));
    (!inner_dot && !name.contains(['/', '@', ':']) && name.chars().count() <= 60).then_some(name)
}

pub(super) fn of_invitation<'r>(
    realm: &'r Snapshot,
    language: Language,
    (invitation, organization, by): (&Invitation, &Organization, Option<&DisplayName>),
    secret: &str,
) -> Draft<'r> {
    let w = words(language);
    let organization = tame(&organization.name).unwrap_or(organization.slug.as_str());
    let subject = say(w.invite_subject).put("organization", organization);
    let text = match by.and_then(tame) {
        Some(inviter) => say(w.invite_text).put("inviter", inviter),
        None => say(w.invite_text_nobody),
    };
    let draft = Draft::new(realm, language, None, subject, w.invite_heading);
    let hint = say(w.invite_hint).put("time", draft.moment(invitation.expires_at));
    draft
        .says(text.put("organization", organization))
        .asks(w.invite_go, realm.url(&format!("/invitation?token={secret}")), &[hint])
        .not_you(say(w.not_you_invite))
        .because_typed(w.because_typed, invitation.created_at)
}

pub(super) fn of_notice<'r>(
    realm: &'r Snapshot,
    language: Language,
    user: &User,
    notice: Notice,
    (at, (address, device)): (Timestamp, (Option<String>, Option<&str>)),
) -> Draft<'r> {
    let w = words(language);
    let factor = |factor| match factor {
        Factor::Passkey => w.passkey,
        Factor::AuthenticatorApp => w.authenticator_app,
        Factor::RecoveryCodes => w.recovery_codes,
        Factor::Identity => w.identity,
        Factor::PhoneNumber => w.phone_number,
        _ => "-",
    };
    let (subject, heading, text) = match notice {
        Notice::NewDevice => (w.device_subject, w.device_heading, say(w.device_text)),
        Notice::PasswordChanged => (w.password_subject, w.password_heading, say(w.password_text)),
        Notice::EmailChanged => (w.undo_subject, w.undo_heading, say(w.email_text)),
        Notice::UsernameChanged => (w.username_subject, w.username_heading, say(w.username_text)),
        Notice::FactorAdded(added) => {
            (w.added_subject, w.added_heading, say(w.added_text).put("factor", factor(added)))
        }
        Notice::FactorRemoved(removed) => {
            (w.removed_subject, w.removed_heading, say(w.removed_text).put("factor", factor(removed)))
        }
        Notice::SecondFactorsReset { authenticator_app, passkeys, phone_number } => {
            let app = authenticator_app.then(|| w.authenticator_app.to_owned());
            let passkeys = match passkeys {
                0 => None,
                1 => Some(w.passkey.to_owned()),
                many => Some(format!("{} ({many})", w.passkey)),
            };
            let phone = phone_number.then(|| w.phone_number.to_owned());
            let removed: Vec<String> = app.into_iter().chain(passkeys).chain(phone).collect();
            (w.reset_subject, w.reset_heading, say(w.reset_text).put("factors", removed.join(", ")))
        }
        Notice::RecoveryCodesMade => (w.codes_subject, w.codes_heading, say(w.codes_text)),
        Notice::RecoveryCodeUsed { left } => {
            (w.code_used_subject, w.code_used_heading, say(w.code_used_text).put("left", left))
        }
        Notice::AccountTakenOver => (w.taken_subject, w.taken_heading, say(w.taken_text)),
        _ => (w.device_subject, w.device_heading, say(w.nothing_to_do)),
    };
    let draft = Draft::new(realm, language, user.name.as_ref(), say(subject), heading).says(text);
    let time = draft.moment(at);
    let draft = draft
        .fact(w.fact_device, device.map(|agent| device_name(language, agent)))
        .fact(w.fact_address, address)
        .fact(w.fact_time, Some(time));
    // Whoever was given another address cannot recover the account by this one.
    if notice == Notice::EmailChanged {
        return draft.not_you(say(w.not_you_email));
    }
    draft.says(say(w.nothing_to_do)).asks(w.recover_heading, realm.url("/recover"), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_an_address_is_not_written() {
        for (name, tame_enough) in [
            ("Acme", true),
            ("Acme Inc.", true),
            ("Ben & Söhne", true),
            ("Win money at evil.example now", false),
            ("https://evil", false),
            ("evil@example", false),
            ("a".repeat(61).as_str(), false),
        ] {
            assert_eq!(tame(&name.parse().unwrap()).is_some(), tame_enough, "{name}");
        }
    }
}
