//! One answer of the exporter, as somebody who scrapes it sees it.

use std::collections::BTreeMap;
use std::time::Instant;

const NUMBER: &str = "butler_snapshot_block_number{network=\"devnet\"}";
const TIME: &str = "butler_snapshot_block_timestamp_seconds{network=\"devnet\"}";

/// Series by their text.
pub(super) type Series = BTreeMap<String, f64>;

/// One answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// What was served.
    pub(super) series: Series,
    /// When it was asked for; absent for the answer before the first.
    pub(super) asked: Option<Instant>,
}

impl Answer {
    /// A value; 0 for what is not there.
    pub(super) fn get(&self, key: &str) -> f64 {
        self.series.get(key).copied().unwrap_or_default()
    }

    /// The sum over all series of a family that hold this text.
    pub(super) fn sum(&self, family: &str, with: &str) -> f64 {
        let of_family =
            self.series.iter().filter(|(key, _)| key.split('{').next() == Some(family) && key.contains(with));
        of_family.map(|(_, value)| value).sum()
    }

    /// Whether it was asked for after that moment.
    pub(super) fn is_after(&self, moment: Instant) -> bool {
        self.asked.is_some_and(|asked| asked > moment)
    }

    /// Whether the last scrape of the chain was good.
    pub(super) fn is_good(&self) -> bool {
        self.get("butler_scrape_success{network=\"devnet\",scraper=\"l1\"}") > 0.5
    }

    /// The height of the readings; absent when none are served.
    pub(super) fn height(&self) -> Option<u64> {
        whole(self.series.get(NUMBER)?)
    }

    /// When their block was made.
    pub(super) fn time(&self) -> Option<u64> {
        whole(self.series.get(TIME)?)
    }
}

/// A number without fraction, as metrics have them.
fn whole(value: &f64) -> Option<u64> {
    format!("{value:.0}").parse().ok()
}
