//! What of a host is checked from outside, and whether the addresses that its name leads to are its own.

use core::net::IpAddr;
use std::collections::BTreeSet;

use strum::{EnumCount as _, VariantArray as _};

use crate::text::closed::every;

/// One check of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
pub enum HostCheck {
    /// Its name leads to its addresses and to no others.
    Dns,
    /// Its peer-to-peer port takes connections at every address.
    P2p,
    /// An Aztec node of the network answers over HTTPS.
    Rpc,
    /// An Aztec node of the network answers at every address.
    RpcByIp,
    /// An L1 endpoint of the network's chain answers.
    L1,
}

impl HostCheck {
    /// Every check.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that labels and logs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How the addresses of a name differ from those of its host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressDifference {
    /// Addresses of the host to which the name does not lead.
    pub missing: BTreeSet<IpAddr>,
    /// Addresses to which the name leads and which are not the host's.
    pub strange: BTreeSet<IpAddr>,
}

/// Compares the addresses of a name with those of its host; `None` when they are the same. An IPv4 address that is
/// written as IPv6 is itself.
#[must_use]
pub fn compare_addresses(own: &BTreeSet<IpAddr>, resolved: &BTreeSet<IpAddr>) -> Option<AddressDifference> {
    let plain = |addresses: &BTreeSet<IpAddr>| addresses.iter().map(IpAddr::to_canonical).collect::<BTreeSet<_>>();
    let (own, resolved) = (plain(own), plain(resolved));
    let difference = AddressDifference {
        missing: own.difference(&resolved).copied().collect(),
        strange: resolved.difference(&own).copied().collect(),
    };
    (difference != AddressDifference::default()).then_some(difference)
}

impl AddressDifference {
    /// For the log, on one line.
    #[must_use]
    pub fn describe(&self) -> String {
        let list = |addresses: &BTreeSet<IpAddr>, what: &str| {
            let addresses: Vec<String> = addresses.iter().take(8).map(IpAddr::to_string).collect();
            (!addresses.is_empty()).then(|| format!("{what} {}", addresses.join(", ")))
        };
        let parts = [list(&self.missing, "does not lead to"), list(&self.strange, "leads to")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> BTreeSet<IpAddr> {
        list.iter().map(|address| address.parse().unwrap()).collect()
    }

    fn difference(own: &[&str], resolved: &[&str]) -> Option<String> {
        compare_addresses(&addresses(own), &addresses(resolved)).map(|difference| difference.describe())
    }

    #[test]
    fn a_name_leads_to_all_addresses_and_to_no_others() {
        let both = ["192.0.2.7", "2001:db8::7"];
        assert_eq!(difference(&both, &["2001:db8::7", "192.0.2.7"]), None);
        assert_eq!(difference(&both, &["192.0.2.7"]).unwrap(), "does not lead to 2001:db8::7");
        assert_eq!(difference(&["192.0.2.7"], &both).unwrap(), "leads to 2001:db8::7");
        let moved = difference(&["192.0.2.7"], &["192.0.2.8"]).unwrap();
        assert_eq!(moved, "does not lead to 192.0.2.7, and leads to 192.0.2.8");
        assert_eq!(difference(&["192.0.2.7"], &[]).unwrap(), "does not lead to 192.0.2.7");
        assert_eq!(difference(&["192.0.2.7"], &["::ffff:192.0.2.7"]), None);
    }
}
