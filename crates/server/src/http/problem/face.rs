//! What each problem says to the caller.

use std::borrow::Cow;

use axum::http::StatusCode;

use super::Problem;
use crate::http::caller::OTHER_REALM;

type Face = (&'static str, StatusCode, &'static str, Cow<'static, str>);

fn invalid(member: &str, reason: &str) -> Face {
    let detail = format!("`{member}`: {reason}{}", if reason.ends_with('?') { "" } else { "." });
    ("invalid_field", StatusCode::UNPROCESSABLE_ENTITY, "A field is not right", detail.into())
}

impl Problem {
    /// The stable code, the status, the title and the remedy.
    pub(super) fn face(&self) -> Face {
        use StatusCode as S;
        let fixed = |code, status, title, detail: &'static str| (code, status, title, Cow::Borrowed(detail));
        match self {
            Self::Unauthenticated => fixed(
                "unauthenticated",
                S::UNAUTHORIZED,
                "Sign in first",
                "Send `Authorization: Bearer <access token>`.",
            ),
            Self::InvalidToken { expired: true, .. } => fixed(
                "invalid_token",
                S::UNAUTHORIZED,
                "Access token refused",
                "The access token expired. Refresh it, or sign in again.",
            ),
            Self::InvalidToken { expired: false, check: OTHER_REALM } => fixed(
                "invalid_token",
                S::UNAUTHORIZED,
                "Access token refused",
                "The access token is of another realm of this server. Ask that realm, at the address that the token names in `iss`, or sign in \
                 to this one.",
            ),
            Self::InvalidToken { expired: false, .. } => fixed(
                "invalid_token",
                S::UNAUTHORIZED,
                "Access token refused",
                "The access token was refused. Sign in again.",
            ),
            Self::WrongCredential => fixed(
                "wrong_credential",
                S::UNAUTHORIZED,
                "A person is asked for",
                "An API key opens no account. Sign in for this; for the APIs of the realm, exchange the key at `/oauth/token`.",
            ),
            Self::InvalidCredentials => fixed(
                "invalid_credentials",
                S::UNAUTHORIZED,
                "Sign-in refused",
                "The account or the password is not right.",
            ),
            Self::MfaRequired => fixed(
                "mfa_required",
                S::FORBIDDEN,
                "A second factor is needed",
                "The password is right. Send `mfa_token` with a code or a passkey to `/api/v1/login/mfa`.",
            ),
            Self::MfaSetUpRequired => fixed(
                "mfa_setup_required",
                S::FORBIDDEN,
                "A second factor has to be set up",
                "The password is right, and this realm asks for a second factor. Send `mfa_token` to `/api/v1/login/mfa/totp` to set \
                 an app up, and then with its first code to `/api/v1/login/mfa`; or to `/api/v1/login/mfa/passkey/new` to make a passkey.",
            ),
            Self::SecondFactorNeeded => fixed(
                "reauthentication_required",
                S::UNAUTHORIZED,
                "Sign in again",
                "The organization asks its members for a second factor, and this session has not shown one. Sign in again, with it.",
            ),
            Self::SecondFactorMissing => fixed(
                "mfa_setup_required",
                S::FORBIDDEN,
                "A second factor has to be set up",
                "The organization asks its members for a second factor, and the account has none. Set one up (`/account/security`, or \
                 `/api/v1/me/mfa`), and come back; everything else of the account is open.",
            ),
            Self::InvalidPendingSignIn => fixed(
                "invalid_mfa_token",
                S::UNAUTHORIZED,
                "Sign-in is over",
                "The `mfa_token` is not good any more: it was used, tried too often, or is too old. Sign in again.",
            ),
            Self::InvalidCode => fixed(
                "invalid_code",
                S::FORBIDDEN,
                "Code is not right",
                "The code is wrong, was used, or a newer one took its place. Send the newest.",
            ),
            Self::SmsCodeExpired => fixed(
                "sms_code_expired",
                S::FORBIDDEN,
                "No code is waiting",
                "A code that was sent is good for five minutes, once, and until another is sent, for what it was asked for alone. Ask for another.",
            ),
            Self::SmsCodeSpent => fixed(
                "sms_code_spent",
                S::FORBIDDEN,
                "The code was tried too often",
                "A code that was sent may be tried five times. Ask for another.",
            ),
            Self::SmsOff => fixed(
                "sms_off",
                S::FORBIDDEN,
                "No text messages here",
                "This realm sends no text messages. Set up an app or a passkey, or have the realm's setting `sms_url` name who sends them.",
            ),
            Self::TrustedDevicesOff => fixed(
                "trusted_devices_off",
                S::FORBIDDEN,
                "No device is trusted here",
                "This realm asks for a second factor on every device. Have its setting `trusted_device_ttl` say for how long one is trusted.",
            ),
            Self::SmsNotSent => fixed(
                "sms_not_sent",
                S::SERVICE_UNAVAILABLE,
                "The message was not sent",
                "Whoever sends the realm's text messages did not take this one, and its code is no good. Try again after the time in \
                 `Retry-After`, or show another factor or a recovery code.",
            ),
            Self::NoPhoneNumber => fixed(
                "no_phone_number",
                S::CONFLICT,
                "There is no phone number",
                "The account has no number that a code could be sent to. Show another factor, or set one up (`POST /api/v1/me/mfa/sms`).",
            ),
            Self::InvalidPhone => fixed(
                "invalid_phone",
                S::UNPROCESSABLE_ENTITY,
                "This is no phone number",
                "Write the number with `+` and the country first, as in `+4915112345678`: 8 to 15 digits.",
            ),
            Self::ReauthenticationRequired => fixed(
                "reauthentication_required",
                S::UNAUTHORIZED,
                "Sign in again",
                "This takes a sign-in of the last ten minutes, with a second factor where the account has one.",
            ),
            Self::SecondFactorsOff => fixed(
                "second_factors_off",
                S::FORBIDDEN,
                "No second factors here",
                "This realm does not take new second factors.",
            ),
            Self::LastSecondFactor => fixed(
                "last_second_factor",
                S::CONFLICT,
                "Last second factor",
                "The realm, or an organization the account belongs to, asks for a second factor. Set the next one up, which takes the place \
                 of this, or leave the organization.",
            ),
            Self::NoSecondFactor => fixed(
                "no_second_factor",
                S::CONFLICT,
                "Set up a second factor first",
                "This is for whoever has a second factor, and the account has none. Set up an app (`POST /api/v1/me/mfa/totp`) or a \
                 passkey (`POST /api/v1/me/passkeys/options`): the first of them brings recovery codes with it.",
            ),
            Self::EmailSignInOff => fixed(
                "email_sign_in_off",
                S::FORBIDDEN,
                "No sign-in by mail here",
                "This realm signs nobody in by mail. Sign in another way, or have the realm's setting `email_sign_in` turned on.",
            ),
            Self::NoSetUp => fixed(
                "no_setup",
                S::CONFLICT,
                "Nothing is being set up",
                "Begin with `POST /api/v1/me/mfa/totp`, and confirm within an hour. Of several the last counts.",
            ),
            Self::LastWayIn => fixed(
                "last_way_in",
                S::CONFLICT,
                "Last way in",
                "Nobody could sign in to the account without it. Set a password or connect another account first.",
            ),
            Self::InvalidPasskey(_) => fixed(
                "invalid_passkey",
                S::FORBIDDEN,
                "Passkey refused",
                "It is none of this realm, or was not made or shown as it has to be. Ask for new options, and try once more.",
            ),
            Self::PasskeyExists => fixed(
                "passkey_exists",
                S::CONFLICT,
                "The passkey is there already",
                "Give the browser `excludeCredentials` as it is in the options: it makes another.",
            ),
            Self::PasskeysUnavailable => fixed(
                "passkeys_unavailable",
                S::CONFLICT,
                "No passkeys at this address",
                "Passkeys are made for a domain name under https, or for localhost. The configured URL of this realm is neither.",
            ),
            Self::IdentityTaken => fixed(
                "identity_taken",
                S::CONFLICT,
                "Connected elsewhere",
                "It signs in to another account here. Disconnect it there first.",
            ),
            Self::IdentityRefused => fixed(
                "identity_refused",
                S::FORBIDDEN,
                "Not one of these accounts",
                "The realm takes accounts of some domains only from this provider. Use one of those.",
            ),
            Self::ProviderTokenOver => fixed(
                "provider_token_over",
                S::CONFLICT,
                "What the provider gave is over",
                "The provider renews it no more. Have the person sign in by the provider again.",
            ),
            Self::ProviderUnanswered => fixed(
                "provider_unanswered",
                S::SERVICE_UNAVAILABLE,
                "The provider could not be asked",
                "The provider did not answer, or not as it should; the log says why. Try again after the time in `Retry-After`.",
            ),
            Self::ProviderBusy => fixed(
                "provider_busy",
                S::SERVICE_UNAVAILABLE,
                "The provider is being asked already",
                "Too many wait to ask it about this connected account, or it was not free in time. Try again after the time in `Retry-After`.",
            ),
            Self::InvalidRefreshToken => fixed(
                "invalid_refresh_token",
                S::UNAUTHORIZED,
                "Refresh token refused",
                "The refresh token is not good any more. Sign in again.",
            ),
            Self::WrongPassword => fixed(
                "wrong_password",
                S::FORBIDDEN,
                "Current password is wrong",
                "Give the present password in `current_password`.",
            ),
            Self::MissingRole => fixed(
                "missing_role",
                S::FORBIDDEN,
                "Not allowed",
                "This needs the role `realm-admin` in this realm.",
            ),
            Self::ClientMayNot { right } => (
                "client_may_not",
                S::FORBIDDEN,
                "The client may not do this",
                format!("This needs `{right}` in the client's setting `administers`, which whoever manages the realm gives.").into(),
            ),
            Self::MissingScope => fixed(
                "insufficient_scope",
                S::FORBIDDEN,
                "The application may not do this",
                "What a person's roles allow here needs the scope `roles`: give it to the client, and ask the person for it.",
            ),
            Self::NotForApplications => fixed(
                "not_for_applications",
                S::FORBIDDEN,
                "An application may not do this",
                "The person does this themselves, signed in without an application.",
            ),
            Self::NotFound => fixed(
                "not_found",
                S::NOT_FOUND,
                "Not found",
                "There is no such thing here, or none that is yours to see; /docs lists the routes.",
            ),
            Self::InvalidHost => fixed(
                "invalid_host",
                S::BAD_REQUEST,
                "The host is not clear",
                "Send one `Host` header with the name of a host (RFC 9112 section 3.2).",
            ),
            Self::PageForPeople => fixed(
                "page_for_people",
                S::NOT_FOUND,
                "A page for people",
                "A page is here, which takes forms. The API is under `/api/v1`; what a client of Better Auth asks for, under `/api/auth`, which \
                 its `baseURL` ends with.",
            ),
            Self::MethodNotAllowed => fixed(
                "method_not_allowed",
                S::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "This address takes other methods; see /docs.",
            ),
            Self::EmailTaken => fixed(
                "email_taken",
                S::CONFLICT,
                "E-mail address is taken",
                "Sign in, or use another address.",
            ),
            Self::UsernameTaken => {
                fixed("username_taken", S::CONFLICT, "User name is taken", "Choose another user name.")
            }
            Self::Changed => fixed(
                "changed",
                S::CONFLICT,
                "Changed in between",
                "Somebody changed this since you read it. Read it again, then repeat your change.",
            ),
            Self::ChangedMeanwhile => fixed(
                "changed_meanwhile",
                S::PRECONDITION_FAILED,
                "Changed meanwhile",
                "This is not any more as it was when you read it. Read it again, and repeat your change with the new `ETag`.",
            ),
            Self::NoTag => fixed(
                "no_tag",
                S::PRECONDITION_FAILED,
                "There is no tag to match",
                "This address answers without `ETag`, so it cannot be told whether it is as you read it. Nothing was changed; \
                 send the request without `If-Match`.",
            ),
            Self::InvalidPrecondition => fixed(
                "invalid_precondition",
                S::BAD_REQUEST,
                "Precondition is not right",
                "Send in `If-Match` what `ETag` said, with its quotes, or `*`.",
            ),
            Self::AlreadyRotated => fixed(
                "already_rotated",
                S::CONFLICT,
                "Rotated before",
                "This API key has a successor. Rotate that one, or make another key.",
            ),
            Self::LastAdministrator => fixed(
                "last_administrator",
                S::CONFLICT,
                "Last administrator",
                "Give another user the role `realm-admin` first.",
            ),
            Self::AccountDeletionOff => fixed(
                "account_deletion_off",
                S::FORBIDDEN,
                "Nobody deletes their own account here",
                "Ask an administrator, or have the realm's setting `account_deletion` turned on.",
            ),
            Self::OwnAccount => fixed(
                "own_account",
                S::CONFLICT,
                "Own account",
                "Nobody deletes the account they are signed in to, or sets its password or address as an administrator. Do so at \
                 `/api/v1/me`, or ask another administrator.",
            ),
            Self::MissingPermission => fixed(
                "missing_permission",
                S::FORBIDDEN,
                "Not allowed",
                "This needs an owner of the organization, or where it is about members, teams, invitations and keys the permission \
                 `organization:manage` in it.",
            ),
            Self::BeyondRights => fixed(
                "beyond_rights",
                S::FORBIDDEN,
                "Beyond your rights",
                "In an organization one gives and takes only what one may do there; only owners make and unmake owners.",
            ),
            Self::ExternalIdTaken => fixed(
                "external_id_taken",
                S::CONFLICT,
                "External id is taken",
                "Another of the realm has it. Choose another, or take it from that one first.",
            ),
            Self::SlugTaken => fixed("slug_taken", S::CONFLICT, "Slug is taken", "Choose another slug."),
            Self::LastOwner => fixed(
                "last_owner",
                S::CONFLICT,
                "Last owner",
                "Make another member an owner first, or delete the organization.",
            ),
            Self::TeamsOff => fixed(
                "teams_off",
                S::FORBIDDEN,
                "Organizations have no teams here",
                "Have the realm's setting `teams` turned on.",
            ),
            Self::LastTeam => fixed(
                "last_team",
                S::CONFLICT,
                "Last team",
                "Make another team first, or give this one another name.",
            ),
            Self::AlreadyMember => fixed(
                "already_member",
                S::CONFLICT,
                "Already a member",
                "The account belongs to the organization. Change its roles instead.",
            ),
            Self::AlreadyInvited => fixed(
                "already_invited",
                S::CONFLICT,
                "Already invited",
                "The address has an open invitation. Take it back to make another.",
            ),
            Self::InvalidInvitation => fixed(
                "invalid_invitation",
                S::BAD_REQUEST,
                "Invitation refused",
                "The invitation is not good, or not for you: sign in with the address it was made for, verified, and use it \
                 once, within 7 days.",
            ),
            Self::InvalidLink => fixed(
                "invalid_link",
                S::BAD_REQUEST,
                "The link is not good",
                "It was used, replaced by a newer one, or is too old. Ask for another.",
            ),
            Self::RoleExists => fixed(
                "role_exists",
                S::CONFLICT,
                "The role is there",
                "The realm has a role of this name. Choose another, or replace it with PUT.",
            ),
            Self::PermissionExists => fixed(
                "permission_exists",
                S::CONFLICT,
                "The permission is there",
                "The realm has this permission written down. Change what it is for, or choose another.",
            ),
            Self::RoleBuiltIn => fixed(
                "role_built_in",
                S::CONFLICT,
                "The role is built in",
                "The realm's profile has this role. Give it permissions with PUT; it cannot be removed.",
            ),
            Self::RoleInUse { by } => (
                "role_in_use",
                S::CONFLICT,
                "The role is in use",
                format!("{by}. Take it from there first.").into(),
            ),
            Self::TooMany { what, most } => (
                "too_many",
                S::CONFLICT,
                "There are too many",
                format!("There may be {most} {what} at a time. Remove one first.").into(),
            ),
            Self::TokenTooLarge => fixed(
                "token_too_large",
                S::CONFLICT,
                "The token would be too large",
                "What the account may do does not fit into a token of 16 KiB. Ask an administrator for fewer roles.",
            ),
            Self::RegistrationClosed => fixed(
                "registration_closed",
                S::FORBIDDEN,
                "Registration is closed",
                "Ask an administrator of this realm for an account.",
            ),
            Self::EmailUnverified => fixed(
                "email_unverified",
                S::FORBIDDEN,
                "E-mail address is not verified",
                "This realm lets only verified addresses sign in. Open the link that was mailed to yours; `/api/v1/verify-email/resend` sends another.",
            ),
            Self::InterceptorDenied { message } => (
                "interceptor_denied",
                S::FORBIDDEN,
                "Not allowed here",
                message.clone().map_or(
                    Cow::Borrowed("Whoever runs this realm does not let this happen. Ask them."),
                    Cow::Owned,
                ),
            ),
            Self::InterceptorUnanswered => fixed(
                "interceptor_unanswered",
                S::SERVICE_UNAVAILABLE,
                "It could not be asked",
                "Whether this may happen could not be asked. Try again after the time in `Retry-After`.",
            ),
            Self::InvalidField { field, reason } => invalid(field, reason),
            Self::InvalidSetting(refused) => invalid(&refused.member, &refused.reason),
            Self::NoSecret => fixed(
                "no_secret",
                S::CONFLICT,
                "There is no secret",
                "This client proves itself with a key, or not at all. Change its `token_endpoint_auth_method` to give it a secret.",
            ),
            Self::LastSecret => fixed(
                "last_secret",
                S::CONFLICT,
                "The only secret",
                "The client could not prove any more who it is. Make another secret first, or delete the client.",
            ),
            Self::WebhookOff => fixed(
                "webhook_off",
                S::CONFLICT,
                "The webhook is off",
                "Nothing is sent to it. Turn it on with `enabled`, and try again.",
            ),
            Self::ClientExists => fixed(
                "client_exists",
                S::CONFLICT,
                "The client is there",
                "The realm has a client of this id. Choose another, or change it with PATCH.",
            ),
            Self::WeakPassword(weak) => (
                "weak_password",
                S::UNPROCESSABLE_ENTITY,
                "Password is not accepted",
                format!("Choose another password: {weak}.").into(),
            ),
            Self::InvalidBody { detail } => {
                ("invalid_body", S::BAD_REQUEST, "Body is not right", detail.clone().into())
            }
            Self::InvalidQuery { detail } => {
                ("invalid_query", S::BAD_REQUEST, "Query is not right", detail.clone().into())
            }
            Self::UnsupportedMediaType => fixed(
                "unsupported_media_type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "Send JSON",
                "Send the body as JSON with `Content-Type: application/json`.",
            ),
            Self::BodyTooLarge => fixed(
                "body_too_large",
                S::PAYLOAD_TOO_LARGE,
                "Body is too large",
                "A body may have up to 64 KiB.",
            ),
            Self::TooManyAttempts { .. } | Self::Limited(_) => fixed(
                "too_many_attempts",
                S::TOO_MANY_REQUESTS,
                "Tried too often",
                "Try again after the time in `Retry-After`.",
            ),
            Self::PasswordUnchecked { .. } => fixed(
                "password_unchecked",
                S::SERVICE_UNAVAILABLE,
                "Password cannot be checked right now",
                "Whether it is known from accounts that were broken into could not be asked. Try again after the time in `Retry-After`.",
            ),
            Self::Busy { .. } => fixed(
                "busy",
                S::SERVICE_UNAVAILABLE,
                "Too many sign-ins at once",
                "Try again after the time in `Retry-After`.",
            ),
            Self::Unavailable(gatepost_store::Error::StorageFull) => fixed(
                "storage_full",
                S::SERVICE_UNAVAILABLE,
                "Storage is full",
                "Nothing can be written until the operator makes room. Signed-in users are not affected.",
            ),
            Self::Unavailable(_) => fixed(
                "unavailable",
                S::SERVICE_UNAVAILABLE,
                "Not available right now",
                "The service cannot answer at the moment. Try again after the time in `Retry-After`.",
            ),
            Self::Internal(_) => fixed(
                "internal",
                S::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Report the value of the `x-request-id` header.",
            ),
        }
    }
}
