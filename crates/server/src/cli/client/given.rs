//! The settings of a client on a command line.

use clap::Args;
use gatepost_domain::{ClientSettings, SettingRefused};
use serde_json::{Map, Value};

use super::{super::Refusal, wrong};

/// Settings of a client, with the names of the declarative file.
#[derive(Args)]
pub(super) struct GivenSettings {
    /// It can keep no secret: an application in a browser or on a phone. The same as --set token_endpoint_auth_method=none
    #[arg(long)]
    public: bool,
    /// The name to show
    #[arg(long)]
    name: Option<String>,
    /// Where users may be sent back to; may be given several times
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// Where users may be sent after signing out; may be given several times
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// How it may obtain tokens; may be given several times [default: authorization_code and refresh_token]
    #[arg(long = "grant", value_name = "GRANT")]
    grants: Vec<String>,
    /// What it may ask for; may be given several times
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Any other setting, with its value as in the declarative file or as JSON: require_pkce=false,
    /// `contacts=["ops@example.com"]`, `jwks={"keys": [...]}`; may be given several times. Without a value, as in contacts=, the default
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, Value)>,
}

/// Reads `name=value`: the value as in the declarative file, or as JSON, or else as the text it is.
fn setting(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write a name and a value, as in require_pkce=false")?;
    let (name, value) = (name.trim(), value.trim());
    let value = if value.is_empty() {
        Value::Null
    } else if let Some(read) = toml::from_str::<Map<String, Value>>(&format!("value = {value}"))
        .ok()
        .and_then(|mut read| read.remove("value"))
    {
        read
    } else if value.starts_with(['{', '[']) {
        // No setting is text that begins so: what cannot be read is a mistake.
        serde_json::from_str(value).map_err(|error| {
            format!("the value of {name} is neither TOML nor JSON ({error}): as JSON it is {{\"name\": \"value\"}} or [\"one\", \"two\"]")
        })?
    } else {
        Value::String(value.to_owned())
    };
    Ok((name.to_owned(), value))
}

/// A value that the setting would take, on the command line, where the reason says what kind it is of.
pub(super) fn example(refused: &SettingRefused) -> Option<String> {
    let name = &refused.member;
    let value = match refused.reason.strip_prefix("this takes ")? {
        "a list" => format!("'{name}=[\"one\", \"two\"]'"),
        "true or false" => format!("{name}=true"),
        "a whole number" => format!("{name}=60"),
        "an object" => format!("'{name}={{\"name\": \"value\"}}'"),
        _ => return None,
    };
    Some(format!("--set {value}"))
}

impl GivenSettings {
    /// The members that are given.
    pub(super) fn members(self) -> Result<Map<String, Value>, Refusal> {
        let lists = [
            ("redirect_uris", self.redirect_uris),
            ("post_logout_redirect_uris", self.post_logout_redirect_uris),
            ("grants", self.grants),
            ("scopes", self.scopes),
        ];
        let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
        let mut given: Vec<(String, Value)> =
            lists.map(|(name, values)| (name.to_owned(), Value::from(values))).collect();
        given.extend(self.name.map(|name| ("name".to_owned(), Value::from(name))));
        if self.public {
            given.push(("token_endpoint_auth_method".to_owned(), Value::from("none")));
        }
        let mut members = Map::new();
        for (name, value) in given.into_iter().chain(self.set) {
            if members.insert(name.clone(), value).is_some() {
                let public = if self.public && name == "token_endpoint_auth_method" {
                    " (--public is token_endpoint_auth_method=none)"
                } else {
                    ""
                };
                return Err(Refusal::new(format!("{name} is given twice{public}; leave out one of the two")));
            }
        }
        // What is no value of its setting whatever the others are: here one can say how it is written on a command line.
        ClientSettings::default().with(&members).map_err(wrong)?;
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_setting_is_read_as_in_the_file_or_as_text() {
        for (text, name, value) in [
            ("require_pkce=false", "require_pkce", json!(false)),
            ("default_max_age=60", "default_max_age", json!(60)),
            ("audience=[\"a\", \"b\"]", "audience", json!(["a", "b"])),
            ("jwks_uri=https://a.test/x?y=1", "jwks_uri", json!("https://a.test/x?y=1")),
            ("jwks={ keys = [{ kty = \"EC\" }] }", "jwks", json!({ "keys": [{ "kty": "EC" }] })),
            ("jwks={\"keys\": [{\"kty\": \"EC\"}]}", "jwks", json!({ "keys": [{ "kty": "EC" }] })),
            ("contacts=[\"a@b.test\"]", "contacts", json!(["a@b.test"])),
            ("contacts=", "contacts", Value::Null),
        ] {
            assert_eq!(setting(text), Ok((name.to_owned(), value)), "{text}");
        }
        assert!(setting("require_pkce").is_err());
        assert!(setting("jwks={\"keys\": [}").unwrap_err().contains("neither TOML nor JSON"));
    }

    #[test]
    fn a_value_of_another_kind_is_refused_with_one_that_would_do() {
        let said = |text: &str| {
            let given = Map::from_iter([setting(text).unwrap()]);
            wrong(ClientSettings::default().with(&given).unwrap_err()).to_string()
        };
        assert_eq!(
            said("contacts=ops@example.com"),
            "contacts: this takes a list, as in --set 'contacts=[\"one\", \"two\"]'"
        );
        assert_eq!(
            said("require_pkce=yes"),
            "require_pkce: this takes true or false, as in --set require_pkce=true"
        );
        assert_eq!(
            said("default_max_age=soon"),
            "default_max_age: this takes a whole number, as in --set default_max_age=60"
        );
        assert_eq!(said("subject_type=none"), "subject_type: this takes `public` or `pairwise`");
    }
}
