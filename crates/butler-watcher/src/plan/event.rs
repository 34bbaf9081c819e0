//! What happened, in the plan's own words: the contracts' events without what no plan needs.

use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_core::domain::provider::ledger::{Change, LedgerEvent};
use butler_core::domain::provider::terms::TermsChange;
use ethers_core::types::{Address, U256};

/// One event of a final block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurred {
    /// Where it stands.
    pub log: LogId,
    /// When its block was made, in unix seconds.
    pub time: u64,
    /// The contract that tells it.
    pub contract: Address,
    /// What it says.
    pub what: Happened,
}

/// What an event says. Amounts are in base units of the staking asset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// A delegation took a provider's first key.
    Staked {
        /// The provider.
        provider: ProviderId,
        /// The rollup that it was deposited into.
        rollup: Address,
        /// The key.
        attester: Address,
        /// Its split; `None` where the chain does not confirm that it is one: nobody is told to use such a one.
        coinbase: Option<Coinbase>,
    },
    /// Keys were added at the end of a provider's queue.
    KeysAdded {
        /// The provider.
        provider: ProviderId,
        /// The keys, in the queue's order.
        attesters: Vec<Address>,
    },
    /// A provider's admin took its first key out.
    Dripped {
        /// The provider.
        provider: ProviderId,
        /// The key.
        attester: Address,
    },
    /// Somebody was named to become a provider's admin.
    AdminChangeBegun {
        /// The provider.
        provider: ProviderId,
        /// Who.
        admin: Address,
    },
    /// A provider has another admin.
    AdminChanged {
        /// The provider.
        provider: ProviderId,
        /// Who.
        admin: Address,
    },
    /// A provider's share of future delegations changed.
    TakeRateChanged {
        /// The provider.
        provider: ProviderId,
        /// The share in basis points.
        bps: u16,
    },
    /// A provider's recipient of future splits changed.
    RecipientChanged {
        /// The provider.
        provider: ProviderId,
        /// Who.
        recipient: Address,
    },
    /// A deposit entered a rollup's entry queue.
    Queued {
        /// Whose.
        attester: Address,
        /// Who may withdraw.
        withdrawer: Address,
    },
    /// A deposit was let in.
    Accepted {
        /// Whose.
        attester: Address,
    },
    /// A deposit was refused and refunded.
    Refunded {
        /// Whose.
        attester: Address,
        /// Who has the stake back.
        withdrawer: Address,
        /// The splits of its delegations whose deposits were refunded, as far as the state tells; none for a stranger's deposit.
        splits: Vec<Coinbase>,
    },
    /// An attester was slashed.
    Slashed {
        /// Who.
        attester: Address,
        /// How much.
        amount: U256,
    },
    /// The withdrawer began an exit, or named the recipient of one that the attester began.
    ExitByWithdrawer {
        /// Whose.
        attester: Address,
        /// Who will receive the stake.
        recipient: Address,
        /// How much leaves.
        amount: U256,
    },
    /// An attester began its own exit.
    ExitByAttester {
        /// Who.
        attester: Address,
        /// Who must name a recipient.
        withdrawer: Address,
        /// How much leaves.
        amount: U256,
    },
    /// An exit is over.
    ExitFinalized {
        /// Whose.
        attester: Address,
        /// Who received the stake.
        recipient: Address,
        /// How much left.
        amount: U256,
    },
    /// A rollup became the canonical one.
    RollupChanged {
        /// Which.
        rollup: Address,
        /// Its version.
        version: U256,
    },
    /// The rollup that tells it has another slasher.
    SlasherChanged {
        /// Before.
        old: Address,
        /// Now.
        new: Address,
    },
    /// The slasher that tells it does nothing for a while.
    SlashingPaused {
        /// Until then, in unix seconds.
        until: U256,
    },
    /// The vetoer of the slasher that tells it stopped a payload.
    SlashVetoed {
        /// Which.
        payload: Address,
    },
}

impl Happened {
    /// What the ledger of our providers tells, where the plan has a word for it.
    #[must_use]
    pub fn of_ledger(event: &LedgerEvent) -> Option<Self> {
        let provider = event.provider_id;
        match &event.change {
            Change::Staked { rollup, attester, coinbase, .. } => {
                Some(Self::Staked { provider, rollup: *rollup, attester: *attester, coinbase: Some(*coinbase) })
            }
            Change::Added { attesters } => Some(Self::KeysAdded { provider, attesters: attesters.clone() }),
            Change::Dripped { attester } => Some(Self::Dripped { provider, attester: *attester }),
            Change::Terms(TermsChange::TakeRate { take_rate_bps }) => {
                Some(Self::TakeRateChanged { provider, bps: *take_rate_bps })
            }
            Change::Terms(TermsChange::Recipient { recipient }) => {
                Some(Self::RecipientChanged { provider, recipient: *recipient })
            }
            Change::Terms(TermsChange::Registered { .. }) => None,
        }
    }
}
