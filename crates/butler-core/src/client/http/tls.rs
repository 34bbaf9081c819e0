//! Whom a client trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{HttpSettings, HttpSetupError};
use crate::runtime::clock::TlsClock;

/// The system's authorities if asked for, Mozilla's, and those of the file.
pub(in crate::client) fn trusted_roots(
    with_system: bool,
    ca_file: Option<&Path>,
) -> Result<rustls::RootCertStore, HttpSetupError> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if with_system {
        // A broken certificate in the system's store is not a reason to trust none of them.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(path) = ca_file {
        add(&mut roots, path)?;
    }
    Ok(roots)
}

/// The certificate authorities of a file, each found to be one. Blocks.
///
/// # Errors
/// `Authorities` where there is none, or something that is none.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, HttpSetupError> {
    add(&mut rustls::RootCertStore::empty(), path)
}

/// Adds those of a file to others.
fn add(roots: &mut rustls::RootCertStore, path: &Path) -> Result<Vec<CertificateDer<'static>>, HttpSetupError> {
    let fault = |problem: String| HttpSetupError::Authorities { path: path.to_path_buf(), problem };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fault(error.to_string()))?;
    if certificates.is_empty() {
        return Err(fault("no certificate in it".to_owned()));
    }
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| fault(error.to_string()))?;
    }
    Ok(certificates)
}

pub(super) fn tls_config(settings: &HttpSettings) -> Result<rustls::ClientConfig, HttpSetupError> {
    let roots = trusted_roots(settings.url.scheme() == "https", settings.ca_file.as_deref())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_details(provider, Arc::new(TlsClock))
        .with_safe_default_protocol_versions()
        .map_err(HttpSetupError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
