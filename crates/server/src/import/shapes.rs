//! What the files of others look like: which of their names is which of ours.

mod fields;
mod firebase;
mod keycloak;

use clap::ValueEnum;
use gatepost_domain::PasswordHash;

use super::{Options, draft::Draft};
use crate::config::nearest;

pub(super) use fields::Fields;
pub use firebase::FirebaseHashes;

/// What wrote a file of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Our own: a JSON object a line
    Ndjson,
    /// Our own: CSV with a head line
    Csv,
    /// `kc.sh export`: a realm with its users, or one of its files of users
    Keycloak,
    /// Auth0: an export of password hashes, or what its import job takes
    Auth0,
    /// Better Auth: its users joined with their accounts, as JSON or CSV
    BetterAuth,
    /// fastapi-users: its table of users, as JSON or CSV
    FastapiUsers,
    /// Django: `manage.py dumpdata auth.user`, or the table as CSV
    Django,
    /// `firebase auth:export` as JSON
    Firebase,
}

/// The columns of our own formats.
const OWN: [&str; 8] =
    ["email", "email_verified", "username", "name", "password_hash", "roles", "disabled", "created_at"];

impl Format {
    /// The name, as on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The member that has the users, where a document is around them.
    pub(super) fn array_in_document(self) -> Option<&'static str> {
        match self {
            Self::Keycloak | Self::Firebase => Some("users"),
            Self::Ndjson | Self::Csv | Self::Auth0 | Self::BetterAuth | Self::FastapiUsers | Self::Django => {
                None
            }
        }
    }

    pub(super) fn may_be_csv(self) -> bool {
        match self {
            Self::Csv | Self::BetterAuth | Self::FastapiUsers | Self::Django => true,
            Self::Ndjson | Self::Keycloak | Self::Auth0 | Self::Firebase => false,
        }
    }

    /// What is said of a file that begins as no JSON does.
    pub(super) fn is_no_json(self) -> String {
        let remedy = if self == Self::Ndjson {
            "; --format csv reads CSV with a head line"
        } else {
            "; see that --format names what wrote the file"
        };
        format!("the file is no JSON{remedy}")
    }

    /// Where the hash of a password stands.
    pub(super) fn hash_field(self) -> &'static str {
        match self {
            Self::Ndjson | Self::Csv => "password_hash",
            Self::Keycloak => "credentials",
            Self::Auth0 | Self::Firebase => "passwordHash",
            Self::BetterAuth | Self::Django => "password",
            Self::FastapiUsers => "hashed_password",
        }
    }

    fn is_own(self) -> bool {
        matches!(self, Self::Ndjson | Self::Csv)
    }
}

/// What others call what we call otherwise.
const FOREIGN: [(&str, &str); 22] = [
    ("hashed_password", "password_hash"),
    ("passwordHash", "password_hash"),
    ("password_digest", "password_hash"),
    ("encrypted_password", "password_hash"),
    ("full_name", "name"),
    ("fullName", "name"),
    ("fullname", "name"),
    ("display_name", "name"),
    ("displayName", "name"),
    ("first_name", "name"),
    ("last_name", "name"),
    ("mail", "email"),
    ("email_address", "email"),
    ("user_name", "username"),
    ("login", "username"),
    ("is_verified", "email_verified"),
    ("emailVerified", "email_verified"),
    ("verified", "email_verified"),
    ("role", "roles"),
    ("createdAt", "created_at"),
    ("date_joined", "created_at"),
    ("created", "created_at"),
];
/// Nothing longer is called a name.
const LONGEST: usize = 64;

/// Whether a CSV file of these columns can be what it is said to be.
pub(super) fn check_columns(format: Format, columns: &[String]) -> Result<(), String> {
    if let Some(twice) = columns.iter().enumerate().find(|(at, name)| columns[..*at].contains(name)) {
        return Err(format!("{:?}: the column is there twice; remove one", twice.1));
    }
    if format.is_own() {
        // Where none of them is known, the file may have no head, and a row of somebody stands there.
        let is_head = columns.iter().any(|column| OWN.contains(&&**column));
        for column in columns {
            known(column, is_head)?;
        }
    }
    if !columns.iter().any(|name| name == "email" || name == "username") {
        return Err(
            "email: no such column, and none called username; the first line of a CSV file names the columns"
                .to_owned(),
        );
    }
    // These have it in the table of users, of everybody: without it nobody could sign in, and nobody had said so.
    let must_be_there = matches!(format, Format::FastapiUsers | Format::Django);
    let hash = format.hash_field();
    if must_be_there && !columns.iter().any(|name| name == hash) {
        return Err(format!(
            "{hash}: no such column, and the password hashes are there; export it too, or import the users without passwords by --format csv"
        ));
    }
    Ok(())
}

/// Refuses a name that is not ours. Where it may be what stands in a row, it is not repeated unless it is like one of ours.
fn known(column: &str, is_name: bool) -> Result<(), String> {
    if OWN.contains(&column) {
        return Ok(());
    }
    if column == "password" {
        return Err(
            "password: passwords are imported as hashes, in password_hash; leave it out, and the user sets a password by recovery"
                .to_owned(),
        );
    }
    if matches!(column, "is_active" | "active" | "enabled") {
        return Err(format!("{column:?}: nothing that is read; write its opposite, disabled"));
    }
    let foreign = FOREIGN.iter().find(|(name, _)| *name == column).map(|(_, ours)| *ours);
    Err(match foreign.or_else(|| nearest(column, OWN)) {
        Some(near) => format!("{column:?}: nothing that is read; did you mean {near}?"),
        None if is_name && column.len() <= LONGEST => {
            format!("{column:?}: nothing that is read; these are: {}", OWN.join(", "))
        }
        None => format!("a name that is not read; these are: {}", OWN.join(", ")),
    })
}

/// Reads a row as what wrote it means it.
pub(super) fn draft(options: &Options, mut row: Fields) -> Result<Draft, String> {
    match options.format {
        Format::Ndjson | Format::Csv => own(row),
        Format::Keycloak => keycloak::draft(row),
        Format::Auth0 => auth0(row),
        Format::BetterAuth => better_auth(row),
        Format::FastapiUsers => fastapi_users(row),
        Format::Django => match row.object(&["fields"])? {
            Some(fields) => django(fields),
            None => django(row),
        },
        Format::Firebase => firebase::draft(row, options.firebase.as_ref()),
    }
    .map(|draft| if options.format.is_own() { draft } else { draft.with_address_as_username() })
}

fn hash(text: Option<String>) -> Option<PasswordHash> {
    text.map(PasswordHash::new)
}

fn own(mut row: Fields) -> Result<Draft, String> {
    let draft = Draft {
        email: row.text(&["email"])?,
        email_verified: row.flag(&["email_verified"])?.unwrap_or(false),
        username: row.text(&["username"])?,
        name: row.text(&["name"])?,
        password_hash: hash(row.text(&["password_hash"])?),
        roles: row.words(&["roles"])?,
        disabled: row.flag(&["disabled"])?.unwrap_or(false),
        created_at: row.text(&["created_at"])?,
    };
    match row.left() {
        Some(name) => known(name, true).map(|()| draft),
        None => Ok(draft),
    }
}

/// Auth0 gives hashes on request, as `passwordHash`; its import job takes `password_hash` and `custom_password_hash`.
fn auth0(mut row: Fields) -> Result<Draft, String> {
    let mut password_hash = row.text(&["passwordHash", "password_hash"])?;
    if let Some(mut custom) = row.object(&["custom_password_hash"])?
        && password_hash.is_none()
    {
        let algorithm = custom.text(&["algorithm"])?.unwrap_or_default();
        let mut value = custom.object(&["hash"])?.unwrap_or_default();
        // These say everything in the hash itself. Others keep salts, encodings and digests beside it.
        if !["argon2", "bcrypt", "pbkdf2", "ldap"].contains(&&*algorithm) {
            return Err(format!(
                "custom_password_hash: the algorithm {algorithm:?} is not read, but argon2, bcrypt, pbkdf2 and ldap; leave it out, and the \
                 user sets a password by recovery"
            ));
        }
        password_hash = value.text(&["value"])?;
    }
    let email = row.text(&["email"])?;
    let first = row.text(&["given_name"])?;
    let last = row.text(&["family_name"])?;
    // Auth0 puts the address where nothing else is known.
    let name = row.text(&["name"])?.filter(|name| Some(name) != email.as_ref());
    Ok(Draft {
        email,
        email_verified: row.flag(&["email_verified"])?.unwrap_or(false),
        username: row.text(&["username"])?,
        name: name.or_else(|| joined(first, last)),
        password_hash: hash(password_hash),
        roles: Vec::new(),
        disabled: row.flag(&["blocked"])?.unwrap_or(false),
        created_at: row.text(&["created_at"])?,
    })
}

/// The password is that of the account `credential`, beside the user or in a list of accounts.
fn better_auth(mut row: Fields) -> Result<Draft, String> {
    let mut password_hash = row.text(&["password"])?;
    for mut account in row.objects(&["accounts", "account"])? {
        if account.text(&["providerId", "provider_id"])?.as_deref() == Some("credential") {
            password_hash = account.text(&["password"])?.or(password_hash);
        }
    }
    Ok(Draft {
        email: row.text(&["email"])?,
        email_verified: row.flag(&["emailVerified", "email_verified"])?.unwrap_or(false),
        username: row.text(&["username"])?,
        name: row.text(&["name"])?,
        password_hash: hash(password_hash),
        roles: Vec::new(),
        disabled: row.flag(&["banned"])?.unwrap_or(false),
        created_at: row.text(&["createdAt", "created_at"])?,
    })
}

fn fastapi_users(mut row: Fields) -> Result<Draft, String> {
    Ok(Draft {
        email: row.text(&["email"])?,
        email_verified: row.flag(&["is_verified"])?.unwrap_or(false),
        username: row.text(&["username"])?,
        name: row.text(&["name", "full_name"])?,
        password_hash: hash(row.text(&["hashed_password"])?),
        roles: Vec::new(),
        disabled: row.flag(&["is_active"])? == Some(false),
        created_at: row.text(&["created_at"])?,
    })
}

/// What begins with `!` is Django's way to say that there is no password.
fn django(mut row: Fields) -> Result<Draft, String> {
    let (first, last) = (row.text(&["first_name"])?, row.text(&["last_name"])?);
    Ok(Draft {
        email: row.text(&["email"])?,
        email_verified: false,
        username: row.text(&["username"])?,
        name: joined(first, last),
        password_hash: hash(row.text(&["password"])?.filter(|text| !text.starts_with('!'))),
        roles: Vec::new(),
        disabled: row.flag(&["is_active"])? == Some(false),
        created_at: row.text(&["date_joined"])?,
    })
}

/// First and last name as one.
fn joined(first: Option<String>, last: Option<String>) -> Option<String> {
    let parts: Vec<String> = first.into_iter().chain(last).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands first in a file without a head is a user's.
    #[test]
    fn ij_05_a_name_that_is_like_none_is_not_quoted() {
        for cell in ["$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "hunter2 plain secret"] {
            let said = check_columns(Format::Csv, &[cell.to_owned(), "Ada".to_owned()]).unwrap_err();
            assert!(!said.contains(cell) && said.contains("password_hash"), "{said}");
        }
        assert!(known("emial", false).unwrap_err().contains("did you mean email?"));
    }

    #[test]
    fn a_name_of_others_is_told_with_ours() {
        for (name, told) in [
            ("hashed_password", "\"hashed_password\": nothing that is read; did you mean password_hash?"),
            ("full_name", "\"full_name\": nothing that is read; did you mean name?"),
            ("is_active", "\"is_active\": nothing that is read; write its opposite, disabled"),
            ("role", "\"role\": nothing that is read; did you mean roles?"),
        ] {
            assert_eq!(known(name, true).unwrap_err(), told);
        }
        for (_, ours) in FOREIGN {
            assert_eq!(known(ours, true), Ok(()));
        }
        // In a head that has names of ours it is a name, too.
        let columns = ["email", "phone"].map(str::to_owned);
        let said = check_columns(Format::Csv, &columns).unwrap_err();
        assert!(said.starts_with("\"phone\": nothing that is read; these are: email, "), "{said}");
    }

    #[test]
    fn a_table_without_its_hashes_is_no_table_of_users() {
        let columns = ["email", "is_active"].map(str::to_owned);
        for (format, hash) in [(Format::FastapiUsers, "hashed_password"), (Format::Django, "password")] {
            let said = check_columns(format, &columns).unwrap_err();
            assert!(said.starts_with(&format!("{hash}: no such column")), "{said}");
        }
        assert_eq!(check_columns(Format::BetterAuth, &columns), Ok(()));
    }
}
