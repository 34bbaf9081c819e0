//! E-mail by SMTP.
//!
//! A letter that is sent again has the `Message-ID` of the first try: many servers and readers know it by that.

use std::fmt;
use std::time::Duration;

use butler_core::config::{EmailConfig, MailTls};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use thiserror::Error;
use tokio::time::timeout;

use super::channel::{Answer, Channel, Letter, Sending};

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
    transport: AsyncSmtpTransport<Tokio1Executor>,
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
            MailTls::Nothing => Tls::None,
            MailTls::Implicit => Tls::Wrapper(parameters(config)?),
            MailTls::StartTls => Tls::Required(parameters(config)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(config.timeout));
        if let Some((user, password)) = &config.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self {
            name: config.name.clone(),
            from: address(&config.from)?,
            to: config.to.iter().map(|to| address(to)).collect::<Result<_, _>>()?,
            timeout: config.timeout,
            transport: builder.build(),
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
        match timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Answer::Taken,
            Ok(Err(error)) => judge(&error),
            Err(_) => Answer::later("does not answer (timeout)"),
        }
    }
}

/// Whom to trust, and under which name.
fn parameters(config: &EmailConfig) -> Result<TlsParameters, EmailSetupError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| EmailSetupError::Authorities {
        name: config.name.clone(),
        source,
    };
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(path).map_err(|error| failed(Box::new(error)))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| failed(Box::new(error)))?;
        builder = builder.add_root_certificate(certificate);
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
