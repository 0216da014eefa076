//! The public key of a passkey, in the three kinds that are offered.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use ciborium::Value;

use super::{PasskeyRefused, cbor};

/// What is offered to authenticators, the best first: EdDSA, ES256, RS256 (numbers of the COSE registry, RFC 9053).
pub const ALGORITHMS: [i64; 3] = [-8, -7, -257];

/// The public key of a passkey.
pub(super) enum PublicKey {
    /// An uncompressed point of P-256.
    Es256([u8; 65]),
    EdDsa([u8; 32]),
    Rs256 {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a COSE key (RFC 9052 section 7). It has the members it must have and no others (WebAuthn section 6.5.1.1).
    pub(super) fn read(cose: &[u8]) -> Result<Self, PasskeyRefused> {
        let key = cbor::read_all(cose).ok_or(PasskeyRefused::Malformed)?;
        Self::of(&key)
    }

    pub(super) fn of(key: &Value) -> Result<Self, PasskeyRefused> {
        let members = key.as_map().ok_or(PasskeyRefused::Malformed)?;
        let find =
            |label: i64| members.iter().find(|(name, _)| *name == label.into()).map(|(_, value)| value);
        let number =
            |label| find(label).and_then(Value::as_integer).and_then(|number| i64::try_from(number).ok());
        let bytes = |label| find(label).and_then(Value::as_bytes).map(Vec::as_slice);
        let read = match (number(3), number(1), members.len()) {
            (Some(-7), Some(2), 5) if number(-1) == Some(1) => {
                bytes(-2).zip(bytes(-3)).filter(|(x, y)| x.len() == 32 && y.len() == 32).map(|(x, y)| {
                    let mut point = [4; 65];
                    point[1..33].copy_from_slice(x);
                    point[33..].copy_from_slice(y);
                    Self::Es256(point)
                })
            }
            (Some(-8), Some(1), 4) if number(-1) == Some(6) => {
                bytes(-2).and_then(|x| x.try_into().ok()).map(Self::EdDsa)
            }
            (Some(-257), Some(3), 4) => bytes(-1)
                .zip(bytes(-2))
                .filter(|(n, e)| (256..=1024).contains(&n.len()) && (1..=8).contains(&e.len()))
                .map(|(n, e)| Self::Rs256 { n: n.to_vec(), e: e.to_vec() }),
            (Some(alg), _, _) if !ALGORITHMS.contains(&alg) => return Err(PasskeyRefused::Algorithm),
            _ => None,
        };
        read.ok_or(PasskeyRefused::Malformed)
    }

    /// Which of [`ALGORITHMS`] it is for.
    pub(super) fn algorithm(&self) -> i64 {
        match self {
            Self::EdDsa(_) => -8,
            Self::Es256(_) => -7,
            Self::Rs256 { .. } => -257,
        }
    }

    fn parsed(&self) -> Option<ParsedPublicKey> {
        match self {
            Self::Es256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok(),
            Self::EdDsa(x) => ParsedPublicKey::new(&ED25519, x).ok(),
            Self::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()
            }
        }
    }

    /// Refuses what no signature could ever be of: a point that is not on the curve.
    pub(super) fn check(&self) -> Result<(), PasskeyRefused> {
        self.parsed().map(|_| ()).ok_or(PasskeyRefused::Malformed)
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PasskeyRefused> {
        let key = self.parsed().ok_or(PasskeyRefused::Signature)?;
        key.verify_sig(message, signature).map_err(|_| PasskeyRefused::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn wa_05_a_key_has_the_members_it_must_have_and_an_algorithm_that_was_offered() {
        // The generator of P-256 (SP 800-186 section 3.2.1.3).
        let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let es256 = format!("a5010203262001215820{x}225820{y}");
        let key = PublicKey::read(&hex(&es256)).unwrap();
        assert_eq!((key.algorithm(), key.check()), (-7, Ok(())));
        assert_eq!(key.verify(b"m", b"no signature"), Err(PasskeyRefused::Signature));
        let off = PublicKey::read(&hex(&es256.replace("bf51f5", "bf51f6"))).unwrap();
        assert_eq!(off.check(), Err(PasskeyRefused::Malformed), "not on the curve");
        for (bad, why) in [
            (format!("a401022001215820{x}225820{y}"), "no algorithm"),
            (format!("a5010203262002215820{x}225820{y}"), "another curve"),
            (format!("a5010103262001215820{x}225820{y}"), "another kind of key"),
            (format!("a5010203262001215820{x}22581f{}", &y[2..]), "a short coordinate"),
            (format!("a6010203260400200121582 0{x}225820{y}").replace(' ', ""), "one member more"),
            (format!("a40101032720062158 1f{}", &x[2..]).replace(' ', ""), "a short key"),
            ("a4010303390100204101214103".to_owned(), "a short modulus"),
            ("a0".to_owned(), "nothing"),
            ("01".to_owned(), "no map"),
        ] {
            assert_eq!(PublicKey::read(&hex(&bad)).err(), Some(PasskeyRefused::Malformed), "{why}");
        }
        for other in
            ["26", "3822", "3823", "382e", "3834"].map(|alg| format!("a50102 03{alg}2001").replace(' ', ""))
        {
            let text = format!("{other}215820{x}225820{y}");
            let expected = (!other.contains("0326")).then_some(PasskeyRefused::Algorithm);
            assert_eq!(PublicKey::read(&hex(&text)).err(), expected, "{text}");
        }
        let ed = PublicKey::read(&hex(&format!("a4010103272006215820{x}"))).unwrap();
        assert_eq!(ed.algorithm(), -8);
    }
}
