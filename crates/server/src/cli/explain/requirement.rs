//! What a route asks of its caller, as the guards name it, held against verified claims.

use gatepost_domain::{RoleName, User};
use gatepost_jose::Claims;
use serde_json::Value;

use crate::config::nearest;

/// The rules of a guard in the order it asks them, under the names they have in Python and in `x-gatepost`.
const RULES: [&str; 14] = [
    "credential",
    "realm",
    "organization",
    "scope",
    "role",
    "any_role",
    "all_roles",
    "permission",
    "any_permission",
    "all_permissions",
    "check",
    "resource",
    "mfa",
    "fresh",
];

/// An issuer's clock may run ahead of ours by this much.
const CLOCK_SKEW_SECONDS: i64 = 60;

/// One rule with what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Requirement {
    rule: &'static str,
    names: Vec<String>,
}

/// What a rule makes of a caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Refuses {
        code: &'static str,
        reason: String,
    },
    /// Only the application can tell.
    Unknown,
}

impl Requirement {
    /// Reads `permission=notes:write`, `any_role=admin,owner`, `mfa` or `fresh=300`.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, String> {
        let (rule, names) = text.split_once('=').unwrap_or((text, ""));
        let Some(rule) = RULES.into_iter().find(|known| *known == rule) else {
            return Err(match nearest(rule, RULES) {
                Some(near) => format!("there is no rule {rule}; did you mean {near}?"),
                None => format!("there is no rule {rule}; known are {}", RULES.join(", ")),
            });
        };
        let split = if rule == "scope" { [',', ' '] } else { [','; 2] };
        let names: Vec<String> =
            names.split(split).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let needs_none = ["mfa", "organization", "check", "resource"].contains(&rule);
        if names.is_empty() && !needs_none {
            return Err(format!("{rule} needs what it asks for, as in {}", example(rule)));
        }
        if rule == "fresh" && names[0].parse::<i64>().is_err() {
            return Err("fresh is a number of seconds, as in fresh=300".to_owned());
        }
        Ok(Self { rule, names })
    }

    /// The rules of an operation of an OpenAPI document: what the guards left there as `x-gatepost`, and the scopes.
    pub(super) fn of_operation(operation: &Value) -> Result<Vec<Self>, String> {
        let mut found = Vec::new();
        let noted = operation["x-gatepost"].as_object().cloned().unwrap_or_default();
        if let Some(unknown) = noted.keys().find(|rule| !RULES.contains(&rule.as_str())) {
            return Err(format!("the document asks for {unknown}, which this version does not know"));
        }
        for rule in RULES {
            if rule == "scope" {
                let names = scopes(operation);
                found.extend((!names.is_empty()).then_some(Self { rule, names }));
            } else if let Some(value) = noted.get(rule) {
                // Several guards on one operation: a list of what each asks for.
                let several = match (value, rule.starts_with("any_") || rule.starts_with("all_")) {
                    (Value::Array(list), false) => list.clone(),
                    (Value::Array(list), true) if list.iter().all(Value::is_array) => list.clone(),
                    (one, _) => vec![one.clone()],
                };
                found.extend(several.iter().map(|value| Self { rule, names: names(value) }));
            }
        }
        Ok(found)
    }

    /// As it is written on the command line.
    pub(super) fn name(&self) -> String {
        match self.names.as_slice() {
            [] => self.rule.to_owned(),
            names => format!("{}={}", self.rule, names.join(",")),
        }
    }

    /// Decides as a guard would.
    pub(super) fn judge(&self, claims: &Claims, now: i64) -> Verdict {
        let all = |has: &dyn Fn(&str) -> bool| self.names.iter().all(|name| has(name));
        let any = |has: &dyn Fn(&str) -> bool| self.names.iter().any(|name| has(name));
        let first = self.names.first().map(String::as_str);
        let (holds, code, has) = match self.rule {
            "credential" => {
                let kind = if claims.api_key().is_some() { "api_key" } else { "token" };
                (first == Some(kind), "wrong_credential", said(&[kind]))
            }
            "realm" => (claims.realm() == first, "wrong_realm", said(claims.realm().as_slice())),
            "organization" => {
                let active = claims.organization();
                let holds = active.is_some() && (first.is_none() || first == active);
                (holds, "organization_required", said(active.as_slice()))
            }
            "scope" => {
                let has: Vec<&str> = claims.scopes().collect();
                (all(&|name| claims.has_scope(name)), "insufficient_scope", said(&has))
            }
            "role" | "all_roles" => {
                (all(&|name| claims.has_role(name)), "missing_role", said(claims.roles()))
            }
            "any_role" => (any(&|name| claims.has_role(name)), "missing_role", said(claims.roles())),
            "permission" | "all_permissions" => {
                (all(&|name| claims.has_permission(name)), "missing_permission", said(claims.permissions()))
            }
            "any_permission" => {
                (any(&|name| claims.has_permission(name)), "missing_permission", said(claims.permissions()))
            }
            "mfa" => {
                let holds = claims.amr().iter().any(|method| **method == *"mfa");
                (holds, "reauthentication_required", said(claims.amr()))
            }
            "fresh" => {
                let limit: i64 = first.and_then(|limit| limit.parse().ok()).unwrap_or_default();
                let age = claims.auth_time().map(|at| now.saturating_sub(at));
                let holds = age.is_some_and(|age| (-CLOCK_SKEW_SECONDS..=limit).contains(&age));
                let has =
                    age.map_or("no time of a sign-in".to_owned(), |age| format!("a sign-in {age} s ago"));
                (holds, "reauthentication_required", has)
            }
            _ => return Verdict::Unknown,
        };
        if holds {
            return Verdict::Holds;
        }
        Verdict::Refuses { code, reason: format!("the token has {has}") }
    }

    /// Decides as our own administration does, which looks at the account as it is now in place of the token.
    pub(super) fn judge_account(&self, user: &User) -> Verdict {
        let roles: Vec<&str> = user.roles.iter().map(RoleName::as_str).collect();
        if self.rule == "role" && self.names.iter().all(|name| roles.contains(&name.as_str())) {
            return Verdict::Holds;
        }
        Verdict::Refuses { code: "missing_role", reason: format!("the account has {}", said(&roles)) }
    }
}

/// As JSON, without anything a terminal acts upon: whoever made the token may have put anything in.
pub(super) fn quoted(value: &Value) -> String {
    let acts = |letter: &char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut text = String::new();
    for letter in value.to_string().chars() {
        if acts(&letter) {
            text.extend(letter.escape_unicode());
        } else {
            text.push(letter);
        }
    }
    text
}

fn said<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(&Value::from(name.as_ref()))).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => vec![name.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(list) => list.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

/// Every scope of the operation's alternatives: a guard asks for the same ones whichever is taken.
fn scopes(operation: &Value) -> Vec<String> {
    let alternatives = operation["security"].as_array().into_iter().flatten();
    let schemes = alternatives.filter_map(Value::as_object).flat_map(|scheme| scheme.values());
    let mut scopes: Vec<String> = schemes.flat_map(names).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn example(rule: &str) -> &'static str {
    match rule {
        "credential" => "credential=token",
        "realm" => "realm=acme",
        "scope" => "scope=notes:read",
        "role" => "role=admin",
        "any_role" => "any_role=admin,owner",
        "all_roles" => "all_roles=admin,auditor",
        "permission" => "permission=notes:write",
        "any_permission" => "any_permission=notes:write,notes:delete",
        "all_permissions" => "all_permissions=notes:read,notes:write",
        _ => "fresh=300",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_requirement_is_written_as_the_guards_have_it() {
        for text in ["permission=notes:write", "any_role=admin,owner", "mfa", "organization", "fresh=300"] {
            assert_eq!(Requirement::parse(text).unwrap().name(), text);
        }
        let refused = |text| Requirement::parse(text).unwrap_err();
        assert_eq!(refused("permision=notes:write"), "there is no rule permision; did you mean permission?");
        assert_eq!(refused("role"), "role needs what it asks for, as in role=admin");
        assert_eq!(refused("fresh=soon"), "fresh is a number of seconds, as in fresh=300");
    }

    #[test]
    fn what_a_token_says_does_nothing_to_a_terminal() {
        let hostile = "\u{9b}31mX\u{202e}\u{1b}[0m\n";
        let shown = quoted(&json!(hostile));
        assert_eq!(shown, r#""\u{9b}31mX\u{202e}\u001b[0m\n""#);
    }

    #[test]
    fn the_rules_of_an_operation_come_in_the_order_of_the_guards() {
        let operation = json!({
            "security": [{ "gatepost": ["notes:read"] }, { "gatepostToken": [] }],
            "x-gatepost": {
                "fresh": 300, "any_role": [["admin", "owner"], ["auditor"]], "role": ["a", "b"], "organization": true,
                "all_permissions": ["notes:read", "notes:write"], "resource": { "owner": "owner_id" },
            },
        });
        let names: Vec<String> =
            Requirement::of_operation(&operation).unwrap().iter().map(Requirement::name).collect();
        assert_eq!(
            names,
            [
                "organization",
                "scope=notes:read",
                "role=a",
                "role=b",
                "any_role=admin,owner",
                "any_role=auditor",
                "all_permissions=notes:read,notes:write",
                "resource",
                "fresh=300"
            ]
        );
        let unknown = Requirement::of_operation(&json!({ "x-gatepost": { "moon": "full" } }));
        assert!(unknown.unwrap_err().contains("moon"));
    }
}
