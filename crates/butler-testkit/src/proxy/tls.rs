//! A certificate authority that exists for one proxy only, so that tests can check what a client trusts.

use std::{path::Path, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The authority with its PEM file, and the server's side of TLS.
pub(crate) struct TestAuthority {
    pem: PathBuf,
    server_pem: PathBuf,
    acceptor: TlsAcceptor,
    _directory: tempfile::TempDir,
}

impl std::fmt::Debug for TestAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestAuthority").field("pem", &self.pem).finish_non_exhaustive()
    }
}

impl TestAuthority {
    /// The server's certificate ends at the beginning of that year.
    pub(crate) fn new(end_year: i32) -> anyhow::Result<Self> {
        let mut authority = CertificateParams::new(Vec::new()).context("failed to describe the authority")?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        authority.distinguished_name.push(DnType::CommonName, "butler test authority");
        let authority_key = KeyPair::generate().context("failed to make the authority's key")?;
        let authority_certificate =
            authority.self_signed(&authority_key).context("failed to make the authority's certificate")?;
        let issuer = Issuer::new(authority, authority_key);

        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut server = CertificateParams::new(names).context("failed to describe the server")?;
        server.not_after = date_time_ymd(end_year, 1, 1);
        let server_key = KeyPair::generate().context("failed to make the server's key")?;
        let certificate = server.signed_by(&server_key, &issuer).context("failed to make the server's certificate")?;
        let key = PrivateKeyDer::try_from(server_key.serialize_der()).map_err(anyhow::Error::msg)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("failed to choose TLS versions")?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .context("failed to use the server's certificate")?;

        let directory = tempfile::tempdir().context("failed to create a folder for the certificate")?;
        let pem = directory.path().join("authority.pem");
        crate::devnet::write_file(&pem, authority_certificate.pem().as_bytes())?;
        let server_pem = directory.path().join("server.pem");
        let both = certificate.pem() + &server_key.serialize_pem();
        crate::devnet::write_file(&server_pem, both.as_bytes())?;
        Ok(Self { pem, server_pem, acceptor: TlsAcceptor::from(Arc::new(config)), _directory: directory })
    }

    pub(crate) fn pem_path(&self) -> &Path {
        &self.pem
    }

    /// The server's certificate and its key, for a server of another program.
    pub(crate) fn server_pem_path(&self) -> &Path {
        &self.server_pem
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}
