//! Writes the first inputs of the targets, which the authenticator of the tests makes, into `corpus/`:
//!
//! ```sh
//! cd crates/domain/fuzz
//! cargo run --example seeds
//! cargo +nightly fuzz run passkey_shown
//! ```

use std::{fs, io, path::Path};

use aws_lc_rs::digest::{SHA256, digest};
use gatepost_domain_fuzz::{CHALLENGE, DOMAIN, HASH, ORIGIN, as_part, said};
use serde_json::Value;

#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/shared/soft_passkey.rs"]
mod soft_passkey;

use soft_passkey::{BACKED_UP, ELIGIBLE, EXTENSIONS, Said, SoftPasskey, attestation_object, self_statement};

fn main() -> io::Result<()> {
    let (made, shown) = (asked("webauthn.create"), asked("webauthn.get"));
    // How COSE writes their algorithms.
    let kinds: [(&str, fn() -> SoftPasskey, &[u8]); 3] = [
        ("es256", SoftPasskey::es256, b"\x26"),
        ("eddsa", SoftPasskey::ed_dsa, b"\x27"),
        ("rs256", SoftPasskey::rs256, b"\x39\x01\x00"),
    ];
    for (name, generate, alg) in kinds {
        let mut key = generate();
        let own = self_statement(alg, &signature(&key, &key.attested(&made), "webauthn.create"));
        keep("passkey_made", &format!("{name}-none"), &key.make(&made).attestation)?;
        keep(
            "passkey_made",
            &format!("{name}-packed"),
            &attestation_object("packed", &own, &key.attested(&made)),
        )?;
        // What follows the hash and the flags.
        keep("passkey_made", &format!("{name}-data"), &key.attested(&made)[HASH.len() + 1..])?;
        let given = |key: &SoftPasskey, more: &[u8]| {
            let data = [&key.give(&shown).authenticator_data, more].concat();
            let signature = signature(key, &data, "webauthn.get");
            [as_part(&key.cose), as_part(&signature), data[HASH.len()..].to_vec()].concat()
        };
        keep("passkey_shown", name, &given(&key, b""))?;
        let flags = key.flags;
        for (what, more_flags, more) in [
            ("copied", ELIGIBLE | BACKED_UP, b"".as_slice()),
            // An extension that nobody asked for.
            ("extended", EXTENSIONS, b"\xa1\x61a\xf5"),
        ] {
            key.flags = flags | more_flags;
            keep("passkey_shown", &format!("{name}-{what}"), &given(&key, more))?;
        }
    }
    keep("passkey_made", "client-data", &said("webauthn.create"))
}

/// Over the client data of the targets.
fn signature(key: &SoftPasskey, data: &[u8], kind: &str) -> Vec<u8> {
    key.sign(&[data, digest(&SHA256, &said(kind)).as_ref()].concat())
}

fn asked(kind: &'static str) -> Said {
    let challenge = CHALLENGE.as_bytes().to_vec();
    Said { kind, challenge, origin: ORIGIN.to_owned(), domain: DOMAIN.to_owned(), more: Value::Null }
}

fn keep(target: &str, name: &str, input: &[u8]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), input)
}
