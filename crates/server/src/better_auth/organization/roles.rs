//! Roles, by the names that both have: `owner` is built in on both sides, every other role is the realm's, and a member without a role is
//! called `member` where the realm has no role of that name.

use axum::http::StatusCode;
use gatepost_domain::RoleName;

use super::super::refusal::Refusal;
use super::refusal::NO_ROLE;
use crate::{http::Problem, organizations, realm::Snapshot};

/// What whoever has no role is called: there nobody is without.
const PLAIN: &str = "member";

/// The roles of a member, or those that an invitation gives.
pub(super) fn shown(roles: &[RoleName]) -> String {
    if roles.is_empty() {
        return PLAIN.to_owned();
    }
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(",")
}

/// Roles that were sent: each must be one that the realm's organizations give.
pub(super) fn read(realm: &Snapshot, sent: &[String]) -> Result<Vec<RoleName>, Refusal> {
    if sent.is_empty() {
        return Err(NO_ROLE.into());
    }
    let is_plain = |name: &String| name == PLAIN && !knows_plain(realm);
    let names: Vec<String> = sent.iter().filter(|name| !is_plain(name)).cloned().collect();
    organizations::roles(realm, &names).map_err(|problem| match problem {
        Problem::InvalidField { reason, .. } => {
            Refusal::new(StatusCode::BAD_REQUEST, "ROLE_NOT_FOUND", &reason)
        }
        other => other.into(),
    })
}

fn knows_plain(realm: &Snapshot) -> bool {
    PLAIN.parse().is_ok_and(|plain| realm.organization_roles().contains(&plain))
}

/// The lists of roles that are shown as the text; none where it is the text of no list.
pub(super) fn lists_of(text: &str) -> Vec<Vec<RoleName>> {
    let mut names: Vec<&str> = text.split(',').collect();
    names.sort_unstable();
    let list: Option<Vec<RoleName>> = names.into_iter().map(|name| name.parse().ok()).collect();
    let plain = (text == PLAIN).then(Vec::new);
    list.into_iter().chain(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_roles_is_read_back_as_every_list_that_is_shown_so() {
        let list = |text: &str| -> Vec<RoleName> {
            text.split_whitespace().map(|name| name.parse().unwrap()).collect()
        };
        assert_eq!((shown(&[]), shown(&list("admin owner"))), ("member".into(), "admin,owner".into()));
        assert_eq!(lists_of("member"), [list("member"), vec![]]);
        assert_eq!(lists_of("owner,admin"), [list("admin owner")]);
        assert!(lists_of("").is_empty() && lists_of("a b").is_empty() && lists_of("a,").is_empty());
    }
}
