//! Whether the service could listen.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::list::Check;
use crate::config::HttpConfig;
use crate::daemon::http::bind::bind_hint;
use crate::daemon::service::presence::Presence;

pub(super) fn look(http: &HttpConfig) -> Check {
    let (what, address, section) = (format!("`{}.listen`", http.section), http.listen, &http.section);
    let Err(error) = TcpListener::bind(address) else {
        return match http.exposure() {
            Some(exposed) => Check::warning(what, exposed),
            None => Check::good(what, format!("{address} is free")),
        };
    };
    let why = format!("failed to listen on {address}: {error}");
    if error.kind() == ErrorKind::AddrInUse && Presence::is_claimed(section, address.port()) {
        let hint =
            format!("butler-{section} itself listens there: all is well beside it, and a second one does not start");
        return Check::warning(what, why).hint(hint);
    }
    Check::bad(what, why).hint(bind_hint(&error, address, &format!("{section}.listen"), section))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::list::Outcome;
    use super::*;

    fn http(listen: SocketAddr) -> HttpConfig {
        HttpConfig {
            section: "exporter".to_owned(),
            listen,
            bearer_token: None,
            basic_users: Vec::new(),
            tls: None,
            host_names: Vec::new(),
        }
    }

    #[test]
    fn an_address_is_free_or_in_use_or_not_of_this_machine() {
        let outcome = |listen: &str| look(&http(listen.parse().unwrap())).outcome;
        assert_eq!(outcome("127.0.0.1:0"), Outcome::Good);
        assert_eq!(outcome("192.0.2.1:0"), Outcome::Bad);
        assert_eq!(outcome("0.0.0.0:0"), Outcome::Warning, "everybody can read what is served");
    }

    #[test]
    fn a_port_that_another_program_has_fails_and_one_that_is_this_services_own_does_not() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let (_other, found) = (Presence::claim("watcher", address.port()), look(&http(address)));
        assert_eq!(found.outcome, Outcome::Bad);
        assert!(found.why.starts_with(&format!("failed to listen on {address}: ")), "{found:?}");
        assert!(found.hint.is_some_and(|hint| hint.contains("`exporter.listen`")));
        let _own = Presence::claim("exporter", address.port()).unwrap();
        assert_eq!(look(&http(address)).outcome, Outcome::Warning);
    }
}
