//! TLS: the operator's certificate, or one that the program signs itself.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Config;
use crate::folder::write_secret;

/// The certificate that the program signs itself, in the data folder.
pub(crate) const CERTIFICATE_FILE: &str = "tls.crt";
const KEY_FILE: &str = "tls.key";

/// What the TLS side needs, and the fingerprint that a far operator compares.
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, in hexadecimal with colons.
    pub(crate) fingerprint: String,
    /// Whether browsers will warn.
    pub(crate) self_signed: bool,
}

/// Whether the certificate and the key that the configuration names can be used; nothing is made.
///
/// # Errors
/// As [`prepare`].
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    match (&config.site.certificate, &config.site.key) {
        (Some(certificate), Some(key)) => load(certificate, key, Origin::Named).map(|_| ()),
        _ => Ok(()),
    }
}

/// Reads the certificate and key, making self-signed ones when there are none.
///
/// # Errors
/// A file cannot be read or is no certificate or key.
pub(crate) fn prepare(config: &Config, data: &Path) -> anyhow::Result<Tls> {
    let (certificate, key, origin) = match (&config.site.certificate, &config.site.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone(), Origin::Named),
        _ => {
            let (certificate, key) = (data.join(CERTIFICATE_FILE), data.join(KEY_FILE));
            if !certificate.exists() || !key.exists() {
                sign(config.names(), &certificate, &key)?;
            }
            (certificate, key, Origin::SelfSigned)
        }
    };
    let (config, fingerprint) = load(&certificate, &key, origin)?;
    Ok(Tls {
        config: Arc::new(config),
        fingerprint,
        self_signed: origin == Origin::SelfSigned,
    })
}

/// Where a pair of files comes from, and so who can mend it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The configuration names them.
    Named,
    /// The program made them, in the data folder.
    SelfSigned,
}

/// What to do about a pair that the program made: nothing in the configuration names it.
fn sign_anew(certificate: &Path, key: &Path) -> String {
    format!(
        "candor signed this pair itself. Delete {} and {}, and the next start signs a new one; its fingerprint is another",
        certificate.display(),
        key.display()
    )
}

fn load(certificate: &Path, key: &Path, origin: Origin) -> anyhow::Result<(ServerConfig, String)> {
    let unreadable = |what: &str, path: &Path, error: pem::Error| {
        let path = path.display();
        let remedy = match (origin, &error) {
            (Origin::SelfSigned, pem::Error::Io(_)) => "is it this user's file?".to_owned(),
            (Origin::SelfSigned, _) => sign_anew(certificate, key),
            (Origin::Named, pem::Error::Io(_)) => {
                format!("is `{what}` under [site] right, and may this user read the file?")
            }
            (Origin::Named, pem::Error::NoItemsFound) => {
                format!("`{what}` under [site] names a file that begins with -----BEGIN")
            }
            (Origin::Named, _) => format!("copy it again, `{what}` under [site] names it"),
        };
        match error {
            pem::Error::Io(error) => {
                anyhow::Error::new(error).context(format!("the {what} {path} cannot be read; {remedy}"))
            }
            pem::Error::NoItemsFound => anyhow::anyhow!("the {what} {path} holds no {what} in PEM; {remedy}"),
            other => anyhow::anyhow!("the {what} {path} is not whole PEM ({other}); {remedy}"),
        }
    };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain: Vec<CertificateDer<'static>> = chain.map_err(|error| unreadable("certificate", certificate, error))?;
    let first = chain.first().ok_or(pem::Error::NoItemsFound);
    let first = first.map_err(|error| unreadable("certificate", certificate, error))?;
    let fingerprint = fingerprint(first);
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("key", key, error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // rustls offers TLS 1.3, and 1.2 with ECDHE and AEAD suites only: the floor that the clauses demand.
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| {
            let remedy = match origin {
                Origin::Named => "name a pair as `certificate` and `key` under [site]".to_owned(),
                Origin::SelfSigned => sign_anew(certificate, key),
            };
            format!(
                "the certificate {} and the key {} do not belong together; {remedy}",
                certificate.display(),
                key.display()
            )
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, fingerprint))
}

fn sign(names: Vec<String>, certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let names = names.into_iter().chain(["localhost".to_owned()]).collect::<Vec<_>>();
    let signed = rcgen::generate_simple_self_signed(names)
        .context("a self-signed certificate cannot be made of the names in [site]")?;
    write_secret(key, signed.signing_key.serialize_pem().as_bytes())?;
    write_secret(certificate, signed.cert.pem().as_bytes())
}

/// SHA-256 of a certificate, as browsers show it.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate);
    digest
        .as_ref()
        .iter()
        .enumerate()
        .fold(String::new(), |mut text, (index, byte)| {
            let separator = if index == 0 { "" } else { ":" };
            write!(text, "{separator}{byte:02X}").expect("a String takes every text");
            text
        })
}
