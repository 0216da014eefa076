//! The keys of one realm, unsealed and parsed once.

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    Entropy, MasterKey, RealmId, RealmSettings, SigningAlg, Timestamp,
    signing_key::{self, KeyPolicy, NewKey, StoredKey},
};
use gatepost_jose::{Algorithm, JwkSet, KeyRefused, KeySet, SigningKey};
use zeroize::Zeroizing;

use super::shared::SharedSecrets;

/// What the seal of a private key is bound to, beside the realm and the key id.
const PURPOSE: &str = "signing-key";
/// How far apart clocks of verifiers may be, in seconds; retired keys outlive their tokens by this.
const LEEWAY: std::time::Duration = std::time::Duration::from_mins(1);

/// Why a realm's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysUnusable {
    /// Sealed under another master key, or altered.
    #[error(
        "signing key {kid} cannot be unsealed: the master key is not the one it was sealed with; \
         put the right master key back"
    )]
    Sealed {
        /// The key id.
        kid: String,
    },
    /// Unsealed, but no key.
    #[error("signing key {kid} cannot be read: {cause}")]
    Unreadable {
        /// The key id.
        kid: String,
        /// Why not.
        #[source]
        cause: KeyRefused,
    },
    /// A set that no verifier would take.
    #[error("the signing keys of the realm do not make a key set: {0}")]
    Set(#[source] KeyRefused),
    /// There should be one by now.
    #[error("the realm has no signing key")]
    None,
}

/// How keys of a realm and an algorithm follow one another. A secret that applications know never changes by itself: they would have
/// to be told first, and `gatepost key rotate` does it when they can be.
pub fn policy(settings: &RealmSettings, alg: SigningAlg) -> KeyPolicy {
    let every = Some(settings.key_rotation).filter(|every| !every.is_zero() && alg != SigningAlg::HS256);
    // What proves a refresh token of the profile lives as long as that token.
    let longest = match alg {
        SigningAlg::HS256 => settings.refresh_token_ttl.max(settings.access_token_ttl),
        _ => settings.access_token_ttl,
    };
    KeyPolicy::new(every, longest.saturating_add(LEEWAY))
}

fn algorithm(alg: SigningAlg) -> Algorithm {
    match alg {
        SigningAlg::ES256 => Algorithm::ES256,
        SigningAlg::EdDSA => Algorithm::EdDSA,
        SigningAlg::RS256 => Algorithm::RS256,
        SigningAlg::HS256 => Algorithm::HS256,
    }
}

fn context(realm: RealmId, kid: &str) -> Vec<u8> {
    [realm.as_bytes(), kid.as_bytes()].concat()
}

/// Makes a key pair. RSA takes a good part of a second: not on an async thread.
///
/// A secret that applications know is text, for it stands in their settings: 256 bits in base64url. Its key id is as random, and
/// tells nothing of it.
pub fn make(alg: SigningAlg) -> Result<SigningKey, KeyRefused> {
    let key = SigningKey::generate(algorithm(alg))?;
    if !key.algorithm().is_symmetric() {
        return Ok(key);
    }
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(&key.to_bytes()));
    SigningKey::from_secret(key.algorithm(), key.kid(), text.as_bytes())
}

/// A key as the database keeps it, its private part sealed.
pub fn seal(
    key: &SigningKey,
    alg: SigningAlg,
    planned: NewKey,
    realm: RealmId,
    (master, entropy): (&MasterKey, &dyn Entropy),
    now: Timestamp,
) -> StoredKey {
    let kid = key.kid().to_owned();
    StoredKey {
        realm,
        alg,
        sequence: planned.sequence,
        public_jwk: key.public_jwk().and_then(|jwk| serde_json::to_string(&jwk).ok()),
        sealed: master.seal(PURPOSE, &context(realm, &kid), &key.to_bytes(), entropy),
        created_at: now,
        signs_from: planned.signs_from,
        withdrawn_at: None,
        kid,
    }
}

/// Which key signs, and which are published, until [`next_change`](Self::next_change).
pub struct KeyRing {
    signers: Vec<(SigningAlg, SigningKey)>,
    alg: SigningAlg,
    published: JwkSet,
    published_rs256: JwkSet,
    verifying: KeySet,
    shared: SharedSecrets,
    next_change: Option<Timestamp>,
}

impl KeyRing {
    /// Unseals the keys of a realm that are needed at `now`.
    pub fn open(
        stored: &[StoredKey],
        settings: &RealmSettings,
        realm: RealmId,
        master: &MasterKey,
        now: Timestamp,
    ) -> Result<Self, KeysUnusable> {
        let mut algs: Vec<SigningAlg> = stored.iter().map(|key| key.alg).collect();
        algs.sort_unstable();
        algs.dedup();
        let (mut signers, mut verifying) = (Vec::new(), Vec::new());
        let (mut jwks, mut rs256) = (Vec::new(), Vec::new());
        let mut shared = SharedSecrets::default();
        let mut next_change: Option<Timestamp> = None;
        for alg in algs {
            let of_alg: Vec<StoredKey> = stored.iter().filter(|key| key.alg == alg).cloned().collect();
            let plan = signing_key::plan(&of_alg, &policy(settings, alg), now);
            next_change = [next_change, plan.next_change].into_iter().flatten().min();
            for kid in &plan.published {
                let Some(stored) = of_alg.iter().find(|key| key.kid == *kid) else {
                    continue;
                };
                let key = unseal(stored, realm, master)?;
                let signs = plan.signer.as_ref() == Some(kid);
                if key.algorithm().is_symmetric() {
                    // Of a profile that the realm had before, it signs nothing.
                    if settings.signing_alg == SigningAlg::HS256 {
                        shared.add(key, signs);
                    }
                    continue;
                }
                jwks.extend(key.public_jwk());
                rs256.extend(key.public_jwk().filter(|_| alg == SigningAlg::RS256));
                verifying.push(key.verifying_key());
                if signs {
                    signers.push((alg, key));
                }
            }
        }
        let alg = settings.signing_alg.published();
        let lacks_secret = settings.signing_alg == SigningAlg::HS256 && shared.signer().is_none();
        if lacks_secret || !signers.iter().any(|(known, _)| *known == alg) {
            return Err(KeysUnusable::None);
        }
        Ok(Self {
            signers,
            alg,
            shared,
            published: JwkSet { keys: jwks },
            published_rs256: JwkSet { keys: rs256 },
            verifying: KeySet::new(verifying).map_err(KeysUnusable::Set)?,
            next_change,
        })
    }

    /// The key that signs access tokens.
    ///
    /// # Panics
    /// Never: a ring is not opened without it.
    #[expect(clippy::expect_used, reason = "a ring without this key is refused when it is opened")]
    pub fn signer(&self) -> &SigningKey {
        self.signer_with(self.alg).expect("the ring was opened with a signer")
    }

    /// The key that signs with this algorithm, if the realm has one.
    pub fn signer_with(&self, alg: SigningAlg) -> Option<&SigningKey> {
        self.signers.iter().find(|(known, _)| *known == alg).map(|(_, key)| key)
    }

    /// The secrets that applications of the realm's profile know: never published, and no proof of anything but of the profile's tokens.
    pub fn shared(&self) -> &SharedSecrets {
        &self.shared
    }

    /// What `/.well-known/jwks.json` answers.
    pub fn published(&self) -> &JwkSet {
        &self.published
    }

    /// What `/keys` answers: clients are written that take every key there for one of RSA.
    pub fn published_rs256(&self) -> &JwkSet {
        &self.published_rs256
    }

    /// The keys our own tokens are verified with.
    pub fn verifying(&self) -> KeySet {
        self.verifying.clone()
    }

    /// When this stops being right by itself.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.next_change
    }
}

/// A key of the realm as it was made, for whoever may see it.
pub(super) fn unseal(
    stored: &StoredKey,
    realm: RealmId,
    master: &MasterKey,
) -> Result<SigningKey, KeysUnusable> {
    let kid = || stored.kid.clone();
    let secret = master
        .open(PURPOSE, &context(realm, &stored.kid), &stored.sealed)
        .map_err(|_| KeysUnusable::Sealed { kid: kid() })?;
    let alg = algorithm(stored.alg);
    let key = if alg.is_symmetric() {
        SigningKey::from_secret(alg, &stored.kid, &secret)
    } else {
        SigningKey::from_pkcs8(alg, &stored.kid, &secret)
    };
    key.map_err(|cause| KeysUnusable::Unreadable { kid: kid(), cause })
}
