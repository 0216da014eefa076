//! `gatepost client create|list|show|update|delete`

use insta::assert_snapshot;
use serde_json::json;

use super::{command, refusal};
use crate::support::install;

fn hide_secret(output: &str) -> String {
    let word = |word: &str| if word.starts_with("gp_cs_") { "[secret]".to_owned() } else { word.to_owned() };
    output.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn clients_are_made_shown_changed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    install(&data);
    let make = "client create web --redirect-uri https://app.test/cb --scope openid --scope notes:read";
    let made = command(&data, make).arg("--name").arg("Web app").done();
    assert_snapshot!(hide_secret(&made), @"made client web with secret [secret] (shown this once)");
    let spa = command(&data, "client create spa --public").run();
    assert_eq!(spa.stdout.trim_end(), "made client spa");
    assert_snapshot!(spa.stderr, @"note: nobody can sign in to client spa yet: it has no redirect URI; give it one, as in `gatepost client update spa --redirect-uri https://app.example.com/callback`");
    assert_snapshot!(command(&data, "client list").done(), @r"
    ID   NAME     KIND          SCOPES
    spa  -        public
    web  Web app  confidential  openid notes:read
    ");

    let changed =
        command(&data, "client update web --set require_pkce=false --set default_max_age=60").done();
    assert_eq!(changed, "changed client web: default_max_age none -> 60, require_pkce true -> false");
    let again = command(&data, "client update web --set require_pkce=false").done();
    assert_eq!(again, "nothing to change: client web is so already");
    let told = command(&data, "client update web --name Web --json").json();
    assert_eq!(told["differences"], json!([{"setting": "name", "from": "Web app", "to": "Web"}]));
    let keys = r#"jwks={"keys": [{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    let told = command(&data, "client update web --set").arg(keys).done();
    assert!(told.starts_with("changed client web: jwks none -> {"), "JSON is a value, too: {told}");
    let shown = command(&data, "client show web --json").json();
    assert_eq!(
        (&shown["settings"]["require_pkce"], &shown["settings"]["default_max_age"]),
        (&json!(false), &json!(60))
    );
    assert_eq!(shown["settings"]["redirect_uris"], json!(["https://app.test/cb"]), "what is not named stays");
    assert!(!command(&data, "client show web").done().contains("gp_cs_"), "a secret is shown once");
    let rotated = command(&data, "client rotate-secret web").done();
    let (line, until) = rotated.split_once("\nthe one before is good until ").unwrap();
    assert_snapshot!(hide_secret(line), @"client web has another secret: [secret] (shown this once)");
    let shown = command(&data, "client show web").done();
    let shown = shown.lines().find_map(|line| line.strip_prefix("previous_secret_until")).unwrap();
    assert_eq!(shown.trim(), until);
    let json = command(&data, "client rotate-secret web --overlap 1h --json").json();
    assert!(
        json["secret"].as_str().unwrap().starts_with("gp_cs_") && json["previous_secret_until"].is_string()
    );
    let leaked = command(&data, "client rotate-secret web --overlap 0s").done();
    assert!(leaked.ends_with("\nthe one before is refused from now on"), "{leaked}");
    assert!(!command(&data, "client show web").done().contains("previous_secret_until"));
    assert_snapshot!(refusal(&data, "client rotate-secret spa"), @"1 error: client spa has no secret: it proves itself with a key, or not at all; --set token_endpoint_auth_method=client_secret_basic of `gatepost client update` gives it one");
    assert_snapshot!(refusal(&data, "client rotate-secret web --overlap 31d"), @"1 error: client web: overlap: the secret before is good for 30 days at most");
    // Whoever is to prove itself from now on is given the means.
    let confidential =
        command(&data, "client update spa --set token_endpoint_auth_method=client_secret_post").run();
    assert_snapshot!(hide_secret(confidential.stdout.trim_end()), @"changed client spa: token_endpoint_auth_method none -> client_secret_post, secret given with secret [secret] (shown this once)");

    assert_snapshot!(refusal(&data, "client delete web"), @"1 error: this removes client web with its grants and API keys; say so with --yes");
    assert_eq!(command(&data, "client delete web --yes").done(), "deleted client web");
    assert_snapshot!(refusal(&data, "client show web"), @"1 error: realm default has no client web; `gatepost client list` shows all");
    let trail = command(&data, "audit export").done();
    for event in ["client-created", "client-updated", "client-deleted"] {
        assert!(trail.contains(event), "{event}: {trail}");
    }
    assert!(trail.contains(r#""after":"{\"default_max_age\":60,\"require_pkce\":false}""#), "{trail}");
    assert!(!trail.contains("gp_cs_"));
}

#[test]
fn what_no_client_can_be_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    install(&data);
    assert_eq!(command(&data, "client create web").run().code, Some(0));
    assert_snapshot!(refusal(&data, "client create web"), @"1 error: realm default has a client web already; choose another id, or change it with `gatepost client update web`");
    assert_snapshot!(refusal(&data, "client create usr_1"), @"1 error: client usr_1: id: what begins with usr_ is an id of something else");
    assert_snapshot!(refusal(&data, "client update web"), @"1 error: name what to change, as in --set require_pkce=false");
    assert_snapshot!(refusal(&data, "client update web --set pkce=false"), @"1 error: pkce: no client has such a setting");
    assert_snapshot!(refusal(&data, "client update web --set require_pkc=false"), @"1 error: require_pkc: no client has such a setting; did you mean `require_pkce`?");
    assert_snapshot!(refusal(&data, "client update web --public --set require_pkce=false"), @"1 error: client web: require_pkce: a public client shows with it that a code is its own (RFC 9700 section 2.1.1); leave this out");
    assert_snapshot!(refusal(&data, "client create app --redirect-uri http://app.test/"), @"1 error: redirect_uris: a redirect URI is absolute and as a browser spells it, without fragment, user name and wildcard: https, http on loopback, or an application's own scheme with a dot in it");
    assert_snapshot!(refusal(&data, "client update web --set contacts=ops@example.com"), @r#"1 error: contacts: this takes a list, as in --set 'contacts=["one", "two"]'"#);
    assert_snapshot!(refusal(&data, "client update web --public --set token_endpoint_auth_method=none"), @"1 error: token_endpoint_auth_method is given twice (--public is token_endpoint_auth_method=none); leave out one of the two");
    assert_snapshot!(refusal(&data, "client update nobody --public"), @"1 error: realm default has no client nobody; `gatepost client list` shows all");
}

#[test]
fn initial_access_tokens_are_made_shown_once_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    install(&data);
    let made = command(&data, "client token create --uses 2 --expires-in 7d --json").json();
    assert!(made["secret"].as_str().unwrap().starts_with("gp_iat_"));
    let id = made["id"].as_str().unwrap();
    let listed = command(&data, "client token list").done();
    assert!(listed.contains(id) && listed.contains("0 of 2") && !listed.contains("gp_iat_"), "{listed}");
    let revoke = format!("client token revoke {id}");
    assert_eq!(command(&data, &revoke).done(), format!("revoked {id}"));
    assert_eq!(
        refusal(&data, &revoke),
        format!("1 error: realm default has no token {id}; `gatepost client token list` shows all")
    );
    assert_snapshot!(refusal(&data, "client token create --uses 0"), @"1 error: uses: 1 to 1000");
    let trail = command(&data, "audit export").done();
    assert!(trail.contains("initial-access-token-created") && trail.contains("initial-access-token-revoked"));
    assert!(!trail.contains("gp_iat_"));
}
