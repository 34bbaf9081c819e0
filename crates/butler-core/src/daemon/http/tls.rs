//! The certificate that is served, from its files to the handshake.
//!
//! The files are looked at before each handshake, which costs two calls of the system: whoever comes after they were replaced
//! sees the new certificate. A replacement that cannot be used is logged once, and the old certificate stays.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;
use crate::runtime::certificate::end_of;
use crate::runtime::clock::TlsClock;
use crate::runtime::report::one_line;
use crate::store::file::{StoreError, load_bounded};
use crate::store::watch::{Mark, look_at};

/// The largest file.
const LIMIT: u64 = 1024 * 1024;

/// A certificate that cannot be served.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("failed to read the certificate or its key")]
    Read(#[from] StoreError),
    /// There is no certificate in the file, or something that is none.
    #[error("`{}` holds no certificate (hint: it should begin with `-----BEGIN CERTIFICATE-----`)", .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in the file, or one of an unknown kind.
    #[error("`{}` holds no private key (hint: PKCS#8, PKCS#1 or SEC1 as PEM, not encrypted)", .0.display())]
    NoKey(PathBuf),
    /// The key is not the certificate's, or either is broken.
    #[error("the certificate in `{}` cannot be used with its key", .path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// What rustls says.
        #[source]
        source: rustls::Error,
    },
}

/// The certificate in use.
pub struct Tls {
    files: TlsFiles,
    current: Mutex<Current>,
    is_current: AtomicBool,
}

struct Current {
    acceptor: TlsAcceptor,
    ends_at: Option<u64>,
    marks: [Option<Mark>; 2],
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let marks = marks(&files);
        let (acceptor, ends_at) = load(&files)?;
        Ok(Self { files, current: Mutex::new(Current { acceptor, ends_at, marks }), is_current: AtomicBool::new(true) })
    }

    /// Whether what is served is what the files hold, as of the last handshake.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.is_current.load(Ordering::Relaxed)
    }

    /// When the certificate that is served ends, in unix seconds; `None` where it does not say so legibly.
    pub(super) fn ends_at(&self) -> Option<u64> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).ends_at
    }

    /// What accepts the next connection: the files' content, or what they held last that could be used.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let marks = marks(&self.files);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.marks != marks {
            // Marks from before the reading: what changes meanwhile is read again.
            current.marks = marks;
            let loaded = load(&self.files);
            self.is_current.store(loaded.is_ok(), Ordering::Relaxed);
            match loaded {
                Ok((acceptor, ends_at)) => {
                    current.acceptor = acceptor;
                    current.ends_at = ends_at;
                    tracing::info!("the certificate was replaced");
                }
                Err(error) => {
                    let why = one_line(&error);
                    tracing::error!("the new certificate is not taken over, the old one stays: {why}");
                }
            }
        }
        current.acceptor.clone()
    }
}

fn load(files: &TlsFiles) -> Result<(TlsAcceptor, Option<u64>), TlsError> {
    let certificates = load_bounded(&files.certificate, LIMIT)?;
    let chain = CertificateDer::pem_slice_iter(&certificates).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| TlsError::NoCertificate(files.certificate.clone()))?;
    let ends_at = chain.first().and_then(|certificate| end_of(certificate));
    let key = PrivateKeyDer::from_pem_slice(&load_bounded(&files.key, LIMIT)?);
    let key = key.map_err(|_| TlsError::NoKey(files.key.clone()))?;
    let unusable = |source| TlsError::Unusable { path: files.certificate.clone(), source };
    let mut config = ServerConfig::builder_with_details(Arc::new(ring::default_provider()), Arc::new(TlsClock))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), ends_at))
}

fn marks(files: &TlsFiles) -> [Option<Mark>; 2] {
    [&files.certificate, &files.key].map(|path| look_at(path))
}
