//! Which `Host` a request may name where everybody on this machine may ask.
//!
//! A page in a browser of this machine can have its own name point at 127.0.0.1 ("DNS rebinding") and then read what answers there. It cannot
//! choose what the browser writes into `Host`, which is that name. So a server that asks for no token and listens on loopback answers to the
//! names of loopback, and to those that the configuration adds. One that listens elsewhere is asked by names that only its operator knows:
//! where the configuration says them, it answers to these alone, and to addresses, which nobody can have point elsewhere. Whoever names none
//! is no browser.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderValue};
use hyper::http::request::Parts;

/// Which addresses a request may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    /// Those of loopback.
    Loopback,
    /// Any.
    Any,
}

/// Whether each host that the request names is one of loopback, one of these addresses, or one of `names`.
pub(super) fn is_ours(request: &Parts, names: &[String], addresses: Addresses) -> bool {
    let target = request.uri.authority().map(|authority| authority.as_str());
    let headers = request.headers.get_all(HOST).into_iter().map(HeaderValue::to_str);
    let mut hosts = headers.chain(target.map(Ok));
    hosts.all(|host| host.is_ok_and(|host| is_known(host, names, addresses)))
}

fn is_known(host: &str, names: &[String], addresses: Addresses) -> bool {
    let Some(name) = without_port(host.trim()) else { return false };
    if let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return addresses == Addresses::Any || address.to_canonical().is_loopback();
    }
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    // RFC 6761: whatever ends so is this machine, too.
    name == "localhost" || name.ends_with(".localhost") || names.iter().any(|known| known.eq_ignore_ascii_case(&name))
}

/// The name or address without a port; `None` for what has another form.
fn without_port(host: &str) -> Option<&str> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(inner) => host.split_at_checked(inner.find(']')? + 2)?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = |port: &str| !port.is_empty() && port.len() <= 5 && port.bytes().all(|digit| digit.is_ascii_digit());
    let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    (is_whole && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn asks(hosts: &[&str], target: &str) -> bool {
        asks_for(hosts, target, Addresses::Loopback)
    }

    fn asks_for(hosts: &[&str], target: &str, addresses: Addresses) -> bool {
        let mut request = Request::get(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        is_ours(&request.body(()).unwrap().into_parts().0, &["butler.example.org".to_owned()], addresses)
    }

    #[test]
    fn only_loopback_and_configured_names_are_answered() {
        for ours in [
            "localhost",
            "LocalHost:9464",
            "localhost.",
            "butler.localhost:80",
            "127.0.0.1",
            "127.1.2.3:9464",
            "[::1]",
            "[::1]:9464",
            "[::ffff:127.0.0.1]",
            "Butler.Example.ORG:443",
        ] {
            assert!(asks(&[ours], "/metrics"), "{ours}");
        }
        for strange in [
            "example.org",
            "rebound.example.org:9464",
            "localhost.example.org",
            "notlocalhost",
            "127.0.0.1.example.org",
            "192.0.2.1",
            "0.0.0.0",
            "[::2]",
            "[2001:db8::1]:9464",
            "",
            ":9464",
            "localhost:",
            "localhost:http",
            "localhost:999999",
            "[::1",
            "[::1]x",
            "localhost@example.org",
            "localhost, example.org",
        ] {
            assert!(!asks(&[strange], "/metrics"), "{strange}");
        }
        assert!(asks(&[], "/metrics"), "no browser leaves it out");
        assert!(!asks(&["localhost", "example.org"], "/metrics"));
        assert!(!asks(&["localhost"], "http://example.org/metrics"));
        assert!(asks(&["localhost"], "http://localhost:9464/metrics"));
    }

    #[test]
    fn where_any_address_is_ours_another_name_is_not() {
        for (host, is_ours) in [
            ("192.0.2.1:9464", true),
            ("[2001:db8::1]:9464", true),
            ("localhost", true),
            ("butler.example.org", true),
            ("rebound.example.org:9464", false),
            ("192.0.2.1.example.org", false),
        ] {
            assert_eq!(asks_for(&[host], "/metrics", Addresses::Any), is_ours, "{host}");
        }
    }
}
