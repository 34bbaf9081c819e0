//! Secrets: whether others can read them, and whether a token can be guessed. That they are there was seen when the configuration was read.

use secrecy::ExposeSecret as _;

use super::list::Check;
use crate::config::{Config, HttpConfig};

/// The fewest characters of a token that nobody guesses.
const TOKEN: usize = 16;

pub(super) fn look(config: &Config) -> Vec<Check> {
    let exposed: Vec<Check> =
        config.exposed().into_iter().map(|exposed| Check::warning("secret", exposed.why).hint(exposed.hint)).collect();
    match (exposed.is_empty(), config.secret_files().len()) {
        (false, _) => exposed,
        (true, 0) => Vec::new(),
        (true, count) => vec![Check::good("secrets", format!("{count} are read, and others cannot read them"))],
    }
}

pub(super) fn tokens(http: &HttpConfig) -> Option<Check> {
    let token = http.bearer_token.as_ref()?;
    let is_short = token.expose_secret().len() < TOKEN;
    let what = || format!("token of `{}`", http.section);
    is_short
        .then(|| Check::warning(what(), format!("it has less than {TOKEN} characters")).hint("`openssl rand -hex 16`"))
}
