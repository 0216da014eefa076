//! Firebase: what `firebase auth:export` writes, with the parameters that the console shows of the project.

use std::fmt;

use gatepost_domain::PasswordHash;
use zeroize::Zeroizing;

use super::Fields;
use crate::import::draft::Draft;

/// How a Firebase project hashes: the block `hash_config` of its console, under Authentication, Users, Password hash parameters.
#[derive(Clone)]
pub struct FirebaseHashes(Zeroizing<String>);

impl fmt::Debug for FirebaseHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirebaseHashes(…)")
    }
}

impl FirebaseHashes {
    /// Reads the block as it is copied: `name: value` a line, with or without braces and commas.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value = |name: &str| {
            text.lines()
                .filter_map(|line| line.trim().trim_end_matches(',').split_once(':'))
                .find(|(found, _)| found.trim().trim_matches('"') == name)
                .map(|(_, value)| value.trim().trim_matches('"'))
                .ok_or_else(|| format!("there is no line `{name}: …` in it"))
        };
        if value("algorithm")? != "SCRYPT" {
            return Err("the algorithm is not SCRYPT".to_owned());
        }
        let (memory, rounds) = (value("mem_cost")?, value("rounds")?);
        let (key, separator) = (value("base64_signer_key")?, value("base64_salt_separator")?);
        Ok(Self(Zeroizing::new(format!("$firebase-scrypt$ln={memory},r={rounds},ss={separator},sk={key}"))))
    }

    fn hash(&self, salt: &str, hash: &str) -> PasswordHash {
        PasswordHash::new(format!("{}${salt}${hash}", *self.0))
    }
}

pub(super) fn draft(mut row: Fields, hashes: Option<&FirebaseHashes>) -> Result<Draft, String> {
    let (hash, salt) = (row.text(&["passwordHash"])?, row.text(&["salt"])?);
    let password_hash = match (hash, hashes) {
        (None, _) => None,
        (Some(hash), Some(hashes)) => Some(hashes.hash(&salt.unwrap_or_default(), &hash)),
        (Some(_), None) => {
            return Err(
                "passwordHash: how the project hashes is not known; give --firebase-hash-config".to_owned()
            );
        }
    };
    Ok(Draft {
        email: row.text(&["email"])?,
        email_verified: row.flag(&["emailVerified"])?.unwrap_or(false),
        username: None,
        name: row.text(&["displayName"])?,
        password_hash,
        roles: Vec::new(),
        disabled: row.flag(&["disabled"])?.unwrap_or(false),
        created_at: row.text(&["createdAt"])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_of_the_console_is_read_as_it_is_copied() {
        let block = "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: c2lnbmVy+/==,\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n";
        let read = FirebaseHashes::parse(block).unwrap();
        assert_eq!(
            read.hash("c2FsdA==", "aGFzaA==").as_str(),
            "$firebase-scrypt$ln=14,r=8,ss=Bw==,sk=c2lnbmVy+/==$c2FsdA==$aGFzaA=="
        );
        assert_eq!(format!("{read:?}"), "FirebaseHashes(…)");
        for (from, to) in [("SCRYPT", "BCRYPT"), ("rounds", "round"), ("mem_cost: 14", "mem_cost 14")] {
            assert!(FirebaseHashes::parse(&block.replace(from, to)).is_err(), "{to}");
        }
    }
}
