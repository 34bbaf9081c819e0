//! HTTPS: what is served, how files are replaced, and who does not finish a handshake.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use butler_core::store::file::save_atomic;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support;
use crate::support::{Program, idle, request};

/// A certificate for `localhost` that vouches for itself.
struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Identity {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        Self { certificate, key }
    }

    fn write_certificate(&self, folder: &Path) {
        save_atomic(&folder.join("certificate.pem"), self.certificate.pem().as_bytes(), 0o644).unwrap();
    }

    fn write_key(&self, folder: &Path) {
        save_atomic(&folder.join("key.pem"), self.key.serialize_pem().as_bytes(), 0o600).unwrap();
    }

    fn write(&self, folder: &Path) {
        self.write_certificate(folder);
        self.write_key(folder);
    }

    /// A handshake that trusts this certificate and no other.
    fn connect(&self, program: &Program) -> Result<Connection, String> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(program.address).unwrap();
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut stream).map_err(|error| error.to_string())?;
        }
        Ok(StreamOwned::new(tls, stream))
    }
}

type Connection = StreamOwned<ClientConnection, TcpStream>;

/// What the other side shows, which the client verified.
fn shown(connection: &Connection) -> CertificateDer<'static> {
    connection.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

fn lines(folder: &Path) -> String {
    let folder = folder.display();
    format!("tls_certificate_file = \"{folder}/certificate.pem\"\ntls_key_file = \"{folder}/key.pem\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_served_and_plain_http_is_not() {
    let (files, identity) = (tempfile::tempdir().unwrap(), Identity::new());
    identity.write(files.path());
    let (_folder, program) = idle(&lines(files.path())).await;
    let connection = identity.connect(&program).unwrap();
    assert_eq!(connection.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
    let answer = request(connection, "GET", "/metrics", &[]);
    assert!(answer.status == 200 && answer.text().contains("butler_build_info"), "{}", answer.head);
    let mut plain = TcpStream::connect(program.address).unwrap();
    plain.set_read_timeout(Some(support::PATIENCE)).unwrap();
    plain.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_after_the_files_were_replaced_sees_the_new_certificate() {
    let (files, old, new) = (tempfile::tempdir().unwrap(), Identity::new(), Identity::new());
    old.write(files.path());
    let (_folder, program) = idle(&lines(files.path())).await;
    let before = old.connect(&program).unwrap();
    assert_eq!(&shown(&before), old.certificate.der());
    // One of two: the pair does not fit, the old one stays, and that is told once.
    new.write_certificate(files.path());
    for _ in 0..3 {
        old.connect(&program).unwrap();
    }
    support::wait_for("the refusal in the log", || program.log().contains("is not taken over").then_some(())).await;
    assert_eq!(program.log().matches("is not taken over").count(), 1, "{}", program.log());
    new.write_key(files.path());
    assert_eq!(&shown(&new.connect(&program).unwrap()), new.certificate.der());
    assert!(old.connect(&program).is_err());
    // Whoever was connected stays so.
    assert_eq!(request(before, "GET", "/livez", &[]).status, 200);
    let is_current = |identity: &Identity| {
        let text = request(identity.connect(&program).unwrap(), "GET", "/metrics", &[]).text();
        support::series(&text)["butler_certificate_current"]
    };
    assert_eq!(is_current(&new), 1.0);
    let text = request(new.connect(&program).unwrap(), "GET", "/metrics", &[]).text();
    let ends = support::series(&text)["butler_certificate_expiry_timestamp_seconds"];
    assert!(ends > 1_700_000_000.0, "{ends} is no moment at which a certificate of now ends");
    for broken in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        save_atomic(&files.path().join("certificate.pem"), broken.as_bytes(), 0o644).unwrap();
        assert_eq!(is_current(&new), 0.0);
    }
    std::fs::remove_file(files.path().join("certificate.pem")).unwrap();
    assert_eq!(request(new.connect(&program).unwrap(), "GET", "/metrics", &[]).status, 200);
    old.write(files.path());
    assert_eq!(is_current(&old), 1.0);
    assert!(!program.log().contains("PRIVATE"), "{}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_finish_a_handshake_is_closed_and_stops_nobody() {
    let (files, identity) = (tempfile::tempdir().unwrap(), Identity::new());
    identity.write(files.path());
    let (_folder, program) = idle(&lines(files.path())).await;
    let slow: Vec<TcpStream> = (0..200)
        .map(|index: usize| {
            let mut stream = TcpStream::connect(program.address).unwrap();
            let half = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03";
            let _ = stream.write_all(&half[..index % half.len()]);
            stream
        })
        .collect();
    for _ in 0..5 {
        assert_eq!(request(identity.connect(&program).unwrap(), "GET", "/metrics", &[]).status, 200);
    }
    for mut stream in slow {
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        let mut rest = Vec::new();
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
}

#[test]
fn a_certificate_that_cannot_be_served_is_told_before_the_start() {
    let (files, one, other) = (tempfile::tempdir().unwrap(), Identity::new(), Identity::new());
    let check = |expected: &str| {
        let toml = format!(
            "[networks.mainnet]\n[[networks.mainnet.l1]]\nurl = \"http://127.0.0.1:1\"\n[exporter]\n{}\n",
            lines(files.path())
        );
        save_atomic(&files.path().join("butler.toml"), toml.as_bytes(), 0o600).unwrap();
        for check in [&["--check"][..], &[]] {
            let output = support::command(files.path()).args(check).output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(output.status.code(), Some(3), "{said}");
            assert!(said.contains(expected) && !said.contains("PRIVATE"), "{said}");
        }
    };
    check("certificate.pem` does not exist");
    one.write_certificate(files.path());
    check("key.pem` does not exist");
    other.write_key(files.path());
    check("cannot be used with its key");
    save_atomic(&files.path().join("key.pem"), b"no key", 0o600).unwrap();
    check("key.pem` holds no private key");
}
