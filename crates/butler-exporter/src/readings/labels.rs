//! The operator's labels as readings: how many series there are follows from the labels, not from the attesters.

use butler_core::config::NetworkConfig;
use butler_core::domain::attester::coinbase::CoinbaseCheck;
use butler_core::domain::attester::overview::{AttesterRow, counts_by_state};
use butler_core::domain::operator::labels::by_label;

use super::{Readings, count, number};
use crate::catalogue;

/// Adds the readings of every label. Coinbases are judged only where there are key files.
pub(super) fn push_labels(readings: &mut Readings, config: &NetworkConfig, rows: &[AttesterRow], has_keys: bool) {
    for (label, rows) in by_label(&config.labels, config.server_labels, rows) {
        let rows: Vec<AttesterRow> = rows.into_iter().cloned().collect();
        for (state, attesters) in counts_by_state(&rows) {
            let labels = [label.clone(), state.name().to_owned()];
            readings.push(&catalogue::LABELLED_ATTESTERS, labels, number(attesters));
        }
        if has_keys {
            let found =
                |is_it: fn(&CoinbaseCheck) -> bool| count(rows.iter().filter(|row| is_it(&row.coinbase)).count());
            let missing = found(|check| matches!(check, CoinbaseCheck::Missing { .. }));
            let wrong = found(|check| {
                matches!(check, CoinbaseCheck::Wrong { .. } | CoinbaseCheck::Zero | CoinbaseCheck::Differs { .. })
            });
            readings.push(&catalogue::LABELLED_MISSING, [label.clone()], missing);
            readings.push(&catalogue::LABELLED_WRONG, [label.clone()], wrong);
        }
    }
}
