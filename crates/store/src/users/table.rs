//! Users as a table whose pages have numbers: in an order that is asked for, and counted.

use gatepost_domain::{RealmId, RoleName, User, UserId};

use super::user_columns;
use crate::value::{Param, like_letters};
use crate::{Error, Tx, roles};

/// How a text is spelled, small and capital letters alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spelled {
    /// It is this.
    Is(String),
    /// It contains this.
    Contains(String),
    /// It begins so.
    Begins(String),
    /// It ends so.
    Ends(String),
}

impl Spelled {
    /// For `LIKE … ESCAPE '!'`. A key is in small letters, and every other column is what somebody typed.
    fn pattern(&self, of_key: bool) -> String {
        let (before, text, after) = match self {
            Self::Is(text) => ("", text, ""),
            Self::Contains(text) => ("%", text, "%"),
            Self::Begins(text) => ("", text, "%"),
            Self::Ends(text) => ("%", text, ""),
        };
        let letters = if of_key { like_letters(&text.to_lowercase()) } else { like_letters(text) };
        format!("{before}{letters}{after}")
    }
}

/// Which users are in the table: all that every member says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFilter {
    /// How their address is spelled; two ways at the most.
    pub email: [Option<Spelled>; 2],
    /// How their name is spelled; two ways at the most. SQLite knows capital letters of ASCII alone.
    pub name: [Option<Spelled>; 2],
    /// The one of this id.
    pub id: Option<UserId>,
    /// Only those who were given the role, or only the others.
    pub role: Option<(RoleName, bool)>,
    /// Only the disabled, or only the others.
    pub disabled: Option<bool>,
    /// Only those whose address is verified, or only the others.
    pub email_verified: Option<bool>,
}

/// In which order. Users that are alike in it stand in the order of their making.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TableOrder {
    /// That of their making.
    #[default]
    Made,
    /// The newest first.
    Newest,
    /// By when they were changed.
    Updated,
    /// Those that were changed last first.
    UpdatedLast,
    /// By address, as the database orders text.
    Email,
    /// The same from the end.
    EmailFromEnd,
    /// By name, as the database orders text.
    Name,
    /// The same from the end.
    NameFromEnd,
}

macro_rules! filtered {
    () => {
        " FROM users u WHERE u.realm_id = $1
        AND (CAST($2 AS TEXT) IS NULL OR u.email_key LIKE $2 ESCAPE '!')
        AND (CAST($3 AS TEXT) IS NULL OR u.email_key LIKE $3 ESCAPE '!')
        AND (CAST($4 AS TEXT) IS NULL OR LOWER(u.name) LIKE LOWER(CAST($4 AS TEXT)) ESCAPE '!')
        AND (CAST($5 AS TEXT) IS NULL OR LOWER(u.name) LIKE LOWER(CAST($5 AS TEXT)) ESCAPE '!')
        AND (CAST($6 AS BYTEA) IS NULL OR u.id = $6)
        AND (CAST($7 AS TEXT) IS NULL OR (' ' || u.roles || ' ' LIKE $7 ESCAPE '!') = $8)
        AND (CAST($9 AS BOOLEAN) IS NULL OR (u.disabled_at IS NOT NULL) = $9)
        AND (CAST($10 AS BOOLEAN) IS NULL OR u.email_verified = $10)"
    };
}

/// The parameters of what is filtered, and the texts that they are.
struct Params {
    patterns: [Option<String>; 4],
    role: Option<String>,
}

impl Params {
    fn of(filter: &TableFilter) -> Self {
        let pattern =
            |spelled: &Option<Spelled>, of_key| spelled.as_ref().map(|spelled| spelled.pattern(of_key));
        let ([first, second], [third, fourth]) = (&filter.email, &filter.name);
        let patterns =
            [pattern(first, true), pattern(second, true), pattern(third, false), pattern(fourth, false)];
        Self { patterns, role: filter.role.as_ref().map(|(role, _)| roles::like_name(role)) }
    }

    fn all<'a>(&'a self, realm: &'a RealmId, filter: &'a TableFilter) -> Vec<Param<'a>> {
        let mut params: Vec<Param<'a>> = vec![realm.into()];
        params.extend(self.patterns.iter().map(|pattern| Param::from(pattern.as_deref())));
        params.push(filter.id.as_ref().into());
        params.push(self.role.as_deref().into());
        params.push(filter.role.as_ref().map(|(_, has)| *has).into());
        params.push(filter.disabled.into());
        params.push(filter.email_verified.into());
        params
    }
}

/// At most `limit` users of the table after the first `offset`. Every user of the realm is looked at.
pub async fn table(
    tx: &mut Tx,
    realm: RealmId,
    filter: &TableFilter,
    order: TableOrder,
    (offset, limit): (u32, u32),
) -> Result<Vec<User>, Error> {
    macro_rules! sql {
        ($order:literal) => {
            concat!(
                "SELECT ",
                user_columns!("u."),
                filtered!(),
                " ORDER BY ",
                $order,
                " LIMIT $11 OFFSET $12"
            )
        };
    }
    let sql = match order {
        TableOrder::Made => sql!("u.created_at, u.id"),
        TableOrder::Newest => sql!("u.created_at DESC, u.id DESC"),
        TableOrder::Updated => sql!("u.updated_at, u.id"),
        TableOrder::UpdatedLast => sql!("u.updated_at DESC, u.id DESC"),
        TableOrder::Email => sql!("COALESCE(u.email_key, ''), u.id"),
        TableOrder::EmailFromEnd => sql!("COALESCE(u.email_key, '') DESC, u.id DESC"),
        TableOrder::Name => sql!("LOWER(COALESCE(u.name, '')), u.id"),
        TableOrder::NameFromEnd => sql!("LOWER(COALESCE(u.name, '')) DESC, u.id DESC"),
    };
    let texts = Params::of(filter);
    let mut params = texts.all(&realm, filter);
    params.extend([Param::from(limit), Param::from(offset)]);
    tx.all(sql, &params).await
}

/// How many users there are in the table. Every user of the realm is looked at.
pub async fn count_in_table(tx: &mut Tx, realm: RealmId, filter: &TableFilter) -> Result<u64, Error> {
    const SQL: &str = concat!("SELECT COUNT(*)", filtered!());
    let texts = Params::of(filter);
    let params = texts.all(&realm, filter);
    Ok(tx.optional::<(u64,)>(SQL, &params).await?.map_or(0, |(count,)| count))
}
