//! What goes into a statement and what comes out of it, the same for both databases.

use gatepost_domain::{
    ApiKeyId, CodeId, DeviceCodeId, EventId, GrantId, IdentityId, InitialAccessTokenId, InvitationId,
    MailedLinkId, OrganizationId, OutboxId, PasskeyId, RealmId, SecretDigest, SessionId, TeamId, Timestamp,
    TrustedDeviceId, UserId, WebhookId, passkey::UserHandle,
};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type};

use crate::Error;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Param<'a> {
    Null,
    Int(i64),
    Bool(bool),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Param<'_> {
    /// PostgreSQL cannot store NUL in text. Neither may SQLite, so that a database can move from one to the other.
    pub(crate) fn is_storable(&self) -> bool {
        !matches!(self, Self::Text(text) if text.as_bytes().contains(&0))
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(moment: Timestamp) -> Self {
        Self::Int(moment.micros())
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u32> for Param<'_> {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<u64> for Param<'_> {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a SecretDigest> for Param<'a> {
    fn from(digest: &'a SecretDigest) -> Self {
        Self::Bytes(digest.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        // The wire has no types: a BIGINT sent where the statement expects text would be read as text.
        let fits = match self {
            Self::Null => true,
            Self::Int(_) => *ty == Type::INT8,
            Self::Bool(_) => *ty == Type::BOOL,
            Self::Text(_) => *ty == Type::TEXT,
            Self::Bytes(_) => *ty == Type::BYTEA,
        };
        if !fits {
            return Err("a parameter of another type".into());
        }
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(ty, out),
            Self::Bool(value) => value.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

pub(crate) enum Source<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

/// A row of an answer. Columns are taken from left to right, so that a row of two nouns is read by both.
pub(crate) struct Row<'r> {
    source: Source<'r>,
    next: usize,
}

impl<'r> Row<'r> {
    pub(crate) fn new(source: Source<'r>) -> Self {
        Self { source, next: 0 }
    }

    /// The next column, which must not be null.
    pub(crate) fn take<T: Column>(&mut self) -> Result<T, Error> {
        let at = self.next;
        self.take_optional()?.ok_or_else(|| Error::broken(format!("column {at} is null")))
    }

    /// The next column, or `None` where it is null.
    pub(crate) fn take_optional<T: Column>(&mut self) -> Result<Option<T>, Error> {
        let at = self.next;
        self.next += 1;
        T::read(self, at)
    }

    /// The next column as text, parsed.
    pub(crate) fn parse<T: std::str::FromStr>(&mut self) -> Result<T, Error> {
        let at = self.next;
        self.parse_optional()?.ok_or_else(|| Error::broken(format!("column {at} is null")))
    }

    /// The next column as text, parsed, or `None` where it is null.
    pub(crate) fn parse_optional<T: std::str::FromStr>(&mut self) -> Result<Option<T>, Error> {
        let at = self.next;
        self.next += 1;
        let text = self.text(at)?;
        text.map(|text| text.parse().map_err(|_| does_not_parse::<T>(at))).transpose()
    }

    fn int(&self, at: usize) -> Result<Option<i64>, Error> {
        Ok(match self.source {
            Source::Sqlite(row) => row.get(at)?,
            Source::Postgres(row) => row.try_get(at)?,
        })
    }

    fn bool(&self, at: usize) -> Result<Option<bool>, Error> {
        Ok(match self.source {
            Source::Sqlite(row) => row.get(at)?,
            Source::Postgres(row) => row.try_get(at)?,
        })
    }

    fn text(&self, at: usize) -> Result<Option<&'r str>, Error> {
        match self.source {
            Source::Sqlite(row) => row.get_ref(at)?.as_str_or_null().map_err(|_| does_not_parse::<str>(at)),
            Source::Postgres(row) => Ok(row.try_get(at)?),
        }
    }

    fn bytes(&self, at: usize) -> Result<Option<&'r [u8]>, Error> {
        match self.source {
            Source::Sqlite(row) => row.get_ref(at)?.as_blob_or_null().map_err(|_| does_not_parse::<[u8]>(at)),
            Source::Postgres(row) => Ok(row.try_get(at)?),
        }
    }
}

/// Says where and what, never the value.
fn does_not_parse<T: ?Sized>(at: usize) -> Error {
    Error::broken(format!(
        "column {at} is no {}",
        std::any::type_name::<T>().rsplit("::").next().unwrap_or_default()
    ))
}

/// What one column can be read as.
pub(crate) trait Column: Sized {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error>;
}

impl Column for i64 {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
        row.int(at)
    }
}

impl Column for bool {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
        row.bool(at)
    }
}

impl Column for String {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
        Ok(row.text(at)?.map(str::to_owned))
    }
}

impl Column for Vec<u8> {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
        Ok(row.bytes(at)?.map(<[u8]>::to_vec))
    }
}

impl Column for Timestamp {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
        Ok(row.int(at)?.map(Self::from_micros))
    }
}

impl Column for SecretDigest {
    fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
        let bytes = row.bytes(at)?;
        bytes.map(|b| b.try_into().map(Self::from_bytes).map_err(|_| does_not_parse::<Self>(at))).transpose()
    }
}

macro_rules! unsigned {
    ($($number:ty),+) => { $(
        impl Column for $number {
            fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
                row.int(at)?.map(|n| Self::try_from(n).map_err(|_| does_not_parse::<Self>(at))).transpose()
            }
        }
    )+ };
}
unsigned!(u32, u64);

macro_rules! ids {
    ($($id:ty),+) => { $(
        impl Column for $id {
            fn read(row: &Row<'_>, at: usize) -> Result<Option<Self>, Error> {
                let bytes = row.bytes(at)?;
                bytes.map(|b| b.try_into().map(Self::from_bytes).map_err(|_| does_not_parse::<Self>(at))).transpose()
            }
        }

        impl<'a> From<&'a $id> for Param<'a> {
            fn from(id: &'a $id) -> Self {
                Self::Bytes(id.as_bytes())
            }
        }
    )+ };
}
ids!(
    RealmId,
    UserId,
    SessionId,
    GrantId,
    CodeId,
    DeviceCodeId,
    EventId,
    OutboxId,
    OrganizationId,
    TeamId,
    InvitationId,
    IdentityId,
    MailedLinkId,
    InitialAccessTokenId,
    ApiKeyId,
    PasskeyId,
    TrustedDeviceId,
    WebhookId,
    UserHandle
);

/// What a row, or the left part of one, can be read as.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error>;
}

/// Rows of one column.
impl<T: Column> FromRow for (T,) {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok((row.take()?,))
    }
}

/// Two nouns side by side.
pub(crate) struct Joined<A, B>(pub(crate) A, pub(crate) B);

impl<A: FromRow, B: FromRow> FromRow for Joined<A, B> {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(A::from_row(row)?, B::from_row(row)?))
    }
}

/// For `LIKE … ESCAPE '!'` over a column in lower case: what contains the text.
pub(crate) fn like_containing(text: &str) -> String {
    format!("%{}%", escaped(text))
}

/// The same for what begins with a text.
pub(crate) fn like_beginning(text: &str) -> String {
    format!("{}%", escaped(text))
}

fn escaped(text: &str) -> String {
    like_letters(&text.to_lowercase())
}

/// A text as it is typed, for within such a pattern.
pub(crate) fn like_letters(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// A document column.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::broken("a document that cannot be written"))
}

/// A document column.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| does_not_parse::<T>(usize::MAX))
}
