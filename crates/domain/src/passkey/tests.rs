//! Hostile cases of both ceremonies with an authenticator in software.

mod vectors;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::soft_passkey::{
    ATTESTED, BACKED_UP, ELIGIBLE, EXTENSIONS, PRESENT, Said, SoftPasskey, VERIFIED, attestation_object,
    self_statement,
};
use super::*;
use crate::{RealmId, UserId};

const CHALLENGE: &[u8] = b"a challenge that is as long as it has to be";

fn party() -> RelyingParty {
    RelyingParty::of("https://example.org").unwrap()
}

fn said(kind: &'static str) -> Said {
    let (origin, domain) = ("https://example.org".to_owned(), "example.org".to_owned());
    Said { kind, challenge: CHALLENGE.to_vec(), origin, domain, more: Value::Null }
}

fn made() -> Said {
    said("webauthn.create")
}

fn shown() -> Said {
    said("webauthn.get")
}

fn register_raw(client_data: &[u8], attestation: &[u8]) -> Result<NewCredential, PasskeyRefused> {
    register(&ClientData::read(client_data)?, attestation, &party(), &Challenge::of(CHALLENGE))
}

fn try_register(key: &SoftPasskey, said: &Said) -> Result<NewCredential, PasskeyRefused> {
    let made = key.make(said);
    register_raw(&made.client_data, &made.attestation)
}

fn kept(new: &NewCredential) -> Passkey {
    Passkey {
        id: PasskeyId::MIN,
        realm: RealmId::MIN,
        user: UserId::MIN,
        handle: UserHandle::from_bytes([7; 32]),
        credential: new.id.clone(),
        public_key: new.public_key.clone(),
        sign_count: new.sign_count,
        backup_eligible: new.backup_eligible,
        backed_up: new.backed_up,
        aaguid: new.aaguid,
        transports: Vec::new(),
        name: "A key".parse().unwrap(),
        created_at: Timestamp::from_micros(0),
        last_used_at: None,
    }
}

fn try_verify(
    key: &SoftPasskey,
    passkey: &Passkey,
    said: &Said,
    asked: Asked,
) -> Result<Verified, PasskeyRefused> {
    let given = key.give(said);
    assert!(key.handle.is_empty(), "a test says itself whose it is");
    verify(
        passkey,
        &ClientData::read(&given.client_data)?,
        Shown {
            authenticator_data: &given.authenticator_data,
            signature: &given.signature,
            user_handle: Some(passkey.handle.as_bytes()),
        },
        asked,
        &party(),
        &Challenge::of(CHALLENGE),
    )
}

#[test]
fn a_key_of_every_kind_that_is_offered_is_kept_and_known_again() {
    for mut key in [SoftPasskey::es256(), SoftPasskey::ed_dsa(), SoftPasskey::rs256()] {
        key.flags |= ELIGIBLE;
        key.aaguid = [3; 16];
        let new = try_register(&key, &made()).unwrap();
        assert_eq!((new.id.as_bytes(), &new.public_key, new.aaguid), (key.id.as_slice(), &key.cose, [3; 16]));
        assert_eq!((new.sign_count, new.backup_eligible, new.backed_up), (0, true, false));
        let passkey = kept(&new);
        assert_eq!(passkey.held(), Held::Synced);
        (key.count, key.flags) = (9, key.flags | BACKED_UP);
        let verified = try_verify(&key, &passkey, &shown(), Asked::First).unwrap();
        assert_eq!(verified, Verified { sign_count: 9, backed_up: true, user_verified: true });
        let other = SoftPasskey::es256();
        assert_eq!(
            try_verify(&other, &passkey, &shown(), Asked::First).err(),
            Some(if key.flags & ELIGIBLE == other.flags & ELIGIBLE {
                PasskeyRefused::Signature
            } else {
                PasskeyRefused::Backup
            })
        );
    }
}

/// What is wrong with what the browser says, in both ceremonies.
#[test]
fn wa_02_another_page_frame_domain_or_ceremony_is_refused() {
    let key = SoftPasskey::es256();
    let passkey = kept(&try_register(&key, &made()).unwrap());
    let both = |change: &dyn Fn(&mut Said), why: PasskeyRefused| {
        let (mut create, mut get) = (made(), shown());
        change(&mut create);
        change(&mut get);
        assert_eq!(try_register(&key, &create).err(), Some(why), "{create:?}");
        for asked in [Asked::First, Asked::Second] {
            assert_eq!(try_verify(&key, &passkey, &get, asked).err(), Some(why), "{get:?}");
        }
    };
    for origin in [
        "https://evil.example",
        "https://login.example.org",
        "https://example.org.evil.example",
        "http://example.org",
        "https://example.org:8443",
        "https://example.org/",
        "https://EXAMPLE.org",
        "null",
        "",
    ] {
        both(&|said| said.origin = origin.to_owned(), PasskeyRefused::Origin);
    }
    both(&|said| said.more = json!({"crossOrigin": true}), PasskeyRefused::CrossOrigin);
    both(&|said| said.more = json!({"topOrigin": "https://example.org"}), PasskeyRefused::CrossOrigin);
    both(
        &|said| said.more = json!({"crossOrigin": true, "topOrigin": "https://example.com"}),
        PasskeyRefused::CrossOrigin,
    );
    for domain in ["evil.example", "login.example.org", "org", "https://example.org", ""] {
        both(&|said| said.domain = domain.to_owned(), PasskeyRefused::RelyingParty);
    }
    both(
        &|said| said.kind = if said.kind == "webauthn.get" { "webauthn.create" } else { "webauthn.get" },
        PasskeyRefused::Ceremony,
    );
    both(&|said| said.kind = "payment.get", PasskeyRefused::Ceremony);
    both(&|said| said.kind = "", PasskeyRefused::Ceremony);
}

#[test]
fn wa_01_another_challenge_is_refused() {
    let key = SoftPasskey::es256();
    let passkey = kept(&try_register(&key, &made()).unwrap());
    for challenge in [&b"another"[..], b"", &CHALLENGE[1..], &[CHALLENGE, b"x"].concat()] {
        let other = |said: Said| Said { challenge: challenge.to_vec(), ..said };
        assert_eq!(try_register(&key, &other(made())).err(), Some(PasskeyRefused::Challenge));
        let refused = try_verify(&key, &passkey, &other(shown()), Asked::First).err();
        assert_eq!(refused, Some(PasskeyRefused::Challenge));
    }
    // The same bytes in another spelling are no challenge.
    let spelled = json!({"challenge": data_encoding::BASE64.encode(CHALLENGE)});
    let refused = try_register(&key, &Said { more: spelled, ..made() }).err();
    assert_eq!(refused, Some(PasskeyRefused::Challenge));
}

#[test]
fn wa_03_flags_that_are_missing_or_cannot_be_are_refused() {
    let mut key = SoftPasskey::es256();
    let passkey = kept(&try_register(&key, &made()).unwrap());
    for (flags, why) in [
        (0, PasskeyRefused::NotPresent),
        (VERIFIED, PasskeyRefused::NotPresent),
        (PRESENT, PasskeyRefused::NotVerified),
        (PRESENT | VERIFIED | BACKED_UP, PasskeyRefused::Backup),
    ] {
        key.flags = flags;
        assert_eq!(try_register(&key, &made()).err(), Some(why), "{flags:b}");
        assert_eq!(try_verify(&key, &passkey, &shown(), Asked::First).err(), Some(why), "{flags:b}");
    }
    // After a password it is enough that it is there.
    key.flags = PRESENT;
    assert!(!try_verify(&key, &passkey, &shown(), Asked::Second).unwrap().user_verified);
    for flags in [0, VERIFIED] {
        key.flags = flags;
        let refused = try_verify(&key, &passkey, &shown(), Asked::Second).err();
        assert_eq!(refused, Some(PasskeyRefused::NotPresent));
    }
    // One that could not be copied does not become one that can, nor the other way.
    key.flags = PRESENT | VERIFIED | ELIGIBLE;
    assert_eq!(try_verify(&key, &passkey, &shown(), Asked::First).err(), Some(PasskeyRefused::Backup));
    let synced = kept(&try_register(&key, &made()).unwrap());
    key.flags = PRESENT | VERIFIED;
    assert_eq!(try_verify(&key, &synced, &shown(), Asked::First).err(), Some(PasskeyRefused::Backup));
}

#[test]
fn wa_06_the_handle_of_somebody_else_or_none_is_refused() {
    let key = SoftPasskey::es256();
    let passkey = kept(&try_register(&key, &made()).unwrap());
    let given = key.give(&shown());
    let with = |user_handle: Option<&[u8]>, asked| {
        let shown =
            Shown { authenticator_data: &given.authenticator_data, signature: &given.signature, user_handle };
        let client = ClientData::read(&given.client_data).unwrap();
        verify(&passkey, &client, shown, asked, &party(), &Challenge::of(CHALLENGE)).err()
    };
    assert_eq!(with(Some(&[7; 32]), Asked::First), None);
    assert_eq!(with(None, Asked::Second), None, "security keys leave it out");
    assert_eq!(with(None, Asked::First), Some(PasskeyRefused::UserHandle));
    for wrong in [&[8; 32][..], &[7; 31], b""] {
        for asked in [Asked::First, Asked::Second] {
            assert_eq!(with(Some(wrong), asked), Some(PasskeyRefused::UserHandle));
        }
    }
}

#[test]
fn wa_05_what_nobody_asked_for_or_cannot_be_read_is_refused() {
    let mut key = SoftPasskey::es256();
    let (create, malformed) = (made(), Some(PasskeyRefused::Malformed));
    let good = key.make(&create);
    let data = key.attested(&create);
    let with = |attestation: Vec<u8>| register_raw(&good.client_data, &attestation).err();
    let signature = key.statement_over(&create);
    // The key about itself: as some authenticators answer whatever they are asked.
    assert_eq!(with(attestation_object("packed", &self_statement(b"\x26", &signature), &data)), None);
    for (format, statement, why) in [
        ("packed", self_statement(b"\x27", &signature), PasskeyRefused::Attestation),
        ("packed", self_statement(b"\x26", b"none"), PasskeyRefused::Signature),
        ("packed", b"\xa0".to_vec(), PasskeyRefused::Attestation),
        ("packed", b"\xa3\x63alg\x26\x63sig\x41x\x63x5c\x80".to_vec(), PasskeyRefused::Attestation),
        ("none", self_statement(b"\x26", &signature), PasskeyRefused::Attestation),
        ("tpm", b"\xa0".to_vec(), PasskeyRefused::Attestation),
        ("fido-u2f", b"\xa0".to_vec(), PasskeyRefused::Attestation),
        ("android-key", b"\xa0".to_vec(), PasskeyRefused::Attestation),
        ("apple", b"\xa0".to_vec(), PasskeyRefused::Attestation),
        ("", b"\xa0".to_vec(), PasskeyRefused::Attestation),
        ("none", b"\x80".to_vec(), PasskeyRefused::Malformed),
    ] {
        assert_eq!(with(attestation_object(format, &statement, &data)), Some(why), "{format}");
    }
    let whole = attestation_object("none", b"\xa0", &data);
    assert_eq!(with(whole.clone()), None);
    assert_eq!(with([whole.as_slice(), b"\0"].concat()), malformed, "something after it");
    for end in 0..whole.len() {
        assert_eq!(with(whole[..end].to_vec()), malformed, "cut at {end}");
    }
    for (bad, why) in [
        (b"\xa2\x63fmt\x64none\x67attStmt\xa0".to_vec(), "no authenticator data"),
        ([&b"\xbf"[..], &whole[1..], b"\xff"].concat(), "no count"),
        (data.clone(), "no CBOR"),
        (vec![0; 1 << 20], "a megabyte"),
    ] {
        assert_eq!(with(bad), malformed, "{why}");
    }
    let none = |data: &[u8]| attestation_object("none", b"\xa0", data);
    assert_eq!(with(none(&[data.as_slice(), b"\0"].concat())), malformed, "something after the key");
    let mut extended = [data.as_slice(), b"\xa1\x6bcredProtect\x02"].concat();
    extended[32] |= EXTENSIONS;
    assert_eq!(with(none(&extended)), None, "extensions are of no concern");
    *extended.last_mut().unwrap() = 0x18;
    assert_eq!(with(none(&extended)), malformed, "but they are well formed");
    let mut unattested = data.clone();
    unattested[32] &= !ATTESTED;
    assert_eq!(with(none(&unattested)), malformed);
    assert_eq!(with(none(&data[..37])), malformed);
    // Ids: 16 bytes to 1023.
    for (length, taken) in [(0, false), (15, false), (16, true), (1023, true), (1024, false), (65_535, false)]
    {
        key.id = vec![9; length];
        let refused = try_register(&key, &create).err();
        assert_eq!(refused, if taken { None } else { malformed }, "{length}");
    }
    // A key in an algorithm that was not offered: ES384, and ES256 in all but name.
    key = SoftPasskey::es256();
    key.cose[4] = 0x38;
    key.cose.insert(5, 0x22);
    assert_eq!(try_register(&key, &create).err(), Some(PasskeyRefused::Algorithm));
    // One spelled otherwise: the algorithm before the kind.
    key = SoftPasskey::es256();
    key.cose[1..5].copy_from_slice(b"\x03\x26\x01\x02");
    assert_eq!(try_register(&key, &create).err(), malformed);
    // Where a passkey is shown none is made.
    let key = SoftPasskey::es256();
    let passkey = kept(&try_register(&key, &create).unwrap());
    let given = key.give_with(&shown(), key.attested(&shown()));
    let shown = Shown {
        authenticator_data: &given.authenticator_data,
        signature: &given.signature,
        user_handle: None,
    };
    let client = ClientData::read(&given.client_data).unwrap();
    let refused = verify(&passkey, &client, shown, Asked::Second, &party(), &Challenge::of(CHALLENGE)).err();
    assert_eq!(refused, malformed);
}

#[test]
fn wa_05_client_data_is_read_once_and_whole() {
    let key = SoftPasskey::es256();
    let made = key.make(&made());
    let text = String::from_utf8(made.client_data).unwrap();
    let with = |text: String| register_raw(text.as_bytes(), &made.attestation).err();
    assert_eq!(with(text.clone()), None);
    assert_eq!(with(text.replacen('{', r#"{"other":[1],"#, 1)), None, "others may say more");
    for bad in [
        text.replacen('{', r#"{"origin":"https://evil.example","#, 1),
        text.replacen('{', r#"{"challenge":"AA","#, 1),
        format!("{text}x"),
        format!("\u{feff}{text}"),
        text.replace("\"type\"", "\"kind\""),
        text.replacen('{', &format!("{{\"pad\":\"{}\",", "x".repeat(9_000)), 1),
        "[]".into(),
        String::new(),
    ] {
        assert_eq!(with(bad.clone()), Some(PasskeyRefused::Malformed), "{bad}");
    }
}

/// The digest of what was signed covers every byte.
#[test]
fn every_byte_that_is_changed_after_signing_is_refused() {
    let key = SoftPasskey::es256();
    let passkey = kept(&try_register(&key, &made()).unwrap());
    let given = key.give(&shown());
    let with = |client_data: &[u8], authenticator_data: &[u8], signature: &[u8]| {
        let handle = Some(passkey.handle.as_bytes().as_slice());
        let shown = Shown { authenticator_data, signature, user_handle: handle };
        verify(
            &passkey,
            &ClientData::read(client_data)?,
            shown,
            Asked::First,
            &party(),
            &Challenge::of(CHALLENGE),
        )
    };
    let (client, data, signature) = (&given.client_data, &given.authenticator_data, &given.signature);
    assert!(with(client, data, signature).is_ok());
    let changed = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    for at in 0..client.len() {
        assert!(with(&changed(client, at), data, signature).is_err(), "client data, byte {at}");
    }
    for at in 0..data.len() {
        assert!(with(client, &changed(data, at), signature).is_err(), "authenticator data, byte {at}");
    }
    for at in 0..signature.len() {
        assert!(with(client, data, &changed(signature, at)).is_err(), "signature, byte {at}");
    }
}

#[test]
fn names_and_hints_are_taken_from_what_is_known() {
    assert_eq!(known_as([0; 16]), None);
    let one = data_encoding::HEXLOWER.decode(b"ea9b8d664d011d213ce4b6b48cb575d4").unwrap();
    assert_eq!(known_as(one.try_into().unwrap()), Some("Google Password Manager"));
    for (hex, name) in KNOWN {
        assert!(hex.len() == 32 && name.parse::<DisplayName>().is_ok(), "{name}");
    }
    let words = ["internal", "hybrid", "carrier-pigeon", "internal", "cable"];
    assert_eq!(Transport::among(words), [Transport::Internal, Transport::Hybrid]);
    for transport in Transport::ALL {
        assert_eq!(transport.name().parse(), Ok(transport));
    }
    assert!(CredentialId::new(&[0; 15]).is_none() && CredentialId::new(&[0; 1024]).is_none());
    assert_eq!(format!("{:?}", UserHandle::from_bytes([1; 32])), "UserHandle(…)");
}

proptest! {
    #[test]
    fn wa_05_no_bytes_make_the_readers_panic(client: Vec<u8>, data: Vec<u8>, signature: Vec<u8>, key: Vec<u8>) {
        let _ = register_raw(&client, &data);
        let said = key_said();
        let _ = register_raw(&said, &data);
        let _ = register_raw(&said, &attestation_object("none", b"\xa0", &data));
        let _ = public_key::PublicKey::read(&key).map(|key| key.verify(&data, &signature));
    }

    /// A good one with a few bytes changed: everything behind the first check is reached.
    #[test]
    fn wa_05_no_changed_bytes_make_the_readers_panic(at in 0usize..400, to: u8, cut in 0usize..400) {
        let said = key_said();
        let mut object = attestation_object("none", b"\xa0", &fixed());
        let length = object.len();
        object[at % length] = to;
        let _ = register_raw(&said, &object);
        object.truncate(cut);
        let _ = register_raw(&said, &object);
    }
}

fn key_said() -> Vec<u8> {
    let challenge = data_encoding::BASE64URL_NOPAD.encode(CHALLENGE);
    json!({"type": "webauthn.create", "challenge": challenge, "origin": "https://example.org"})
        .to_string()
        .into_bytes()
}

fn fixed() -> Vec<u8> {
    static DATA: std::sync::LazyLock<Vec<u8>> =
        std::sync::LazyLock::new(|| SoftPasskey::es256().attested(&made()));
    DATA.clone()
}
