//! Where a connection comes from, as far as it tells one client from another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address, or for IPv6 the network of one site, which has as many addresses as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin(IpAddr);

impl Origin {
    /// It, the network that it is in (`/24`, or `/48` for IPv6), and the network of whoever gives out such networks (`/16`, `/32`).
    pub(super) fn within(self) -> [Self; 3] {
        match self.0 {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                let network = |octets: [u8; 4]| Self(Ipv4Addr::from(octets).into());
                [self, network([a, b, c, 0]), network([a, b, 0, 0])]
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                let network = |c| Self(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into());
                [self, network(c), network(0)]
            }
        }
    }
}

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn one_site_is_one_origin() {
        assert_eq!(origin("2001:db8:1:2::1"), origin("2001:db8:1:2:ffff::7"));
        assert_ne!(origin("2001:db8:1:2::1"), origin("2001:db8:1:3::1"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
        assert_ne!(origin("192.0.2.1"), origin("192.0.2.2"));
    }

    #[test]
    fn an_origin_is_in_a_network_and_that_in_a_wider_one() {
        assert_eq!(origin("192.0.2.1").within(), ["192.0.2.1", "192.0.2.0", "192.0.0.0"].map(origin));
        assert_eq!(origin("2001:db8:1:2::1").within(), ["2001:db8:1:2::", "2001:db8:1::", "2001:db8::"].map(origin));
    }
}
