//! The vectors of the specification.

use std::path::PathBuf;

use serde_json::Value;

use super::*;

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// W3C Web Authentication Level 3, section "Test Vectors".
#[test]
fn wa_02_wa_03_wa_05_the_vectors_of_the_specification() {
    let folder = std::env::var_os("GATEPOST_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read(folder.join("webauthn-l3.json")) else {
        eprintln!(
            "SKIPPED: webauthn-l3.json is not there; set GATEPOST_VECTORS to the folder of the vectors"
        );
        return;
    };
    let file: Value = serde_json::from_slice(&text).unwrap();
    let mut run = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let (id, made, shown) =
            (vector["id"].as_str().unwrap(), &vector["registration"], &vector["authentication"]);
        let (said, challenge) = (hex(&made["clientDataJSON"]), Challenge::of(&hex(&made["challenge"])));
        let client = ClientData::read(&said).unwrap();
        let answer = register(&client, &hex(&made["attestationObject"]), &party(), &challenge);
        let cross_origin = vector["crossOrigin"] == true || vector["topOrigin"].is_string();
        // The credential all the same, to look at how it is shown.
        let object = cbor::read_all(&hex(&made["attestationObject"])).unwrap();
        let data = object.as_map().unwrap()[2].1.as_bytes().unwrap();
        let read = authenticator_data::AuthenticatorData::read(data);
        let offered = ["es384", "es512", "ed448"].iter().all(|alg| !id.contains(alg));
        let Ok(read) = read else {
            assert!(!offered && answer.err() == Some(PasskeyRefused::Algorithm), "{id}");
            run += 1;
            continue;
        };
        assert!(offered, "{id}");
        let expected = if cross_origin {
            Some(PasskeyRefused::CrossOrigin)
        } else if !read.user_verified() {
            Some(PasskeyRefused::NotVerified)
        } else if id.starts_with("none-") || id.starts_with("packed-self-") {
            None
        } else {
            Some(PasskeyRefused::Attestation)
        };
        assert_eq!(answer.err(), expected, "{id}");
        let (sign_count, backup_eligible, backed_up) =
            (read.sign_count(), read.backup_eligible(), read.backed_up());
        let attested = read.attested().unwrap();
        assert_eq!(attested.id, hex(&made["credential_id"]), "{id}");
        let passkey = kept(&NewCredential {
            id: CredentialId::new(attested.id).unwrap(),
            public_key: attested.cose.to_vec(),
            sign_count,
            backup_eligible,
            backed_up,
            aaguid: attested.aaguid,
        });
        assert_eq!(passkey.aaguid.as_slice(), hex(&made["aaguid"]), "{id}");
        let (client, challenge) = (hex(&shown["clientDataJSON"]), Challenge::of(&hex(&shown["challenge"])));
        let (data, signature) = (hex(&shown["authenticatorData"]), hex(&shown["signature"]));
        let policy = &vector["policy_expectation"];
        let invalid_first = policy["result_when_uv_required"] == "invalid"
            || policy["result_when_cross_origin_forbidden"] == "invalid";
        for (asked, invalid) in [
            (Asked::First, invalid_first),
            (Asked::Second, policy["result_when_cross_origin_forbidden"] == "invalid"),
        ] {
            let handle = Some(passkey.handle.as_bytes().as_slice());
            let given = Shown { authenticator_data: &data, signature: &signature, user_handle: handle };
            let answer =
                verify(&passkey, &ClientData::read(&client).unwrap(), given, asked, &party(), &challenge);
            assert_eq!(answer.is_err(), invalid, "{id} {asked:?} {answer:?}");
        }
        run += 1;
    }
    assert_eq!(run, 15);
}
