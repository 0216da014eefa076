//! Private keys and secrets as JWKs (RFC 7518 sections 6.2.2, 6.3.2, 6.4; RFC 8037 section 2): only read, never written.

use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::RsaPublicKeyComponents;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::jwk::Curve;
use crate::signing_key::Parts;
use crate::{Algorithm, KeyRefused, SigningKey, base64url, json};

#[derive(Deserialize)]
struct Members {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Zeroizing<String>>,
    p: Option<Zeroizing<String>>,
    q: Option<Zeroizing<String>>,
    dp: Option<Zeroizing<String>>,
    dq: Option<Zeroizing<String>>,
    qi: Option<Zeroizing<String>>,
    k: Option<Zeroizing<String>>,
}

impl SigningKey {
    /// A private key (RSA with its CRT members, EC, Ed25519) or a secret (`oct`) from one JWK.
    ///
    /// `alg` decides the algorithm; without it the curve does, RSA is RS256, and a secret HS256. Without `kid` the name is the
    /// one [`generate`](Self::generate) would give. Refused as in [`from_pkcs8`](Self::from_pkcs8).
    pub fn from_jwk(json: &[u8]) -> Result<Self, KeyRefused> {
        let text = std::str::from_utf8(json).map_err(|_| KeyRefused::NotJson("not UTF-8"))?;
        json::check(text).map_err(KeyRefused::NotJson)?;
        let members: Members = serde_json::from_str(text)
            .map_err(|_| KeyRefused::Malformed("members are missing or of a wrong type"))?;
        if members.usage.as_deref().is_some_and(|usage| usage != "sig")
            || members
                .key_ops
                .as_ref()
                .is_some_and(|all| !all.iter().any(|one| one == "sign" || one == "verify"))
        {
            return Err(KeyRefused::NotForSignatures);
        }
        let (implied, parts) = members.parts()?;
        let algorithm = match &members.alg {
            Some(name) => name.parse().map_err(|_| KeyRefused::NotForSignatures)?,
            None => implied,
        };
        Self::from_parts(algorithm, members.kid.as_deref(), &parts)
    }
}

impl Members {
    fn parts(&self) -> Result<(Algorithm, Parts), KeyRefused> {
        Ok(match (self.kty.as_str(), self.crv.as_deref()) {
            ("oct", _) => (Algorithm::HS256, Parts::Secret(secret(self.k.as_ref())?)),
            ("OKP", Some("Ed25519")) => (
                Algorithm::EdDSA,
                Parts::Ed25519 { x: public(self.x.as_ref())?, d: secret(self.d.as_ref())? },
            ),
            ("EC", Some("P-256")) => (Algorithm::ES256, self.ec(Curve::P256)?),
            ("EC", Some("P-384")) => (Algorithm::ES384, self.ec(Curve::P384)?),
            ("RSA", _) => (Algorithm::RS256, self.rsa()?),
            _ => return Err(KeyRefused::NotForSignatures),
        })
    }

    fn ec(&self, curve: Curve) -> Result<Parts, KeyRefused> {
        let (x, y, d) = (public(self.x.as_ref())?, public(self.y.as_ref())?, secret(self.d.as_ref())?);
        if [x.len(), y.len(), d.len()].iter().any(|length| *length != curve.bytes()) {
            return Err(KeyRefused::OffCurve);
        }
        Ok(Parts::Ec { curve, x, y, d })
    }

    fn rsa(&self) -> Result<Parts, KeyRefused> {
        Ok(Parts::Rsa(Box::new(KeyPairComponents {
            public_key: RsaPublicKeyComponents { n: public(self.n.as_ref())?, e: public(self.e.as_ref())? },
            d: secret(self.d.as_ref())?,
            p: secret(self.p.as_ref())?,
            q: secret(self.q.as_ref())?,
            dP: secret(self.dp.as_ref())?,
            dQ: secret(self.dq.as_ref())?,
            qInv: secret(self.qi.as_ref())?,
        })))
    }
}

const NOT_TEXT: KeyRefused = KeyRefused::Malformed("a member is not base64url");
const MISSING: KeyRefused = KeyRefused::Malformed("a member of the private key is missing");

fn public(member: Option<&String>) -> Result<Vec<u8>, KeyRefused> {
    base64url::decode(member.ok_or(MISSING)?.as_bytes()).ok_or(NOT_TEXT)
}

fn secret(member: Option<&Zeroizing<String>>) -> Result<Zeroizing<Vec<u8>>, KeyRefused> {
    base64url::decode(member.ok_or(MISSING)?.as_bytes()).map(Zeroizing::new).ok_or(NOT_TEXT)
}
