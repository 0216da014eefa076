//! `gatepost webhook`

use serde_json::json;

use super::{command, refusal, serve};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_changed_tested_and_deleted_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    serve(&data).stop();
    let made =
        command(&data, "webhook create https://app.test/hook --event user.created --event user.deleted")
            .done();
    let words: Vec<&str> = made.split(' ').collect();
    let ["made", id, "with", "secret", secret, "(shown", "this", "once)"] = words.as_slice() else {
        panic!("{made}")
    };
    assert!(secret.starts_with("whsec_"), "{secret}");
    let listed = command(&data, "webhook list --json").json();
    assert_eq!(
        (&listed[0]["id"], &listed[0]["events"]),
        (&json!(id), &json!(["user.created", "user.deleted"]))
    );
    assert!(!listed.to_string().contains("whsec_"));
    let table = command(&data, "webhook list").done();
    assert!(
        table.starts_with("ID ") && table.contains("https://app.test/hook  user.created user.deleted"),
        "{table}"
    );
    let changed = command(&data, &format!("webhook update {id} --event * --enabled false --json")).json();
    assert_eq!((&changed["events"], &changed["state"]), (&json!(["*"]), &json!("off")));
    let on = format!("`gatepost webhook update {id} --enabled true --data-dir {}`", data.display());
    assert_eq!(
        refusal(&data, &format!("webhook test {id}")),
        format!("1 error: webhook {id} is off; {on} turns it on")
    );
    command(&data, &format!("webhook update {id} --enabled true")).done();
    let rotated = command(&data, &format!("webhook rotate-secret {id} --overlap 1h --json")).json();
    assert!(rotated["secret"].as_str().is_some_and(|new| new != *secret));
    assert!(rotated["previous_secret_until"].is_string(), "{rotated}");
    let said = command(&data, &format!("webhook rotate-secret {id}")).done();
    assert!(
        said.starts_with(&format!("{id}: new secret whsec_")) && said.ends_with("(shown this once)"),
        "{said}"
    );
    let named = command(&data, &format!("webhook update {id} --name Billing")).done();
    let (heading, row) = named.split_once('\n').unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(heading), ["ID", "STATE", "FORM", "NAME", "URL", "EVENTS"]);
    assert_eq!(words(row), [*id, "on", "standard", "Billing", "https://app.test/hook", "*"]);
    for shown in [format!("webhook show {id}"), "webhook list".to_owned()] {
        assert_eq!(command(&data, &shown).done(), named, "{shown}");
    }
    let said = command(&data, &format!("webhook test {id} --realm default")).done();
    let copied = format!("`gatepost webhook deliveries {id} --realm default --data-dir {}`", data.display());
    assert!(said.contains(&copied), "{said}");
    let queued = command(&data, &format!("webhook test {id} --json")).json();
    let deliveries = command(&data, &format!("webhook deliveries {id} --json")).json();
    assert_eq!((&deliveries[0]["id"], &deliveries[0]["state"]), (&queued["id"], &json!("waiting")));
    assert_eq!(command(&data, &format!("webhook deliveries {id} --state dead --json")).json(), json!([]));
    let moment = "2026-01-01T00:00:00Z";
    assert_eq!(
        command(&data, &format!("webhook replay {id} --dead-since {moment}")).done(),
        "queued 0 messages"
    );
    let message = queued["id"].as_str().unwrap();
    assert_eq!(command(&data, &format!("webhook replay {id} {message}")).done(), format!("queued {message}"));
    assert!(refusal(&data, &format!("webhook delete {id}")).contains("--yes"));
    assert_eq!(command(&data, &format!("webhook delete {id} --yes")).done(), format!("deleted {id}"));
    assert_eq!(
        refusal(&data, &format!("webhook show {id}")),
        format!(
            "1 error: realm default has no webhook {id}; `gatepost webhook list` shows all, --realm names another realm"
        )
    );
    let trail = command(&data, "audit export --event webhook-deleted").done();
    assert!(trail.contains(id) && trail.contains("operator"), "{trail}");
    for (args, says) in [
        ("webhook create https://app.test/hook --event user.create", "did you mean user.created?"),
        ("webhook create https://app.test/hook --event user.login", "that is session.created here"),
        ("webhook create https://10.0.0.1/hook", "private"),
        ("webhook create https://localhost/hook", "private"),
        ("webhook create http://app.test/hook", "https"),
        ("webhook create http://127.0.0.1:8000/hook", "GATEPOST_OUTGOING__PRIVATE_ADDRESSES=true"),
        ("webhook replay whk_00000000000000000000000000", "--dead-since"),
        ("webhook deliveries whk_00000000000000000000000000 --state gone", "waiting, delivered or dead"),
        ("webhook update whk_00000000000000000000000000", "required"),
    ] {
        let told = refusal(&data, args);
        assert!(told.contains(says), "{args}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_interceptors_and_the_form_of_a_webhook_are_chosen_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    serve(&data).stop();
    let made =
        command(&data, "webhook create https://app.test/hook --event user.created --form scalekit --json")
            .json();
    assert_eq!(made["form"], "scalekit", "{made}");
    let refused = refusal(&data, "webhook create https://app.test/hook --event mfa.enabled --form scalekit");
    assert!(refused.contains("nobody is told of mfa.enabled"), "{refused}");
    assert!(
        refusal(&data, "webhook create https://app.test/hook --form morse")
            .contains("standard, zalt or scalekit")
    );
    let zalt = command(&data, "webhook create https://app.test/zalt --form zalt --json").json();
    let rotate = format!("webhook rotate-secret {}", zalt["id"].as_str().unwrap());
    let refused = refusal(&data, &format!("{rotate} --overlap 1h"));
    assert!(refused.contains("a message in the form zalt has one signature"), "{refused}");
    let rotated = command(&data, &rotate).done();
    assert!(rotated.ends_with("(shown this once); the one before signs no more"), "{rotated}");
    let said = command(&data, "realm interceptor-secret default").done();
    assert!(said.starts_with("default: new secret whsec_") && said.ends_with("(shown this once)"), "{said}");
    let replaced = command(&data, "realm interceptor-secret default --overlap 1h --json").json();
    assert!(replaced["secret"].as_str().is_some_and(|secret| !said.contains(secret)), "{replaced}");
    let trail = command(&data, "audit export --event interceptor-secret-replaced").done();
    assert!(trail.contains("operator") && !trail.contains("whsec_"), "{trail}");
    let of_sms = command(&data, "realm sms-secret default --json").json();
    assert!(of_sms["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{of_sms}");
    assert_ne!(of_sms["secret"], replaced["secret"]);
    let trail = command(&data, "audit export --event sms-secret-replaced").done();
    assert!(trail.contains("operator") && !trail.contains("whsec_"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_before_something_happens_is_shown_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    serve(&data).stop();
    let path = folder.path().join("realms.toml");
    let apply = |url: &str| {
        let interceptor =
            format!("[[realm.interceptors]]\nevent = \"pre_session_creation\"\nurl = \"{url}\"\n");
        std::fs::write(&path, format!("[[realm]]\nname = \"default\"\n{interceptor}")).unwrap();
        command(&data, &format!("apply {}", path.display())).done()
    };
    let line = |url: &str| format!("pre_session_creation  {url}  3s  deny");
    let (first, second) = ("https://hooks.app.test/gatepost/before-a-session", "https://other.test/hook");
    let said = apply(first);
    assert!(said.contains(&format!("interceptors none -> {}", line(first))), "{said}");
    let said = apply(second);
    assert!(said.contains(&format!("interceptors {} -> {}", line(first), line(second))), "{said}");
    let shown = command(&data, "realm show default").done();
    let shown = shown.lines().find_map(|shown| shown.strip_prefix("interceptors "));
    assert_eq!(shown.map(str::trim), Some(line(second).as_str()));
}
