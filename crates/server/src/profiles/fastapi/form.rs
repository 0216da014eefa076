//! The form of a password: `OAuth2PasswordRequestForm`.

use axum::{
    extract::{FromRequest, Request},
    http::header::CONTENT_TYPE,
};
use gatepost_domain::password::Password;
use zeroize::Zeroizing;

use super::{
    body::bytes,
    invalid::{Invalid, Invalids},
    ordered::Json,
    refusal::Refusal,
};
use crate::http::Problem;

/// What somebody signs in with. `Debug` hides it.
///
/// Whatever stands in `Authorization` is not looked at: the documentation pages of FastAPI send an empty client there always.
pub struct PasswordForm {
    /// What they call themselves, as typed.
    pub username: String,
    password: Zeroizing<String>,
    /// What the token is to be good for, words with spaces between.
    pub scope: String,
}

impl std::fmt::Debug for PasswordForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordForm(…)")
    }
}

impl<S: Send + Sync> FromRequest<S> for PasswordForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
        // Another body has no fields.
        let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let body = Zeroizing::new(bytes(request).await?.to_vec());
        Ok(Self::parse(if is_form { &body } else { &[] })?)
    }
}

impl PasswordForm {
    fn parse(encoded: &[u8]) -> Result<Self, Invalids> {
        // The last of a name counts, and an empty one is as if it were not there.
        let field = |wanted: &str| {
            let named = url::form_urlencoded::parse(encoded).filter(|(name, _)| name == wanted);
            named.last().map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
        };
        let mut invalids = Invalids::default();
        let grant_type = match field("grant_type") {
            Some(other) if other != "password" => {
                Err(Invalid::no_match(&["body", "grant_type"], &other, "^password$"))
            }
            _ => Ok(()),
        };
        invalids.note(grant_type);
        let required =
            |name: &'static str| field(name).ok_or_else(|| Invalid::missing(&["body", name], Json::Null));
        let username = invalids.note(required("username"));
        let password = invalids.note(required("password")).map(Zeroizing::new);
        invalids.check()?;
        // There by now.
        let (username, password) = (username.unwrap_or_default(), password.unwrap_or_default());
        Ok(Self { username, password, scope: field("scope").unwrap_or_default() })
    }

    /// The password in the spelling in which it is compared. One that is too long to be compared is nobody's.
    pub fn password(&self) -> Result<Password, Problem> {
        let spelled = Password::to_verify(&self.password);
        spelled.or_else(|_| Password::to_verify("\0")).map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(encoded: &str) -> String {
        serde_json::to_string(&PasswordForm::parse(encoded.as_bytes()).unwrap_err()).unwrap()
    }

    /// As FastAPI 0.165 answers them.
    #[test]
    fn a_form_that_lacks_something_is_told_as_fastapi_tells_it() {
        let username = r#"{"type":"missing","loc":["body","username"],"msg":"Field required","input":null}"#;
        let password = r#"{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}"#;
        for none in ["", "username=&password=", "x=y"] {
            assert_eq!(wrong(none), format!("[{username},{password}]"), "{none}");
        }
        assert_eq!(wrong("username=ada"), format!("[{password}]"));
        let grant = r#"{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"x","ctx":{"pattern":"^password$"}}"#;
        assert_eq!(wrong("grant_type=x"), format!("[{grant},{username},{password}]"));
        let form =
            PasswordForm::parse(b"username=a&username=ada&password=p+q&grant_type=&scope=a+b").unwrap();
        assert_eq!(
            (form.username.as_str(), form.password.as_str(), form.scope.as_str()),
            ("ada", "p q", "a b")
        );
        assert_eq!(format!("{form:?}"), "PasswordForm(…)");
    }
}
