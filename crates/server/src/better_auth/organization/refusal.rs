//! What the plugin says no with.

use axum::http::StatusCode;

use super::super::refusal::Refusal;
use crate::http::Problem;

/// A refusal of the contract: its status, its code, and a sentence of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said(StatusCode, &'static str, &'static str);

impl From<Said> for Refusal {
    fn from(Said(status, code, message): Said) -> Self {
        Self::new(status, code, message)
    }
}

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const NO: StatusCode = StatusCode::FORBIDDEN;
const NOT_YOURS: &str = "There is no such organization, or you do not belong to it.";

pub(super) const NONE_ACTIVE: Said =
    Said(BAD, "NO_ACTIVE_ORGANIZATION", "Name an organization, or make one active first.");
pub(super) const NONE_NAMED: Said =
    Said(BAD, "ORGANIZATION_NOT_FOUND", "Name an organization, or make one active first.");
/// Where something is changed.
pub(super) const NO_MEMBERSHIP: Said = Said(BAD, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", NOT_YOURS);
/// Where it is about somebody else.
pub(super) const NOT_A_MEMBER: Said = Said(
    BAD,
    "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION",
    "The account does not belong to the organization. Invite them first.",
);
/// Where something is looked at.
pub(super) const NO_ACCESS: Said = Said(NO, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", NOT_YOURS);
/// Where it is asked what one may do.
pub(super) const NO_RIGHTS: Said =
    Said(StatusCode::UNAUTHORIZED, "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", NOT_YOURS);
/// Where members are looked at.
pub(super) const NO_MEMBERS: Said = Said(NO, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION", NOT_YOURS);
/// Where members are changed: neither the caller, nor whoever is named.
pub(super) const NO_MEMBER: Said =
    Said(BAD, "MEMBER_NOT_FOUND", "There is no such member, or you do not belong to the organization.");
pub(super) const NO_ROLE: Said =
    Said(BAD, "ROLE_NOT_FOUND", "Give a role: owner, member, or one of the realm's.");
pub(super) const NO_INVITATION: Said =
    Said(BAD, "INVITATION_NOT_FOUND", "There is no such open invitation, or it is not for you.");
pub(super) const INVITER_GONE: Said = Said(
    BAD,
    "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION",
    "Whoever invited you does not belong to the organization any more.",
);
pub(super) const UNVERIFIED: Said = Said(
    NO,
    "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION",
    "Verify your e-mail address first: an invitation is for whoever reads mail there.",
);
pub(super) const UNVERIFIED_TO_SEE: Said = Said(
    NO,
    "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION",
    "Verify your e-mail address first: an invitation is shown to whoever reads mail there.",
);
pub(super) const MAY_NOT_UPDATE: Said =
    Said(NO, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION", "Only owners change an organization.");
pub(super) const MAY_NOT_DELETE: Said =
    Said(NO, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION", "Only owners delete an organization.");
pub(super) const MAY_NOT_INVITE: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION",
    "Only owners, and members with organization:manage, invite.",
);
pub(super) const MAY_NOT_GIVE: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE",
    "Nobody gives a role beyond their own rights.",
);
pub(super) const MAY_NOT_CANCEL: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION",
    "Only owners, and members with organization:manage, take back what they could have given.",
);
pub(super) const MAY_NOT_LIST: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS",
    "Only owners, and members with organization:manage, see invitations.",
);
pub(super) const MAY_NOT_REMOVE: Said = Said(
    StatusCode::UNAUTHORIZED,
    "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER",
    "Only owners, and members with organization:manage, remove a member, and nobody one with more rights.",
);
pub(super) const MAY_NOT_CHANGE: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER",
    "Only owners, and members with organization:manage, change roles, and nobody beyond their own rights.",
);
/// Who leaves or is removed.
pub(super) const LAST_OWNER_LEAVES: Said = Said(
    BAD,
    "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER",
    "The last owner stays. Make another member an owner first, or delete the organization.",
);
/// Who is given other roles.
pub(super) const LAST_OWNER_FALLS: Said = Said(
    BAD,
    "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER",
    "The last owner stays one. Make another member an owner first.",
);
pub(super) const SLUG_TAKEN_BY_ANOTHER: Said =
    Said(BAD, "ORGANIZATION_SLUG_ALREADY_TAKEN", "Another organization has this slug.");
pub(super) const EXISTS: Said =
    Said(BAD, "ORGANIZATION_ALREADY_EXISTS", "Another organization has this slug.");
pub(super) const TOO_MANY: Said = Said(
    NO,
    "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS",
    "You own as many organizations as one may.",
);
/// What the contract says of teams where the caller does not belong to the organization.
pub(super) const NO_TEAMS_TO_MAKE: Said =
    Said(NO, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION", NOT_YOURS);
pub(super) const NO_TEAM_TO_CHANGE: Said = Said(NO, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM", NOT_YOURS);
pub(super) const NO_TEAM_TO_DELETE: Said = Said(NO, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM", NOT_YOURS);
pub(super) const NO_TEAMS_TO_SEE: Said =
    Said(NO, "YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION", NOT_YOURS);
pub(super) const ACTIVE_TEAM: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM",
    "The team is active in this session. Make another active, or none, first.",
);
pub(super) const MAY_NOT_MAKE_TEAMS: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION",
    "Only owners, and members with organization:manage, make teams.",
);
pub(super) const MAY_NOT_CHANGE_TEAM: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM",
    "Only owners, and members with organization:manage, change teams.",
);
pub(super) const MAY_NOT_DELETE_TEAMS: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION",
    "Only owners, and members with organization:manage, delete teams.",
);
pub(super) const MAY_NOT_ADD_TO_TEAM: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER",
    "Only owners, and members with organization:manage, put somebody into a team.",
);
pub(super) const MAY_NOT_REMOVE_FROM_TEAM: Said = Said(
    NO,
    "YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER",
    "Only owners, and members with organization:manage, take somebody out of a team.",
);
pub(super) const NO_TEAM: Said = Said(BAD, "TEAM_NOT_FOUND", "The organization has no such team.");
pub(super) const BAD_TEAM: Said =
    Said(BAD, "INVALID_TEAM_ID", "An id of a team has no comma. For several teams give a list.");
pub(super) const NO_ACTIVE_TEAM: Said =
    Said(BAD, "YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM", "Name a team, or make one active first.");
/// Where something is looked at or changed.
pub(super) const NOT_IN_TEAM: Said =
    Said(BAD, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM", "The account is not in the team.");
/// Where a team is made active.
pub(super) const NOT_IN_TEAM_TO_BE_IN: Said =
    Said(NO, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM", "Only who is in a team makes it active.");
pub(super) const LAST_TEAM: Said = Said(
    BAD,
    "UNABLE_TO_REMOVE_LAST_TEAM",
    "The last team of an organization stays. Make another first, or give this one another name.",
);
pub(super) const TOO_MANY_TEAMS: Said = Said(
    BAD,
    "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS",
    "The organization has as many teams as there may be.",
);
pub(super) const TEAM_FULL: Said =
    Said(NO, "TEAM_MEMBER_LIMIT_REACHED", "The team has as many members as there may be.");
pub(super) const TOO_MANY_OF_THEIRS: Said = Said(
    NO,
    "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS",
    "The account owns as many organizations as one may.",
);
const TOO_MANY_INVITATIONS: Said =
    Said(NO, "INVITATION_LIMIT_REACHED", "The organization has as many open invitations as there may be.");
const MEMBER_ALREADY: Said = Said(
    BAD,
    "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION",
    "The account belongs to the organization already.",
);
const INVITED_ALREADY: Said = Said(
    BAD,
    "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION",
    "The address has an open invitation. Take it back, or invite with resend.",
);

/// A refusal of the native API, as the endpoint says it: what it has for an organization or a member that is not there, and for a right
/// that is missing.
pub(super) fn told(problem: Problem, missing: Said, forbidden: Said) -> Refusal {
    match problem {
        Problem::NotFound => missing.into(),
        Problem::MissingPermission | Problem::BeyondRights => forbidden.into(),
        Problem::SlugTaken => SLUG_TAKEN_BY_ANOTHER.into(),
        Problem::AlreadyMember => MEMBER_ALREADY.into(),
        Problem::AlreadyInvited => INVITED_ALREADY.into(),
        other => other.into(),
    }
}

/// The same of an invitation that is made.
pub(super) fn told_of_invitation(problem: Problem) -> Refusal {
    match problem {
        Problem::BeyondRights => MAY_NOT_GIVE.into(),
        Problem::TooMany { .. } => TOO_MANY_INVITATIONS.into(),
        Problem::InvalidField { field: "teams", .. } => NO_TEAM.into(),
        other => told(other, NO_MEMBER, MAY_NOT_INVITE),
    }
}

/// The same of whoever was invited: whatever is wrong with the invitation or with whose it is, the answer is the same.
pub(super) fn told_of_invited(problem: Problem) -> Refusal {
    match problem {
        Problem::InvalidInvitation => NO_INVITATION.into(),
        Problem::TooMany { .. } => TOO_MANY.into(),
        other => told(other, NO_INVITATION, NO_INVITATION),
    }
}
