//! The macros that give a requirement its name.

/// Makes a rule: the caller has this role. `role!(pub Admin = "admin");`
///
/// Roles are compared exactly. A caller without it gets 403 `missing_role`.
#[macro_export]
macro_rules! role {
    ($(#[$meta:meta])* $vis:vis $name:ident = $role:literal) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for the role `", $role, "`.", $crate::rule_names::name($role) }
        impl $crate::Rule for $name {
            fn check(user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                if user.has_role($role) { Ok(()) } else { Err($crate::Refusal::MissingRole) }
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push(::std::format!("role: {}", $role));
            }
        }
    };
}

/// Makes a rule: the caller has one of these roles. `any_role!(pub Staff = "admin" | "owner");`
///
/// A caller with none of them gets 403 `missing_role`. No role at all does not compile:
///
/// ```compile_fail
/// gatepost_guard::any_role!(pub Nobody = );
/// ```
#[macro_export]
macro_rules! any_role {
    ($(#[$meta:meta])* $vis:vis $name:ident = $($role:literal)|+) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for one of the roles ", ::core::stringify!($($role)|+), ".", $($crate::rule_names::name($role)),+ }
        impl $crate::Rule for $name {
            fn check(user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                if $(user.has_role($role))||+ { Ok(()) } else { Err($crate::Refusal::MissingRole) }
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push(::std::format!("any role: {}", [$($role),+].join(", ")));
            }
        }
    };
}

/// Makes a rule: the caller has every one of these roles. `all_roles!(pub Auditor = "staff" & "auditor");`
///
/// A caller who lacks one gets 403 `missing_role`. No role at all does not compile.
#[macro_export]
macro_rules! all_roles {
    ($(#[$meta:meta])* $vis:vis $name:ident = $($role:literal)&+) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for all of the roles ", ::core::stringify!($($role)&+), ".", $($crate::rule_names::name($role)),+ }
        impl $crate::Rule for $name {
            fn check(user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                if $(user.has_role($role))&&+ { Ok(()) } else { Err($crate::Refusal::MissingRole) }
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push(::std::format!("all roles: {}", [$($role),+].join(", ")));
            }
        }
    };
}

/// Makes a rule: the caller may do this. `permission!(pub WriteNotes = "notes:write");`
///
/// A permission is written `resource:action`; anything else does not compile. The caller's `notes:*` covers `notes:write`. A
/// resource may have colons of its own: the action of `shop:orders:refund` is `refund`, and `shop:orders:*` covers it.
/// A caller without it gets 403 `missing_permission`.
#[macro_export]
macro_rules! permission {
    ($(#[$meta:meta])* $vis:vis $name:ident = $permission:literal) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for the permission `", $permission, "`.", $crate::rule_names::permission($permission) }
        impl $crate::Rule for $name {
            fn check(user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                if user.can($permission) { Ok(()) } else { Err($crate::Refusal::MissingPermission) }
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push(::std::format!("permission: {}", $permission));
            }
        }
    };
}

/// Makes a rule: the token carries every word of this scope. `scope!(pub Notes = "notes");`
///
/// A token without it is 403 `insufficient_scope`, with the scope named in `WWW-Authenticate` (RFC 6750 section 3.1).
#[macro_export]
macro_rules! scope {
    ($(#[$meta:meta])* $vis:vis $name:ident = $scope:literal) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for the scope `", $scope, "`.", $crate::rule_names::scope($scope) }
        impl $crate::Rule for $name {
            fn check(user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                if $scope.split(' ').all(|word| user.has_scope(word)) {
                    Ok(())
                } else {
                    Err($crate::Refusal::InsufficientScope { scope: $scope })
                }
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push(::std::format!("scope: {}", $scope));
            }
        }
    };
}

/// Makes a rule: the token was issued in this realm (claim `realm_id`). `realm!(pub Acme = "acme");`
///
/// A token of another realm is 403 `wrong_realm`.
#[macro_export]
macro_rules! realm {
    ($(#[$meta:meta])* $vis:vis $name:ident = $realm:literal) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for a token of the realm `", $realm, "`.", $crate::rule_names::name($realm) }
        impl $crate::Rule for $name {
            fn check(user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                if user.realm.as_deref() == Some($realm) { Ok(()) } else { Err($crate::Refusal::WrongRealm) }
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push(::std::format!("realm: {}", $realm));
            }
        }
    };
}

/// Makes a rule: the caller acts for an organization, or for this one. `organization!(pub Acme = "org_acme");` or
/// `organization!(pub InOrganization);`
///
/// The organization is the one the token was issued for (claim `org_id`), or the one that the request names in
/// `X-Organization-ID`. A caller who acts for none, or is no member of the one named, is 403 `organization_required`.
/// [`CurrentMember`](crate::CurrentMember) hands it over, and says more.
#[macro_export]
macro_rules! organization {
    ($(#[$meta:meta])* $vis:vis $name:ident = $organization:literal) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for the organization `", $organization, "`.", $crate::rule_names::name($organization) }
        $crate::__organization_rule! { $name, ::core::option::Option::Some($organization), ::std::format!("organization: {}", $organization) }
    };
    ($(#[$meta:meta])* $vis:vis $name:ident) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for an active ", "organization", ".", () }
        $crate::__organization_rule! { $name, ::core::option::Option::None, ::std::borrow::ToOwned::to_owned("an active organization") }
    };
}

/// Both forms of `organization!`; an implementation detail of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __organization_rule {
    ($name:ident, $asked:expr, $words:expr) => {
        impl $crate::Rule for $name {
            const ASKS_FOR_ORGANIZATION: bool = true;

            fn check(user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                $crate::__organization::check_organization(user, $asked)
            }

            fn check_request(
                user: &$crate::User,
                headers: &$crate::__organization::HeaderMap,
            ) -> ::core::result::Result<(), $crate::Refusal> {
                $crate::__organization::check_organization_of_request(user, headers, $asked)
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push($words);
            }
        }
    };
}

/// Makes a rule of any condition. `rule!(pub Paying = |user| user.claims["plan"] == "pro");`
///
/// When the condition is false the answer is 403 `forbidden`. A function works too: `rule!(pub Paying = is_paying);`
#[macro_export]
macro_rules! rule {
    ($(#[$meta:meta])* $vis:vis $name:ident = |$user:ident| $holds:expr) => {
        $crate::__rule_type! { $(#[$meta])* $vis $name, "Asks for `", ::core::stringify!($name), "`.", () }
        impl $crate::Rule for $name {
            fn check($user: &$crate::User) -> ::core::result::Result<(), $crate::Refusal> {
                let holds: bool = $holds;
                if holds { Ok(()) } else { Err($crate::Refusal::Forbidden) }
            }

            fn describe(out: &mut ::std::vec::Vec<::std::string::String>) {
                out.push(::std::stringify!($name).to_owned());
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis $name:ident = $holds:path) => {
        $crate::rule! { $(#[$meta])* $vis $name = |user| $holds(user) }
    };
}

/// The unit struct and the compile-time checks of its literals; an implementation detail of the macros above.
#[doc(hidden)]
#[macro_export]
macro_rules! __rule_type {
    ($(#[$meta:meta])* $vis:vis $name:ident, $before:expr, $words:expr, $after:expr, $($check:expr),+) => {
        #[doc = ::core::concat!($before, $words, $after)]
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name;
        const _: () = { $($check);+ };
    };
}
