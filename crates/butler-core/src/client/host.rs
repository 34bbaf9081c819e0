//! Looks at a host from outside: its name, its ports, its certificate, its L1 RPC.
//!
//! Names are resolved as this machine resolves them, `/etc/hosts` included. Nothing here has a deadline of its own but the
//! exchanges over HTTP: the caller sets it. Every look opens a new connection, so that what changed is seen.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ethers_core::types::U64;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::json;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use url::Url;

use super::error::RpcFailure;
use super::http::{HttpSetupError, trusted_roots};
use super::jsonrpc::JsonRpcPeer;
use super::wire::Request;
use crate::runtime::certificate::end_of;
use crate::runtime::clock::TlsClock;

/// The most addresses of one name that are looked at.
const ADDRESS_LIMIT: usize = 64;

/// The addresses of a name, of both versions.
///
/// # Errors
/// `Unreachable` when the name does not resolve.
pub async fn resolve(name: &str) -> Result<BTreeSet<IpAddr>, RpcFailure> {
    let addresses = lookup_host((name, 0)).await.map_err(|error| RpcFailure::Unreachable(error.into()))?;
    Ok(addresses.take(ADDRESS_LIMIT).map(|address| address.ip()).collect())
}

/// Opens a TCP connection and closes it.
///
/// # Errors
/// `Unreachable` when nobody takes the connection.
pub async fn connect(address: SocketAddr) -> Result<(), RpcFailure> {
    TcpStream::connect(address).await.map(drop).map_err(|error| RpcFailure::Unreachable(error.into()))
}

/// The chain of the L1 endpoint at `peer`.
///
/// # Errors
/// The failure of the exchange; `Malformed` for an answer that is no number.
pub async fn l1_chain_id(peer: &JsonRpcPeer) -> Result<u64, RpcFailure> {
    let answer = peer.call(&Request::new("eth_chainId", &json!([]))).await?;
    serde_json::from_str::<U64>(answer.get())
        .map(|id| id.as_u64())
        .map_err(|_| RpcFailure::Malformed("the answer to eth_chainId is not a number".to_owned()))
}

/// A TLS client for one look, which remembers the server's certificate, good or bad.
#[derive(Debug)]
pub struct CertificateProbe {
    connector: Arc<ClientConfig>,
    remembered: Arc<Remembering>,
}

impl CertificateProbe {
    /// Prepares a probe that trusts the system's authorities, Mozilla's and those of the file. Reads files.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(ca_file: Option<&Path>) -> Result<Self, HttpSetupError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(trusted_roots(true, ca_file)?);
        let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        let inner = inner.map_err(|error| HttpSetupError::Tls(rustls::Error::General(error.to_string())))?;
        let remembered = Arc::new(Remembering { inner, certificate: Mutex::default() });
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Remembering>::clone(&remembered);
        let config = ClientConfig::builder_with_details(provider, Arc::new(TlsClock))
            .with_safe_default_protocol_versions()
            .map_err(HttpSetupError::Tls)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self { connector: Arc::new(config), remembered })
    }

    /// When the certificate of that URL's host ends, in unix seconds, whether it is trusted or not.
    ///
    /// # Errors
    /// `Unreachable` without a connection; `Tls` when no certificate came; `Malformed` when it can not be read.
    pub async fn expiry(self, url: &Url) -> Result<u64, RpcFailure> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|error| RpcFailure::Tls(error.into()))?;
        let port = url.port_or_known_default().unwrap_or(443);
        let stream = TcpStream::connect((host.as_str(), port)).await;
        let stream = stream.map_err(|error| RpcFailure::Unreachable(error.into()))?;
        let handshake = TlsConnector::from(self.connector).connect(name, stream).await;
        match (self.remembered.take(), handshake) {
            (Some(certificate), _) => end_of(&certificate)
                .ok_or_else(|| RpcFailure::Malformed("the server's certificate can not be read".to_owned())),
            (None, Err(error)) => Err(RpcFailure::Tls(error.into())),
            (None, Ok(_)) => Err(RpcFailure::Malformed("the server showed no certificate".to_owned())),
        }
    }
}

/// Checks certificates as usual, and remembers the last one.
#[derive(Debug)]
struct Remembering {
    inner: Arc<WebPkiServerVerifier>,
    certificate: Mutex<Option<CertificateDer<'static>>>,
}

impl Remembering {
    fn take(&self) -> Option<CertificateDer<'static>> {
        self.certificate.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Remembering {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = end_entity.clone().into_owned();
        *self.certificate.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
