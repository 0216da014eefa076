//! Encrypted connections to PostgreSQL: `sslmode` and `sslrootcert` of the URL, as libpq understands them.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// The driver's configuration of a URL, and what to encrypt with.
///
/// `disable`, `prefer` (the default) and `require` as in libpq, which does not look at the server's certificate
/// in these modes unless `sslrootcert` is given; `verify-full` checks certificate and name, against `sslrootcert`.
pub(crate) fn configure(url: &str) -> Result<(tokio_postgres::Config, MakeRustlsConnect), OpenError> {
    let refused = |reason: &str| OpenError::Url(reason.to_owned());
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut root_file, mut kept) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => root_file = Some(value.replace("%2F", "/").replace("%2f", "/")),
            _ => kept.push(pair),
        }
    }
    let (mode, must_verify) = match mode {
        None | Some("prefer" | "allow") => (SslMode::Prefer, false),
        Some("disable") => (SslMode::Disable, false),
        Some("require") => (SslMode::Require, root_file.is_some()),
        Some("verify-full" | "verify-ca") => (SslMode::Require, true),
        Some(_) => return Err(refused("sslmode is disable, prefer, require or verify-full")),
    };
    let rest = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    let mut config: tokio_postgres::Config =
        rest.parse().map_err(|_| refused("write it as postgres://user:password@host:5432/database"))?;
    config.ssl_mode(mode);

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| refused(&e.to_string()))?;
    let tls = if must_verify {
        let file = root_file.ok_or_else(|| {
            refused("sslmode=verify-full needs sslrootcert=FILE with the certificates to trust")
        })?;
        builder.with_root_certificates(read_roots(&file)?).with_no_client_auth()
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth()
    };
    Ok((config, MakeRustlsConnect::new(tls)))
}

fn read_roots(file: &str) -> Result<RootCertStore, OpenError> {
    let refused = || OpenError::Url(format!("sslrootcert={file} is not a readable file of PEM certificates"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|_| refused())? {
        roots.add(certificate.map_err(|_| refused())?).map_err(|_| refused())?;
    }
    if roots.is_empty() { Err(refused()) } else { Ok(roots) }
}

/// Encryption without knowing whom one speaks to: what `sslmode=require` means.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        configure(url).map(|(config, _)| config.get_ssl_mode()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_mode_of_the_url_is_honoured() {
        assert_eq!(mode("postgres://h/db"), Ok(SslMode::Prefer));
        assert_eq!(mode("postgres://h/db?sslmode=disable&application_name=x"), Ok(SslMode::Disable));
        assert_eq!(
            mode("postgres://u:p@h1,h2/db?sslmode=require&target_session_attrs=read-write"),
            Ok(SslMode::Require)
        );
        assert!(mode("postgres://h/db?sslmode=verify-full").unwrap_err().contains("sslrootcert"));
        assert!(mode("postgres://h/db?sslmode=maybe").is_err());
        let refused = mode("postgres://ada:hunter2@h:port/db").unwrap_err();
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn a_missing_root_file_is_named() {
        let refused = mode("postgres://h/db?sslmode=verify-full&sslrootcert=/nowhere.pem").unwrap_err();
        assert!(refused.contains("/nowhere.pem"), "{refused}");
    }
}
