//! Over TLS: who vouches for a server, and how it is told that nobody does.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{S3, S3Options};
use crate::remote::conformance::{options_for, suite};
use crate::remote::test_server::Server;
use crate::remote::transport::{Fault, Transport, get};

/// A front of a server that speaks TLS, until the process ends.
struct Front {
    address: SocketAddr,
    _dir: tempfile::TempDir,
    /// Where the certificate of its authority lies.
    bundle: String,
}

impl Front {
    /// Its certificate is one for `name`.
    fn of(server: &Server, name: &str) -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        let bundle = dir.path().join("lab.pem");
        let config = Arc::new(certified(name, &bundle));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let behind = server.url().trim_start_matches("http://").to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (config, behind) = (config.clone(), behind.clone());
                std::thread::spawn(move || hand_on(client, &behind, config));
            }
        });
        Self { address, _dir: dir, bundle: bundle.display().to_string() }
    }

    fn options(&self, server: &Server) -> S3Options {
        let endpoint = Some(format!("https://localhost:{}", self.address.port()));
        S3Options { endpoint, ..options_for(server) }
    }

    fn trusted(&self, server: &Server) -> S3Options {
        let mut options = self.options(server);
        options.places.env.push(("AWS_CA_BUNDLE".to_owned(), self.bundle.clone()));
        options
    }
}

/// A key with a certificate of an authority of its own, whose certificate is written to `bundle`.
fn certified(name: &str, bundle: &Path) -> ServerConfig {
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("a certificate");
    let issuer = Issuer::new(params, key);
    std::fs::write(bundle, authority.pem()).expect("write");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("params");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let chain = vec![CertificateDer::from(certificate)];
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they fit")
}

/// Hands everything on between a client that speaks TLS and a server that does not, until one of them ends.
fn hand_on(client: TcpStream, behind: &str, config: Arc<ServerConfig>) {
    let behind = TcpStream::connect(behind).expect("the server");
    for stream in [&client, &behind] {
        stream.set_read_timeout(Some(Duration::from_millis(2))).expect("a time-out");
    }
    let tls = ServerConnection::new(config).expect("a connection");
    let (mut client, mut behind) = (StreamOwned::new(tls, client), behind);
    while pass(&mut client, &mut behind) && pass(&mut behind, &mut client) {}
}

/// Passes on what has come; whether more may come.
fn pass(from: &mut impl Read, to: &mut impl Write) -> bool {
    let mut bytes = vec![0; 64 << 10];
    match from.read(&mut bytes) {
        Ok(0) => false,
        Ok(len) => to.write_all(&bytes[..len]).is_ok(),
        Err(e) => matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn a_server_of_a_named_authority_conforms() {
    let server = Server::start();
    let front = Front::of(&server, "localhost");
    suite(&S3::new("bucket", "x", &front.trusted(&server), None).expect("bucket"));
    let log = server.take_log();
    // Nothing can change on the way: the bytes are not hashed once more.
    assert!(log.iter().any(|seen| {
        let mut headers = seen.headers.iter();
        headers.any(|(name, value)| name == "x-amz-content-sha256" && value == "UNSIGNED-PAYLOAD")
    }));
}

#[test]
fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let server = Server::start();
    let front = Front::of(&server, "localhost");
    let s3 = S3::new("bucket", "x", &front.options(&server), None).expect("bucket");
    let e = get(&s3, "a", 10).expect_err("nobody vouches for it");
    assert_eq!((e.fault, e.detail.contains("not trusted")), (Fault::Untrusted, true), "{e}");
    assert_eq!(s3.put("a", vec![1]).expect_err("nor now").fault, Fault::Untrusted);
    assert!(server.take_log().is_empty());
}

#[test]
fn a_certificate_of_another_server_is_refused() {
    let server = Server::start();
    let front = Front::of(&server, "elsewhere.example");
    let s3 = S3::new("bucket", "x", &front.trusted(&server), None).expect("bucket");
    let e = get(&s3, "a", 10).expect_err("another's");
    assert_eq!((e.fault, e.detail.contains("elsewhere.example")), (Fault::Failed, true), "{e}");
}

#[test]
fn a_file_that_holds_no_certificates_is_named() {
    let server = Server::start();
    let mut options = options_for(&server);
    let bundle = |options: &mut S3Options, path: &str| {
        options.places.env.push(("AWS_CA_BUNDLE".to_owned(), path.to_owned()));
        S3::new("bucket", "x", options, None).err().expect("no certificates").to_string()
    };
    let missing = bundle(&mut options.clone(), "/nowhere/lab.pem");
    assert!(missing.contains("/nowhere/lab.pem"), "{missing}");
    let other = bundle(&mut options, concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert!(other.contains("holds no certificates"), "{other}");
}
