//! What a route may ask of its caller: the [`Rule`] trait, how rules combine, and the rules that need no name.

use http::HeaderMap;

use crate::{Credential, Refusal, User};

/// A requirement on a signed-in caller, used as `Require<R>` on a handler or `guard.require::<R>()` on a router.
///
/// Rules are types, not values: a requirement is written once, has a name to search for, and a handler that asks for it
/// cannot run without it. Make one with [`role!`](crate::role!), [`any_role!`](crate::any_role!),
/// [`all_roles!`](crate::all_roles!), [`permission!`](crate::permission!), [`scope!`](crate::scope!),
/// [`realm!`](crate::realm!), [`organization!`](crate::organization!) or [`rule!`](crate::rule!), and combine them: a tuple asks for all, [`Any`] for one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Gatepost rule",
    label = "expected a rule here",
    note = "make one with `permission!(pub {Self} = \"notes:write\")`, `any_role!`, `scope!`, or combine rules in a tuple (all) or `Any<(A, B)>`"
)]
pub trait Rule: Send + Sync + 'static {
    /// Whether this is about the active organization. Before such a rule is asked, a caller whose request names another
    /// organization of theirs (`X-Organization-ID`) becomes its member.
    const ASKS_FOR_ORGANIZATION: bool = false;

    /// Decides about one caller, by what their token says. The refusal becomes the answer to the request.
    fn check(user: &User) -> Result<(), Refusal>;

    /// Decides about one request. Only rules that a request can contradict, as it can
    /// [`organization!`](crate::organization!), look at more than the caller.
    fn check_request(user: &User, headers: &HeaderMap) -> Result<(), Refusal> {
        let _ = headers;
        Self::check(user)
    }

    /// Adds what is asked, in words such as `any role: admin, owner`, for generated documentation.
    fn describe(out: &mut Vec<String>);
}

/// The rule that asks for nothing but a good token.
#[derive(Debug, Clone, Copy)]
pub struct SignedIn;

impl Rule for SignedIn {
    fn check(_: &User) -> Result<(), Refusal> {
        Ok(())
    }

    fn describe(out: &mut Vec<String>) {
        out.push("signed in".to_owned());
    }
}

/// The rule that the caller proved who they are within the last `SECONDS` (claim `auth_time`).
///
/// An older or unknown sign-in is 401 `reauthentication_required`, the step-up challenge of RFC 9470 section 3.
#[derive(Debug, Clone, Copy)]
pub struct Fresh<const SECONDS: u64>;

/// An issuer's clock may run ahead of ours by this much; a sign-in later than that is no evidence of anything.
const CLOCK_SKEW_SECONDS: i64 = 60;

impl<const SECONDS: u64> Rule for Fresh<SECONDS> {
    fn check(user: &User) -> Result<(), Refusal> {
        let limit = i64::try_from(SECONDS).unwrap_or(i64::MAX);
        match user.signed_in_at.map(|at| user.checked_at().saturating_sub(at)) {
            Some(age) if age >= -CLOCK_SKEW_SECONDS && age <= limit => Ok(()),
            _ => Err(Refusal::Reauthenticate { max_age: SECONDS }),
        }
    }

    fn describe(out: &mut Vec<String>) {
        out.push(format!("signed in within {SECONDS} s"));
    }
}

/// The rule that the user proved themselves with a second factor in this session (`mfa` among the claim `amr`, RFC 8176).
///
/// Without it the answer is 401 `reauthentication_required`, the step-up challenge of RFC 9470 section 3.
#[derive(Debug, Clone, Copy)]
pub struct Mfa;

impl Rule for Mfa {
    fn check(user: &User) -> Result<(), Refusal> {
        if user.has_second_factor() { Ok(()) } else { Err(Refusal::SecondFactorMissing) }
    }

    fn describe(out: &mut Vec<String>) {
        out.push("a second factor".to_owned());
    }
}

/// The rule that a user signed in for the credential: no API key and no client on its own account will do. Otherwise 403 `wrong_credential`.
#[derive(Debug, Clone, Copy)]
pub struct TokenOnly;

impl Rule for TokenOnly {
    fn check(user: &User) -> Result<(), Refusal> {
        if user.credential == Credential::Token { Ok(()) } else { Err(Refusal::WrongCredential) }
    }

    fn describe(out: &mut Vec<String>) {
        out.push("credential: token".to_owned());
    }
}

/// The rule that the caller is a program with an API key. Otherwise 403 `wrong_credential`.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeyOnly;

impl Rule for ApiKeyOnly {
    fn check(user: &User) -> Result<(), Refusal> {
        if user.credential == Credential::ApiKey { Ok(()) } else { Err(Refusal::WrongCredential) }
    }

    fn describe(out: &mut Vec<String>) {
        out.push("credential: api_key".to_owned());
    }
}

/// The rule that the caller is a client on its own account (RFC 6749 section 4.4). Otherwise 403 `wrong_credential`.
#[derive(Debug, Clone, Copy)]
pub struct ClientOnly;

impl Rule for ClientOnly {
    fn check(user: &User) -> Result<(), Refusal> {
        if user.credential == Credential::Client { Ok(()) } else { Err(Refusal::WrongCredential) }
    }

    fn describe(out: &mut Vec<String>) {
        out.push("credential: client".to_owned());
    }
}

/// The rule that one rule of a tuple holds: `Any<(Admin, WriteNotes)>`.
///
/// When none holds, the answer is the refusal of the first.
#[derive(Debug, Clone, Copy)]
pub struct Any<Rules>(core::marker::PhantomData<fn() -> Rules>);

/// Implements the tuples: themselves as "all", and [`Any`] of them. The empty tuple stays out: a deleted rule must not open a route.
macro_rules! tuples {
    ($(($first:ident $($rest:ident)*))*) => {$(
        impl<$first: Rule, $($rest: Rule),*> Rule for ($first, $($rest,)*) {
            const ASKS_FOR_ORGANIZATION: bool = $first::ASKS_FOR_ORGANIZATION $(|| $rest::ASKS_FOR_ORGANIZATION)*;

            fn check(user: &User) -> Result<(), Refusal> {
                $first::check(user)?;
                $($rest::check(user)?;)*
                Ok(())
            }

            fn check_request(user: &User, headers: &HeaderMap) -> Result<(), Refusal> {
                $first::check_request(user, headers)?;
                $($rest::check_request(user, headers)?;)*
                Ok(())
            }

            fn describe(out: &mut Vec<String>) {
                $first::describe(out);
                $($rest::describe(out);)*
            }
        }

        impl<$first: Rule, $($rest: Rule),*> Rule for Any<($first, $($rest,)*)> {
            const ASKS_FOR_ORGANIZATION: bool = $first::ASKS_FOR_ORGANIZATION $(|| $rest::ASKS_FOR_ORGANIZATION)*;

            fn check(user: &User) -> Result<(), Refusal> {
                let refused = $first::check(user);
                $(if refused.is_ok() || $rest::check(user).is_ok() { return Ok(()) })*
                refused
            }

            fn check_request(user: &User, headers: &HeaderMap) -> Result<(), Refusal> {
                let refused = $first::check_request(user, headers);
                $(if refused.is_ok() || $rest::check_request(user, headers).is_ok() { return Ok(()) })*
                refused
            }

            fn describe(out: &mut Vec<String>) {
                let one_of = [words::<$first>() $(, words::<$rest>())*];
                out.push(one_of.join(" or "));
            }
        }
    )*};
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}

/// One rule's description on one line, bracketed where it has several parts.
pub(crate) fn words<R: Rule>() -> String {
    let mut parts = Vec::new();
    R::describe(&mut parts);
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => format!("({})", parts.join(" and ")),
    }
}
