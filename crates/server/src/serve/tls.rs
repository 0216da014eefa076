//! TLS from two PEM files.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use tokio_rustls::TlsAcceptor;

/// The certificate chain and its key, both PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate first, then the intermediates.
    pub certificate: PathBuf,
    /// PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file.
    #[error("cannot read a certificate from {0}: {1}; give a PEM file with --tls-cert")]
    Certificate(PathBuf, String),
    /// The key file.
    #[error("cannot read a private key from {0}: {1}; give a PEM file with --tls-key")]
    Key(PathBuf, String),
    /// They do not belong together, or are of a kind rustls does not take.
    #[error("the certificate {0} and the key {1} cannot be used together: {2}")]
    Pair(PathBuf, PathBuf, rustls::Error),
}

impl TlsFiles {
    /// Whether a server could use them.
    pub(crate) fn check(&self) -> Result<(), TlsError> {
        self.acceptor().map(drop)
    }

    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let certificate = |error: String| TlsError::Certificate(self.certificate.clone(), error);
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(certificate("there is none in it".into()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| {
            let reason = match error {
                pem::Error::NoItemsFound => "there is none in it".into(),
                other => other.to_string(),
            };
            TlsError::Key(self.key.clone(), reason)
        })?;
        let pair = |error| TlsError::Pair(self.certificate.clone(), self.key.clone(), error);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(pair)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
