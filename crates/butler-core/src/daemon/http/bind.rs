//! Why an address cannot be listened on, and what the operator can do about it.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

/// The first port that everybody may listen on.
const FREE_PORTS: u16 = 1024;

/// What to do about an address of `program` that cannot be listened on; `key` of the configuration sets it.
#[must_use]
pub fn bind_hint(error: &Error, address: SocketAddr, key: &str, program: &str) -> String {
    if error.kind() == ErrorKind::PermissionDenied {
        return if address.port() < FREE_PORTS {
            format!(
                "ports below {FREE_PORTS} need a right: set `{key}` to a higher one, or give the unit `AmbientCapabilities=CAP_NET_BIND_SERVICE`"
            )
        } else {
            format!("this user may not listen there: see `SocketBindDeny=` of the unit, or set `{key}`")
        };
    }
    if error.kind() == ErrorKind::AddrNotAvailable {
        return format!("this machine has no such address; `{key}` sets it");
    }
    format!("is another {program} running? `{key}` sets the address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_that_is_missing_is_not_told_as_another_program() {
        let hint = |kind: ErrorKind, address: &str| {
            bind_hint(&Error::from(kind), address.parse().unwrap(), "exporter.listen", "exporter")
        };
        assert!(hint(ErrorKind::PermissionDenied, "127.0.0.1:80").contains("CAP_NET_BIND_SERVICE"));
        assert!(hint(ErrorKind::PermissionDenied, "127.0.0.1:8080").contains("SocketBindDeny"));
        assert!(hint(ErrorKind::AddrNotAvailable, "10.9.9.9:8080").contains("no such address"));
        assert!(hint(ErrorKind::AddrInUse, "127.0.0.1:8080").contains("another exporter"));
    }
}
