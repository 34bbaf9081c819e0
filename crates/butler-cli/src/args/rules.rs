//! The arguments of `rules`.

use clap::Args;
use url::Url;

/// How to print the alert rules.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Where people reach the exporter: put before the path of each runbook. Without it `exporter.public_url` of the configuration counts;
    /// without that, too, the runbooks are paths, which lead nowhere in a chat.
    #[arg(long, value_name = "URL", value_parser = base)]
    pub runbook_base: Option<String>,
}

/// An address without what must not be in every message: a user, a query, a slash at its end.
fn base(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("it is no http or https address".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("it may hold neither user and password nor `?` or `#`".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_an_address_without_secrets() {
        assert_eq!(base("https://butler.example:9464/").as_deref(), Ok("https://butler.example:9464"));
        assert_eq!(base("http://[::1]:9464/butler").as_deref(), Ok("http://[::1]:9464/butler"));
        for bad in ["butler.example", "ftp://a", "https://u:p@a", "https://a?b", "https://a#b", "https://a b", "", "/x"]
        {
            assert!(base(bad).is_err(), "{bad}");
        }
    }
}
