//! What duties are held against, from a snapshot and its rows.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::config::NetworkConfig;
use butler_core::domain::attester::overview::AttesterRow;
use butler_core::domain::attester::position::Position;
use butler_core::domain::duties::{Expected, expected};
use butler_core::domain::operator::labels::by_label;
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::Address;

/// What duties are held against.
#[derive(Debug, Clone, Default)]
pub struct DutiesBasis {
    /// Own attesters.
    pub own: BTreeSet<Address>,
    /// Those of them that validate.
    pub validating: BTreeSet<Address>,
    /// What each must have as its coinbase.
    pub expected: Expected,
    /// Own attesters of each server.
    pub servers: BTreeMap<String, BTreeSet<Address>>,
    /// Own attesters under each label.
    pub labels: BTreeMap<String, BTreeSet<Address>>,
}

impl DutiesBasis {
    /// What a snapshot and its rows say.
    #[must_use]
    pub fn of(config: &NetworkConfig, snapshot: &NetworkSnapshot, rows: &[AttesterRow]) -> Self {
        let mut servers = BTreeMap::<String, BTreeSet<Address>>::new();
        for row in rows {
            for server in &row.servers {
                servers.entry(server.clone()).or_default().insert(row.attester);
            }
        }
        let labelled = by_label(&config.labels, config.server_labels, rows).into_iter();
        Self {
            own: rows.iter().map(|row| row.attester).collect(),
            validating: rows
                .iter()
                .filter(|row| row.position == Position::Validating)
                .map(|row| row.attester)
                .filter(|attester| snapshot.stands_at(*attester) == Some(snapshot.canonical()))
                .collect(),
            expected: expected(rows, &snapshot.delegations),
            servers,
            labels: labelled.map(|(label, rows)| (label, rows.into_iter().map(|row| row.attester).collect())).collect(),
        }
    }
}
