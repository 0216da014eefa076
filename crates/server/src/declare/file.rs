//! Reading the declarative file. Every mistake is named with its line before anything is changed.

mod names;
mod places;
mod providers;

use std::path::Path;

use gatepost_domain::{
    ClientAuthMethod, ClientId, ClientSettings, Logo, RealmName, RealmSettings, Secret, SettingRefused,
    client::{MIN_SECRET, check_id},
};
use places::{Parts, Places};
use serde::{Deserialize, de::IntoDeserializer as _};
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::declared::{Declared, DeclaredApiKey, DeclaredClient, DeclaredRealm, DeclaredUser, secret};
use crate::{
    config::{FileError, explain, explain_at, line_of, nearest},
    realm::redrawn,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    name: RealmName,
    default: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    id: ClientId,
    #[serde(default, deserialize_with = "secret")]
    secret: Option<Secret>,
    #[serde(default)]
    public: bool,
}

/// Reads and checks the file at `path`.
pub fn read(path: &Path) -> Result<Declared, FileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| FileError::new(path, None, format!("cannot be read: {error}")))?;
    parse(path, &text)
}

/// Reads and checks `text`; `path` is for its mistakes.
pub fn parse(path: &Path, text: &str) -> Result<Declared, FileError> {
    Reader { path, text }.file()
}

type Node<'t> = Spanned<DeValue<'t>>;

struct Reader<'t> {
    path: &'t Path,
    text: &'t str,
}

/// Known keys that are listed where none is like a wrong one.
const LISTED: usize = 24;

/// What a realm is called.
const IDENTITY: [&str; 2] = ["name", "default"];

/// What a realm has.
const PARTS: [&str; 6] = ["role", "client", "user", "organization", "api_key", "provider"];

impl<'t> Reader<'t> {
    fn wrong(&self, at: &std::ops::Range<usize>, reason: impl Into<String>) -> FileError {
        FileError::new(self.path, Some(line_of(self.text, at)), reason)
    }

    fn parse<T: Deserialize<'t>>(&self, node: Node<'t>) -> Result<T, FileError> {
        let whole = node.span();
        T::deserialize(ValueDeserializer::from(node).into_deserializer()).map_err(|error| {
            let reason = explain_at(self.text, error.span().as_ref(), error.message());
            self.wrong(&error.span().unwrap_or(whole), reason)
        })
    }

    /// What is said of a setting that is refused, in the line where it stands; `whose` it is, where that is not the realm.
    fn refused(&self, places: &Places, whose: &str, refused: &SettingRefused) -> FileError {
        self.wrong(places.of_key(&refused.member), format!("{whose}{refused}"))
    }

    fn file(&self) -> Result<Declared, FileError> {
        let root = DeTable::parse(self.text)
            .map_err(|error| self.wrong(&error.span().unwrap_or(0..0), explain(error.message())))?;
        let mut realms = Vec::new();
        for (key, node) in root.into_inner() {
            if key.get_ref() != "realm" {
                return Err(self.misplaced(&key));
            }
            self.stands_under_a_realm(&node)?;
            for node in self.tables(node, "realm")? {
                let at = node.span();
                let realm = self.realm(node)?;
                if realms.iter().any(|other: &DeclaredRealm| other.name == realm.name) {
                    let reason = format!("realm {} is described twice; put both under one", realm.name);
                    return Err(self.wrong(&at, reason));
                }
                realms.push(realm);
            }
        }
        Ok(Declared { realms: realms.into() })
    }

    /// A key beside the realms.
    fn misplaced(&self, key: &Spanned<std::borrow::Cow<'t, str>>) -> FileError {
        let name = key.get_ref().as_ref();
        if IDENTITY.contains(&name) || RealmSettings::keys().iter().any(|known| known == name) {
            let reason = format!("`{name}` is a setting of a realm: put it under `[[realm]]`");
            return self.wrong(&key.span(), reason);
        }
        self.unknown(key, ["realm"])
    }

    /// A part of a realm without the realm is a table `realm` to TOML.
    fn stands_under_a_realm(&self, node: &Node<'t>) -> Result<(), FileError> {
        let table = node.get_ref().as_table();
        let part = table.and_then(|table| table.keys().find(|key| PARTS.contains(&key.get_ref().as_ref())));
        match part {
            None => Ok(()),
            Some(part) => {
                let reason = format!(
                    "`[[realm.{}]]` stands under a realm: write `[[realm]]` with its `name` above it",
                    part.get_ref()
                );
                Err(self.wrong(&part.span(), reason))
            }
        }
    }

    fn unknown<'k>(
        &self,
        key: &Spanned<std::borrow::Cow<'t, str>>,
        known: impl IntoIterator<Item = &'k str>,
    ) -> FileError {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match nearest(key.get_ref(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() <= LISTED => format!("known here: {}", known.join(", ")),
            None => "the guide has all that there are".to_owned(),
        };
        self.wrong(&key.span(), format!("unknown key `{}`; {hint}", key.get_ref()))
    }

    /// The tables of `[[key]]`.
    fn tables(&self, node: Node<'t>, key: &str) -> Result<Vec<Node<'t>>, FileError> {
        let at = node.span();
        match node.into_inner() {
            DeValue::Array(nodes) if nodes.iter().all(|node| node.get_ref().is_table()) => {
                Ok(nodes.into_iter().collect())
            }
            _ => Err(self.wrong(&at, format!("write this as [[{key}]]"))),
        }
    }

    /// Splits a table into the keys of `first` and the rest.
    fn split(node: Node<'t>, first: &[&str]) -> (Node<'t>, Node<'t>) {
        let at = node.span();
        let DeValue::Table(table) = node.into_inner() else { unreachable!("only tables are split") };
        let (mut left, mut right) = (DeTable::new(), DeTable::new());
        for (key, value) in table {
            let side = if first.contains(&key.get_ref().as_ref()) { &mut left } else { &mut right };
            side.insert(key, value);
        }
        (Spanned::new(at.clone(), DeValue::Table(left)), Spanned::new(at, DeValue::Table(right)))
    }

    fn realm(&self, node: Node<'t>) -> Result<DeclaredRealm, FileError> {
        let (at, places) = (node.span(), Places::of(&node));
        let (parts, rest) = Self::split(node, &PARTS);
        let (identity, settings) = Self::split(rest, &IDENTITY);
        let Identity { name, default } = self.parse(identity)?;
        self.known(&settings, &RealmSettings::keys(), &[&IDENTITY[..], &PARTS].concat())?;
        self.needs_no_profile(&settings)?;
        let named = Places::of(&settings).names();
        let said: RealmSettings = self.parse(self.with_logo(settings)?)?;
        let mut settings = RealmSettings::for_profile(said.profile).taking(&named, &said);
        settings.check().map_err(|refused| self.refused(&places, "", &refused))?;
        if let Some(picture) = &mut settings.logo {
            *picture = redrawn(picture)
                .map_err(|unusable| self.wrong(places.of_key("logo"), format!("logo: {unusable}")))?;
        }
        let mut realm = DeclaredRealm {
            name,
            is_default: default,
            settings,
            named,
            hosts_at: (self.path.to_owned(), line_of(self.text, places.of_key("hosts"))),
            roles: Vec::new(),
            clients: Vec::new(),
            users: Vec::new(),
            organizations: Vec::new(),
            api_keys: Vec::new(),
            providers: Vec::new(),
        };
        let DeValue::Table(parts) = parts.into_inner() else { unreachable!("split returns tables") };
        let mut described = Parts::default();
        for (key, node) in parts {
            let nodes = self.tables(node, &format!("realm.{}", key.get_ref()))?;
            described.note(key.get_ref(), &nodes);
            match key.get_ref().as_ref() {
                "role" => {
                    realm.roles = nodes.into_iter().map(|node| self.parse(node)).collect::<Result<_, _>>()?;
                }
                "client" => {
                    realm.clients =
                        nodes.into_iter().map(|node| self.client(node)).collect::<Result<_, _>>()?;
                }
                "organization" => {
                    realm.organizations =
                        nodes.into_iter().map(|node| self.parse(node)).collect::<Result<_, _>>()?;
                }
                "provider" => {
                    realm.providers =
                        nodes.into_iter().map(|node| self.provider(node)).collect::<Result<_, _>>()?;
                }
                "api_key" => {
                    realm.api_keys =
                        nodes.into_iter().map(|node| self.api_key(node)).collect::<Result<_, _>>()?;
                }
                _ => {
                    realm.users = nodes.into_iter().map(|node| self.user(node)).collect::<Result<_, _>>()?;
                }
            }
        }
        for role in &realm.roles {
            role.check().map_err(|refused| self.wrong(&at, format!("role {}: {refused}", role.name)))?;
        }
        self.check_names(&at, &realm, &described)?;
        Ok(realm)
    }

    /// The settings with the picture itself where they name its file, which is looked for beside this one.
    fn with_logo(&self, mut settings: Node<'t>) -> Result<Node<'t>, FileError> {
        let DeValue::Table(table) = settings.get_mut() else { return Ok(settings) };
        let Some(node) = table.get_mut("logo") else { return Ok(settings) };
        let at = node.span();
        let DeValue::String(text) = node.get_mut() else { return Ok(settings) };
        if !text.starts_with("data:") {
            let path = self.path.with_file_name(&**text);
            let png = std::fs::read(&path).map_err(|error| {
                self.wrong(&at, format!("logo: {} cannot be read: {error}", path.display()))
            })?;
            let logo = Logo::from_png(&png).map_err(|refused| self.wrong(&at, format!("logo: {refused}")))?;
            *text = logo.to_string().into();
        }
        Ok(settings)
    }

    /// Says of what is there in every realm that it is no profile.
    fn needs_no_profile(&self, settings: &Node<'t>) -> Result<(), FileError> {
        let table = settings.get_ref().as_table();
        let Some(node) = table.and_then(|table| table.get("profile")) else { return Ok(()) };
        let name = node.get_ref().as_str().unwrap_or_default().to_ascii_lowercase();
        let remedy = match name.replace(['-', '_', ' '], "").as_str() {
            "scalekit" => "leave it out, and give the client token_format = \"scalekit\"",
            "betterauth" => "leave it out: /api/auth is there in every realm",
            _ => return Ok(()),
        };
        Err(self.wrong(&node.span(), format!("profile: applications written for it need none; {remedy}")))
    }

    fn known(&self, node: &Node<'t>, keys: &[String], more: &[&str]) -> Result<(), FileError> {
        let DeValue::Table(table) = node.get_ref() else {
            return Ok(());
        };
        match table.keys().find(|key| !keys.iter().any(|known| known == key.get_ref())) {
            None => Ok(()),
            Some(key) => Err(self.unknown(key, keys.iter().map(String::as_str).chain(more.iter().copied()))),
        }
    }

    fn client(&self, node: Node<'t>) -> Result<DeclaredClient, FileError> {
        let (at, places) = (node.span(), Places::of(&node));
        let (credentials, settings) = Self::split(node, &["id", "secret", "public"]);
        let Credentials { id, secret, public } = self.parse(credentials)?;
        self.known(&settings, &ClientSettings::keys(), &["id", "secret", "public"])?;
        if public && secret.is_some() {
            return Err(
                self.wrong(&at, format!("client {id} is public, so it has no secret; remove one of the two"))
            );
        }
        let wrong = |refused: SettingRefused| self.refused(&places, &format!("client {id}: "), &refused);
        check_id(&id).map_err(wrong)?;
        if secret.as_ref().is_some_and(|secret| secret.reveal().chars().count() < MIN_SECRET) {
            let reason = format!(
                "client {id}: a secret has {MIN_SECRET} characters at least; leave it out, and one is made and shown once"
            );
            return Err(self.wrong(places.of_key("secret"), reason));
        }
        let named = Places::of(&settings).names();
        let settings: ClientSettings = self.parse(settings)?;
        let mut settings = settings.within_profile(|name| named.iter().any(|known| known == name));
        match (public, settings.token_endpoint_auth_method) {
            (_, None) if !public => {}
            (true, None) => settings.token_endpoint_auth_method = Some(ClientAuthMethod::Public),
            (true, Some(method)) if method != ClientAuthMethod::Public => {
                let reason = format!("client {id} is public, so it has no {method}; remove one of the two");
                return Err(self.wrong(&at, reason));
            }
            (_, Some(method)) if secret.is_some() && !method.needs_secret() => {
                let reason = format!("client {id}: with {method} it has no secret; remove one of the two");
                return Err(self.wrong(&at, reason));
            }
            _ => {}
        }
        settings
            .check(settings.token_endpoint_auth_method == Some(ClientAuthMethod::Public))
            .map_err(wrong)?;
        crate::clients::check_usable(&settings)
            .map_err(|refused| self.wrong(&at, format!("client {id}: {}", refused.reason())))?;
        Ok(DeclaredClient { id, secret, settings })
    }

    fn api_key(&self, node: Node<'t>) -> Result<DeclaredApiKey, FileError> {
        let (at, places) = (node.span(), Places::of(&node));
        let key: DeclaredApiKey = self.parse(node)?;
        key.owner().map_err(|reason| self.wrong(&at, reason))?;
        let scopes = |reason: String| self.wrong(places.of_key("scopes"), format!("scopes: {reason}"));
        if key.scopes.is_empty() {
            return Err(scopes("name at least one, as in [\"notes:read\"]".to_owned()));
        }
        match key.scopes.iter().find(|scope| scope.is_personal()) {
            None => Ok(key),
            Some(scope) => Err(scopes(format!("{scope} is for people who sign in, and not for keys"))),
        }
    }

    fn user(&self, node: Node<'t>) -> Result<DeclaredUser, FileError> {
        let (at, places) = (node.span(), Places::of(&node));
        let user: DeclaredUser = self.parse(node)?;
        if user.email.is_none() && user.username.is_none() {
            return Err(self.wrong(&at, "a user needs `email` or `username`: one signs in with it"));
        }
        if user.password.is_some() && user.password_hash.is_some() {
            let reason = "password_hash: there is a `password` too; remove one of the two";
            return Err(self.wrong(places.of_key("password_hash"), reason));
        }
        if let Some(hash) = &user.password_hash {
            crate::passwords::check_stored(hash.as_str()).map_err(|unusable| {
                self.wrong(places.of_key("password_hash"), format!("password_hash: {unusable}"))
            })?;
        }
        Ok(user)
    }
}

#[cfg(test)]
mod tests;
