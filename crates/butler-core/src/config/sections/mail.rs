//! Whom the watcher writes to, and which server takes the letters.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::manner::{Manner, read_manner};
use crate::config::reader::{Read, Section};
use crate::config::secret::{Readers, SecretKeys, read_kept};
use crate::config::setting::{Problem, Setting};
use crate::config::text_setting::Text;

const PASSWORD: SecretKeys =
    SecretKeys { file: "password_file", credential: "password_credential", variable: "password_env" };

/// E-mail by SMTP.
#[derive(Debug, Clone)]
pub struct EmailConfig {
    /// The name in logs and metrics.
    pub name: String,
    /// The server's name, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub tls: MailTls,
    /// Certificate authorities (PEM) to trust beside Mozilla's.
    pub ca_file: Option<PathBuf>,
    /// User and password.
    pub login: Option<(String, SecretString)>,
    /// Whom letters come from.
    pub from: String,
    /// Whom they go to.
    pub to: Vec<String>,
    /// How long one letter may take.
    pub timeout: Duration,
    /// How they want to be told.
    pub manner: Manner,
}

/// How a connection to a mail server is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte.
    Implicit,
    /// TLS before the first word of ours.
    StartTls,
    /// Not at all.
    Nothing,
}

/// Reads whom to write to.
pub(crate) fn read_email(section: &Section<'_>) -> Read<EmailConfig> {
    let name = section.get::<Text>("name");
    let host = section.get::<Text>("host");
    let tls = section.get::<MailTls>("tls");
    let port = section.optional::<u64>("port");
    let ca_file = section.file("ca_file");
    let user = section.optional::<Text>("user");
    let password = read_kept(section, &PASSWORD, Readers::Owner);
    let from = section.get::<Mailbox>("from");
    let to: Vec<String> = section.list::<Mailbox>("to").into_iter().map(|(to, _)| to.0).collect();
    let (timeout, manner) = (section.get("timeout"), read_manner(section));
    let (host, tls, port) = (host?.0, tls?, port?.and_then(|port| u16::try_from(port).ok()));
    let login = match (user?, password?) {
        (None, None) => None,
        (Some(user), Some((key, password))) => {
            if tls == MailTls::Nothing && !is_loopback(&host) {
                let problem = Problem::new("the password would travel readable");
                return Err(section.fault(key, problem.hint("`tls = \"implicit\"` or `tls = \"starttls\"`")));
            }
            Some((user.0, password))
        }
        (Some(_), None) => return Err(section.fault("user", Problem::new("a user without a password"))),
        (None, Some((key, _))) => return Err(section.fault(key, Problem::new("a password without `user`"))),
    };
    if to.is_empty() {
        return Err(section.fault("to", Problem::new("nobody is written to").hint("to = [\"ops@example.com\"]")));
    }
    let usual = match tls {
        MailTls::Implicit => 465,
        MailTls::StartTls => 587,
        MailTls::Nothing => 25,
    };
    Ok(EmailConfig {
        name: name?.0,
        host,
        port: port.unwrap_or(usual),
        tls,
        ca_file: ca_file?,
        login,
        from: from?.0,
        to,
        timeout: timeout?,
        manner: manner?,
    })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Setting for MailTls {
    const KIND: &'static str = "mail encryption";
    const EXPECTED: &'static str = "implicit, starttls or none";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let all = [Self::Implicit, Self::StartTls, Self::Nothing];
        all.into_iter().find(|one| one.show() == text).ok_or_else(Self::expected)
    }
    fn show(&self) -> String {
        let name = match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::Nothing => "none",
        };
        name.to_owned()
    }
}

/// An address of e-mail, without a name beside it.
struct Mailbox(String);

impl Setting for Mailbox {
    const KIND: &'static str = "mail address";
    const EXPECTED: &'static str = "an address such as \"ops@example.com\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_letter);
        let is_whole = text.len() <= 254
            && text.split_once('@').is_some_and(|(user, host)| {
                let is_label = |label: &str| {
                    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                    !label.is_empty() && label.len() <= 63 && label.bytes().all(is_inner)
                };
                user.len() <= 64 && user.split('.').all(is_word) && host.split('.').all(is_label)
            });
        if is_whole { Ok(Self(text.to_owned())) } else { Err(Self::expected()) }
    }
    fn show(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_word_with_one_host_and_nothing_that_begins_a_header() {
        for good in ["ops@example.com", "a.b+c@localhost", "o'neill@mail-1.example.org"] {
            assert!(Mailbox::from_text(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ops",
            "@example.com",
            "ops@",
            "a@b@c",
            "Ops <ops@example.com>",
            "a@b\r\nBcc: c@d",
            "a..b@c",
            "a@b..c",
            "a b@c",
        ] {
            assert!(Mailbox::from_text(bad).is_err(), "{bad:?}");
        }
    }
}
