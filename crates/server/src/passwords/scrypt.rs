//! scrypt (RFC 7914): passlib, Django, Better Auth, and Firebase, which encrypts with what scrypt derives.

use std::borrow::Cow;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use scrypt::Params;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::stored::{HashUnusable, MAX_SALT, base64, equal, fields, hexadecimal, number, pairs};

/// Memory that a stored hash may ask for, in bytes: 256 MiB.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;
/// The same over all its lanes, which are computed one after another.
const MAX_WORK: u64 = 2 * MAX_MEMORY;

pub(super) struct Scrypt {
    params: Params,
    salt: Vec<u8>,
    expected: Vec<u8>,
    variant: Variant,
}

enum Variant {
    Plain,
    /// The password is in normal form KC.
    BetterAuth,
    /// What is stored is the project's key, encrypted with what was derived.
    Firebase {
        signer_key: Zeroizing<Vec<u8>>,
    },
}

impl Scrypt {
    /// `None`: another format.
    pub(super) fn parse(text: &str) -> Option<Result<Self, HashUnusable>> {
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            Some(Self::phc(rest))
        } else if let Some(rest) = text.strip_prefix("scrypt$") {
            Some(Self::django(rest))
        } else if let Some(rest) = text.strip_prefix("$firebase-scrypt$") {
            Some(Self::firebase(rest))
        } else {
            let (salt, key) = text.split_once(':')?;
            let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
            (salt.len() == 32 && key.len() == 128 && hexadecimal(salt) && hexadecimal(key))
                .then(|| Self::better_auth(salt, key))
        }
    }

    /// `ln=14,r=8,p=1$salt$hash`, as passlib writes it.
    fn phc(text: &str) -> Result<Self, HashUnusable> {
        let [params, salt, expected] = fields(text)?;
        let [Some(log_n), Some(r), Some(p)] = pairs(params, ["ln", "r", "p"])? else {
            return Err(HashUnusable::Malformed);
        };
        let params = bounded(number(log_n)?, number(r)?, number(p)?)?;
        Self::new(params, base64(salt)?, base64(expected)?, Variant::Plain)
    }

    /// `16384$salt$8$5$hash`: the salt as it stands.
    fn django(text: &str) -> Result<Self, HashUnusable> {
        let [n, salt, r, p, expected] = fields(text)?;
        let n = number(n)?;
        if !n.is_power_of_two() {
            return Err(HashUnusable::Malformed);
        }
        let params = bounded(n.ilog2(), number(r)?, number(p)?)?;
        Self::new(params, salt.as_bytes().to_vec(), base64(expected)?, Variant::Plain)
    }

    /// Better Auth: always 16384, 16, 1; the salt is the hexadecimal text itself.
    fn better_auth(salt: &str, key: &str) -> Result<Self, HashUnusable> {
        Self::new(bounded(14, 16, 1)?, salt.as_bytes().to_vec(), hexadecimal(key)?, Variant::BetterAuth)
    }

    /// `ln=14,r=8,ss=…,sk=…$salt$hash`: the parameters of a Firebase project beside the user's salt and hash. The format is ours,
    /// for an export of Firebase has the parameters only once.
    fn firebase(text: &str) -> Result<Self, HashUnusable> {
        let [params, salt, expected] = fields(text)?;
        let [Some(log_n), Some(r), Some(separator), Some(signer_key)] =
            pairs(params, ["ln", "r", "ss", "sk"])?
        else {
            return Err(HashUnusable::Malformed);
        };
        let salt = [base64(salt)?, base64(separator)?].concat();
        let signer_key = Zeroizing::new(base64(signer_key)?);
        let expected = base64(expected)?;
        if signer_key.len() != expected.len() {
            return Err(HashUnusable::Malformed);
        }
        let params = bounded(number(log_n)?, number(r)?, 1)?;
        Self::new(params, salt, expected, Variant::Firebase { signer_key })
    }

    fn new(params: Params, salt: Vec<u8>, expected: Vec<u8>, variant: Variant) -> Result<Self, HashUnusable> {
        if !(16..=128).contains(&expected.len()) || salt.is_empty() || salt.len() > MAX_SALT {
            return Err(HashUnusable::Malformed);
        }
        Ok(Self { params, salt, expected, variant })
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, HashUnusable> {
        let derive = |password: &[u8], length: usize| {
            let mut derived = Zeroizing::new(vec![0; length]);
            scrypt::scrypt(password, &self.salt, &self.params, &mut derived)
                .map_err(|_| HashUnusable::Malformed)?;
            Ok(derived)
        };
        let found = match &self.variant {
            Variant::Plain => derive(password, self.expected.len())?,
            Variant::BetterAuth => {
                let text = String::from_utf8_lossy(password);
                let spelled = Zeroizing::new(match text {
                    Cow::Borrowed(text) if text.is_ascii() => text.to_owned(),
                    text => text.nfkc().collect(),
                });
                derive(spelled.as_bytes(), self.expected.len())?
            }
            Variant::Firebase { signer_key } => encrypt(&derive(password, 32)?, signer_key)?,
        };
        Ok(equal(&found, &self.expected))
    }
}

/// AES-256 in counter mode from zero. Each key encrypts one text only.
fn encrypt(key: &[u8], text: &[u8]) -> Result<Zeroizing<Vec<u8>>, HashUnusable> {
    let mut in_out = Zeroizing::new(text.to_vec());
    UnboundCipherKey::new(&AES_256, key)
        .and_then(EncryptingKey::ctr)
        .and_then(|key| key.less_safe_encrypt(&mut in_out, EncryptionContext::Iv128([0; 16].into())))
        .map_err(|_| HashUnusable::Malformed)?;
    Ok(in_out)
}

fn bounded(log_n: u32, r: u32, p: u32) -> Result<Params, HashUnusable> {
    let too_costly =
        HashUnusable::TooCostly("scrypt with more than 256 MiB, or than 512 MiB over all its lanes");
    let block = 128 * u64::from(r);
    let memory = 1_u64.checked_shl(log_n).filter(|_| log_n < 32).and_then(|n| block.checked_mul(n));
    let work = memory.and_then(|memory| memory.checked_mul(u64::from(p)));
    match (memory, work) {
        (Some(..=MAX_MEMORY), Some(..=MAX_WORK)) => {
            let log_n = u8::try_from(log_n).map_err(|_| HashUnusable::Malformed)?;
            Params::new(log_n, r, p).map_err(|_| HashUnusable::Malformed)
        }
        _ => Err(too_costly),
    }
}
