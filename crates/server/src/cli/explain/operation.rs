//! What a route asks for, as an OpenAPI document says.

use std::{io::Read as _, path::Path};

use serde_json::Value;

use super::requirement::Requirement;
use crate::{cli::Refusal, described};

/// The longest document that is read.
const LONGEST: u64 = 16 * 1024 * 1024;

/// An operation of an API.
pub(in crate::cli) struct Operation {
    /// Whether it looks at no credential.
    pub(in crate::cli) public: bool,
    /// Whether it is one of Gatepost's own.
    pub(in crate::cli) own: bool,
    pub(in crate::cli) requirements: Vec<Requirement>,
}

impl Operation {
    /// The operation that a request would reach. Without a document, one of Gatepost's own.
    pub(in crate::cli) fn find(file: Option<&Path>, method: &str, path: &str) -> Result<Self, Refusal> {
        let (document, name) = match file {
            Some(file) => (read(file)?, file.display().to_string()),
            None => (
                described::description(),
                "Gatepost's own API; name the OpenAPI document of another with --api".to_owned(),
            ),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let routes = document["paths"].as_object().into_iter().flatten();
        let mut matching: Vec<_> = routes.filter(|(template, _)| matches(template, path)).collect();
        // A literal segment wins over a parameter, as routers have it.
        matching.sort_by_key(|(template, _)| template.matches('{').count());
        let method = method.to_ascii_lowercase();
        let operation = matching.iter().find_map(|(_, item)| item.get(&method));
        let Some(operation) = operation else {
            let method = method.to_ascii_uppercase();
            return Err(Refusal::new(format!("{method} {path} is no operation of {name}")));
        };
        let security = operation["security"].as_array().or_else(|| document["security"].as_array());
        let public = security.is_none_or(Vec::is_empty);
        let own = file.is_none();
        Ok(Self { public, own, requirements: Requirement::of_operation(operation).map_err(Refusal::new)? })
    }
}

fn read(file: &Path) -> Result<Value, Refusal> {
    let failed = |reason: String| Refusal::new(format!("{}: {reason}", file.display()));
    let mut text = String::new();
    let reading = if file == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(LONGEST).read_to_string(&mut text))
    };
    reading.map_err(|error| failed(format!("cannot be read: {error}")))?;
    let document: Value = serde_json::from_str(&text)
        .map_err(|error| failed(format!("is not an OpenAPI document in JSON: {error}")))?;
    if document["paths"].is_object() {
        Ok(document)
    } else {
        Err(failed("is not an OpenAPI document: it has no paths".to_owned()))
    }
}

/// Whether a request for `path` reaches the route `template`.
fn matches(template: &str, path: &str) -> bool {
    let (mut templates, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (templates.next(), segments.next()) {
            (None, None) => return true,
            (Some(template), Some(segment)) => {
                let parameter = template.starts_with('{') && template.ends_with('}') && !segment.is_empty();
                if !parameter && template != segment {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reaches_the_route_it_fits() {
        assert!(matches("/notes/{id}", "/notes/7"));
        for path in ["/notes", "/notes/", "/notes/7/", "/notes/7/x", "/Notes/7"] {
            assert!(!matches("/notes/{id}", path), "{path}");
        }
    }

    #[test]
    fn our_own_operations_say_what_they_ask_for() {
        let names = |method, path| {
            let found = Operation::find(None, method, path).unwrap();
            (found.public, found.requirements.iter().map(Requirement::name).collect::<Vec<_>>())
        };
        assert_eq!(names("post", "/api/v1/login"), (true, vec![]));
        assert_eq!(names("GET", "/api/v1/me"), (false, vec![]));
        let admin = (false, vec!["role=realm-admin".to_owned()]);
        assert_eq!(names("DELETE", "/api/v1/admin/users/usr_1?x=1"), admin);
        assert!(Operation::find(None, "PUT", "/api/v1/login").is_err());
    }
}
