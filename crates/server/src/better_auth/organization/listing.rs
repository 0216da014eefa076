//! Which members are asked for: paging, order and filter, out of a query.

use std::time::Duration;

use gatepost_domain::{Timestamp, UserId};
use gatepost_store::memberships::{Choice, Order, Slice};

use super::super::asked::Asked;
use super::super::fields::Fields;
use super::roles;

/// As many as are listed where nothing is said.
pub(super) const COMMON: u32 = 100;

/// As many as are listed at once.
const MOST: u32 = 1_000;

/// What the contract filters by.
const OPERATORS: [&str; 11] =
    ["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "ends_with"];

/// The step in which moments are shown.
const SHOWN: Duration = Duration::from_millis(1);

/// How many. More is refused: who asked for more would take what there is for all.
pub(super) fn limit(fields: &mut Fields, name: &str) -> Option<u32> {
    let sent = fields.optional_text(name)?;
    let limit = sent.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    if limit.is_none() {
        fields.complain(name, "Give a whole number from 1 to 1000");
    }
    limit
}

/// Everything that a query says of it.
pub(super) fn read(asked: &Asked, fields: &mut Fields) -> (Choice, Slice) {
    let limit = limit(fields, "limit").unwrap_or(COMMON);
    let offset = offset(fields);
    let slice = Slice { order: order(fields), descending: descending(fields), offset, limit };
    (choice(asked, fields), slice)
}

fn offset(fields: &mut Fields) -> u32 {
    let Some(sent) = fields.optional_text("offset") else { return 0 };
    sent.parse().unwrap_or_else(|_| {
        fields.complain("offset", "Give a whole number");
        0
    })
}

fn order(fields: &mut Fields) -> Order {
    match fields.optional_text("sortBy").as_deref() {
        None | Some("" | "id" | "userId" | "organizationId") => Order::Account,
        Some("createdAt") => Order::Since,
        Some("role") => Order::Roles,
        Some(_) => {
            fields.complain("sortBy", "Members are sorted by createdAt, role, userId or id");
            Order::Account
        }
    }
}

fn descending(fields: &mut Fields) -> bool {
    match fields.optional_text("sortDirection").as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => {
            fields.complain("sortDirection", "Invalid option: expected one of \"asc\"|\"desc\"");
            false
        }
    }
}

/// What the members have in common who are asked for. What cannot be filtered by is refused: all would be taken for those.
fn choice(asked: &Asked, fields: &mut Fields) -> Choice {
    let operator = fields.optional_text("filterOperator").unwrap_or_else(|| "eq".to_owned());
    if !OPERATORS.contains(&operator.as_str()) {
        let known = OPERATORS.map(|name| format!("\"{name}\"")).join("|");
        fields.complain("filterOperator", &format!("Invalid option: expected one of {known}"));
        return Choice::default();
    }
    let Some(field) = fields.optional_text("filterField").filter(|field| !field.is_empty()) else {
        return Choice::default();
    };
    let values = asked.all_of_query("filterValue");
    let read = match field.as_str() {
        "role" => by_roles(&operator, &values),
        "userId" => by_user(&operator, &values),
        "createdAt" => by_moment(&operator, &values),
        _ => Err(("filterField", "Members are filtered by role, userId or createdAt")),
    };
    read.unwrap_or_else(|(name, why)| {
        fields.complain(name, why);
        Choice::default()
    })
}

type Read = Result<Choice, (&'static str, &'static str)>;

/// One value, where there must be one.
fn one(values: &[String]) -> Result<&str, (&'static str, &'static str)> {
    match values {
        [value] => Ok(value),
        _ => Err(("filterValue", "Give one value")),
    }
}

fn by_roles(operator: &str, values: &[String]) -> Read {
    let within = match operator {
        "eq" | "ne" => {
            one(values)?;
            operator == "eq"
        }
        "in" | "not_in" => operator == "in",
        _ => return Err(("filterOperator", "role is filtered with eq, ne, in or not_in")),
    };
    let lists = values.iter().flat_map(|text| roles::lists_of(text)).collect();
    Ok(Choice { roles: Some((lists, within)), ..Choice::default() })
}

fn by_user(operator: &str, values: &[String]) -> Read {
    let is = match operator {
        "eq" => true,
        "ne" => false,
        _ => return Err(("filterOperator", "userId is filtered with eq or ne")),
    };
    // Nobody has an id that is none.
    let user = one(values)?.parse().unwrap_or(UserId::MIN);
    Ok(Choice { user: Some((user, is)), ..Choice::default() })
}

fn by_moment(operator: &str, values: &[String]) -> Read {
    let at: Timestamp = one(values)?.parse().map_err(|_| ("filterValue", "Give a moment (RFC 3339)"))?;
    // Members are of the moment that is shown, which is cut off to whole milliseconds.
    let next = at.plus(SHOWN);
    let (since, before) = match operator {
        "eq" => (Some(at), Some(next)),
        "gt" => (Some(next), None),
        "gte" => (Some(at), None),
        "lt" => (None, Some(at)),
        "lte" => (None, Some(next)),
        _ => return Err(("filterOperator", "createdAt is filtered with eq, gt, gte, lt or lte")),
    };
    Ok(Choice { since, before, ..Choice::default() })
}
