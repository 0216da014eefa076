use std::fmt::Write as _;

use gatepost_domain::{
    Timestamp, User,
    audit::{Event, Record},
    password::Password,
};
use gatepost_store::{
    audit, passwords,
    users::{self, Login},
};

use super::*;
use crate::{
    Clock, Config, Given, Reached,
    http::origin::Where,
    session::{self, Identifier},
};

struct Installation {
    _folder: tempfile::TempDir,
    app: App,
    clock: Clock,
    realm: Arc<Snapshot>,
}

/// What an import said.
struct Said {
    result: Result<Report, ImportError>,
    told: Vec<Line>,
}

impl Said {
    fn report(&self) -> &Report {
        self.result.as_ref().unwrap()
    }

    fn counts(&self) -> (u64, u64, u64) {
        let report = self.report();
        (report.made, report.existing, report.refused)
    }

    /// Lines and reasons.
    fn refused(&self) -> Vec<(u64, &str)> {
        self.report().lines.iter().map(|line| (line.line, &*line.reason)).collect()
    }
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let given = Given { data_dir: Some(folder.path().join("data")), ..Given::default() };
        let cheap = [("GATEPOST_PASSWORDS__MEMORY_KIB", "64"), ("GATEPOST_PASSWORDS__PASSES", "1")];
        let config = Config::load(given, cheap.map(|(name, value)| (name.into(), value.into()))).unwrap();
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_800_000_000));
        let app = App::open(&config, clock.clone(), Reached::At("http://127.0.0.1:8400")).await.unwrap();
        let realm = app.realms().named(&app, "default").await.unwrap().unwrap();
        Self { _folder: folder, app, clock, realm }
    }

    async fn import(&self, text: &str, options: &Options) -> Said {
        // Another import, another time: ids tell which users an import made.
        self.clock.advance(std::time::Duration::from_secs(1));
        let source = std::io::Cursor::new(text.to_owned());
        let mut told = Vec::new();
        let tell = |line: &Line| {
            told.push(line.clone());
            Ok(())
        };
        let result = import(&self.app, &self.realm, source, Arc::default(), options.clone(), tell).await;
        Said { result, told }
    }

    async fn find(&self, login: Login) -> Option<(User, Option<String>)> {
        let realm = self.realm.id();
        self.app
            .db()
            .read("find", move |tx| {
                let login = login.clone();
                Box::pin(async move { users::find_for_sign_in(tx, realm, &login).await })
            })
            .await
            .unwrap()
            .map(|(user, hash)| (user, hash.map(|hash| hash.as_str().to_owned())))
    }

    async fn by_email(&self, email: &str) -> (User, Option<String>) {
        self.find(Login::Email(email.parse().unwrap())).await.unwrap()
    }

    async fn by_username(&self, name: &str) -> (User, Option<String>) {
        self.find(Login::Username(name.parse().unwrap())).await.unwrap()
    }

    async fn trail(&self) -> Vec<Record> {
        let realm = self.realm.id();
        let all = audit::RecordFilter::default();
        self.app
            .db()
            .read("trail", move |tx| {
                let all = all.clone();
                Box::pin(async move { audit::list(tx, realm, &all, None, 100).await })
            })
            .await
            .unwrap()
    }

    async fn sign_in(&self, email: &str, password: &str) -> Result<(), Problem> {
        let (now, origin) = (self.app.clock().now(), Where::default());
        // Old hashes can take long beside other tests, and then the next one is to come again.
        let proven = loop {
            let (who, password) = (Identifier::Email(email), Password::to_verify(password).unwrap());
            match session::prove(&self.app, &self.realm, who, password, &origin, now).await {
                Err(Problem::Busy { .. }) => tokio::task::yield_now().await,
                other => break other?,
            }
        };
        session::sign_in(&self.app, &self.realm, proven, &origin, now).await.map(|_| ())
    }
}

fn of(format: Format) -> Options {
    Options { format, dry_run: false, strict: false, emails_are_verified: false, firebase: None }
}

fn dry(format: Format) -> Options {
    Options { dry_run: true, ..of(format) }
}

const BCRYPT: &str = "$2b$10$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJy";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_our_own_makes_users_with_everything_it_says() {
    let at = Installation::new().await;
    let file = format!(
        r#"{{"email":"ada@example.com","email_verified":true,"username":"ada","name":"Ada Lovelace","password_hash":"{BCRYPT}","roles":["realm-admin"],"created_at":"2020-02-03T04:05:06Z"}}

{{"username":"bob","disabled":true,"password_hash":""}}
"#
    );
    let said = at.import(&file, &of(Format::Ndjson)).await;
    assert_eq!(said.counts(), (2, 0, 0));
    let (ada, hash) = at.by_email("ada@example.com").await;
    assert!(ada.email_verified && ada.name.unwrap().as_str() == "Ada Lovelace");
    assert_eq!((ada.username.unwrap().as_str(), ada.roles[0].as_str()), ("ada", "realm-admin"));
    assert_eq!(
        (ada.created_at.to_string().as_str(), hash.as_deref()),
        ("2020-02-03T04:05:06Z", Some(BCRYPT))
    );
    let (bob, hash) = at.by_username("bob").await;
    assert!(bob.is_disabled() && !bob.email_verified && hash.is_none());

    let csv = "email,name,password_hash,roles,email_verified\n\"eve@example.com\",\"Eve, \n of Eden\",,realm-admin,t\nmallory@example.com,,,,\n";
    let said = at.import(csv, &of(Format::Csv)).await;
    // A name has no line end in it; the row after it is line 4, not 3.
    assert_eq!(said.counts(), (1, 0, 1));
    assert_eq!(said.refused()[0].0, 2);
    assert!(!at.by_email("mallory@example.com").await.0.email_verified);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_wrong_are_named_and_the_others_are_made() {
    let at = Installation::new().await;
    at.import(r#"{"email":"there@example.com","username":"there"}"#, &of(Format::Ndjson)).await;
    let secret = "s3cret@example.com";
    let file = format!(
        r#"{{"email":"one@example.com"}}
{{"email":"one@example.com"}}
{{"email":"ONE@Example.COM","username":"uno"}}
{{"email":"there@example.com"}}
{{"email":"THERE@example.com","username":"There"}}
{{"email":"there@example.com","username":"elsewhere"}}
{{"email":"elsewhere@example.com","username":"there"}}
{{"email":"{secret}@"}}
{{"name":"{secret}"}}
{{"email":"{secret}","emial":"x"}}
{{"email":"{secret}","password":"hunter2hunter2"}}
{{"email":"{secret}","password_hash":"{secret}"}}
{{"email":"{secret}","password_hash":"$2b$31$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJy"}}
{{"email":"{secret}","roles":["editor"]}}
{{"email":"{secret}","email_verified":"{secret}"}}
{{"email":["{secret}"]}}
{{"email":"{secret}",
[1]
"{secret}"
{{"email":"{secret}","created_at":"{secret}"}}
{{"email":"{secret}","email":"eve@example.com"}}
{{"email":"last@example.com"}}"#
    );
    let foreseen = at.import(&file, &dry(Format::Ndjson)).await;
    assert_eq!(foreseen.counts(), (2, 2, 18));
    let said = at.import(&file, &of(Format::Ndjson)).await;
    assert_eq!(said.counts(), (2, 2, 18));
    let mut shown = String::new();
    for (line, reason) in said.refused() {
        let words = reason.split(' ').map(|word| if word.starts_with("usr_") { "[id]" } else { word });
        writeln!(shown, "{line} {}", words.collect::<Vec<_>>().join(" ")).unwrap();
    }
    insta::assert_snapshot!(shown, @r#"
    2 email: line 1 has the same address; remove one of the two
    3 email: line 1 has the same address; remove one of the two
    6 email: [id] has this address with another user name; mend the one that is wrong
    7 username: [id] has this user name with another address; mend the one that is wrong
    8 email: not an e-mail address: write it as name@example.com
    9 email: missing, and there is no username either; give one of them, for one signs in with it
    10 "emial": nothing that is read; did you mean email?
    11 password: passwords are imported as hashes, in password_hash; leave it out, and the user sets a password by recovery
    12 password_hash: the password hash is of no kind that is verified: there are Argon2, bcrypt, scrypt, PBKDF2 and salted SHA, as the guide about importing users spells them; leave it out, and the user sets a password by recovery
    13 password_hash: the password hash asks for more work than is allowed, bcrypt with a cost above 15; leave it out, and the user sets a password by recovery
    14 roles: realm default has no role editor; make it first, or leave it out
    15 email_verified: neither true nor false; write one of the two
    16 email: not a text; write one in quotes
    17 not JSON, at column 30; each user is an object, as in {"email": "ada@example.com"}
    18 not an object, as in {"email": "ada@example.com"}
    19 not an object, as in {"email": "ada@example.com"}
    20 created_at: not a moment; write it as 2026-11-22T03:04:05Z, or in Unix milliseconds
    21 the member "email" is there twice; remove one of the two
    "#);
    // Nothing that is told quotes the file, so it can be logged; ids say who is meant.
    let told = serde_json::to_string(&said.told).unwrap() + &serde_json::to_string(&foreseen.told).unwrap();
    assert!(
        !told.contains("s3cret") && !told.contains("example.com,") && !told.contains("hunter2"),
        "{told}"
    );
    assert_eq!(foreseen.refused()[0], (2, "email: line 1 has the same address; remove one of the two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_makes_who_is_missing_and_leaves_everybody_else_alone() {
    let at = Installation::new().await;
    let line = |n: usize| format!("{{\"email\":\"u{n}@example.com\",\"password_hash\":\"{BCRYPT}\"}}\n");
    let half: String = (0..2_500).map(line).collect();
    let whole: String = (0..4_000).map(line).collect();
    assert_eq!(at.import(&half, &of(Format::Ndjson)).await.counts(), (2_500, 0, 0));
    let (first, _) = at.by_email("u7@example.com").await;
    let changed = passwords_of(&at, &first, "$argon2id$changed").await;
    assert_eq!(at.import(&whole, &dry(Format::Ndjson)).await.counts(), (1_500, 2_500, 0));
    let said = at.import(&whole, &of(Format::Ndjson)).await;
    assert_eq!(said.counts(), (1_500, 2_500, 0));
    assert_eq!(said.told.len(), 2_500);
    assert_eq!(said.told[7].user, Some(first.id));
    assert_eq!(at.by_email("u7@example.com").await, (first, Some(changed)));
    assert_eq!(at.import(&whole, &of(Format::Ndjson)).await.counts(), (0, 4_000, 0));
}

/// Of those that were written together the line is known; of those long ago that there is one, for whoever looks, and a dry run knows all.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_there_twice_is_told_which_line_was_first() {
    let at = Installation::new().await;
    let mut lines: Vec<String> = (0..2 * WINDOW)
        .map(|n| format!("{{\"email\":\"u{n}@example.com\",\"username\":\"u{n}\"}}"))
        .collect();
    lines[WINDOW - 1] = r#"{"email":"other@example.com","username":"U7"}"#.to_owned();
    lines[2 * WINDOW - 1] = r#"{"email":"U7@example.com"}"#.to_owned();
    let file = lines.join("\n");
    let (near, far) = (WINDOW as u64, 2 * WINDOW as u64);
    let twice = |name: &str, line: &str, what: &str| {
        format!("{name}: {line} has the same {what}; remove one of the two")
    };
    let by_name = twice("username", "line 8", "user name");
    let foreseen = at.import(&file, &dry(Format::Ndjson)).await;
    let by_address = twice("email", "line 8", "address");
    assert_eq!(foreseen.refused(), [(near, &*by_name), (far, &*by_address)]);
    let said = at.import(&file, &of(Format::Ndjson)).await;
    let by_address = twice("email", "an earlier line", "address");
    assert_eq!(said.refused(), [(near, &*by_name), (far, &*by_address)]);
}

async fn passwords_of(at: &Installation, user: &User, hash: &'static str) -> String {
    let (realm, id, now) = (user.realm, user.id, user.created_at);
    at.app
        .db()
        .write("set", move |tx| {
            Box::pin(async move {
                passwords::set(tx, realm, id, &gatepost_domain::PasswordHash::new(hash), now).await
            })
        })
        .await
        .unwrap();
    hash.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn strictly_it_ends_at_the_first_bad_row_and_what_came_before_stays() {
    let at = Installation::new().await;
    let file = "{\"username\":\"one\"}\n{\"username\":\"a b\"}\n{\"username\":\"three\"}\n";
    let strict = Options { strict: true, ..of(Format::Ndjson) };
    assert_eq!(at.import(file, &strict).await.counts(), (1, 0, 1));
    assert!(at.find(Login::Username("three".parse().unwrap())).await.is_none());
    // What is cut off in the middle says where; what came before it stays.
    let said = at.import("[{\"username\":\"four\"},\n{\"username\":", &of(Format::Ndjson)).await;
    let error = said.result.unwrap_err().to_string();
    assert_eq!(error, "line 2: the file ends too early, at column 12; export all of it");
    at.by_username("four").await;
}

/// One event with the first of them, one with the counts; not one for each of a million.
#[tokio::test(flavor = "multi_thread")]
async fn the_trail_tells_of_an_import_and_not_of_one_that_made_nobody() {
    let at = Installation::new().await;
    let before = at.trail().await.len();
    let file = "{\"username\":\"one\"}\n{\"username\":\"two\"}\n{\"username\":\"a b\"}\n";
    at.import(file, &dry(Format::Ndjson)).await;
    assert_eq!(at.trail().await.len(), before);
    at.import(file, &of(Format::Ndjson)).await;
    at.import(file, &of(Format::Ndjson)).await;
    let trail = at.trail().await;
    assert_eq!(trail.len(), before + 2);
    // Both are of one moment, so either may come first.
    let find = |event| trail.iter().find(|record| record.event == event).unwrap();
    assert_eq!(find(Event::UserImportBegun).detail["format"], "ndjson");
    let done = &find(Event::UsersImported).detail;
    assert_eq!((&*done["made"], &*done["existing"], &*done["refused"]), ("2", "0", "1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_others_are_read_as_they_are_written() {
    let at = Installation::new().await;
    let keycloak = include_str!("../../tests/vectors/exports/keycloak.json");
    let said = at.import(keycloak, &of(Format::Keycloak)).await;
    assert_eq!(said.counts(), (2, 0, 1), "{:?}", said.told);
    assert_eq!(
        said.refused(),
        [(46, "serviceAccountClientId: the account of a client, which is no person; leave it out")]
    );
    at.sign_in("ada@keycloak.test", "the engine weaves").await.unwrap();
    at.sign_in("bob@keycloak.test", "the engine weaves").await.unwrap();

    let firebase = include_str!("../../tests/vectors/exports/firebase.json");
    let config = include_str!("../../tests/vectors/exports/firebase-hash-config.txt");
    let hashes = FirebaseHashes::parse(config).unwrap();
    let said = at.import(firebase, &Options { firebase: Some(hashes), ..of(Format::Firebase) }).await;
    assert_eq!(said.counts(), (2, 0, 1), "{:?}", said.told);
    at.sign_in("ada@firebase.test", "user1password").await.unwrap();
    assert_eq!(at.by_email("ada@firebase.test").await.0.created_at.unix_seconds(), 1_577_934_245);

    for (format, file, email, made) in [
        (Format::Auth0, include_str!("../../tests/vectors/exports/auth0.ndjson"), "ada@auth0.test", 2),
        (
            Format::BetterAuth,
            include_str!("../../tests/vectors/exports/better-auth.csv"),
            "ada@better-auth.test",
            2,
        ),
        (
            Format::BetterAuth,
            include_str!("../../tests/vectors/exports/better-auth.json"),
            "bea@better-auth.test",
            1,
        ),
        (
            Format::FastapiUsers,
            include_str!("../../tests/vectors/exports/fastapi-users.csv"),
            "ada@fastapi.test",
            2,
        ),
        (Format::Django, include_str!("../../tests/vectors/exports/django.jsonl"), "ada@django.test", 2),
        (Format::Django, include_str!("../../tests/vectors/exports/django.json"), "cleo@django.test", 1),
    ] {
        let said = at.import(file, &of(format)).await;
        assert_eq!(said.counts(), (made, 0, 0), "{format:?} {:?}", said.told);
        let (user, _) = at.by_email(email).await;
        assert_eq!(
            user.name.map(|name| name.as_str().to_owned()).as_deref(),
            Some("Ada Lovelace"),
            "{email}"
        );
        assert!(user.created_at < at.app.clock().now(), "{email}");
        at.sign_in(email, "the engine weaves").await.unwrap();
    }
    let (django, hash) = at.by_username("bob").await;
    assert!(django.is_disabled() && hash.is_none());
}

/// Every format signs in, is refused with another password, and is Argon2id afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn foreign_hashes_are_replaced_at_the_first_sign_in() {
    #[derive(serde::Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        password: String,
        hash: String,
    }
    let at = Installation::new().await;
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../tests/vectors/foreign-password-hashes.json")).unwrap();
    for (n, Case { password, hash }) in vectors.cases.iter().enumerate() {
        let email = format!("u{n}@example.com");
        let row = serde_json::json!({"email": email, "password_hash": hash}).to_string();
        assert_eq!(at.import(&row, &of(Format::Ndjson)).await.counts(), (1, 0, 0), "{hash}");
        let refused = at.sign_in(&email, &format!("{password}!")).await;
        assert!(matches!(refused, Err(Problem::InvalidCredentials)), "{hash}");
        assert_eq!(at.by_email(&email).await.1.as_ref(), Some(hash), "a refused sign-in changes nothing");
        at.sign_in(&email, password).await.unwrap();
        // It is replaced behind the sign-in's back.
        while at.by_email(&email).await.1.as_ref() == Some(hash) {
            tokio::task::yield_now().await;
        }
        let replaced = at.by_email(&email).await.1.unwrap();
        assert!(replaced.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{replaced}");
        at.sign_in(&email, password).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_is_not_closed_does_not_take_the_memory() {
    let at = Installation::new().await;
    let rest = "x,y\n".repeat(600_000);
    let said = at.import(&format!("email,name\none@example.com,One\n\"two,\n{rest}"), &of(Format::Csv)).await;
    let error = said.result.unwrap_err().to_string();
    assert!(
        error.ends_with("a user of more than 1 MiB: look for a quote or bracket that is not closed"),
        "{error}"
    );
    at.by_email("one@example.com").await;
    // Where a line is a user, those after it are made.
    let long = "x".repeat(2_000_000);
    let file =
        format!("{{\"username\":\"a1\"}}\n{{\"name\":\"{long}\n{{\"username\":\"a3\"}}\n{{\"name\":\"{long}");
    let said = at.import(&file, &of(Format::Ndjson)).await;
    let too_long = "a user of more than 1 MiB: look for a quote or bracket that is not closed";
    assert_eq!((said.counts(), said.refused()), ((2, 0, 2), vec![(2, too_long), (4, too_long)]));
    // What is beside the users may be long.
    let long = format!("{{\"realm\":\"{}\",\"users\":[{{\"username\":\"two\"}}]}}", "x".repeat(2_000_000));
    assert_eq!(at.import(&long, &of(Format::Keycloak)).await.counts(), (1, 0, 0));
    assert_eq!(at.import("\u{feff}\n [ ] \n", &of(Format::Keycloak)).await.counts(), (0, 0, 0));
    assert_eq!(at.import("", &of(Format::Django)).await.counts(), (0, 0, 0));
    for (text, format) in [
        ("{\"realm\":\"x\"}", Format::Keycloak),
        ("{\"users\":{}}", Format::Firebase),
        ("[] []", Format::Django),
        ("id,name\n1,x\n", Format::Django),
        ("email,emial\n", Format::Csv),
        ("email,email\n", Format::Csv),
        ("email\nada@example.com\n", Format::Ndjson),
        ("\"users\"", Format::Keycloak),
    ] {
        assert!(at.import(text, &of(format)).await.result.is_err(), "{text}");
    }
}
