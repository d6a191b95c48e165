//! A visitor of a Candor site: what `device add`, `prove` and `demo` do over HTTP, as a browser without script would.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The largest answer that is read, in bytes.
const ANSWER_LIMIT_BYTES: usize = 8 << 20;
/// Where Debian keeps the certificates of public authorities.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A site and the cookie that it set.
pub(crate) struct Site {
    scheme: Scheme,
    host: String,
    port: u16,
    cookie: Option<String>,
}

enum Scheme {
    Plain,
    Tls(TlsConnector),
}

/// What a site answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of the element with this id, without markup.
    pub(crate) fn element(&self, id: &str) -> Option<String> {
        let page = self.text();
        let (_, rest) = page.split_once(&format!("id=\"{id}\""))?;
        let (_, rest) = rest.split_once('>')?;
        let (inside, _) = rest.split_once("</")?;
        Some(unescape(inside.trim()))
    }

    /// The value of the form field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let page = self.text();
        let tag = page
            .split('<')
            .find(|tag| tag.starts_with("input") && tag.contains(&format!("name=\"{name}\"")))?;
        let (_, rest) = tag.split_once("value=\"")?;
        rest.split_once('"').map(|(value, _)| unescape(value))
    }

    /// The cells of the first row of the page's first table.
    pub(crate) fn first_row(&self) -> Option<Vec<String>> {
        let page = self.text();
        let (_, rest) = page.split_once("<tbody>")?;
        let (row, _) = rest.split_once("</tr>")?;
        let cells = row
            .split('<')
            .filter(|tag| tag.starts_with("td") || tag.starts_with("th"));
        let cells = cells
            .filter_map(|tag| tag.split_once('>'))
            .map(|(_, inside)| unescape(inside.trim()));
        Some(cells.filter(|cell| !cell.is_empty()).collect())
    }

    /// The first sentence that the page marks as an error: of one field, or of the whole form.
    pub(crate) fn error(&self) -> Option<String> {
        let page = self.text();
        // The words above the sentence are the same for every error.
        let alert = || {
            let (_, rest) = page.split_once("role=\"alert\"")?;
            rest.split_once("</h2>").or(Some(("", rest)))
        };
        let (_, rest) = page.split_once("class=\"error\"").or_else(alert)?;
        let words = rest
            .split('<')
            .filter_map(|tag| tag.split_once('>'))
            .map(|(_, inside)| inside.trim());
        words.filter(|words| !words.is_empty()).map(unescape).next()
    }
}

impl Site {
    /// A site by its URL: `http://localhost:8080` or `https://…`. A self-signed certificate is accepted when its
    /// SHA-256 fingerprint is the one given, and not otherwise.
    ///
    /// # Errors
    /// The URL is of another kind; plain HTTP to another machine is refused.
    pub(crate) fn new(url: &str, fingerprint: Option<&str>) -> anyhow::Result<Self> {
        let (scheme, rest) = url
            .split_once("://")
            .with_context(|| format!("{url} is no URL; write for example https://vpn.example.org:8443"))?;
        let authority = rest.trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (
                host.to_owned(),
                port.parse().with_context(|| format!("{port} in {url} is no port"))?,
            ),
            _ => (authority.to_owned(), if scheme == "https" { 443 } else { 80 }),
        };
        let scheme = match scheme {
            "http" if ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) => Scheme::Plain,
            "http" => bail!("plain HTTP is for this machine alone; use https:// for {host}"),
            "https" => Scheme::Tls(TlsConnector::from(Arc::new(tls(fingerprint)?))),
            other => bail!("{other}:// is not supported; use https://"),
        };
        Ok(Self {
            scheme,
            host,
            port,
            cookie: None,
        })
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Gets a page.
    ///
    /// # Errors
    /// The site cannot be reached or breaks off.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.ask(Method::GET, path, None).await
    }

    /// Sends a form.
    ///
    /// # Errors
    /// The site cannot be reached or breaks off.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        self.ask(Method::POST, path, Some(form.join("&"))).await
    }

    async fn ask(&mut self, method: Method, path: &str, form: Option<String>) -> anyhow::Result<Answer> {
        let unreachable = || {
            format!(
                "{} port {} cannot be reached; does candor run there?",
                self.host, self.port
            )
        };
        let bare = self.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((bare, self.port)).await.with_context(unreachable)?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, format!("{}:{}", self.host, self.port));
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(axum::body::Body::from(form.unwrap_or_default()))?;
        let response = match &self.scheme {
            Scheme::Plain => converse(stream, request).await,
            Scheme::Tls(connector) => {
                let name = ServerName::try_from(bare.to_owned()).with_context(|| format!("{bare} is no host name"))?;
                let stream = connector.connect(name, stream).await.with_context(|| {
                    format!("{bare} did not prove who it is; for a self-signed certificate give its fingerprint with --fingerprint")
                })?;
                converse(stream, request).await
            }
        };
        let (parts, body) = response
            .with_context(|| format!("{} broke off", self.host))?
            .into_parts();
        for set in parts.headers.get_all(SET_COOKIE) {
            let pair = set.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        Ok(Answer {
            status: parts.status,
            body: body.to_vec(),
        })
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<axum::body::Body>,
) -> anyhow::Result<Response<Bytes>> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = axum::body::to_bytes(axum::body::Body::new(body), ANSWER_LIMIT_BYTES).await?;
    driver.abort();
    Ok(Response::from_parts(parts, body))
}

fn tls(fingerprint: Option<&str>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let mut config = match fingerprint {
        Some(fingerprint) => {
            let pinned = Arc::new(Pinned {
                fingerprint: fingerprint.to_uppercase(),
                provider,
            });
            builder
                .dangerous()
                .with_custom_certificate_verifier(pinned)
                .with_no_client_auth()
        }
        None => {
            let mut roots = RootCertStore::empty();
            let file = std::path::Path::new(AUTHORITIES);
            if file.exists() {
                use rustls::pki_types::pem::PemObject as _;
                let authorities =
                    CertificateDer::pem_file_iter(file).with_context(|| format!("{AUTHORITIES} cannot be read"))?;
                roots.add_parsable_certificates(authorities.filter_map(Result::ok));
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts the one certificate whose fingerprint was given.
#[derive(Debug)]
struct Pinned {
    fingerprint: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if crate::tls::fingerprint(end_entity) == self.fingerprint {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The `application/x-www-form-urlencoded` serialisation of a value (WHATWG URL, section 5.2).
fn percent_encode(value: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(encode).collect()
}

/// The five entities that the site's templates write.
fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_encoded_for_a_form() {
        assert_eq!(percent_encode("a b+c=d&é/"), "a+b%2Bc%3Dd%26%C3%A9%2F");
    }

    #[test]
    fn elements_fields_and_errors_are_read_from_a_page() {
        let body = b"<input type=hidden name=\"accepted\" value=\"ab&#38;c\"><p class=\"error\" id=\"e\">too &quot;short&quot;</p><pre id=\"configuration\">\n[Interface]\nA = 1\n</pre>";
        let answer = Answer {
            status: StatusCode::OK,
            body: body.to_vec(),
        };
        assert_eq!(answer.field("accepted").as_deref(), Some("ab&c"));
        assert_eq!(answer.error().as_deref(), Some("too \"short\""));
        assert_eq!(answer.element("configuration").as_deref(), Some("[Interface]\nA = 1"));
        assert_eq!(answer.element("nothing"), None);
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        assert!(Site::new("http://localhost:8080", None).is_ok());
        assert!(Site::new("http://[::1]:8080", None).is_ok());
        assert!(
            Site::new("http://vpn.example.org", None)
                .err()
                .is_some_and(|error| error.to_string().contains("https"))
        );
        assert!(Site::new("vpn.example.org", None).is_err());
    }
}
