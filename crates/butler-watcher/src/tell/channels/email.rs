//! E-mail by SMTP.
//!
//! A letter that is sent again has the `Message-ID` of the first try: many servers and readers know it by that.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use butler_core::client::http::authorities;
use butler_core::config::{EmailConfig, MailTls};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes, header};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use secrecy::ExposeSecret as _;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

use super::channel::{Answer, Channel, Letter, Sending};
use super::line::Line;

/// The longest letter: nobody reads more.
const MOST: usize = 60_000;
/// How many things one letter lists.
const LISTED: usize = 100;

/// A mail server that cannot be prepared for.
#[derive(Debug, Error)]
pub enum EmailSetupError {
    /// An address that is none.
    #[error("the e-mail channel `{name}` has an address that is none")]
    Address {
        /// The channel.
        name: String,
    },
    /// The certificate authorities cannot be used.
    #[error("failed to read the certificate authorities of the e-mail channel `{name}`")]
    Authorities {
        /// The channel.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// People who are written to.
pub(crate) struct Email {
    name: String,
    from: Address,
    to: Vec<Address>,
    timeout: Duration,
    server: (String, u16),
    tls: Secrecy,
    login: Option<Credentials>,
}

/// How what is said stays among us.
enum Secrecy {
    Nothing,
    Implicit(TlsParameters),
    StartTls(TlsParameters),
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Email {
    /// Prepares letters; connects to nothing. Blocks while it reads the certificate authorities.
    pub(crate) fn new(config: &EmailConfig) -> Result<Self, EmailSetupError> {
        let address =
            |text: &str| text.parse::<Address>().map_err(|_| EmailSetupError::Address { name: config.name.clone() });
        let tls = match config.tls {
            MailTls::Nothing => Secrecy::Nothing,
            MailTls::Implicit => Secrecy::Implicit(parameters(config)?),
            MailTls::StartTls => Secrecy::StartTls(parameters(config)?),
        };
        let login = config.login.as_ref();
        let login = login.map(|(user, password)| Credentials::new(user.clone(), password.expose_secret().to_owned()));
        Ok(Self {
            name: config.name.clone(),
            from: address(&config.from)?,
            to: config.to.iter().map(|to| address(to)).collect::<Result<_, _>>()?,
            timeout: config.timeout,
            server: (config.host.clone(), config.port),
            tls,
            login,
        })
    }

    fn message(&self, letter: Letter<'_>) -> Result<Message, lettre::error::Error> {
        let to = self.to.iter().map(|to| Mailbox::new(None, to.clone())).collect::<Mailboxes>();
        Message::builder()
            .from(Mailbox::new(None, self.from.clone()))
            .mailbox(header::To::from(to))
            .subject(letter.title)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.to_owned())
    }

    async fn deliver(&self, letter: Letter<'_>) -> Answer {
        let Ok(message) = self.message(letter) else {
            return Answer::Refused("cannot be written as a letter".to_owned());
        };
        let sent = timeout(self.timeout, async {
            let (host, port) = &self.server;
            let stream = TcpStream::connect((host.as_str(), *port)).await;
            let lined = stream.and_then(|stream| {
                let peer = stream.peer_addr()?;
                Ok((Line::new(stream, peer), peer))
            });
            let Ok((line, peer)) = lined else { return Ok(false) };
            self.hand_over(line, peer, &message).await.map(|()| true)
        });
        match sent.await {
            Ok(Ok(true)) => Answer::Taken,
            Ok(Ok(false)) => Answer::later("does not answer (connection)"),
            Ok(Err(error)) => judge(&error),
            Err(_) => Answer::later("does not answer (timeout)"),
        }
    }

    /// Hands a letter to whoever is at the other end of the line.
    async fn hand_over(
        &self,
        line: Line<TcpStream>,
        peer: SocketAddr,
        message: &Message,
    ) -> Result<(), lettre::transport::smtp::Error> {
        let hello = ClientId::default();
        let mut connection = match &self.tls {
            Secrecy::Nothing => AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello).await?,
            Secrecy::StartTls(parameters) => {
                let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello).await?;
                connection.starttls(parameters.clone(), &hello).await?;
                connection
            }
            Secrecy::Implicit(parameters) => {
                let line = encrypted(line, parameters).await?;
                AsyncSmtpConnection::connect_with_transport(Box::new(Line::new(line.compat(), peer)), &hello).await?
            }
        };
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        connection.send(message.envelope(), &message.formatted()).await?;
        // It has the letter, whatever it answers to that.
        let _ = connection.quit().await;
        Ok(())
    }
}

/// TLS from the first byte on.
#[expect(deprecated, reason = "there is no other way to have the line under a TLS of the library's own")]
async fn encrypted(
    line: Line<TcpStream>,
    parameters: &TlsParameters,
) -> Result<lettre::transport::smtp::client::AsyncNetworkStream, lettre::transport::smtp::Error> {
    let mut stream = lettre::transport::smtp::client::AsyncNetworkStream::use_existing_tokio1(Box::new(line));
    stream.upgrade_tls(parameters.clone()).await?;
    Ok(stream)
}

/// Whom to trust, and under which name.
fn parameters(config: &EmailConfig) -> Result<TlsParameters, EmailSetupError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| EmailSetupError::Authorities {
        name: config.name.clone(),
        source,
    };
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        // The library takes a file without any for one that says nothing.
        for authority in authorities(path).map_err(|error| failed(Box::new(error)))? {
            let certificate = Certificate::from_der(authority.to_vec()).map_err(|error| failed(Box::new(error)))?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build_rustls().map_err(|error| failed(Box::new(error)))
}

/// By the code alone: what a server says beside it may be anything.
fn judge(error: &lettre::transport::smtp::Error) -> Answer {
    let code = error.status().map(|code| format!("answers {}", u16::from(code)));
    match code {
        Some(code) if error.is_permanent() => Answer::Refused(code),
        Some(code) => Answer::later(code),
        None if error.is_timeout() => Answer::later("does not answer (timeout)"),
        None if error.is_tls() => Answer::later("does not answer (tls)"),
        None if error.is_client() => Answer::later("cannot be spoken to as it is configured"),
        None => Answer::later("does not answer (connection)"),
    }
}

impl Channel for Email {
    fn name(&self) -> &str {
        &self.name
    }

    fn most(&self) -> usize {
        MOST
    }

    fn listed(&self) -> usize {
        LISTED
    }

    fn escape(&self, plain: &str) -> String {
        plain.to_owned()
    }

    fn send<'a>(&'a self, letter: Letter<'a>) -> Sending<'a> {
        Box::pin(self.deliver(letter))
    }
}
