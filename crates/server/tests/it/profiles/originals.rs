//! The same requests to the applications that the contracts were written from, and to a realm with their profile: status, the headers that
//! clients look at, and bodies must agree, with tokens and ids masked.
//!
//! The originals are put together from the documents when the tests run (`tests/originals`). Where the documents, or a Python with what
//! they need, are not there, the tests say SKIPPED and pass; `scripts/test-originals` makes the Python.

mod module04;
mod runbook;

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::{self, PASSWORD, TestApp};

/// The answers of the original; `None` where it cannot be run here.
fn original(profile: &str, steps: &[Value]) -> Option<Vec<Value>> {
    run(profile, &[], &json!(steps))
}

/// Runs the original with what it is given.
fn run(profile: &str, how: &[&str], given: &Value) -> Option<Vec<Value>> {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let at = |name: &str, otherwise: &str| {
        env::var_os(name).map_or_else(|| repository.join(otherwise), PathBuf::from)
    };
    let seeds = at("GATEPOST_SEEDS", "../shared/seeds");
    let python = at("GATEPOST_ORIGINALS_PYTHON", ".local/python/originals/bin/python");
    for (what, path) in [("the documents", &seeds), ("a Python for the originals", &python)] {
        if !path.exists() {
            skipped(&format!("{what} are not at {}", path.display()));
            return None;
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/originals");
    let mut child = Command::new(python)
        .arg(folder.join("transcript.py"))
        .arg(profile)
        .arg(seeds)
        .args(how)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.starts_with("absent: ") {
        skipped(&said);
        return None;
    }
    assert!(output.status.success(), "{said}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

/// One step of ours: what the answer has.
async fn answer(router: &Router, step: &Value, known: &mut BTreeMap<String, String>) -> Value {
    let fill = |text: &str| {
        known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    };
    let method = step["method"].as_str().unwrap();
    let mut request = Request::builder()
        .method(method)
        .uri(fill(step["path"].as_str().unwrap()))
        .header("host", "127.0.0.1:8400");
    for (name, value) in step["headers"].as_object().into_iter().flatten() {
        request = request.header(name, fill(value.as_str().unwrap()));
    }
    let body = match (&step["form"], step["raw"].as_str()) {
        (Value::Object(fields), _) => {
            request = request.header("content-type", "application/x-www-form-urlencoded");
            let fields = fields.iter().map(|(name, value)| (name, value.as_str().unwrap()));
            Body::from(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
        }
        (_, Some(raw)) => Body::from(raw.to_owned()),
        _ => Body::empty(),
    };
    let answer = support::send(router, request.body(body).unwrap()).await;
    let shown = answer.json();
    for (name, member) in step["save"].as_object().into_iter().flatten() {
        known.insert(name.clone(), shown[member.as_str().unwrap()].as_str().unwrap_or_default().to_owned());
    }
    let mut told = serde_json::Map::new();
    for name in ["content-type", "www-authenticate", "allow", "set-cookie"] {
        // By ours a device or a browser is known again, which the guide says.
        let ours = |value: &&str| name == "set-cookie" && value.starts_with("__Host-gatepost_");
        if let Some(value) = answer.header(name).filter(|value| !ours(value)) {
            told.insert(name.to_owned(), json!(value));
        }
    }
    json!({ "status": answer.status.as_u16(), "headers": told, "body": shown })
}

/// Tokens, keys and UUIDs as what they are, and not which.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let is_key = |text: &str| text.starts_with("gp_key_") || text.len() == 43 && !text.contains(' ');
            let is_uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
            let (start, rest) =
                text.split_once("eyJ").map_or((text.as_str(), None), |(start, rest)| (start, Some(rest)));
            match rest {
                Some(rest) => {
                    let end = rest.find(';').unwrap_or(rest.len());
                    json!(format!("{start}<token>{}", &rest[end..]))
                }
                None if is_uuid => json!("<uuid>"),
                None if is_key(text) => json!("<key>"),
                None => value.clone(),
            }
        }
        Value::Array(values) => values.iter().map(masked).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), masked(value))).collect(),
        other => other.clone(),
    }
}

struct Ours {
    app: TestApp,
    router: Router,
    known: BTreeMap<String, String>,
}

/// Runs the steps at both, and says where they differ. `explained` names the steps that do, each with the reason that stands in the guide.
async fn compare(profile: &str, page: &str, mut ours: Ours, steps: Vec<Value>, explained: &[(&str, &str)]) {
    let Some(theirs) = original(profile, &steps) else { return };
    let guide = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide").join(page);
    let guide = fs::read_to_string(guide).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut theirs = theirs.iter();
    let (mut different, mut compared) = (Vec::new(), 0);
    for step in &steps {
        match step["do"].as_str() {
            Some("wait") => ours.app.advance(Duration::from_secs(11)),
            Some("promote") => {
                let who = step["who"].as_str().unwrap();
                ours.app
                    .execute(&format!("UPDATE users SET roles = 'admin' WHERE username_key = '{who}'"))
                    .await;
            }
            Some("disable") => {
                let who = step["who"].as_str().unwrap();
                let set = "UPDATE users SET disabled_at = 1800000000000000";
                ours.app.execute(&format!("{set} WHERE username_key = '{who}' OR email_key = '{who}'")).await;
            }
            Some(other) => panic!("{other}"),
            None => {
                let name = step["name"].as_str().unwrap();
                let (here, there) = (
                    masked(&answer(&ours.router, step, &mut ours.known).await),
                    masked(theirs.next().unwrap()),
                );
                compared += 1;
                match explained.iter().find(|(known, _)| *known == name) {
                    Some((_, reason)) => {
                        assert_ne!(here, there, "{name} does not differ any more");
                        assert!(guide.contains(reason), "docs/guide/{page} does not say: {reason}");
                    }
                    None if here != there => {
                        different.push(format!("{name}\n  ours   {here}\n  theirs {there}"));
                    }
                    None => {}
                }
            }
        }
    }
    assert!(different.is_empty(), "{} of {compared} differ:\n{}", different.len(), different.join("\n"));
}

fn step(name: &str, method: &str, path: &str, more: Value) -> Value {
    let mut step = json!({ "name": name, "method": method, "path": path });
    if let Value::Object(more) = more {
        for (member, value) in more {
            step[member.as_str()] = value;
        }
    }
    step
}

fn in_json(body: &str) -> Value {
    json!({ "raw": body, "headers": { "content-type": "application/json" } })
}

fn in_json_of(token: &str, body: &str) -> Value {
    json!({ "raw": body, "headers": { "content-type": "application/json", "authorization": format!("Bearer {{{token}}}") } })
}

fn of(token: &str) -> Value {
    json!({ "headers": { "authorization": format!("Bearer {{{token}}}") } })
}

#[tokio::test]
async fn the_runbook_answers_as_its_original_does() {
    let file = "[[realm]]\nname = \"default\"\nprofile = \"runbook\"\nrate_limits = \"off\"\napi_key_scopes = [\"ci\"]\n\
                [[realm.client]]\nid = \"service\"\nsecret = \"a secret of the service, long enough\"\n\
                grants = [\"client_credentials\"]\nscopes = [\"ci\"]\n\
                [[realm.api_key]]\nclient = \"service\"\nname = \"service\"\nscopes = [\"ci\"]\n";
    let app = TestApp::new().await;
    let lines = app.apply(file).await;
    let key = lines.iter().flat_map(|line| line.split_whitespace()).find(|word| word.starts_with("gp_key_"));
    let key = key.unwrap_or_else(|| panic!("{lines:?}")).to_owned();
    let router = app.without_mail().await;
    let ours = Ours { app, router, known: BTreeMap::from([("key".to_owned(), key)]) };
    let explained = [
        ("refresh again", "A refresh token is good once"),
        ("change to an empty name", "An empty `full_name` is no name"),
        ("body 19", "with `**********` in place of passwords"),
        ("body 20", "with `**********` in place of passwords"),
    ];
    compare("runbook", "coming-from-fastapi-runbook.md", ours, runbook::steps(), &explained).await;
}

#[tokio::test]
async fn module_04_answers_as_its_original_does() {
    let file = format!(
        "[[realm]]\nname = \"default\"\nprofile = \"module04\"\nrate_limits = \"off\"\ncookie_domain = \".example.com\"\n\
         [[realm.role]]\nname = \"editor\"\npermissions = [\"posts:read\", \"posts:write\"]\n\
         [[realm.role]]\nname = \"admin\"\npermissions = [\"users:read\"]\ninherits = [\"editor\"]\n\
         [[realm.user]]\nemail = \"ada@example.com\"\nname = \"Ada\"\npassword = \"{PASSWORD}\"\nroles = [\"editor\"]\n\
         [[realm.user]]\nemail = \"root@example.com\"\nname = \"Root\"\npassword = \"{PASSWORD}\"\nroles = [\"admin\"]\n\
         [[realm.provider]]\nid = \"google\"\nissuer = \"https://accounts.google.com\"\nclient_id = \"ours\"\nclient_secret = \"a secret\"\n"
    );
    // Accounts are listed in the order of their making, to the millisecond.
    let (with_ada, _) = file.split_once("[[realm.user]]\nemail = \"root@example.com\"").unwrap();
    let app = TestApp::with(with_ada).await;
    app.advance(Duration::from_secs(1));
    app.apply(&file).await;
    let ada = app.sign_in("ada@example.com").await;
    let wish = json!({"name": "ci", "scopes": ["posts:read"]});
    let made = app.ask(&ada, axum::http::Method::POST, "/api/v1/me/api-keys", Some(wish)).await;
    let listed = app.ask(&ada, axum::http::Method::GET, "/api/v1/me/api-keys", None).await.json();
    let id = listed.as_object().unwrap().values().find_map(Value::as_array).unwrap()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let known = [
        ("key", made.text("key")),
        ("key_id", super::module04::uuid(&id)),
        ("nobody", "00000000-0000-0000-0000-000000000001".to_owned()),
    ];
    let known = known.map(|(name, value)| (name.to_owned(), value)).into();
    let router = app.router.clone();
    let explained = [
        ("/users/me by refresh token", "A refresh token is no access token"),
        ("/admin/users by refresh token", "A refresh token is no access token"),
        ("/users/authenticated by refresh token", "A refresh token is no access token"),
        ("access after reuse", "access tokens included"),
        ("disabled token", "A disabled account gets no tokens"),
        ("delete nobody", "A user that there is not is answered with 404"),
    ];
    compare(
        "module04",
        "coming-from-fastapi-module-04.md",
        Ours { app, router, known },
        module04::steps(),
        &explained,
    )
    .await;
}

/// What an application of the document reads of our tokens, with the secret that an operator was shown.
#[tokio::test]
async fn the_applications_of_the_documents_read_our_tokens_with_the_secret_they_are_given() {
    for (profile, path, name) in
        [("runbook", "/token", "ada"), ("module04", "/auth/token", "ada@example.com")]
    {
        let file = format!(
            "[[realm]]\nname = \"default\"\nprofile = \"{profile}\"\n\
             [[realm.user]]\nusername = \"ada\"\nemail = \"ada@example.com\"\npassword = \"{PASSWORD}\"\n"
        );
        let app = TestApp::with(&file).await;
        let tokens = super::form(&app, path, &[("username", name), ("password", PASSWORD)], &[]).await;
        let tokens = [tokens.text("access_token"), tokens.text("refresh_token")];
        let secret = gatepost_server::testing::shared_secrets(&app.app, "default").await.remove(0).1;
        let given = json!({ "secret": secret, "tokens": tokens });
        let Some(read) = run(profile, &["decode"], &given) else { return };
        for (token, (claims, kind)) in tokens.iter().zip(read.iter().zip(["access", "refresh"])) {
            assert_eq!((&claims["sub"], &claims["type"]), (&super::part(token, 1)["sub"], &json!(kind)));
        }
    }
}
