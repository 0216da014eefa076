//! Which events a person is shown.

use super::Event;

impl Event {
    /// Whether a person is shown it in the history of their account: how it is signed in to, and what opens it. What applications do
    /// with what they were given is not.
    pub const fn is_of_accounts(self) -> bool {
        matches!(
            self,
            Self::UserRegistered
                | Self::UserCreated
                | Self::UserUpdated
                | Self::UserDisabled
                | Self::UserEnabled
                | Self::UserRolesChanged
                | Self::EmailVerified
                | Self::EmailChangeRequested
                | Self::EmailChanged
                | Self::EmailChangeUndone
                | Self::RecoveryRequested
                | Self::AccountRecovered
                | Self::AccountTakenOver
                | Self::EmailSignInRequested
                | Self::AccountDeletionRequested
                | Self::SignedIn
                | Self::SignInRefused
                | Self::AttemptRefused
                | Self::SignedOut
                | Self::SignedOutEverywhere
                | Self::SessionRevoked
                | Self::PasswordChanged
                | Self::PasswordChangeRefused
                | Self::SecondFactorAdded
                | Self::SecondFactorRemoved
                | Self::SecondFactorRefused
                | Self::SecondFactorsReset
                | Self::ImpersonationBegun
                | Self::RecoveryCodeUsed
                | Self::RecoveryCodesCreated
                | Self::DeviceTrusted
                | Self::TrustedDevicesForgotten
                | Self::PasskeyCountRefused
                | Self::IdentityConnected
                | Self::IdentityDisconnected
                | Self::RefreshTokenReused
                | Self::CodeReused
                | Self::ConsentGiven
                | Self::ConsentWithdrawn
                | Self::DeviceConnected
                | Self::ApiKeyCreated
                | Self::ApiKeyRotated
                | Self::ApiKeyRevoked
        )
    }
}
