//! Whether the service could listen.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::list::Check;
use crate::config::HttpConfig;

pub(super) fn look(http: &HttpConfig) -> Check {
    let (what, address) = (format!("`{}.listen`", http.section), http.listen);
    match TcpListener::bind(address) {
        Ok(_) => match http.exposure() {
            Some(exposed) => Check::warning(what, exposed),
            None => Check::good(what, format!("{address} is free")),
        },
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Check::warning(what, format!("{address} is in use")).hint("all is well where that is this service itself")
        }
        Err(error) => Check::bad(what, format!("{address} cannot be listened on: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::Outcome;
    use super::*;

    #[test]
    fn an_address_is_free_or_in_use_or_not_of_this_machine() {
        let http = |listen: &str| HttpConfig {
            section: "exporter".to_owned(),
            listen: listen.parse().unwrap(),
            bearer_token: None,
            basic_users: Vec::new(),
            tls: None,
            host_names: Vec::new(),
        };
        assert_eq!(look(&http("127.0.0.1:0")).outcome, Outcome::Good);
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(look(&http(&taken.local_addr().unwrap().to_string())).outcome, Outcome::Warning);
        assert_eq!(look(&http("192.0.2.1:0")).outcome, Outcome::Bad);
        assert_eq!(look(&http("0.0.0.0:0")).outcome, Outcome::Warning, "everybody can read what is served");
    }
}
