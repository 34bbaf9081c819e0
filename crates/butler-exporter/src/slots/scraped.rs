//! What a scrape ends with.

use std::collections::BTreeMap;

use butler_core::domain::attester::state::State;
use butler_core::domain::findings::{Finding, Source};
use ethers_core::types::Address;

use crate::catalogue::values::CountedJudgement;
use crate::readings::Readings;
use crate::readings::details::Details;
use crate::readings::findings::push_findings;

/// How one scrape went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was read.
    Success,
    /// Nothing was; the readings are those from before.
    Failure,
}

/// What a good scrape leaves behind.
#[derive(Debug, Default)]
pub struct Scraped {
    /// What is served.
    pub readings: Readings,
    /// What is wrong, as old as the readings.
    pub findings: Vec<Finding>,
    /// The attesters' states, for the next scrape.
    pub states: BTreeMap<Address, State>,
    /// The judgements to count.
    pub steps: Vec<CountedJudgement>,
    /// What the page shows beside.
    pub details: Details,
}

impl Scraped {
    /// Readings with everything that a source found at `now`, which is counted in them.
    #[must_use]
    pub fn found(mut readings: Readings, source: Source, findings: Vec<Finding>, now: u64) -> Self {
        push_findings(&mut readings, source, &findings, now);
        Self { readings, findings, ..Self::default() }
    }
}

impl From<Readings> for Scraped {
    fn from(readings: Readings) -> Self {
        Self { readings, ..Self::default() }
    }
}
