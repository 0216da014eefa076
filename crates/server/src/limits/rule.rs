//! What is limited, and to what. `docs/guide/rate-limits.md` shows the same to operators.

use std::time::Duration;

use gatepost_domain::rate_limit::Limit;

const QUARTER: Duration = Duration::from_mins(15);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Something that can be tried so often and no more. What is the key of each is said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Passwords that were wrong, by [`Where::neighbourhood`](crate::http::Where::neighbourhood).
    SignInAddress,
    /// Passwords that were wrong, by account; also by what is the name of none, so that it answers like one.
    SignInAccount,
    /// Passwords that were wrong on a device that signed in to the account before, by device and account.
    SignInDevice,
    /// Passwords that were wrong of somebody who is signed in, by session.
    Reauthentication,
    /// Accounts that somebody makes, by neighbourhood.
    Register,
    /// Letters that somebody asks for who has not signed in, by neighbourhood.
    RecoverAddress,
    /// Letters that somebody has sent to an address without being known as its owner, by neighbourhood and address.
    Message,
    /// The same from all neighbourhoods together, by address, so that nobody's mailbox is filled.
    MessageRecipient,
    /// Letters that are asked for on a device that signed in to the account before, by device and account.
    MessageDevice,
    /// Letters that somebody who is signed in has sent to confirm an address, the one of the account or the one it is to have, by account.
    MessageAccount,
    /// Invitations that are mailed, by who invites.
    Invitation,
    /// New passwords that are known from elsewhere, or could not be asked about, by neighbourhood.
    NewPassword,
    /// Codes that were wrong, of whatever kind, by account.
    Code,
    /// Proofs that were not a client's, by what the client is called and neighbourhood.
    Client,
    /// Answers of providers that signed nobody in, by neighbourhood; and tokens of theirs that were asked for anew or could not be renewed, by
    /// connected account.
    Provider,
    /// What providers are asked about those whose accounts are connected, and answer: other tokens, and who it is; by account.
    ProviderAccount,
    /// Sign-ins and invitations that an interceptor refused or did not answer, by account of who signs in or invites, and neighbourhood.
    Interceptor,
    /// Codes that are sent as text messages, by account: one after the other.
    SmsPause,
    /// The same, by account.
    SmsAccount,
    /// The same, by number: no telephone rings all day, and no number earns by it.
    SmsNumber,
    /// The same, by neighbourhood.
    SmsAddress,
    /// The same, of the whole realm: what messages may cost where somebody has many accounts, numbers and addresses.
    SmsRealm,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 22] = [
        Self::SignInAddress,
        Self::SignInAccount,
        Self::SignInDevice,
        Self::Reauthentication,
        Self::Register,
        Self::RecoverAddress,
        Self::Message,
        Self::MessageRecipient,
        Self::MessageDevice,
        Self::MessageAccount,
        Self::Invitation,
        Self::NewPassword,
        Self::Code,
        Self::Client,
        Self::Provider,
        Self::ProviderAccount,
        Self::Interceptor,
        Self::SmsPause,
        Self::SmsAccount,
        Self::SmsNumber,
        Self::SmsAddress,
        Self::SmsRealm,
    ];

    /// The stable name: in headers, metrics and the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInAddress => "sign-in-address",
            Self::SignInAccount => "sign-in-account",
            Self::SignInDevice => "sign-in-device",
            Self::Reauthentication => "reauthentication",
            Self::Register => "register",
            Self::RecoverAddress => "recover-address",
            Self::Message => "message",
            Self::MessageRecipient => "message-recipient",
            Self::MessageDevice => "message-device",
            Self::MessageAccount => "message-account",
            Self::Invitation => "invitation",
            Self::NewPassword => "new-password",
            Self::Code => "code",
            Self::Client => "client",
            Self::Provider => "provider",
            Self::ProviderAccount => "provider-account",
            Self::Interceptor => "interceptor",
            Self::SmsPause => "sms-pause",
            Self::SmsAccount => "sms-account",
            Self::SmsNumber => "sms-number",
            Self::SmsAddress => "sms-address",
            Self::SmsRealm => "sms-realm",
        }
    }

    /// How often. What can be guessed has a second quota, with which a year has room for some ten thousand guesses.
    pub const fn limit(self) -> Limit {
        match self {
            Self::SignInAddress | Self::Client | Self::Provider | Self::NewPassword | Self::Interceptor => {
                Limit::of(20, QUARTER)
            }
            Self::SignInAccount | Self::SignInDevice | Self::Reauthentication | Self::Code => {
                Limit::of(5, QUARTER).and(30, DAY)
            }
            // A page that says who somebody is there, each time it is opened.
            Self::ProviderAccount => Limit::of(60, QUARTER),
            Self::Register => Limit::of(30, HOUR),
            Self::RecoverAddress => Limit::of(20, HOUR),
            Self::Message
            | Self::MessageDevice
            | Self::MessageAccount
            | Self::SmsAccount
            | Self::SmsNumber => Limit::of(5, HOUR).and(20, DAY),
            Self::SmsPause => Limit::of(1, Duration::from_secs(30)),
            // A whole office that begins to work.
            Self::SmsAddress => Limit::of(60, HOUR).and(240, DAY),
            Self::SmsRealm => Limit::of(1200, HOUR).and(7200, DAY),
            Self::MessageRecipient => Limit::of(20, HOUR).and(40, DAY),
            // A whole class or department at once.
            Self::Invitation => Limit::of(100, HOUR).and(300, DAY),
        }
    }

    /// How many keys are remembered at a time, 16 bytes each. The two that a stranger fills with one request each have more.
    pub(crate) const fn keys(self) -> usize {
        match self {
            Self::SignInAddress | Self::SignInAccount => 1 << 19,
            _ => 1 << 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_place_and_counts_in_whole_seconds() {
        for (place, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, place);
            let limit = rule.limit();
            for quota in std::iter::once(limit.quota).chain(limit.lasting) {
                assert_eq!(quota.pace().subsec_nanos(), 0, "{}", rule.name());
            }
            assert!(limit.lasting.is_none_or(|lasting| lasting.pace() > limit.quota.pace()));
        }
    }
}
