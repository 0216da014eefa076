//! Why a token or a key was refused.

use crate::Algorithm;

/// Why a token was refused.
///
/// `Display` names the reason and is for logs: it never holds bytes of the token. Callers of an API are told
/// [`public_message`](Self::public_message) and nothing else, so that an attacker cannot tell one refusal from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Longer than 16 KiB. Refused before anything else is looked at.
    #[error("the token is longer than {} bytes", crate::MAX_TOKEN_BYTES)]
    TooLarge,
    /// Not three base64url parts, or a part that is not what RFC 7515 section 3.1 asks for.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// `alg` is missing, unknown, not allowed here, or not the algorithm of the key that `kid` names.
    #[error("the algorithm is not one allowed here, or not the one of the key")]
    AlgorithmRefused,
    /// No key for this `kid`. The keys may have been rotated: fetch them and try once more.
    #[error("no key for the token's kid; if the issuer rotated its keys, they must be fetched again")]
    UnknownKey,
    /// No `kid`, although the issuer publishes several keys.
    #[error("the token names no key (kid), and the issuer has several")]
    KeyIdMissing,
    /// The signature does not fit the text and the key.
    #[error("the signature is not by the key that the token names")]
    BadSignature,
    /// A claim that is expected is not there.
    #[error("the claim `{0}` is missing")]
    ClaimMissing(&'static str),
    /// A claim is there with a wrong JSON type or an impossible value.
    #[error("the claim `{0}` has a wrong type or an impossible value")]
    ClaimInvalid(&'static str),
    /// `typ` is not the one expected: another kind of token (RFC 8725 section 3.11).
    #[error("the token is of another type (typ) than the one expected here")]
    WrongType,
    /// `iss` is not the issuer expected, compared as a string.
    #[error("the token is of another issuer (iss)")]
    WrongIssuer,
    /// `aud` does not hold the audience expected, compared as a string.
    #[error("the token is for another audience (aud)")]
    WrongAudience,
    /// `exp` has passed, leeway included.
    #[error("the token expired (exp)")]
    Expired,
    /// `nbf` is still to come, leeway included.
    #[error("the token is not valid yet (nbf); check the clocks")]
    NotYetValid,
    /// `iat` is in the future by more than the leeway.
    #[error("the token was issued in the future (iat); check the clocks")]
    IssuedInFuture,
    /// The token is bound to a key (`cnf`) and nothing proved possession of it (RFC 9449 section 7.1, RFC 8705 section 3).
    #[error("the token is bound to a key (cnf) and came without a proof of possession")]
    ProofRequired,
    /// The session, user or key behind the token was revoked.
    #[error("the session, user or key behind the token was revoked")]
    Revoked,
    /// Whether it was revoked cannot be known now, and the policy is to refuse then.
    #[error("whether the token was revoked cannot be known: the revocation feed is lost")]
    RevocationUnknown,
}

impl Refused {
    /// A stable snake_case name of the reason, for logs, metrics and `gatepost explain`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "token_too_large",
            Self::Malformed(_) => "token_malformed",
            Self::AlgorithmRefused => "algorithm_refused",
            Self::UnknownKey => "unknown_key",
            Self::KeyIdMissing => "key_id_missing",
            Self::BadSignature => "bad_signature",
            Self::ClaimMissing(_) => "claim_missing",
            Self::ClaimInvalid(_) => "claim_invalid",
            Self::WrongType => "wrong_type",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::ProofRequired => "proof_required",
            Self::Revoked => "token_revoked",
            Self::RevocationUnknown => "revocation_unknown",
        }
    }

    /// The one sentence the caller of an API may read. Only expiry has a sentence of its own: clients refresh on it.
    pub const fn public_message(&self) -> &'static str {
        if self.is_expired() { "The access token expired" } else { "The access token is not valid" }
    }

    /// Whether the token was good but is too old: the client should refresh.
    pub const fn is_expired(&self) -> bool {
        matches!(self, Self::Expired)
    }

    /// Whether newer keys could change the answer: the caller may fetch them (see [`KeyCache`](crate::KeyCache)) and retry once.
    pub const fn is_unknown_key(&self) -> bool {
        matches!(self, Self::UnknownKey)
    }
}

/// Why a key or a key set was refused on import. Holds no key material.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefused {
    /// Not JSON, or not the strict JSON asked for (duplicate members, depth, trailing bytes).
    #[error("the key document is not strict JSON: {0}")]
    NotJson(&'static str),
    /// Not a JWK (RFC 7517) or lacks a member its type needs.
    #[error("not a usable JWK: {0}")]
    Malformed(&'static str),
    /// PKCS#8 bytes that cannot be read, or whose public part does not fit the private one.
    #[error("the private key cannot be read; it must be PKCS#8 (DER) of the type that {0} needs")]
    Unreadable(Algorithm),
    /// A private or symmetric key in a document that must be public.
    #[error(
        "the document holds private key members; it must never be published, and its keys are to be replaced"
    )]
    Private,
    /// Two keys with one `kid`.
    #[error("two keys of the set have the same kid")]
    DuplicateKid,
    /// More keys than any issuer has use for.
    #[error("the set has more than {} keys", crate::MAX_KEYS)]
    TooManyKeys,
    /// A key type, curve or algorithm this library does not know, or one meant for encryption.
    #[error("the key is not one for signatures of this library (kty, crv, alg, use or key_ops)")]
    NotForSignatures,
    /// The algorithm asked for does not fit the type of the key, or is not the one the key names.
    #[error("the key is not one for {0}")]
    WrongAlgorithm(Algorithm),
    /// RSA with fewer than 2048 bits (RFC 7518 section 3.3) or more than 8192, or with an even modulus.
    #[error("the RSA modulus must be odd and of 2048 to 8192 bits")]
    RsaModulus,
    /// RSA with an exponent that is even, 1, or larger than 32 bits.
    #[error("the RSA exponent must be odd, at least 3 and at most 32 bits")]
    RsaExponent,
    /// RSA made by the defective generator of CVE-2017-15361: the private key can be computed.
    #[error(
        "the RSA key has the fingerprint of ROCA (CVE-2017-15361); its private key can be computed, replace it"
    )]
    Roca,
    /// A point that is not on its curve, or a coordinate of a wrong length.
    #[error("the public point is not on its curve")]
    OffCurve,
    /// A secret shorter than the digest of its algorithm (RFC 7518 section 3.2).
    #[error("the secret is too short: {0} needs at least {1} bytes")]
    ShortSecret(Algorithm, usize),
    /// The generator failed.
    #[error("the key could not be made")]
    NotMade,
}

impl KeyRefused {
    /// A stable snake_case name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "not_json",
            Self::Malformed(_) => "malformed",
            Self::Unreadable(_) => "unreadable",
            Self::Private => "private_members",
            Self::DuplicateKid => "duplicate_kid",
            Self::TooManyKeys => "too_many_keys",
            Self::NotForSignatures => "not_for_signatures",
            Self::WrongAlgorithm(_) => "wrong_algorithm",
            Self::RsaModulus => "rsa_modulus",
            Self::RsaExponent => "rsa_exponent",
            Self::Roca => "roca",
            Self::OffCurve => "off_curve",
            Self::ShortSecret(..) => "short_secret",
            Self::NotMade => "not_made",
        }
    }
}
