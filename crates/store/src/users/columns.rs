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

/// Whether an account, named by its realm and its id, has a second factor that is asked for at sign-in: three point reads. An app that is
/// only begun is none.
macro_rules! has_second_factor {
    ($realm:literal, $user:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM totp_seeds t WHERE t.realm_id = ",
            $realm,
            " AND t.user_id = ",
            $user,
            " AND t.confirmed) OR EXISTS (SELECT 1 FROM passkeys p WHERE p.realm_id = ",
            $realm,
            " AND p.user_id = ",
            $user,
            ") OR EXISTS (SELECT 1 FROM phone_numbers n WHERE n.realm_id = ",
            $realm,
            " AND n.user_id = ",
            $user,
            "))"
        )
    };
}
pub(crate) use has_second_factor;
