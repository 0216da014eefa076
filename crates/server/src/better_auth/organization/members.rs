//! Members: listed, given other roles, removed; and leaving.

use serde::Serialize;
use serde_json::json;

use super::super::asked::{Answer, Asked};
use super::{
    by, listing, named, named_or_slugged,
    refusal::{
        LAST_OWNER_FALLS, LAST_OWNER_LEAVES, MAY_NOT_CHANGE, MAY_NOT_REMOVE, NO_MEMBER, NO_MEMBERS,
        NONE_ACTIVE, TOO_MANY_OF_THEIRS, told,
    },
    roles,
    view::{MemberView, member_of},
};
use crate::{
    http::Problem,
    organizations::{self, Whom},
};

#[derive(Serialize)]
struct Listed {
    members: Vec<MemberView>,
    total: u64,
}

/// A part of the members, in an order and by a filter, and how many there are.
pub(in super::super) async fn list(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let wanted = listing::read(&asked, &mut fields);
    let sent = (fields.optional_text("organizationId"), fields.optional_text("organizationSlug"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named_or_slugged(&asked, &caller, sent, (NONE_ACTIVE, NO_MEMBERS)).await?;
    let by = by(&asked, &caller);
    let found = organizations::choose_members(&asked.app, &asked.realm, id, by, wanted).await;
    let (found, total) = found.map_err(|problem| told(problem, NO_MEMBERS, NO_MEMBERS))?;
    Ok(asked.json(&Listed { members: found.iter().map(MemberView::from).collect(), total }))
}

/// Removes a member, by the id of the membership or by the address.
pub(in super::super) async fn remove(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (whom, id) = (fields.text("memberIdOrEmail"), fields.optional_text("organizationId"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_MEMBER))?;
    let is_address = whom.contains('@');
    let whom =
        if is_address { whom.parse().ok().map(Whom::Email) } else { member_of(id, &whom).map(Whom::User) };
    let Some(whom) = whom else { return Err(NO_MEMBER.into()) };
    let by = by(&asked, &caller);
    let found = organizations::find_member(&asked.app, &asked.realm, id, by, whom).await;
    let found = found.map_err(|problem| told(problem, NO_MEMBER, NO_MEMBER))?;
    let (named, acting) = ((id, found.user.id), (caller.who(&asked), by));
    organizations::remove_member(&asked.app, &asked.realm, named, acting, asked.now).await.map_err(
        |problem| match problem {
            Problem::LastOwner => LAST_OWNER_LEAVES.into(),
            other => told(other, NO_MEMBER, MAY_NOT_REMOVE),
        },
    )?;
    let member: MemberView = if is_address { (&found).into() } else { (&found.member).into() };
    Ok(asked.json(&json!({"member": member})))
}

/// Gives a member other roles.
pub(in super::super) async fn update_role(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (names, whom) = (fields.roles("role"), fields.text("memberId"));
    let id = fields.optional_text("organizationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_MEMBER))?;
    let roles = roles::read(&asked.realm, &names)?;
    let Some(user) = member_of(id, &whom) else { return Err(NO_MEMBER.into()) };
    let acting = (caller.who(&asked), by(&asked, &caller));
    let changed =
        organizations::set_member(&asked.app, &asked.realm, (id, user), roles, acting, asked.now).await;
    let (member, _) = changed.map_err(|problem| match problem {
        Problem::LastOwner => LAST_OWNER_FALLS.into(),
        Problem::TooMany { .. } => TOO_MANY_OF_THEIRS.into(),
        other => told(other, NO_MEMBER, MAY_NOT_CHANGE),
    })?;
    Ok(asked.json(&MemberView::from(&member)))
}

/// Leaves an organization.
pub(in super::super) async fn leave(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("organizationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let Ok(id) = id.parse() else { return Err(NO_MEMBER.into()) };
    let (named, acting) = ((id, caller.user().id), (caller.who(&asked), by(&asked, &caller)));
    let left = organizations::remove_member(&asked.app, &asked.realm, named, acting, asked.now).await;
    let member = left.map_err(|problem| match problem {
        Problem::LastOwner => LAST_OWNER_LEAVES.into(),
        other => told(other, NO_MEMBER, MAY_NOT_REMOVE),
    })?;
    Ok(asked.json(&MemberView::from(&caller.as_member(member))))
}
