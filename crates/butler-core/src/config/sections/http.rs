//! How a daemon is served: its address, the files of its certificate, and who may ask.
//!
//! The certificate is read where it is used, since it is replaced while the program runs; the users are read here. Messages
//! name a line and what is wrong with it, and never a hash.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::reader::{Read, Section};
use crate::config::secret::{SecretKeys, choose, credential_path, read_secret, unreadable};
use crate::config::setting::Problem;
use crate::config::text_setting::{CredentialName, DomainName};
use crate::store::file::load_bounded;

/// The largest file of users.
const USERS_LIMIT: u64 = 64 * 1024;
/// The longest name of a user.
const NAME_LIMIT: usize = 64;
/// What a hash may cost. Below, the format does not go; above, one request would take seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;

const BEARER: SecretKeys =
    SecretKeys { file: "bearer_token_file", credential: "bearer_token_credential", variable: "bearer_token_env" };

/// Where a daemon is served, and to whom.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// The section's name, for messages.
    pub section: String,
    /// The address.
    pub listen: SocketAddr,
    /// What a request may bring. Neither this nor a user only on loopback, or when that was asked for.
    pub bearer_token: Option<SecretString>,
    /// Who may ask with a password. Empty when nobody is configured.
    pub basic_users: Vec<BasicUser>,
    /// Where the certificate is, when HTTPS is served.
    pub tls: Option<TlsFiles>,
    /// Names beside those of loopback under which it may be asked where anybody on this machine may ask.
    pub host_names: Vec<String>,
}

impl HttpConfig {
    /// What is said of an address that others can reach, when what they send or read is not safe on its way.
    #[must_use]
    pub fn exposure(&self) -> Option<String> {
        let (address, has_secret) = (self.listen, self.bearer_token.is_some() || !self.basic_users.is_empty());
        let section = &self.section;
        let is_plain = !address.ip().is_loopback() && self.tls.is_none();
        is_plain.then(|| match has_secret {
            true => {
                format!("tokens and passwords travel to {address} readable (hint: `{section}.tls_certificate_file`)")
            }
            false => format!("everybody who can reach {address} can read everything that is served"),
        })
    }
}

/// The files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and its chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Somebody who may ask.
#[derive(Debug, Clone)]
pub struct BasicUser {
    /// The name, without `:`.
    pub name: String,
    /// The password's bcrypt hash.
    pub hash: SecretString,
}

/// Reads how a daemon is served; its address is read before, since values are shown in the order in which they are read.
pub(crate) fn read_http(section: &Section<'_>, listen: Read<SocketAddr>) -> Read<HttpConfig> {
    let insecure = section.get::<bool>("insecure");
    let bearer_token = read_secret(section, &BEARER).and_then(|token| match token {
        // Whoever asks brings it in a header: one of two lines would let nobody in.
        Some((key, token)) if token.expose_secret().contains(char::is_control) => {
            let problem = Problem::new("the token holds a character that a header can not carry");
            Err(section.fault(key, problem.hint("one token, on one line")))
        }
        token => Ok(token),
    });
    let (basic_users, tls) = (read_users(section), read_tls(section));
    let host_names = section.list::<DomainName>("host_names");
    let bearer_token = bearer_token?.map(|(_, token)| token);
    let (basic_users, tls) = (basic_users?, tls?);
    let (listen, insecure) = (listen?, insecure?);
    if !listen.ip().is_loopback() && bearer_token.is_none() && basic_users.is_empty() && !insecure {
        let problem = Problem::new("others can reach this address, and neither a token nor a password is asked for");
        let hint = "set `bearer_token_file` or `basic_users_file`, or `insecure = true` behind a proxy of your own";
        return Err(section.fault("listen", problem.hint(hint)));
    }
    let host_names = host_names.into_iter().map(|(name, _)| name.0).collect();
    Ok(HttpConfig { section: section.path_of(""), listen, bearer_token, basic_users, tls, host_names })
}

fn read_tls(section: &Section<'_>) -> Read<Option<TlsFiles>> {
    const CERTIFICATE: &str = "tls_certificate_file";
    let certificate = section.path(CERTIFICATE);
    let key = choose(section, &["tls_key_file", "tls_key_credential"])?;
    match (certificate?, key) {
        (None, None) => Ok(None),
        (Some(_), None) => {
            let problem = Problem::new("there is a certificate and no key");
            Err(section.fault(CERTIFICATE, problem.hint("set `tls_key_file` or `tls_key_credential`")))
        }
        (None, Some(key)) => {
            let problem = Problem::new("there is a key and no certificate");
            Err(section.fault(key, problem.hint("set `tls_certificate_file`")))
        }
        (Some(certificate), Some("tls_key_file")) => Ok(section.path("tls_key_file")?.map(|key| {
            section.keeps_secret("tls_key_file", &key);
            TlsFiles { certificate, key }
        })),
        (Some(certificate), Some(key)) => match section.optional::<CredentialName>(key)? {
            None => Ok(None),
            Some(name) => match credential_path(section, &name.0) {
                Ok(file) => {
                    section.keeps_secret(key, &file);
                    Ok(Some(TlsFiles { certificate, key: file }))
                }
                Err(problem) => Err(section.fault(key, problem)),
            },
        },
    }
}

fn read_users(section: &Section<'_>) -> Read<Vec<BasicUser>> {
    const KEY: &str = "basic_users_file";
    let Some(path) = section.file(KEY)? else { return Ok(Vec::new()) };
    section.keeps_secret(KEY, &path);
    let text = load_bounded(&path, USERS_LIMIT)
        .map_err(|error| unreadable(&error))
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| Problem::new("the file is not UTF-8")));
    let users = text.and_then(|text| parse_users(&text, &path.display().to_string()));
    users.map_err(|problem| section.fault(KEY, problem))
}

fn parse_users(text: &str, path: &str) -> Result<Vec<BasicUser>, Problem> {
    let mut users: Vec<BasicUser> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = |what: &str| Problem::new(format!("line {} of `{path}`: {what}", index + 1));
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let hint = "`htpasswd -nB NAME` writes one";
        let Some((name, hash)) = line.split_once(':') else {
            return Err(wrong("expected `name:hash`").hint(hint));
        };
        if name.is_empty() || name.len() > NAME_LIMIT || name.chars().any(char::is_control) {
            return Err(wrong(&format!("a name has 1 to {NAME_LIMIT} bytes and no control characters")));
        }
        if users.iter().any(|user| user.name == name) {
            return Err(wrong("this name is there twice"));
        }
        match cost(hash) {
            None => return Err(wrong("this is no bcrypt hash, which begins with `$2b$` or `$2y$`").hint(hint)),
            Some(cost) if !COSTS.contains(&cost) => {
                let (low, high) = (COSTS.start(), COSTS.end());
                return Err(
                    wrong(&format!("the cost {cost} is not between {low} and {high}")).hint("`htpasswd -B -C 10`")
                );
            }
            Some(_) => users.push(BasicUser { name: name.to_owned(), hash: hash.to_owned().into() }),
        }
    }
    if users.is_empty() {
        return Err(Problem::new(format!("there is no user in `{path}`")));
    }
    Ok(users)
}

/// The cost of a well-formed hash: `$2b$10$` and 53 characters of salt and hash.
fn cost(hash: &str) -> Option<u32> {
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|start| hash.strip_prefix(start))?;
    let (cost, rest) = rest.split_once('$')?;
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || c == b'.' || c == b'/';
    let is_whole = cost.len() == 2 && rest.len() == 53 && rest.bytes().all(is_base64);
    cost.parse().ok().filter(|_| is_whole && cost.bytes().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe";

    #[test]
    fn users_are_read_line_by_line_and_faults_name_the_line() {
        let users = parse_users(&format!("# who\n\n alice:{HASH}\nbob:{HASH}\r\n"), "users").unwrap();
        assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
        for (text, expected) in [
            ("".to_owned(), "there is no user in `users`"),
            ("alice".to_owned(), "line 1 of `users`: expected `name:hash`"),
            (format!(":{HASH}"), "line 1 of `users`: a name has 1 to 64 bytes"),
            (format!("{}:{HASH}", "x".repeat(65)), "line 1 of `users`: a name has 1 to 64 bytes"),
            (format!("alice:{HASH}\nalice:{HASH}"), "line 2 of `users`: this name is there twice"),
            ("alice:hunter2".to_owned(), "line 1 of `users`: this is no bcrypt hash"),
            (format!("alice:{}", HASH.replace("$05$", "$5$")), "line 1 of `users`: this is no bcrypt hash"),
            (format!("alice:{}", HASH.replace("$05$", "$+5$")), "line 1 of `users`: this is no bcrypt hash"),
            (format!("alice:{HASH}x"), "line 1 of `users`: this is no bcrypt hash"),
            (format!("alice:{}", HASH.replace("$05$", "$15$")), "line 1 of `users`: the cost 15 is not between"),
            (format!("alice:{}", HASH.replace("$05$", "$03$")), "line 1 of `users`: the cost 3 is not between"),
        ] {
            let problem = parse_users(&text, "users").unwrap_err();
            assert!(problem.what.starts_with(expected), "{}", problem.what);
            assert!(!format!("{problem:?}").contains("hunter2"));
        }
    }
}
