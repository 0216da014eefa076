//! Settings from environment variables: `GATEPOST_SECTION__KEY`.

use serde::Deserialize as _;

use super::{
    ConfigError,
    file::{explain, nearest},
    settings::Raw,
};

const PREFIX: &str = "GATEPOST_";
/// Settings known by their name alone.
const UNMISTAKABLE: [&str; 4] = ["listen", "public_url", "data_dir", "database_url"];
const SECTIONS: [&str; 7] = ["server", "store", "master_key", "log", "passwords", "outgoing", "mail"];

/// Sets what the variable `name` names in `table`. Variables with another prefix, and those of applications with ours, are
/// passed over.
pub(super) fn lay_over(table: &mut toml::Table, name: String, value: String) -> Result<(), ConfigError> {
    let Some(key) = name.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else {
        return Ok(());
    };
    if key.contains("__") {
        return overlay(table, &name, &key, value);
    }
    if SECTIONS.contains(&key.as_str()) {
        let reason = format!("this is a section and no setting; write {name}__ and the name of one");
        return Err(ConfigError::Environment { name, reason });
    }
    match meant(&key) {
        Some(meant) => {
            let reason = format!("this is no setting; did you mean {meant}, with two underscores?");
            Err(ConfigError::Environment { name, reason })
        }
        None => Ok(()),
    }
}

/// The variable of a setting whose name came without its section or with one underscore: a setting that is silently
/// ignored is found out too late. Other names with our prefix belong to applications.
fn meant(key: &str) -> Option<String> {
    let is_setting = |section: &str, field: &str| {
        let fields = toml::Table::from_iter([(field.to_owned(), "".into())]);
        match Raw::deserialize(toml::Table::from_iter([(section.to_owned(), fields.into())])) {
            Ok(_) => true,
            Err(error) => !error.message().starts_with("unknown field"),
        }
    };
    SECTIONS.iter().find_map(|section| {
        let rest = key.strip_prefix(section).and_then(|rest| rest.strip_prefix('_'));
        let field = rest.or_else(|| UNMISTAKABLE.contains(&key).then_some(key))?;
        is_setting(section, field)
            .then(|| format!("{PREFIX}{}__{}", section.to_ascii_uppercase(), field.to_ascii_uppercase()))
    })
}

/// Sets `section.key`; tried alone first, so that an error names the variable.
fn overlay(table: &mut toml::Table, name: &str, key: &str, value: String) -> Result<(), ConfigError> {
    let wrong = |reason: String| ConfigError::Environment { name: name.to_owned(), reason };
    let Some((section, field)) = key.split_once("__") else {
        return Ok(());
    };
    if !SECTIONS.contains(&section) {
        let hint = nearest(section, SECTIONS).map(|near| format!("; did you mean `{near}`?"));
        return Err(wrong(format!("unknown section `{section}`{}", hint.unwrap_or_default())));
    }
    let alone = |value: &toml::Value| {
        let fields = toml::Table::from_iter([(field.to_owned(), value.clone())]);
        Raw::deserialize(toml::Table::from_iter([(section.to_owned(), fields.into())])).map(drop)
    };
    // The environment has only texts: a number or a truth where the setting is one, a text such as a folder `2026` where not.
    let number = value.parse().map(toml::Value::Integer);
    let other = number.or_else(|_| value.parse().map(toml::Value::Boolean)).ok();
    let text = toml::Value::String(value);
    let value = match (alone(&text), other) {
        (Ok(()), _) => text,
        (Err(_), Some(other)) => {
            alone(&other).map(|()| other).map_err(|error| wrong(explain(error.message())))?
        }
        (Err(error), None) => return Err(wrong(explain(error.message()))),
    };
    let entry = table.entry(section.to_owned()).or_insert_with(|| toml::Table::new().into());
    if let Some(fields) = entry.as_table_mut() {
        fields.insert(field.to_owned(), value);
    }
    Ok(())
}
