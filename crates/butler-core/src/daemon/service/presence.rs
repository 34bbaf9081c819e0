//! Whether a program of ours listens at a port already, told by a name that lasts as long as its process.
//!
//! The name is an abstract Unix socket: it is seen by every user of the same network namespace, as the port is, and leaves no file behind.
//! Somebody else could take the name; then a look at a service says less, and nothing else changes.

use std::io::Error;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The name, while this lives.
#[derive(Debug)]
pub struct Presence {
    _socket: UnixDatagram,
}

impl Presence {
    /// Takes the name of the program with this section of the configuration. `None` where somebody has it.
    #[must_use]
    pub fn claim(section: &str, port: u16) -> Option<Self> {
        let socket = name(section, port).and_then(|name| UnixDatagram::bind_addr(&name)).ok()?;
        Some(Self { _socket: socket })
    }

    /// Whether somebody has it.
    #[must_use]
    pub fn is_claimed(section: &str, port: u16) -> bool {
        name(section, port).and_then(|name| UnixDatagram::unbound()?.connect_addr(&name)).is_ok()
    }
}

fn name(section: &str, port: u16) -> Result<SocketAddr, Error> {
    SocketAddr::from_abstract_name(format!("butler/{section}/{port}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_name_is_one_programs_at_one_port_and_ends_with_it() {
        // Nobody else has this port meanwhile.
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(!Presence::is_claimed("exporter", port));
        let presence = Presence::claim("exporter", port).unwrap();
        assert!(Presence::is_claimed("exporter", port) && !Presence::is_claimed("watcher", port));
        assert!(Presence::claim("exporter", port).is_none());
        drop(presence);
        assert!(!Presence::is_claimed("exporter", port));
    }
}
