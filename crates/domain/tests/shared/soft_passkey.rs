// An authenticator in software, and the browser around it. Whoever tests says what is wrong with what they say.
//
// It writes CBOR by hand, so that it shares no mistake with what reads it.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// Flags of the authenticator data.
pub const PRESENT: u8 = 1;
pub const VERIFIED: u8 = 4;
pub const ELIGIBLE: u8 = 8;
pub const BACKED_UP: u8 = 16;
pub const ATTESTED: u8 = 64;
pub const EXTENSIONS: u8 = 128;

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

/// A passkey with its private key.
pub struct SoftPasskey {
    pub id: Vec<u8>,
    pub handle: Vec<u8>,
    pair: Pair,
    /// What COSE makes of the public key.
    pub cose: Vec<u8>,
    pub flags: u8,
    pub count: u32,
    pub aaguid: [u8; 16],
}

/// What the browser says, and for which domain the authenticator signs.
#[derive(Clone, Debug)]
pub struct Said {
    pub kind: &'static str,
    pub challenge: Vec<u8>,
    pub origin: String,
    pub domain: String,
    /// Further members of the client data.
    pub more: Value,
}

impl Said {
    fn client_data(&self) -> Vec<u8> {
        let mut said = json!({
            "type": self.kind, "challenge": BASE64URL_NOPAD.encode(&self.challenge), "origin": self.origin, "crossOrigin": false,
        });
        for (name, value) in self.more.as_object().into_iter().flatten() {
            said[name] = value.clone();
        }
        said.to_string().into_bytes()
    }
}

/// What a browser sends when a passkey was made.
#[derive(Clone, Debug)]
pub struct Made {
    pub client_data: Vec<u8>,
    pub attestation: Vec<u8>,
}

/// What it sends when one was shown.
#[derive(Clone, Debug)]
pub struct Given {
    pub client_data: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub signature: Vec<u8>,
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    let head = match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=23), _) => vec![0x40 + short],
        (Ok(byte), _) => vec![0x58, byte],
        (_, Ok(two)) => [&[0x59][..], &two.to_be_bytes()].concat(),
        _ => [&[0x5a][..], &u32::try_from(length).unwrap().to_be_bytes()].concat(),
    };
    [head.as_slice(), bytes].concat()
}

pub fn attestation_object(format: &str, statement: &[u8], data: &[u8]) -> Vec<u8> {
    let format = [&[0x60 + u8::try_from(format.len()).unwrap()], format.as_bytes()].concat();
    [&b"\xa3\x63fmt"[..], &format, b"\x67attStmt", statement, b"\x68authData", &cbor_bytes(data)].concat()
}

/// The statement of a key about itself.
pub fn self_statement(alg: &[u8], signature: &[u8]) -> Vec<u8> {
    [&b"\xa2\x63alg"[..], alg, b"\x63sig", &cbor_bytes(signature)].concat()
}

#[expect(clippy::disallowed_methods, reason = "an authenticator has randomness of its own")]
fn randomness() -> SystemRandom {
    SystemRandom::new()
}

impl SoftPasskey {
    fn new(pair: Pair, cose: Vec<u8>) -> Self {
        let id = digest(&SHA256, &cose).as_ref().to_vec();
        let flags = PRESENT | VERIFIED;
        Self { id, handle: Vec::new(), pair, cose, flags, count: 0, aaguid: [0; 16] }
    }

    pub fn es256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let cose =
            [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", &point[1..33], b"\x22\x58\x20", &point[33..]]
                .concat();
        Self::new(Pair::Es256(pair), cose)
    }

    pub fn ed_dsa() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let cose = [b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", pair.public_key().as_ref()].concat();
        Self::new(Pair::EdDsa(pair), cose)
    }

    pub fn rs256() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = pair.public_key().as_ref();
        // RSAPublicKey (RFC 8017 appendix A.1.1) of 2048 bits: the modulus after 9 bytes, then 3 of exponent after 2.
        let (n, e) = (&der[9..9 + 256], &der[der.len() - 3..]);
        let cose =
            [&b"\xa4\x01\x03\x03\x39\x01\x00\x20"[..], &cbor_bytes(n), b"\x21", &cbor_bytes(e)].concat();
        Self::new(Pair::Rs256(pair), cose)
    }

    /// The same key, as another authenticator would call it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) => pair.sign(&randomness(), message).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &randomness(), message, &mut signature).unwrap();
                signature
            }
        }
    }

    fn head(&self, said: &Said, flags: u8) -> Vec<u8> {
        let domain = digest(&SHA256, said.domain.as_bytes());
        [domain.as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    /// The authenticator data of a key that was just made.
    pub fn attested(&self, said: &Said) -> Vec<u8> {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let head = self.head(said, self.flags | ATTESTED);
        [head.as_slice(), &self.aaguid, &length, &self.id, &self.cose].concat()
    }

    /// Made, with no word about the authenticator.
    pub fn make(&self, said: &Said) -> Made {
        let attestation = attestation_object("none", b"\xa0", &self.attested(said));
        Made { client_data: said.client_data(), attestation }
    }

    /// Shown.
    pub fn give(&self, said: &Said) -> Given {
        let authenticator_data = self.head(said, self.flags);
        self.give_with(said, authenticator_data)
    }

    /// Shown, with this authenticator data.
    pub fn give_with(&self, said: &Said, authenticator_data: Vec<u8>) -> Given {
        let client_data = said.client_data();
        let signed = [authenticator_data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        Given { signature: self.sign(&signed), authenticator_data, client_data }
    }

    /// What is signed of a key that was just made.
    pub fn statement_over(&self, said: &Said) -> Vec<u8> {
        let data = self.attested(said);
        self.sign(&[data.as_slice(), digest(&SHA256, &said.client_data()).as_ref()].concat())
    }
}
