//! Counts and times what verifying and signing cost beside the raw signature check.
//!
//! `verify_once count ALG` does each thing once, for callgrind (see scripts/callgrind-verify).
//! `verify_once time` prints the ratios to raw aws-lc-rs, best of many rounds.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for the terminal, fed by itself")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair};
use gatepost_jose::{Algorithm, KeySet, SigningKey, Verifier, jwt};
use serde_json::{Value, json};

const NOW: i64 = 1_760_000_000;
const ISSUER: &str = "https://auth.example.com/r/acme";
const AUDIENCE: &str = "https://api.example.com";

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "usr_01jq8z6v3k5m7n9p1r3t5v7x9z", "aud": [AUDIENCE], "exp": NOW + 900, "iat": NOW,
        "nbf": NOW, "jti": "01jq8z6v3k5m7n9p1r3t5v7x9z", "sid": "ses_01jq8z6v3k5m7n9p1r3t5v7x9z",
        "email": "ada.lovelace@example.com", "email_verified": true, "realm_id": "rlm_01jq8z6v3k5m7n9p1r3t5v7x9z",
        "roles": ["admin", "editor"], "scope": "openid profile email notes:read notes:write",
    })
}

/// Both sides of one comparison.
struct Bench {
    algorithm: Algorithm,
    key: SigningKey,
    token: String,
    raw_public: RawPublic,
    raw_private: RawPrivate,
    verifier: Verifier,
    uncached: Verifier,
}

enum RawPublic {
    Key(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl RawPublic {
    fn verify(&self, signed: &[u8], signature: &[u8]) {
        match self {
            Self::Key(key) => key.verify_sig(black_box(signed), black_box(signature)).unwrap(),
            Self::Secret(key) => hmac::verify(key, black_box(signed), black_box(signature)).unwrap(),
        }
    }
}

enum RawPrivate {
    Secret(Box<hmac::Key>),
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Bench {
    fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let der = key.to_bytes();
        let (raw_private, raw_public) = match algorithm {
            Algorithm::RS256 => {
                let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
                let public =
                    ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, pair.public_key()).unwrap();
                (RawPrivate::Rsa(pair), RawPublic::Key(public))
            }
            Algorithm::ES256 => {
                let pair =
                    EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
                let public =
                    ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, pair.public_key()).unwrap();
                (RawPrivate::Ecdsa(pair), RawPublic::Key(public))
            }
            Algorithm::HS256 => {
                let key = Box::new(hmac::Key::new(hmac::HMAC_SHA256, &der));
                (RawPrivate::Secret(key.clone()), RawPublic::Secret(key))
            }
            _ => {
                let pair = Ed25519KeyPair::from_pkcs8(&der).unwrap();
                let public = ParsedPublicKey::new(&signature::ED25519, pair.public_key()).unwrap();
                (RawPrivate::Ed25519(pair), RawPublic::Key(public))
            }
        };
        let token = jwt::sign("at+jwt", &claims(), &key).unwrap();
        let verifier =
            Verifier::new(ISSUER, AUDIENCE, KeySet::from(key.verifying_key())).algorithms(&Algorithm::ALL);
        let uncached = Verifier::new(ISSUER, AUDIENCE, KeySet::from(key.verifying_key()))
            .algorithms(&Algorithm::ALL)
            .cache(0);
        Self { algorithm, key, token, raw_public, raw_private, verifier, uncached }
    }

    fn signed(&self) -> &[u8] {
        self.token.rsplit_once('.').unwrap().0.as_bytes()
    }

    #[expect(clippy::disallowed_methods, reason = "the raw side of the comparison")]
    fn raw_sign(&self) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.raw_private {
            RawPrivate::Rsa(pair) => {
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, self.signed(), &mut bytes).unwrap();
                bytes
            }
            RawPrivate::Ecdsa(pair) => pair.sign(&random, self.signed()).unwrap().as_ref().to_vec(),
            RawPrivate::Ed25519(pair) => pair.sign(self.signed()).as_ref().to_vec(),
            RawPrivate::Secret(key) => hmac::sign(key, self.signed()).as_ref().to_vec(),
        }
    }

    #[inline(never)]
    fn verify_uncached(&self) {
        drop(black_box(self.uncached.verify(black_box(&self.token), NOW).unwrap()));
    }

    #[inline(never)]
    fn verify_again(&self) {
        drop(black_box(self.verifier.verify(black_box(&self.token), NOW).unwrap()));
    }

    #[inline(never)]
    fn sign(&self) {
        drop(black_box(jwt::sign("at+jwt", black_box(&claims_typed()), &self.key).unwrap()));
    }
}

/// Claims as a server has them: a struct, not a tree.
fn claims_typed() -> impl serde::Serialize {
    #[derive(serde::Serialize)]
    struct Claims {
        iss: &'static str,
        sub: &'static str,
        aud: &'static str,
        exp: i64,
        iat: i64,
        jti: &'static str,
        client_id: &'static str,
        sid: &'static str,
        scope: &'static str,
        realm_id: &'static str,
        email: &'static str,
        email_verified: bool,
        roles: [&'static str; 2],
    }
    Claims {
        iss: ISSUER,
        sub: "usr_01jq8z6v3k5m7n9p1r3t5v7x9z",
        aud: AUDIENCE,
        exp: NOW + 900,
        iat: NOW,
        jti: "01jq8z6v3k5m7n9p1r3t5v7x9z",
        client_id: "web",
        sid: "ses_01jq8z6v3k5m7n9p1r3t5v7x9z",
        scope: "openid profile email notes:read notes:write",
        realm_id: "rlm_01jq8z6v3k5m7n9p1r3t5v7x9z",
        email: "ada.lovelace@example.com",
        email_verified: true,
        roles: ["admin", "editor"],
    }
}

/// The best of many batches, one operation's time; the sides take turns, so that both meet the same neighbours.
fn best_of_each<const N: usize>(sides: [&dyn Fn(); N], batch: u32) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..400 {
        for (side, best) in sides.iter().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..batch {
                side();
            }
            *best = (*best).min(start.elapsed() / batch);
        }
    }
    best
}

fn time() {
    println!(
        "{:6} {:>10} {:>12} {:>7} {:>10} {:>10} {:>12} {:>7}",
        "alg", "raw verify", "first sight", "ratio", "again", "raw sign", "sign", "ratio"
    );
    for algorithm in [Algorithm::RS256, Algorithm::EdDSA, Algorithm::ES256, Algorithm::HS256] {
        let bench = Bench::new(algorithm);
        bench.verify_again();
        // Many tokens, more than are kept: each is seen for the first time, kept, and makes another one go.
        let tokens: Vec<String> = (0..if algorithm == Algorithm::RS256 { 300 } else { 2000 })
            .map(|number| {
                let mut claims = claims();
                claims["jti"] = format!("01jq8z6v3k5m7n9p1r3t5{number:05}").into();
                jwt::sign("at+jwt", &claims, &bench.key).unwrap()
            })
            .collect();
        let small = Verifier::new(ISSUER, AUDIENCE, KeySet::from(bench.key.verifying_key()))
            .algorithms(&Algorithm::ALL)
            .cache(8);
        let next = std::cell::Cell::new(0);
        let first_sight = || {
            next.set((next.get() + 1) % tokens.len());
            drop(black_box(small.verify(&tokens[next.get()], NOW).unwrap()));
        };
        // The same tokens, decoded beforehand: the time of a signature check differs from one signature to another.
        let raws: Vec<(&[u8], Vec<u8>)> = tokens.iter().map(|token| raw_parts(token)).collect();
        let raw_next = std::cell::Cell::new(0);
        let raw_check = || {
            raw_next.set((raw_next.get() + 1) % raws.len());
            let (signed, signature) = &raws[raw_next.get()];
            bench.raw_public.verify(signed, signature);
        };
        let uncached_next = std::cell::Cell::new(0);
        let uncached_check = || {
            uncached_next.set((uncached_next.get() + 1) % tokens.len());
            drop(black_box(bench.uncached.verify(&tokens[uncached_next.get()], NOW).unwrap()));
        };
        let [raw, first, uncached] = best_of_each([&raw_check, &first_sight, &uncached_check], 20);
        let [again] = best_of_each([&|| bench.verify_again()], 1000);
        let [raw_sign, sign] = best_of_each([&|| drop(black_box(bench.raw_sign())), &|| bench.sign()], 10);
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        println!(
            "{:6} {raw:>10.2?} {first:>12.2?} {:>7.3} {again:>10.0?} {raw_sign:>10.2?} {sign:>12.2?} {:>7.3}   (not kept: {uncached:.2?}, {:.3})",
            bench.algorithm,
            ratio(first, raw),
            ratio(sign, raw_sign),
            ratio(uncached, raw),
        );
    }
}

/// What is signed, and the signature.
fn raw_parts(token: &str) -> (&[u8], Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    (signed.as_bytes(), base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature).unwrap())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["time"] => time(),
        ["count", algorithm] => count(algorithm.parse().unwrap()),
        _ => println!("verify_once time | verify_once count RS256|EdDSA|ES256"),
    }
}

/// Does each thing once, on one token: the price of a signature check differs from one signature to another.
fn count(algorithm: Algorithm) {
    let bench = Bench::new(algorithm);
    // The header becomes known, memory is warm.
    bench.verify_uncached();
    bench.verify_again();
    let mut claims = claims();
    claims["jti"] = "another".into();
    let fresh = jwt::sign("at+jwt", &claims, &bench.key).unwrap();
    let (signed, signature) = raw_parts(&fresh);
    bench.raw_public.verify(signed, &signature);
    measured_raw(&bench, signed, &signature);
    measured_uncached(&bench, &fresh);
    measured_first(&bench, &fresh);
    measured_again(&bench, &fresh);
}

// What callgrind counts, by these names.

#[inline(never)]
fn measured_raw(bench: &Bench, signed: &[u8], signature: &[u8]) {
    bench.raw_public.verify(signed, signature);
}

#[inline(never)]
fn measured_uncached(bench: &Bench, token: &str) {
    drop(black_box(bench.uncached.verify(token, NOW).unwrap()));
}

#[inline(never)]
fn measured_first(bench: &Bench, token: &str) {
    drop(black_box(bench.verifier.verify(token, NOW).unwrap()));
}

#[inline(never)]
fn measured_again(bench: &Bench, token: &str) {
    black_box(bench.verifier.verify(token, NOW).unwrap());
}
