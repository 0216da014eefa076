//! Every letter in every language, with the oddest content.

use gatepost_domain::{
    DisplayName, Invitation, InvitationId, LinkPurpose, MailedLink, MailedLinkId, Organization,
    OrganizationId, RealmId, Timestamp, User, UserId,
    outbox::{Factor, Notice},
};

use super::{Rendered, write};
use crate::{App, Clock, Config, Given, MailSettings, Reached, pages::Language};

const EVIL: &str = "\"><script>alert(1)</script>'&{realm}{{7*7}}";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

struct World {
    _folder: tempfile::TempDir,
    app: App,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let given = Given { data_dir: Some(folder.path().join("data")), ..Given::default() };
        let config = Config { mail: MailSettings::Kept, ..Config::load(given, []).unwrap() };
        let app =
            App::open(&config, Clock::manual(NOW), Reached::At("https://auth.example.com")).await.unwrap();
        Self { _folder: folder, app }
    }
}

fn ada(name: &str) -> User {
    let mut user = User::new(UserId::MIN, RealmId::MIN, NOW);
    user.name = Some(name.parse::<DisplayName>().unwrap());
    user
}

/// One of each kind.
async fn all(world: &World, language: Language, name: &str) -> Vec<(&'static str, Rendered)> {
    let app = &world.app;
    let realm = app.realms().named(app, "default").await.unwrap().unwrap();
    let user = ada(name);
    let mut letters = Vec::new();
    for purpose in LinkPurpose::ALL {
        let to = "ada@example.com".parse().unwrap();
        let link = MailedLink::begin(MailedLinkId::MAX, (realm.id(), user.id), purpose, to, NOW);
        letters.push((purpose.name(), write::of_link(app, &realm, language, (&link, None), &user)));
    }
    letters.push(("account-exists", write::account_exists(&realm, language, user.name.as_ref(), NOW)));
    for notice in [
        Notice::NewDevice,
        Notice::PasswordChanged,
        Notice::EmailChanged,
        Notice::UsernameChanged,
        Notice::FactorAdded(Factor::Passkey),
        Notice::FactorAdded(Factor::AuthenticatorApp),
        Notice::FactorRemoved(Factor::RecoveryCodes),
        Notice::SecondFactorsReset { authenticator_app: true, passkeys: 2, phone_number: true },
        Notice::RecoveryCodesMade,
        Notice::RecoveryCodeUsed { left: 9 },
        Notice::AccountTakenOver,
        Notice::FactorAdded(Factor::Identity),
    ] {
        let from = (Some("192.0.2.1".to_owned()), Some(EVIL));
        letters.push(("notice", write::of_notice(&realm, language, &user, notice, (NOW, from))));
    }
    let (slug, name) = ("acme".parse().unwrap(), name.parse().unwrap());
    let organization = Organization::begin(OrganizationId::MIN, realm.id(), slug, name, NOW);
    let invitation = Invitation {
        id: InvitationId::MIN,
        realm: realm.id(),
        organization: organization.id,
        email: "ada@example.com".parse().unwrap(),
        roles: Vec::new(),
        digest: gatepost_domain::SecretDigest::of(b""),
        invited_by: None,
        created_at: NOW,
        expires_at: NOW,
        accepted_at: None,
        revoked_at: None,
        teams: vec![],
    };
    let about = (&invitation, &organization, user.name.as_ref());
    letters.push(("invitation", write::of_invitation(&realm, language, about, "gp_inv_secret")));
    letters.into_iter().map(|(kind, draft)| (kind, draft.finish().unwrap())).collect()
}

#[tokio::test]
async fn ij_03_every_letter_says_the_same_twice_and_nothing_in_it_is_markup_of_somebody_else() {
    let world = World::new().await;
    for language in Language::ALL {
        for (kind, letter) in all(&world, language, EVIL).await {
            let shown = format!("{kind} in {}: {}\n{}", language.tag, letter.text, letter.html);
            assert!(!letter.html.contains("<script") && !letter.text.contains("<b>"), "{shown}");
            // A sentence that was not filled in, or filled in with what was filled in.
            let filled = letter.text.replace(EVIL, "");
            assert!(!filled.contains('{') && !letter.subject.contains('{'), "{shown}");
            assert!(!letter.subject.contains(['\n', '\r']) && !letter.subject.is_empty(), "{shown}");
            assert!(
                letter.html.contains(&format!("lang=\"{}\" dir=\"{}\"", language.tag, language.dir)),
                "{shown}"
            );
            // LG-09: links lead to the configured URL, and there are the same in both.
            for part in [&letter.text, &letter.html] {
                for link in part.match_indices("http").map(|(at, _)| &part[at..]) {
                    assert!(link.starts_with("https://auth.example.com/"), "{shown}");
                }
            }
            let link = letter.text.split_whitespace().find(|word| word.starts_with("https://"));
            assert!(link.is_none_or(|link| letter.html.contains(&format!("href=\"{link}\""))), "{shown}");
            assert_eq!(
                link.is_none(),
                letter.text.contains("Verwaltung")
                    || letter.text.contains("administrator")
                    || letter.text.contains("المسؤول"),
                "{shown}"
            );
        }
    }
}

#[tokio::test]
async fn a_letter_reads_like_this() {
    let world = World::new().await;
    let letters = all(&world, Language::ALL[0], "Ada Lovelace").await;
    let (_, verify) = letters.iter().find(|(kind, _)| *kind == "verify-email").unwrap();
    let token = world.app.link_mac().encode(LinkPurpose::VerifyEmail, MailedLinkId::MAX);
    insta::assert_snapshot!(verify.text.replace(&token, "TOKEN"), @r"
    Confirm your e-mail for default

    Hello Ada Lovelace,

    Someone, we hope you, used this address for a default account. Confirm that it is yours:

    Confirm my e-mail:
    https://auth.example.com/verify-email?token=TOKEN

    The link works once, for 24 hours.

    Not you? Ignore this message. Without the link nobody can use your address.

    -- 
    default, auth.example.com.
    You get this because your address was typed there on 15 January 2027, 08:00 UTC.
    ");
    let (_, notice) = letters.iter().find(|(kind, _)| *kind == "notice").unwrap();
    let said = [
        "Hello Ada Lovelace,\n",
        "Somebody signed in to your default account on a device we have not seen before.\n",
        "Network address: 192.0.2.1\n",
        "Time: 15 January 2027, 08:00 UTC\n",
        "Choose a new password:\nhttps://auth.example.com/recover\n",
    ];
    let mut rest = notice.text.as_str();
    for part in said {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{part} in {}", notice.text));
        rest = after;
    }
    assert!(!notice.text.contains("\n\n\n"), "{}", notice.text);
    assert_eq!(notice.subject, "New sign-in to default");
}
