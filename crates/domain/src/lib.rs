//! The rules of Gatepost, as plain values. No I/O, no clock, no database.
//!
//! Everything here is a value or a decision about values. Time arrives as a [`Timestamp`], randomness as an
//! [`Entropy`]; nothing is read from the process. What a rule refuses, it says with an enum of its own.

mod accent;
pub mod api_key;
pub mod application_token;
pub mod audit;
pub mod authorization;
pub mod browser;
pub mod client;
mod derived_token;
mod dpop_nonce;
mod email;
mod entropy;
mod grant;
mod id;
pub mod interceptor;
pub mod invitation;
pub mod lifetime;
mod logo;
pub mod mailed_link;
mod master_key;
mod members;
mod metadata;
pub mod mfa;
mod name;
mod notes;
mod numbered_secret;
pub mod organization;
pub mod outbox;
pub mod ownership;
mod pairwise;
pub mod passkey;
pub mod password;
mod personal_claims;
pub mod provider;
pub mod publishable_key;
pub mod rate_limit;
mod realm;
pub mod refresh;
pub mod role;
mod secret;
mod session;
pub mod session_token;
mod setting;
pub mod signing_key;
mod spelling;
mod team;
mod time;
mod user;
mod username;
mod web_origin;
pub mod webhook;

pub use accent::{Accent, AccentRefused};
pub use authorization::{AuthorizationCode, CodeDetails, Consent};
pub use client::{
    Client, ClientAlg, ClientAuthMethod, ClientKeys, ClientOrigin, ClientSettings, GrantType,
    InitialAccessToken, RedirectUri, RedirectUriRefused, RequestUri, SecurityProfile, SubjectType,
    TokenFormat, WebUri, WebUriRefused,
};
pub use dpop_nonce::DpopNonceKey;
pub use email::{EmailAddress, EmailRefused};
pub use entropy::Entropy;
pub use grant::{Grant, GrantDetails};
pub use id::{
    ApiKeyId, CodeId, DeviceCodeId, EventId, GrantId, IdRefused, IdentityId, InitialAccessTokenId,
    InvitationId, MailedLinkId, OrganizationId, OutboxId, PasskeyId, RealmId, SessionId, TeamId,
    TrustedDeviceId, UserId, WebhookId,
};
pub use invitation::Invitation;
pub use logo::{Logo, LogoRefused, LogoUrl, LogoUrlRefused};
pub use mailed_link::{AskedSignIn, LinkPurpose, MailedLink};
pub use master_key::{MasterKey, SealBroken};
pub use members::EachOnce;
pub use metadata::{Metadata, MetadataRefused};
pub use name::{
    ClientId, ClientIdRefused, DisplayName, NameRefused, Permission, PermissionRefused, ProviderId,
    ProviderIdRefused, RealmName, RealmNameRefused, RoleName, RoleNameRefused, Scope, ScopeRefused, Scopes,
    Slug, SlugRefused,
};
pub use notes::{Notes, NotesChange, NotesRefused, PermissionNotes, RoleNotes, describes};
pub use organization::{Membership, Organization, Standing};
pub use pairwise::PairwiseKey;
pub use password::PasswordHash;
pub use personal_claims::{Address, ClaimRefused, PersonalClaims};
pub use provider::{Asserted, Identity, Preset, Provider, ProviderSettings};
pub use realm::{
    ClientRegistration, Issuer, IssuerRefused, Mfa, PasswordRules, Profile, RateLimits, Realm, RealmSettings,
    Registration, SigningAlg,
};
pub use role::Role;
pub use secret::{Secret, SecretDigest};
pub use session::{Session, SessionOrigin};
pub use setting::SettingRefused;
pub use team::{Team, TeamMember};
pub use time::Timestamp;
pub use user::User;
pub use username::{Username, UsernameRefused};
pub use web_origin::{WebOrigin, WebOriginRefused};
pub use webhook::{Webhook, WebhookState};
