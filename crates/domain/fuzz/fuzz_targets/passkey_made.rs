//! Any attestation object, authenticator data and client data: refused or kept, and never a panic (WA-05).
#![no_main]

use std::sync::LazyLock;

use gatepost_domain::passkey::{ClientData, register};
use gatepost_domain_fuzz::{CHALLENGE, HASH, PARTY, said};
use libfuzzer_sys::fuzz_target;

static SAID: LazyLock<Vec<u8>> = LazyLock::new(|| said("webauthn.create"));

/// An attestation object that passes up to its authenticator data, so that the rest is reached: `none`.
const HEAD: &[u8] = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";
/// Somebody was there, proved who they are, and a key was made.
const FLAGS: u8 = 0x45;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(client) = ClientData::read(bytes) {
        let _ = register(&client, bytes, &PARTY, &CHALLENGE);
    }
    let client = ClientData::read(&SAID).expect("client data");
    let _ = register(&client, bytes, &PARTY, &CHALLENGE);
    let data = [HASH, &[FLAGS][..], bytes].concat();
    // Shorter ones are spelled otherwise.
    if let Ok(length @ 256..) = u16::try_from(data.len()) {
        let object = [HEAD, &length.to_be_bytes(), &data].concat();
        if let Ok(made) = register(&client, &object, &PARTY, &CHALLENGE) {
            assert!((16..=1023).contains(&made.id.as_bytes().len()));
            assert!(made.backup_eligible || !made.backed_up);
        }
    }
});
