//! Any passkey that is shown: its key, what it says, what it signed. Refused, or what it says is so; and never a panic (WA-03, WA-05).
#![no_main]

use std::sync::LazyLock;

use gatepost_domain::{
    PasskeyId, RealmId, Timestamp, UserId,
    passkey::{Asked, ClientData, CredentialId, Passkey, Shown, UserHandle, verify},
};
use gatepost_domain_fuzz::{CHALLENGE, HASH, PARTY, part, said};
use libfuzzer_sys::fuzz_target;

static SAID: LazyLock<Vec<u8>> = LazyLock::new(|| said("webauthn.get"));

fn kept(public_key: &[u8]) -> Passkey {
    Passkey {
        id: PasskeyId::MIN,
        realm: RealmId::MIN,
        user: UserId::MIN,
        handle: UserHandle::from_bytes([7; 32]),
        credential: CredentialId::new(&[1; 16]).expect("an id"),
        public_key: public_key.to_vec(),
        sign_count: 0,
        backup_eligible: false,
        backed_up: false,
        aaguid: [0; 16],
        transports: Vec::new(),
        name: "A key".parse().expect("a name"),
        created_at: Timestamp::from_micros(0),
        last_used_at: None,
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let (public_key, signature) = (part(&mut rest), part(&mut rest));
    let passkey = kept(public_key);
    let client = ClientData::read(&SAID).expect("client data");
    let for_us = [HASH, rest].concat();
    for data in [rest, &for_us] {
        for asked in [Asked::First, Asked::Second] {
            let user_handle = Some(passkey.handle.as_bytes().as_slice());
            let shown = Shown { authenticator_data: data, signature, user_handle };
            let Ok(verified) = verify(&passkey, &client, shown, asked, &PARTY, &CHALLENGE) else { continue };
            assert_eq!(&data[..32], HASH);
            assert_eq!((data[32] & 1, data[32] & 4 != 0), (1, verified.user_verified));
            assert!(verified.user_verified || asked == Asked::Second);
            assert!(!verified.backed_up, "a key that cannot be copied");
            assert_eq!(verified.sign_count.to_be_bytes(), data[33..37]);
            // Nobody else's, and nothing else.
            let (nobody, other) = (Shown { user_handle: None, ..shown }, [data, &[0]].concat());
            assert!(verify(&passkey, &client, nobody, Asked::First, &PARTY, &CHALLENGE).is_err());
            let longer = Shown { authenticator_data: &other, ..shown };
            assert!(verify(&passkey, &client, longer, asked, &PARTY, &CHALLENGE).is_err());
        }
    }
});
