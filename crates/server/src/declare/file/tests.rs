use super::*;

fn mistake(text: &str) -> String {
    match (Reader { path: Path::new("realms.toml"), text }).file() {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted: {text}"),
    }
}

#[test]
fn the_whole_form_is_read() {
    let text = r#"
[[realm]]
name = "acme"
audience = ["notes-api"]
access_token_ttl = "5m"
api_key_scopes = ["reports"]
password = { min_length = 15 }
[[realm.role]]
name = "admin"
permissions = ["users:read"]
inherits = ["member"]
[[realm.role]]
name = "member"
[[realm.client]]
id = "web"
redirect_uris = ["http://localhost:8000/auth/callback"]
scopes = ["openid", "notes:read"]
[[realm.user]]
email = "ada@example.com"
password = "the engine weaves algebra"
roles = ["admin"]
[[realm.organization]]
slug = "analytical"
name = "Analytical Engines"
"#;
    let declared = (Reader { path: Path::new("realms.toml"), text }).file().unwrap();
    let realm = &declared.realms[0];
    assert_eq!((realm.roles.len(), realm.clients.len(), realm.users.len()), (2, 1, 1));
    assert_eq!(realm.organizations[0].slug.as_str(), "analytical");
    assert_eq!(realm.settings.access_token_ttl.as_secs(), 300);
    assert!(realm.clients[0].settings.require_pkce);
    assert!(realm.settings.api_key_scopes.contains("reports"));
}

#[test]
fn mistakes_are_named_with_their_line_and_the_nearest_right_word() {
    for (text, expected) in [
        ("[[relm]]\n", "realms.toml:1: unknown key `relm`; did you mean `realm`?"),
        ("[realm]\nname = \"acme\"\n", "realms.toml:1: write this as [[realm]]"),
        (
            "[[realm]]\nname = \"acme\"\nsigning_algo = \"ES256\"\n",
            "realms.toml:3: unknown key `signing_algo`; did you mean `signing_alg`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\nprofile = \"scalekit\"\n",
            "realms.toml:3: profile: applications written for it need none; leave it out, and give the client token_format = \"scalekit\"",
        ),
        (
            "[[realm]]\nname = \"acme\"\nprofile = \"better-auth\"\n",
            "realms.toml:3: profile: applications written for it need none; leave it out: /api/auth is there in every realm",
        ),
        (
            "[[realm]]\nname = \"acme\"\nprofile = \"zlat\"\n",
            "realms.toml:3: profile: unknown value `zlat`; did you mean `zalt`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\nsigning_alg = \"ES265\"\n",
            "realms.toml:3: signing_alg: unknown value `ES265`; did you mean `ES256`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\naudit_retention = \"1h\"\n",
            "realms.toml:3: audit_retention: a day at least, or \"0s\" for ever",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.user]]\nemail = \"a@b.test\"\npasword = \"x\"\n",
            "realms.toml:5: unknown key `pasword`; did you mean `password`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\nredirect_uri = []\n",
            "realms.toml:5: unknown key `redirect_uri`; did you mean `redirect_uris`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\npublic = true\nsecret = \"x\"\n",
            "realms.toml:3: client web is public, so it has no secret; remove one of the two",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\nsecret = \"0123456789012345678901234567890\"\n",
            "realms.toml:5: client web: a secret has 32 characters at least; leave it out, and one is made and shown once",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\npublic = true\ngrants = [\"client_credentials\"]\n",
            "realms.toml:6: client web: grants: a public client proves nothing, so it cannot have client_credentials; leave it out, or give the client a secret or a key",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\ngrants = [\"client_credentials\"]\nscopes = [\"openid\"]\n",
            "realms.toml:6: client web: scopes: the grant client_credentials needs some that stand for no person; name them, as in scopes = [\"notes:read\"]",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\npublic = true\ntoken_endpoint_auth_method = \"client_secret_post\"\n",
            "realms.toml:3: client web is public, so it has no client_secret_post; remove one of the two",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\nsecret = \"01234567890123456789012345678901\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\njwks_uri = \"https://a.test/keys\"\n",
            "realms.toml:3: client web: with private_key_jwt it has no secret; remove one of the two",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\nlogo_uri = \"javascript:alert(1)\"\n",
            "realms.toml:5: logo_uri: write an https URL (http only on loopback) as a browser spells it, without fragment, user name and wildcard",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"usr_1\"\n",
            "realms.toml:4: client usr_1: id: what begins with usr_ is an id of something else",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"gatepost\"\n",
            "realms.toml:4: client gatepost: id: this is the server's own client; choose another",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.provider]]\nid = \"x\"\nclient_id = \"y\"\n",
            "realms.toml:3: provider x: issuer: write the provider's issuer, or a `preset`, as in \"google\"",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.provider]]\nid = \"x\"\npreset = \"gogle\"\n",
            "realms.toml:5: preset: unknown value `gogle`; did you mean `google`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.provider]]\nid = \"x\"\nclient_secrets = \"y\"\n",
            "realms.toml:5: unknown key `client_secrets`; did you mean `client_secret`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.provider]]\nid = \"x\"\npreset = \"google\"\nclient_id = \"y\"\nclient_secret = \"z\"\nclient_secret_file = \"z\"\n",
            "realms.toml:8: provider x: client_secret_file: there is a `client_secret` too; remove one of the two",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.provider]]\nid = \"x\"\npreset = \"apple\"\nclient_id = \"y\"\nclient_secret = \"z\"\n",
            "realms.toml:7: provider x: client_secret: Apple takes a `private_key_file` and no other secret; remove this",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.api_key]]\nname = \"x\"\nscopes = [\"a:b\"]\n",
            "realms.toml:3: an API key has one owner: write `user`, `organization` or `client`",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.api_key]]\nclient = \"a\"\nuser = \"b\"\nname = \"x\"\nscopes = [\"a:b\"]\n",
            "realms.toml:3: an API key has one owner: write `user`, `organization` or `client`",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.api_key]]\nclient = \"a\"\nname = \"x\"\nscopes = []\n",
            "realms.toml:6: scopes: name at least one, as in [\"notes:read\"]",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.api_key]]\nclient = \"a\"\nname = \"x\"\nscopes = [\"openid\"]\n",
            "realms.toml:6: scopes: openid is for people who sign in, and not for keys",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.api_key]]\nclient = \"a\"\nname = \"x\"\nscopes = [\"a:b\"]\n\
            [[realm.api_key]]\nclient = \"a\"\nname = \"x\"\nscopes = [\"a:b\"]\n",
            "realms.toml:7: API key x of client a is described twice in realm acme; remove one of the two",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.organization]]\nslug = \"ab\"\nnmae = \"x\"\n",
            "realms.toml:5: unknown key `nmae`; did you mean `name`?",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.organization]]\nslug = \"A\"\nname = \"x\"\n",
            "realms.toml:4: slug: a slug is 2 to 63 of a-z, 0-9 and -, and neither starts nor ends with -",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm.organization]]\nslug = \"ab\"\nname = \"x\"\n\
            [[realm.organization]]\nslug = \"ab\"\nname = \"y\"\n",
            "realms.toml:6: organization ab is described twice in realm acme; remove one of the two",
        ),
        (
            "\n[[realm.client]]\nid = \"web\"\n",
            "realms.toml:2: `[[realm.client]]` stands under a realm: write `[[realm]]` with its `name` above it",
        ),
        ("[realm]\nname = \"acme\"\n", "realms.toml:1: write this as [[realm]]"),
        (
            "\npassword_grant = true\n",
            "realms.toml:2: `password_grant` is a setting of a realm: put it under `[[realm]]`",
        ),
        (
            "name = \"acme\"\n[[realm]]\n",
            "realms.toml:1: `name` is a setting of a realm: put it under `[[realm]]`",
        ),
        (
            "[[realm]]\nname = \"acme\"\n[[realm]]\nname = \"acme\"\n",
            "realms.toml:3: realm acme is described twice; put both under one",
        ),
    ] {
        assert_eq!(mistake(text), expected);
    }
    let broken =
        mistake("[[realm]]\nname = \"acme\"\naudience = []\nlogo = \"data:image/png;base64,iVBORw0KGgo=\"\n");
    assert!(broken.starts_with("realms.toml:4: logo: "), "{broken}");
    let name = mistake("[[realm]]\nname = \"A\"\n");
    assert!(name.starts_with("realms.toml:2: name: "), "{name}");
}

/// What people get wrong about accounts: the line of the key, the key, the reason, and what would do.
#[test]
fn a_mistake_about_accounts_is_named_where_it_stands() {
    let realm = |setting: &str| format!("[[realm]]\nname = \"acme\"\n{setting}\n");
    let provider = |more: &str| realm(&format!("[[realm.provider]]\nid = \"x\"\nclient_id = \"y\"\n{more}"));
    for (text, expected) in [
        (realm("trusted_device_ttl = 30"), "3: trusted_device_ttl: write a text in quotes"),
        (
            realm("trusted_device_ttl = \"30\""),
            "3: trusted_device_ttl: not a lifetime: write whole numbers with s, m, h, d or w, as in \"15m\", \"30d\" or \"1h30m\"",
        ),
        (
            realm("mfa = \"optional\"\ntrusted_device_ttl = \"1h\""),
            "4: trusted_device_ttl: a day to a year, or \"0s\" for never",
        ),
        (
            realm("trusted_devices_ttl = \"1d\""),
            "3: unknown key `trusted_devices_ttl`; did you mean `trusted_device_ttl`?",
        ),
        (realm("mfa = \"always\""), "3: mfa: unknown value `always`; known here: off, optional, required"),
        (realm("mfa = true"), "3: mfa: write a word in quotes"),
        (
            realm("mfa_grace = \"91d\""),
            "3: mfa_grace: 90 days at most; what is not to be required is `mfa = \"optional\"`",
        ),
        (realm("email_signin = true"), "3: unknown key `email_signin`; did you mean `email_sign_in`?"),
        (realm("email_sign_in = \"yes\""), "3: email_sign_in: write true or false"),
        (realm("password = { min_length = \"12\" }"), "3: password.min_length: write a whole number"),
        (
            realm("[[realm.organization]]\nslug = \"ab\"\nname = \"x\"\nmfa = \"optional\""),
            "6: mfa: unknown value `optional`; known here: inherit, required",
        ),
        (
            realm("[[realm.user]]\nemail = \"a@b.test\"\npassword_hash = \"hunter2\""),
            "5: password_hash: the password hash is of no kind that is verified: there are Argon2, bcrypt, scrypt, PBKDF2 and salted SHA, \
             as the guide about importing users spells them; leave it out",
        ),
        (
            provider("preset = \"google\"\nallowed_domains = [\"@a.test\"]"),
            "7: provider x: allowed_domains: write domains in lower case, as in [\"example.com\"]",
        ),
        (
            provider("preset = \"google\"\ntenant = \"common\""),
            "7: provider x: tenant: this is for the preset \"microsoft\"",
        ),
        (
            provider("issuer = \"id.test\""),
            "6: issuer: write an https URL (http only on loopback) as a browser spells it, without fragment, user name and wildcard",
        ),
        (
            provider("preset = \"google\"\nprivate_key_file = \"x.p8\""),
            "7: provider x: private_key_file: this is for the preset \"apple\"; write `client_secret` or `client_secret_file`",
        ),
        (provider("trust_emails = true"), "6: unknown key `trust_emails`; did you mean `trust_email`?"),
        (
            provider(
                "preset = \"google\"\n[[realm.provider]]\nid = \"x\"\nclient_id = \"z\"\npreset = \"google\"",
            ),
            "7: provider x is described twice in realm acme; remove one of the two",
        ),
        (
            realm("[[realm.user]]\nemail = \"a@b.test\"\n[[realm.user]]\nemail = \"A@b.test\""),
            "5: user a@b.test is described twice in realm acme; remove one of the two",
        ),
    ] {
        assert_eq!(mistake(&text), format!("realms.toml:{expected}"));
    }
    let missing = mistake(&provider("preset = \"google\"\nclient_secret_file = \"no-such.secret\""));
    assert!(
        missing.starts_with("realms.toml:7: provider x: client_secret_file: no-such.secret cannot be read: ")
            && missing.ends_with("; a file is looked for beside this one"),
        "{missing}"
    );
}

#[test]
fn what_would_be_believed_and_not_done_is_refused() {
    for (setting, key) in [
        ("mfa = \"always\"", "unknown value `always`; known here: off, optional, required"),
        ("allowed_origins = [\"*\"]", "an origin is https, a host and perhaps a port"),
        ("organization_roles = [\"realm-admin\"]", "realm-admin is built in"),
        ("api_key_scopes = [\"openid\"]", "api_key_scopes: openid is for people"),
        ("api_key_scopes = [\"notes:read\"]", "api_key_scopes: notes:read is a permission"),
        ("[[realm.role]]\nname = \"realm-admin\"", "realm-admin is built in"),
        ("[[realm.role]]\nname = \"lead\"\ninherits = [\"realm-admin\"]", "realm-admin is built in"),
    ] {
        let said = mistake(&format!("[[realm]]\nname = \"acme\"\n{setting}\n"));
        assert!(said.contains(key), "{said}");
    }
}
