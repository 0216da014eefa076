//! The description as one page: no script, nothing from elsewhere, readable in print.

use std::fmt::Write as _;

use askama::Template;
use serde_json::Value;

/// What the lines to copy begin with, until a realm puts its own URL there.
pub const BASE: &str = "http://127.0.0.1:8400";

/// The page's stylesheet.
pub const STYLE: &str = include_str!("../../templates/docs.css");

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    version: String,
    description: Prose,
    groups: Vec<Group>,
}

/// Text in which some words stand between backticks.
struct Prose(Vec<Span>);

struct Span {
    code: bool,
    text: String,
}

impl Prose {
    fn of(value: &Value) -> Self {
        let parts = value.as_str().unwrap_or_default().split('`').enumerate();
        Self(parts.map(|(index, text)| Span { code: index % 2 == 1, text: text.to_owned() }).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|span| span.text.is_empty())
    }
}

struct Group {
    name: String,
    anchor: String,
    description: Prose,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: Prose,
    caller: Caller,
    parameters: Vec<Field>,
    body: Vec<Field>,
    responses: Vec<Answer>,
    curl: String,
}

/// Who may ask.
#[derive(Clone, Copy, PartialEq)]
enum Caller {
    Anybody,
    SignedIn,
    Client,
}

impl Caller {
    fn of(operation: &Value) -> Self {
        let scheme = |name: &str| {
            let schemes = operation["security"].as_array().into_iter().flatten();
            schemes.into_iter().any(|scheme| !scheme[name].is_null())
        };
        if scheme("bearer") {
            Self::SignedIn
        } else if scheme("client") {
            Self::Client
        } else {
            Self::Anybody
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::Anybody => "",
            Self::SignedIn => "signed in",
            Self::Client => "client",
        }
    }
}

/// A body is JSON, or a form.
#[derive(Clone, Copy)]
struct Body<'d> {
    media: &'d Value,
    form: bool,
}

impl<'d> Body<'d> {
    fn of(operation: &'d Value) -> Self {
        let content = &operation["requestBody"]["content"];
        let form = &content["application/x-www-form-urlencoded"];
        if form.is_object() {
            Self { media: form, form: true }
        } else {
            Self { media: &content["application/json"], form: false }
        }
    }
}

struct Field {
    name: String,
    kind: String,
    required: bool,
    description: Prose,
}

struct Answer {
    status: String,
    description: Prose,
    body: String,
}

/// Renders the whole description.
pub fn render(document: &Value) -> String {
    let page = Page {
        version: text(&document["info"]["version"]),
        description: Prose::of(&document["info"]["description"]),
        groups: groups(document),
    };
    page.render().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn groups(document: &Value) -> Vec<Group> {
    let tags = document["tags"].as_array().cloned().unwrap_or_default();
    tags.iter()
        .map(|tag| {
            let name = text(&tag["name"]);
            Group {
                anchor: name.to_lowercase().replace(' ', "-"),
                description: Prose::of(&tag["description"]),
                operations: operations(document, &name),
                name,
            }
        })
        .collect()
}

fn operations(document: &Value, tag: &str) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &item[method];
            if operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|each| each == tag)) {
                found.push(describe(document, path, method, operation));
            }
        }
    }
    found
}

fn describe(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let sent = Body::of(operation);
    let body = fields(document, &sent.media["schema"]);
    let caller = Caller::of(operation);
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Field {
        name: text(&parameter["name"]),
        kind: kind(&parameter["schema"]),
        required: parameter["required"] == true,
        description: Prose::of(&parameter["description"]),
    });
    let responses = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| Answer {
        status: status.clone(),
        description: Prose::of(&answer["description"]),
        body: answer["content"]
            .as_object()
            .and_then(|content| content.values().next())
            .map(|media| kind(&media["schema"]))
            .unwrap_or_default(),
    });
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: Prose::of(&operation["description"]),
        caller,
        parameters: parameters.collect(),
        responses: responses.collect(),
        curl: curl(document, path, method, caller, sent),
        body,
    }
}

/// Follows `$ref` into the components.
fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let schema = resolve(document, schema);
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| Field {
            name: name.clone(),
            kind: kind(property),
            required: required.iter().any(|each| each == name),
            description: Prose::of(&property["description"]),
        })
        .collect()
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        // A password is a string like any other to who sends it.
        return reference.rsplit('/').next().unwrap_or_default().replace("Password", "string");
    }
    match &schema["type"] {
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .map(|each| if each == "null" { "null" } else { each })
            .collect::<Vec<_>>()
            .join(" or "),
        Value::String(each) if each == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(each) => each.clone(),
        _ => schema["oneOf"]
            .as_array()
            .map(|any| any.iter().map(kind).collect::<Vec<_>>().join(" or "))
            .unwrap_or_default(),
    }
}

/// A line to copy.
fn curl(document: &Value, path: &str, method: &str, caller: Caller, body: Body<'_>) -> String {
    let media = body.media;
    let mut line = "curl -s".to_owned();
    if method != "get" && !(method == "post" && media.is_object()) {
        let _ = write!(line, " -X {}", method.to_uppercase());
    }
    // Braces mean something to curl, and a variable can be set once.
    let parts = path.split('/').map(|part| {
        let parameter = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        parameter.map_or_else(|| part.to_owned(), |name| format!("${}", name.to_ascii_uppercase()))
    });
    let _ = write!(line, " {BASE}{}", parts.collect::<Vec<_>>().join("/"));
    match caller {
        Caller::Anybody => {}
        Caller::SignedIn => line.push_str(" -H \"authorization: Bearer $TOKEN\""),
        Caller::Client => line.push_str(" -u \"$CLIENT:$SECRET\""),
    }
    if body.form {
        for (name, value) in example(document, media).as_object().into_iter().flatten() {
            let _ = write!(line, " -d {name}={}", value.as_str().unwrap_or_default());
        }
    } else if media.is_object() {
        let example = example(document, media);
        let _ = write!(line, " \\\n  -H 'content-type: application/json' -d '{example}'");
    }
    line
}

fn example(document: &Value, media: &Value) -> Value {
    if !media["example"].is_null() {
        return media["example"].clone();
    }
    let schema = resolve(document, &media["schema"]);
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let wanted =
        properties.filter(|(name, _)| required.is_empty() || required.iter().any(|each| each == *name));
    Value::Object(wanted.map(|(name, property)| (name.clone(), sample(document, property))).collect())
}

fn sample(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    match kind(schema).split(" or ").next().unwrap_or_default() {
        "boolean" => Value::Bool(true),
        "integer" => Value::from(1),
        kind if kind.starts_with("list") => Value::Array(Vec::new()),
        _ => Value::from("…"),
    }
}
