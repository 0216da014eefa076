//! One listener, every protocol.

use axum::http::Version;

use crate::support::{CHEAP_HASHES, Certificate, Http, Protocol, gatepost, sign_up};

#[tokio::test(flavor = "multi_thread")]
async fn http_1_and_http_2_are_served_in_clear_on_one_port() {
    let folder = tempfile::tempdir().unwrap();
    let server = gatepost("serve --listen 127.0.0.1:0").data(folder.path()).envs(CHEAP_HASHES).serve();
    for (protocol, version) in [(Protocol::Http1, Version::HTTP_11), (Protocol::H2c, Version::HTTP_2)] {
        let mut http = Http::new(server.address(), protocol);
        let tokens = sign_up(&mut http, &format!("ada-{version:?}@protocols.test")).await;
        let me = http.get_as("/api/v1/me", &tokens.access).await.unwrap();
        assert_eq!((me.status, me.version), (200, version));
    }
    // The ready line says where it is; it is said once.
    assert_eq!(server.stdout.text(), format!("gatepost ready on http://{}", server.address()));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_served_with_http_2_where_the_client_can_and_http_1_where_not() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = Certificate::make(folder.path(), "server");
    let mut server = gatepost("serve --listen 127.0.0.1:0")
        .arg("--tls-cert")
        .arg(certificate.file.to_str().unwrap())
        .arg("--tls-key")
        .arg(certificate.key_file.to_str().unwrap())
        .data(&folder.path().join("data"))
        .envs(CHEAP_HASHES)
        .serve();
    assert_eq!(server.url(), format!("https://{}", server.address()));
    let offers: [(&[&[u8]], Version); 3] = [
        (&[b"h2", b"http/1.1"], Version::HTTP_2),
        (&[b"http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ];
    for (number, (offered, version)) in offers.into_iter().enumerate() {
        let mut http = Http::new(server.address(), Protocol::Tls(certificate.connector(offered)));
        let tokens = sign_up(&mut http, &format!("ada-{number}@protocols.test")).await;
        let me = http.get_as("/api/v1/me", &tokens.access).await.unwrap();
        assert_eq!((me.status, me.version), (200, version));
        let metadata = http.get("/.well-known/openid-configuration").await.unwrap().json();
        assert_eq!(metadata["issuer"], server.url());
    }
    // A certificate nobody here trusts, and a client that speaks in clear: both end, neither harms.
    let stranger = Certificate::make(folder.path(), "stranger");
    let mut distrusting = Http::new(server.address(), Protocol::Tls(stranger.connector(&[b"h2"])));
    distrusting.get("/health/live").await.unwrap_err();
    server.http().get("/health/live").await.unwrap_err();
    let mut http = Http::new(server.address(), Protocol::Tls(certificate.connector(&[b"h2"])));
    assert_eq!(http.get("/health/live").await.unwrap().status, 200);
    server.assert_sound();
    server.stop();
}
