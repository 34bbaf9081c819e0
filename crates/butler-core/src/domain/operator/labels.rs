//! Groups of attesters under labels that the operator chooses, so that figures are many where groups are, not attesters.
//!
//! An attester may be in several groups, or in none. Each server of the key files is a group of its own, if that is wanted.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use crate::domain::attester::overview::AttesterRow;

/// What the label of a server begins with.
pub const SERVER_PREFIX: &str = "server:";

/// One label and whom it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRule {
    /// The label, such as `operator:kiln`.
    pub label: String,
    /// Attesters by address.
    pub attesters: BTreeSet<Address>,
    /// Servers of the key files, with all of their attesters.
    pub servers: BTreeSet<String>,
}

impl LabelRule {
    /// Whether the label stands for this attester.
    #[must_use]
    pub fn covers(&self, row: &AttesterRow) -> bool {
        self.attesters.contains(&row.attester) || !self.servers.is_disjoint(&row.servers)
    }
}

/// The rows of each label, in the order of `rows`. A label that stands for nobody is there, too.
#[must_use]
pub fn by_label<'a>(
    rules: &[LabelRule],
    servers_are_labels: bool,
    rows: &'a [AttesterRow],
) -> BTreeMap<String, Vec<&'a AttesterRow>> {
    let mut groups: BTreeMap<String, Vec<&AttesterRow>> = BTreeMap::new();
    for rule in rules {
        groups.entry(rule.label.clone()).or_default().extend(rows.iter().filter(|row| rule.covers(row)));
    }
    if servers_are_labels {
        for row in rows {
            for server in &row.servers {
                groups.entry(format!("{SERVER_PREFIX}{server}")).or_default().push(row);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::attester::overview::overview;
    use crate::domain::attester::view::OnChainStatus;
    use crate::domain::operator::key_book::KeyBook;
    use crate::domain::samples::{address, key_entry, network, view};

    fn rule(label: &str, attesters: &[u64], servers: &[&str]) -> LabelRule {
        LabelRule {
            label: label.to_owned(),
            attesters: attesters.iter().map(|attester| address(*attester)).collect(),
            servers: servers.iter().map(|server| (*server).to_owned()).collect(),
        }
    }

    /// 1 runs on a, 2 on a and b, 3 on b, 4 nowhere.
    fn rows() -> Vec<AttesterRow> {
        let mut snapshot = network();
        snapshot.attesters = (1..=4).map(|attester| (address(attester), view(OnChainStatus::None, false))).collect();
        let entries = [(1, "a"), (2, "a"), (2, "b"), (3, "b")];
        let entries = entries.map(|(attester, server)| key_entry(attester, server, server, 0)).into();
        let book = KeyBook { entries, ..KeyBook::default() };
        overview(&snapshot, &book, &BTreeMap::new(), Duration::ZERO)
    }

    #[test]
    fn a_label_stands_for_its_attesters_and_those_of_its_servers_once_each() {
        let rows = rows();
        let rules = [rule("all", &[1, 4], &["a", "b"]), rule("b", &[], &["b"]), rule("none", &[9], &["c"])];
        let groups = by_label(&rules, false, &rows);
        let of = |label: &str| {
            let mut attesters: Vec<_> = groups[label].iter().map(|row| row.attester).collect();
            attesters.sort_unstable();
            attesters
        };
        assert_eq!(of("all"), [1, 2, 3, 4].map(address));
        assert_eq!(of("b"), [2, 3].map(address));
        assert_eq!(of("none"), []);
        assert_eq!(groups.len(), 3);
    }

    #[test]
    fn every_server_is_a_label_where_that_is_wanted() {
        let rows = rows();
        let groups = by_label(&[], true, &rows);
        let counts: Vec<_> = groups.iter().map(|(label, rows)| (label.as_str(), rows.len())).collect();
        assert_eq!(counts, [("server:a", 2), ("server:b", 2)]);
    }
}
