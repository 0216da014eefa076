use super::*;

fn load(file: &str, environment: &[(&str, &str)], given: Given) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gatepost.toml");
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Given { file: Some(path.clone()), ..given }, environment)
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "gatepost.toml"))
}

#[test]
fn flags_win_over_environment_over_file() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\n[passwords]\npasses = 3\n[log]\nlevel = \"warn\"\n";
    let environment =
        [("GATEPOST_SERVER__LISTEN", "127.0.0.1:2"), ("GATEPOST_LOG__LEVEL", "debug"), ("HOME", "/")];
    let given = Given { listen: Some(([127, 0, 0, 1], 3).into()), ..Given::default() };
    let config = load(file, &environment, given).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.log_level.as_deref(), Some("debug"));
    assert_eq!(config.passwords.cost.passes, 3);
    assert!(!config.private_addresses);
    let config = load("", &[("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "true")], Given::default()).unwrap();
    assert!(config.private_addresses);
}

#[test]
fn trusted_proxies_are_a_list_or_a_text_with_commas() {
    let file = "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\"]\nclient_address_header = \"forwarded\"\n";
    let shown = |environment: &[(&str, &str)], flag: Option<&str>| {
        let given = Given { trusted_proxies: flag.map(str::to_owned), ..Given::default() };
        let proxies = load(file, environment, given).unwrap().trusted_proxies;
        assert_eq!(proxies.header, AddressHeader::Forwarded);
        proxies.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(&[], None), "10.0.0.0/8 192.0.2.1/32");
    let environment = [("GATEPOST_SERVER__TRUSTED_PROXIES", "127.0.0.1, fd00::/8")];
    assert_eq!(shown(&environment, None), "127.0.0.1/32 fd00::/8");
    assert_eq!(shown(&environment, Some("172.16.0.0/12")), "172.16.0.0/12");
    assert_eq!(shown(&[("GATEPOST_SERVER__TRUSTED_PROXIES", "")], None), "", "none after all");
    let none = load("", &[], Given::default()).unwrap().trusted_proxies;
    assert_eq!(none, TrustedProxies::default());
}

#[test]
fn mistakes_name_the_place_and_the_remedy() {
    let none = Given::default;
    for (file, environment, expected) in [
        (
            "[server]\nlissten = \"x\"\n",
            vec![],
            "gatepost.toml:2: unknown key `lissten`; did you mean `listen`?",
        ),
        ("[sever]\n", vec![], "gatepost.toml:1: unknown key `sever`; did you mean `server`?"),
        (
            "",
            vec![("GATEPOST_SERVER__LISTN", "x")],
            "environment variable GATEPOST_SERVER__LISTN: unknown key `listn`; did you mean `listen`?",
        ),
        (
            "",
            vec![("GATEPOST_STOR__DATA_DIR", "x")],
            "environment variable GATEPOST_STOR__DATA_DIR: unknown section `stor`; did you mean `store`?",
        ),
        (
            "",
            vec![("GATEPOST_SERVER_LISTEN", "x")],
            "environment variable GATEPOST_SERVER_LISTEN: this is no setting; did you mean GATEPOST_SERVER__LISTEN, with two underscores?",
        ),
        (
            "",
            vec![("GATEPOST_ISSUER", "x"), ("GATEPOST_DATABASE_URL", "x")],
            "environment variable GATEPOST_DATABASE_URL: this is no setting; did you mean GATEPOST_STORE__DATABASE_URL, with two underscores?",
        ),
        (
            "[server]\nlisten = \"8400\"\n",
            vec![],
            "server.listen = \"8400\": write an address and a port, as in 127.0.0.1:8400",
        ),
        (
            "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"proxy\"]\n",
            vec![],
            "server.trusted_proxies = \"proxy\": write a network as in 10.0.0.0/8, or an address",
        ),
        (
            "[server]\ntrusted_proxies = 10\n",
            vec![],
            "gatepost.toml:2: server.trusted_proxies: write a list of texts in brackets",
        ),
        (
            "[server]\nclient_address_header = \"x-forwarded\"\n",
            vec![],
            "gatepost.toml:2: server.client_address_header: unknown value `x-forwarded`; did you mean `forwarded`?",
        ),
        ("[passwords]\npasses = 99\n", vec![], "passwords.passes = 99: choose a number from 1 to 16"),
        (
            "[server]\npublic_url = \"https://a.example/?x\"\n",
            vec![],
            "public URL https://a.example/?x: write it as in https://auth.example.com",
        ),
        ("[server]\ntls_cert = \"a.pem\"\n", vec![], "--tls-cert needs --tls-key"),
        (
            "",
            vec![("GATEPOST_MASTER_KEY", "abc")],
            "environment variable GATEPOST_MASTER_KEY: this is a section and no setting; write GATEPOST_MASTER_KEY__ and the name of one",
        ),
    ] {
        assert_eq!(load(file, &environment, none()).unwrap_err(), expected);
    }
}
