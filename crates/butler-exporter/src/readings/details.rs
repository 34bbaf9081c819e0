//! What the page shows beside metrics: own attesters one by one, and what each server did hour by hour.

use std::collections::BTreeSet;

use butler_core::domain::attester::arrival::Arrival;
use butler_core::domain::attester::coinbase::CoinbaseCheck;
use butler_core::domain::attester::overview::AttesterRow;
use butler_core::domain::attester::state::State;
use butler_core::domain::ids::Coinbase;
use ethers_core::types::Address;

use super::strips::Strip;

/// What one scrape leaves for the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// Own attesters, in the order of their lives.
    pub attesters: Vec<AttesterLine>,
    /// What servers did, by their names.
    pub strips: Vec<Strip>,
}

/// One own attester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttesterLine {
    /// Whose line it is.
    pub attester: Address,
    /// The operator's view.
    pub state: State,
    /// The servers that run it.
    pub servers: BTreeSet<String>,
    /// How many are before it, in the queue where it waits.
    pub place: Option<u64>,
    /// When it can become active, while it waits.
    pub arrival: Option<Arrival>,
    /// The coinbase that key files name; the lowest where there are several.
    pub coinbase: Option<Coinbase>,
    /// What is found about its coinbase.
    pub verdict: Verdict,
}

/// What is found about a coinbase, without its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// It is the right one.
    Right,
    /// There is none.
    Missing,
    /// It is another one, the zero address, or differs among files.
    Wrong,
    /// The chain confirms none to be right.
    Unverifiable,
    /// The files that say it cannot be read.
    Unknown,
    /// None is needed.
    NotNeeded,
}

impl Verdict {
    /// The name that links use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Unverifiable => "not confirmed",
            Self::Unknown => "not readable",
            Self::NotNeeded => "none needed",
        }
    }

    /// Whether somebody has to do something.
    #[must_use]
    pub fn is_bad(self) -> bool {
        match self {
            Self::Missing | Self::Wrong => true,
            Self::Right | Self::Unverifiable | Self::Unknown | Self::NotNeeded => false,
        }
    }
}

impl From<&CoinbaseCheck> for Verdict {
    fn from(check: &CoinbaseCheck) -> Self {
        match check {
            CoinbaseCheck::NotApplicable => Self::NotNeeded,
            CoinbaseCheck::Matches => Self::Right,
            CoinbaseCheck::Missing { .. } => Self::Missing,
            CoinbaseCheck::Wrong { .. } | CoinbaseCheck::Zero | CoinbaseCheck::Differs { .. } => Self::Wrong,
            CoinbaseCheck::Unknown => Self::Unknown,
            CoinbaseCheck::Unverifiable { .. } => Self::Unverifiable,
        }
    }
}

impl AttesterLine {
    /// What a row says.
    #[must_use]
    pub fn of(row: &AttesterRow) -> Self {
        Self {
            attester: row.attester,
            state: row.state,
            servers: row.servers.clone(),
            place: row.entry_queue_place.or(row.provider_queue_place),
            arrival: row.arrival,
            coinbase: row.coinbase_configured.first().copied(),
            verdict: Verdict::from(&row.coinbase),
        }
    }
}
