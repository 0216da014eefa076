//! Which account somebody comes to whom a provider has signed in for the first time.
//!
//! An address is a claim until somebody proves it, and only a provider that the realm trusts with addresses proves one. What is not
//! proven connects nobody to anything (SO-01). What is proven ends what anybody else may have prepared at the address (LG-14).

use super::{Asserted, ProviderSettings};

/// What the realm and the provider allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The provider is trusted with addresses.
    pub trust_email: bool,
    /// A proven address may connect somebody to the account that has it.
    pub link_accounts: bool,
    /// Somebody without an account may be given one.
    pub create_accounts: bool,
}

/// Who has the address that a provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// It says none.
    NoAddress,
    /// Nobody.
    Nobody,
    /// Nobody, but somebody had it and may take it back.
    Reserved,
    /// An account whose owner proved to read mail there.
    Proven,
    /// An account that nobody proved it for: whoever made it may be anybody.
    Unproven,
}

/// What becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// They are connected to the account that has the address.
    Connect,
    /// The same, and everything by which the account was signed in to before is taken away: they are the first to prove the address.
    TakeOver,
    /// They are given an account.
    Create {
        /// Whether its address is proven.
        verified: bool,
    },
    /// They come to none.
    No(NoAccount),
}

/// Why somebody comes to no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAccount {
    /// The provider said no address.
    NoAddress,
    /// An account has the address. Whoever owns it signs in, and connects the provider.
    Taken,
    /// Nobody is given an account here, or not by this provider.
    Closed,
}

impl NoAccount {
    /// As it stands in the audit trail.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::Taken => "address_taken",
            Self::Closed => "no_account",
        }
    }
}

/// The decision. `says_verified` is what the provider says of the address.
///
/// Where nobody is given an account, an address that is not proven is answered alike whoever has it: whoever can have a provider say
/// any address would learn otherwise which accounts there are (LG-01).
pub const fn decide(rules: Rules, says_verified: bool, holder: Holder) -> Decision {
    let proven = rules.trust_email && says_verified;
    match (holder, proven) {
        (Holder::Proven, true) if rules.link_accounts => Decision::Connect,
        (Holder::Unproven, true) if rules.link_accounts => Decision::TakeOver,
        (Holder::Proven | Holder::Unproven, true) => Decision::No(NoAccount::Taken),
        _ if !rules.create_accounts => Decision::No(NoAccount::Closed),
        (Holder::NoAddress, _) => Decision::No(NoAccount::NoAddress),
        (Holder::Proven | Holder::Unproven | Holder::Reserved, _) => Decision::No(NoAccount::Taken),
        (Holder::Nobody, verified) => Decision::Create { verified },
    }
}

impl ProviderSettings {
    /// Whether what it says proves that the person reads mail at the address.
    pub const fn proves_address(&self, asserted: &Asserted) -> bool {
        self.trust_email && asserted.email_verified && asserted.email.is_some()
    }

    /// Whether somebody may sign in by it whose address it says is this: one of the domains it is limited to, and verified.
    pub fn admits(&self, asserted: &Asserted) -> bool {
        if self.allowed_domains.is_empty() {
            return true;
        }
        let domain = asserted.email.as_ref().and_then(|email| email.key().rsplit_once('@'));
        asserted.email_verified
            && domain.is_some_and(|(_, domain)| self.allowed_domains.iter().any(|one| one == domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Rules = Rules { trust_email: true, link_accounts: true, create_accounts: true };

    #[test]
    fn so_01_every_case_is_decided() {
        use Decision::{Connect, Create, No, TakeOver};
        use Holder::{NoAddress, Nobody, Proven, Reserved, Unproven};
        let holders = [NoAddress, Nobody, Reserved, Proven, Unproven];
        let row = |rules: Rules, verified: bool| holders.map(|holder| decide(rules, verified, holder));
        let (none, taken, closed) = (No(NoAccount::NoAddress), No(NoAccount::Taken), No(NoAccount::Closed));
        let (proven, claimed) = (Create { verified: true }, Create { verified: false });
        let untrusted = Rules { trust_email: false, ..OPEN };
        let unlinked = Rules { link_accounts: false, ..OPEN };
        let shut = Rules { create_accounts: false, ..OPEN };
        for (rules, verified, expected) in [
            // A trusted provider proves the address.
            (OPEN, true, [none, proven, taken, Connect, TakeOver]),
            // Not verified, or by somebody not trusted: a claim, and no more.
            (OPEN, false, [none, claimed, taken, taken, taken]),
            (untrusted, true, [none, claimed, taken, taken, taken]),
            (untrusted, false, [none, claimed, taken, taken, taken]),
            (unlinked, true, [none, proven, taken, taken, taken]),
            // Nobody is given an account: whoever has one gets in by what they prove, and nothing else is told.
            (shut, true, [closed, closed, closed, Connect, TakeOver]),
            (shut, false, [closed; 5]),
            (Rules { create_accounts: false, ..untrusted }, true, [closed; 5]),
            (Rules { create_accounts: false, ..unlinked }, true, [closed, closed, closed, taken, taken]),
        ] {
            assert_eq!(row(rules, verified), expected, "{rules:?} {verified}");
        }
    }

    #[test]
    fn so_07_a_provider_that_is_limited_to_domains_lets_in_their_verified_addresses_alone() {
        let asserted = |email: &str, email_verified| Asserted {
            issuer: String::new(),
            subject: String::new(),
            email: email.parse().ok(),
            email_verified,
            name: None,
        };
        let limited =
            ProviderSettings { allowed_domains: vec!["example.com".into()], ..ProviderSettings::default() };
        assert!(limited.admits(&asserted("ada@example.com", true)));
        assert!(limited.admits(&asserted("Ada@EXAMPLE.com", true)));
        for (email, verified) in [
            ("ada@example.com", false),
            ("", true),
            ("ada@sub.example.com", true),
            ("ada@notexample.com", true),
            ("ada@example.com.evil.test", true),
        ] {
            assert!(!limited.admits(&asserted(email, verified)), "{email}");
        }
        assert!(ProviderSettings::default().admits(&asserted("", false)), "no limits");
    }
}
