//! What is read of a user.

/// The columns of a user, in the order they are read.
macro_rules! user_columns {
    ($table:literal) => {
        concat!(
            $table,
            "realm_id, ",
            $table,
            "id, ",
            $table,
            "email, ",
            $table,
            "email_verified, ",
            $table,
            "username, ",
            $table,
            "name, ",
            $table,
            "roles, ",
            $table,
            "disabled_at, ",
            $table,
            "not_before, ",
            $table,
            "created_at, ",
            $table,
            "updated_at, ",
            $table,
            "version"
        )
    };
}
pub(crate) use user_columns;
