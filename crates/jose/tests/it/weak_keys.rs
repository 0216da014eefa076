//! JWT-04: keys that are refused on import.

use gatepost_jose::{Algorithm, Jwk, KeyRefused, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{base64url, from_base64url, rsa_jwk};

fn import(jwk: &Value, algorithm: Algorithm) -> Result<VerifyingKey, KeyRefused> {
    let jwk: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| KeyRefused::Malformed("by serde"))?;
    VerifyingKey::from_jwk(&jwk, algorithm)
}

fn import_rsa(n: &[u8], e: &[u8]) -> Result<VerifyingKey, KeyRefused> {
    import(&json!({ "kty": "RSA", "n": base64url(n), "e": base64url(e) }), Algorithm::RS256)
}

fn modulus() -> Vec<u8> {
    from_base64url(rsa_jwk()["n"].as_str().unwrap()).unwrap()
}

#[test]
fn jwt_04_rsa_below_2048_bits_is_refused() {
    assert!(import_rsa(&modulus(), &[1, 0, 1]).is_ok());
    for bytes in [0, 1, 64, 128, 255] {
        let mut short = modulus()[..bytes].to_vec();
        if let Some(last) = short.last_mut() {
            *last |= 1;
        }
        assert_eq!(import_rsa(&short, &[1, 0, 1]).unwrap_err(), KeyRefused::RsaModulus, "{bytes} bytes");
    }
    let mut of_2047_bits = modulus();
    of_2047_bits[0] = 0x7f;
    assert_eq!(import_rsa(&of_2047_bits, &[1, 0, 1]).unwrap_err(), KeyRefused::RsaModulus);
    let with_zero = [&[0], modulus().as_slice()].concat();
    assert_eq!(import_rsa(&with_zero, &[1, 0, 1]).unwrap_err(), KeyRefused::RsaModulus);
    let of_8193_bits = [&[1], vec![0xff; 1024].as_slice()].concat();
    assert_eq!(import_rsa(&of_8193_bits, &[1, 0, 1]).unwrap_err(), KeyRefused::RsaModulus);
}

#[test]
fn jwt_04_rsa_with_an_even_modulus_or_a_bad_exponent_is_refused() {
    let mut even = modulus();
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(import_rsa(&even, &[1, 0, 1]).unwrap_err(), KeyRefused::RsaModulus);
    for e in [&[][..], &[1], &[0], &[2], &[1, 0, 0], &[0, 1, 0, 1], &[1, 0, 0, 0, 1]] {
        assert_eq!(import_rsa(&modulus(), e).unwrap_err(), KeyRefused::RsaExponent, "{e:?}");
    }
    assert!(import_rsa(&modulus(), &[3]).is_ok());
}

/// A power of 65537 has the fingerprint by its making: it is one modulo every prime.
#[test]
fn jwt_04_a_modulus_with_the_roca_fingerprint_is_refused() {
    let mut power = vec![1_u8];
    for _ in 0..128 {
        // Times 65537: itself, and itself two bytes further up.
        let mut carry = 0_u16;
        let shifted: Vec<u8> = [&[0, 0], power.as_slice()].concat();
        power = shifted
            .iter()
            .enumerate()
            .map(|(at, high)| {
                carry += u16::from(*high) + u16::from(power.get(at).copied().unwrap_or_default());
                let byte = carry.to_le_bytes()[0];
                carry >>= 8;
                byte
            })
            .collect();
        if carry > 0 {
            power.push(carry.to_le_bytes()[0]);
        }
    }
    power.reverse();
    assert_eq!(import_rsa(&power, &[1, 0, 1]).unwrap_err(), KeyRefused::Roca);
}

#[test]
fn ordinary_moduli_do_not_have_the_roca_fingerprint() {
    // Odd numbers of the right size serve as well as products of primes: the fingerprint looks at remainders only.
    let mut n = modulus();
    for step in 0..2000_u32 {
        let place = n.len() - 5;
        n[place..place + 4].copy_from_slice(&step.wrapping_mul(2_654_435_761).to_be_bytes());
        assert_ne!(import_rsa(&n, &[1, 0, 1]).err(), Some(KeyRefused::Roca), "{step}");
    }
}

#[test]
fn jwt_04_a_point_off_its_curve_is_refused() {
    let key =
        serde_json::to_value(SigningKey::generate(Algorithm::ES256).unwrap().public_jwk().unwrap()).unwrap();
    assert!(import(&key, Algorithm::ES256).is_ok());
    for (member, value) in [
        ("x", base64url(&[0; 32])),
        ("y", key["x"].as_str().unwrap().to_owned()),
        ("x", base64url(&[0; 31])),
        ("y", base64url(&[0xff; 32])),
        ("x", base64url(&[0; 33])),
    ] {
        let mut off = key.clone();
        off[member] = value.into();
        assert_eq!(import(&off, Algorithm::ES256).unwrap_err(), KeyRefused::OffCurve);
    }
    let mut origin = key;
    origin["x"] = base64url(&[0; 32]).into();
    origin["y"] = base64url(&[0; 32]).into();
    assert_eq!(import(&origin, Algorithm::ES256).unwrap_err(), KeyRefused::OffCurve);
    let short = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(&[7; 31]) });
    assert_eq!(import(&short, Algorithm::EdDSA).unwrap_err(), KeyRefused::OffCurve);
}

#[test]
fn jwt_04_a_secret_shorter_than_its_digest_is_refused() {
    for (algorithm, shortest) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        assert!(SigningKey::from_secret(algorithm, "k", &vec![7; shortest]).is_ok());
        for length in [0, 1, shortest - 1] {
            let refused = SigningKey::from_secret(algorithm, "k", &vec![7; length]).unwrap_err();
            assert_eq!(refused, KeyRefused::ShortSecret(algorithm, shortest));
        }
    }
    assert!(SigningKey::from_secret(Algorithm::RS256, "k", &[7; 64]).is_err());
}
