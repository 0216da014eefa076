//! Keycloak: what `kc.sh export` writes of a user. Its password is two documents of JSON, written as texts.

use gatepost_domain::PasswordHash;

use super::{Fields, joined};
use crate::import::draft::Draft;

pub(super) fn draft(mut row: Fields) -> Result<Draft, String> {
    if row.text(&["serviceAccountClientId"])?.is_some() {
        return Err(
            "serviceAccountClientId: the account of a client, which is no person; leave it out".to_owned()
        );
    }
    let (first, last) = (row.text(&["firstName"])?, row.text(&["lastName"])?);
    let mut password_hash = None;
    for mut credential in row.objects(&["credentials"])? {
        if credential.text(&["type"])?.as_deref() == Some("password") {
            let hash = password(&mut credential).map_err(|why| format!("credentials: {why}"))?;
            password_hash = Some(hash);
        }
    }
    Ok(Draft {
        email: row.text(&["email"])?,
        email_verified: row.flag(&["emailVerified"])?.unwrap_or(false),
        username: row.text(&["username"])?,
        name: joined(first, last),
        password_hash,
        roles: Vec::new(),
        disabled: row.flag(&["enabled"])? == Some(false),
        created_at: row.text(&["createdTimestamp"])?,
    })
}

/// The hash, in the form that others use for what Keycloak computes.
fn password(credential: &mut Fields) -> Result<PasswordHash, String> {
    let mut secret = credential.document("secretData")?;
    let mut how = credential.document("credentialData")?;
    let need =
        |value: Option<String>, name: &str| value.ok_or_else(|| format!("{name}: missing; export all of it"));
    let bare = |text: String| text.trim_end_matches('=').to_owned();
    let hash = bare(need(secret.text(&["value"])?, "value")?);
    let salt = bare(need(secret.text(&["salt"])?, "salt")?);
    let rounds = need(how.text(&["hashIterations"])?, "hashIterations")?;
    let text = match &*need(how.text(&["algorithm"])?, "algorithm")? {
        "pbkdf2" => format!("$pbkdf2${rounds}${salt}${hash}"),
        "pbkdf2-sha256" => format!("$pbkdf2-sha256${rounds}${salt}${hash}"),
        "pbkdf2-sha512" => format!("$pbkdf2-sha512${rounds}${salt}${hash}"),
        "argon2" => {
            let mut more = how.object(&["additionalParameters"])?.unwrap_or_default();
            // Each of them is a list of one.
            let mut one = |name: &'static str| -> Result<String, String> {
                more.words(&[name])?.pop().ok_or_else(|| format!("{name}: missing; export all of it"))
            };
            let kind = match &*one("type")? {
                "id" => "argon2id",
                "i" => "argon2i",
                "d" => "argon2d",
                _ => return Err("type: no kind of Argon2; there are id, i and d".to_owned()),
            };
            let version = match &*one("version")? {
                "1.3" => 19,
                "1.0" => 16,
                _ => return Err("version: no version of Argon2; there are 1.3 and 1.0".to_owned()),
            };
            let (memory, lanes) = (one("memory")?, one("parallelism")?);
            format!("${kind}$v={version}$m={memory},t={rounds},p={lanes}${salt}${hash}")
        }
        _ => {
            return Err(
                "algorithm: none that is verified here; there are pbkdf2, pbkdf2-sha256, pbkdf2-sha512 and argon2: leave the credential \
                 out, and the user sets a password by recovery"
                    .to_owned(),
            );
        }
    };
    Ok(PasswordHash::new(text))
}
