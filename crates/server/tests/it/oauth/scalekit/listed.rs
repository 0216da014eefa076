//! The guide's table is made of a list; what it names is there.

#[test]
fn the_tests_that_the_list_names_are_there() {
    let sources = [
        ("claims", include_str!("claims.rs")),
        ("grpc::clients", include_str!("grpc/clients.rs")),
        ("grpc::memberships", include_str!("grpc/memberships.rs")),
        ("grpc::organizations", include_str!("grpc/organizations.rs")),
        ("grpc::permissions", include_str!("grpc/permissions.rs")),
        ("grpc::roles", include_str!("grpc/roles.rs")),
        ("grpc::sessions", include_str!("grpc/sessions.rs")),
        ("grpc::users", include_str!("grpc/users.rs")),
        ("logout", include_str!("logout.rs")),
        ("organizations", include_str!("organizations.rs")),
        ("providers", include_str!("providers.rs")),
        ("sessions", include_str!("sessions.rs")),
        ("told", include_str!("told.rs")),
    ];
    for (endpoint, test) in gatepost_server::testing::scalekit_served() {
        let (module, name) = test.rsplit_once("::").unwrap_or_else(|| panic!("{test}"));
        let source = sources.iter().find(|(known, _)| *known == module);
        let (_, source) = source.unwrap_or_else(|| panic!("no module {module}"));
        assert!(source.contains(&format!("async fn {name}()")), "{endpoint}: no test {test}");
    }
}
