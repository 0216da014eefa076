//! Tokens that the server would never issue, signed with its own key.

use std::path::Path;

use gatepost_domain::MasterKey;
use gatepost_jose::{Algorithm, SigningKey, jws};
use serde_json::Value;

/// Whoever has the store and the master key can sign anything; so can a test.
pub(super) struct Forger {
    key: SigningKey,
}

impl Forger {
    /// With the key of the default realm of an installation on SQLite.
    pub(super) fn of(data: &Path) -> Self {
        let text = std::fs::read_to_string(data.join("master.key")).unwrap();
        let bytes = data_encoding::BASE64.decode(text.trim().as_bytes()).unwrap();
        let master = MasterKey::from_bytes(bytes.try_into().unwrap());
        let database = rusqlite::Connection::open(data.join("gatepost.db")).unwrap();
        let sql = "SELECT k.realm_id, k.kid, k.sealed FROM signing_keys k JOIN realms r ON r.id = k.realm_id WHERE r.is_default";
        let (realm, kid, sealed): (Vec<u8>, String, Vec<u8>) =
            database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let context = [realm.as_slice(), kid.as_bytes()].concat();
        let pkcs8 = master.open("signing-key", &context, &sealed).unwrap();
        Self { key: SigningKey::from_pkcs8(Algorithm::ES256, &kid, &pkcs8).unwrap() }
    }

    /// `token` with some claims changed (`null` removes one), signed anew with the given type.
    pub(super) fn change(&self, token: &str, typ: &str, changes: &Value) -> String {
        let mut claims = decode(token.split('.').nth(1).unwrap());
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        jws::sign_compact(typ, claims.to_string().as_bytes(), &self.key)
    }
}

/// A part of a token, read.
pub(super) fn decode(part: &str) -> Value {
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

/// A token with another header; its signature is that of the old one.
pub(super) fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", data_encoding::BASE64URL_NOPAD.encode(header.to_string().as_bytes()))
}
