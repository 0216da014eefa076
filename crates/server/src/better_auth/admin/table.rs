//! `list-users`: the accounts of the realm as a table.

use gatepost_domain::role::ADMINISTRATOR;
use gatepost_store::users::{Spelled, TableFilter, TableOrder};
use serde_json::json;

use super::{
    super::{
        asked::{Answer, Asked},
        fields::Fields,
        view::{ADMIN, USER},
    },
    administrator, view,
};
use crate::{accounts, http::Problem};

/// As many users as a page holds, asked for or not.
const MOST: u32 = 100;

/// What one may sort by, and what stands for it in each direction.
const SORTED: [(&str, TableOrder, TableOrder); 4] = [
    ("createdAt", TableOrder::Made, TableOrder::Newest),
    ("updatedAt", TableOrder::Updated, TableOrder::UpdatedLast),
    ("email", TableOrder::Email, TableOrder::EmailFromEnd),
    ("name", TableOrder::Name, TableOrder::NameFromEnd),
];

/// How a text is looked for. `None`: not in this way.
fn spelled(operator: &str, text: String) -> Option<Spelled> {
    match operator {
        "eq" => Some(Spelled::Is(text)),
        "contains" => Some(Spelled::Contains(text)),
        "starts_with" => Some(Spelled::Begins(text)),
        "ends_with" => Some(Spelled::Ends(text)),
        _ => None,
    }
}

/// A text to look for, which some column can hold.
fn searched(fields: &mut Fields, name: &str) -> Option<String> {
    let text = fields.optional_text(name)?;
    if text.len() > 200 || text.contains('\0') {
        fields.refuse(name, "Give up to 200 bytes of text");
        return None;
    }
    Some(text)
}

/// Whether something that is yes or no is to be so. `None`: not in this way.
fn yes_or_no(operator: &str, text: &str) -> Option<bool> {
    let asked = match text {
        "true" => true,
        "false" => false,
        _ => return None,
    };
    match operator {
        "eq" => Some(asked),
        "ne" => Some(!asked),
        _ => None,
    }
}

fn search(fields: &mut Fields, filter: &mut TableFilter) {
    let text = searched(fields, "searchValue").filter(|text| !text.is_empty());
    let field = fields.word("searchField", &["email", "name"]);
    let operator = fields.word("searchOperator", &["contains", "starts_with", "ends_with"]);
    let found = text.and_then(|text| spelled(operator.unwrap_or("contains"), text));
    if field == Some("name") {
        filter.name[0] = found;
    } else {
        filter.email[0] = found;
    }
}

/// Reads what is filtered by. What cannot be is refused: who asked for some and got all would take them for those.
fn narrow(fields: &mut Fields, filter: &mut TableFilter) -> Result<(), Problem> {
    let field = fields.optional_text("filterField");
    let operator = fields.optional_text("filterOperator");
    let Some(text) = searched(fields, "filterValue") else { return Ok(()) };
    let operator = operator.as_deref().unwrap_or("eq");
    let understood = match field.as_deref().unwrap_or("email") {
        "email" => {
            filter.email[1] = spelled(operator, text);
            filter.email[1].is_some()
        }
        "name" => {
            filter.name[1] = spelled(operator, text);
            filter.name[1].is_some()
        }
        "id" => {
            filter.id = text.parse().ok().filter(|_| operator == "eq");
            filter.id.is_some()
        }
        "banned" => {
            filter.disabled = yes_or_no(operator, &text);
            filter.disabled.is_some()
        }
        "emailVerified" => {
            filter.email_verified = yes_or_no(operator, &text);
            filter.email_verified.is_some()
        }
        "role" => {
            let is_admin = match text.as_str() {
                ADMIN => yes_or_no(operator, "true"),
                USER => yes_or_no(operator, "false"),
                _ => None,
            };
            let role = ADMINISTRATOR.parse().map_err(Problem::internal)?;
            filter.role = is_admin.map(|is_admin| (role, is_admin));
            filter.role.is_some()
        }
        _ => false,
    };
    if !understood {
        let why = "Filter by email or name (eq, contains, starts_with, ends_with), by id (eq), or by role (admin, user), banned \
                   or emailVerified (true, false; eq, ne)";
        fields.refuse("filterField", why);
    }
    Ok(())
}

fn order(fields: &mut Fields) -> TableOrder {
    let by = fields.word("sortBy", &SORTED.map(|(name, ..)| name));
    let direction = fields.word("sortDirection", &["asc", "desc"]);
    let found = SORTED.iter().find(|(name, ..)| by == Some(*name));
    found
        .map_or_else(TableOrder::default, |(_, up, down)| if direction == Some("desc") { *down } else { *up })
}

/// One page of the table, and how many accounts there are in all of it.
pub(in crate::better_auth) async fn list(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let (limit, offset) = (fields.number("limit"), fields.number("offset"));
    if limit.is_some_and(|limit| !(1..=MOST).contains(&limit)) {
        fields.refuse("limit", "Give a whole number from 1 to 100");
    }
    let (mut filter, order) = (TableFilter::default(), order(&mut fields));
    search(&mut fields, &mut filter);
    narrow(&mut fields, &mut filter)?;
    fields.done()?;
    administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS").await?;
    let page = (offset.unwrap_or(0), limit.unwrap_or(MOST));
    let (found, total) = accounts::table(&asked.app, asked.realm.id(), filter, order, page).await?;
    let mut users = Vec::with_capacity(found.len());
    for user in &found {
        users.push(view(&asked, user).await?);
    }
    let mut answer = json!({"users": users, "total": total});
    // As in the contract: what is nothing is not repeated.
    for (name, number) in [("limit", limit), ("offset", offset)] {
        if let Some(number) = number.filter(|number| *number > 0) {
            answer[name] = json!(number);
        }
    }
    Ok(asked.json(&answer))
}
