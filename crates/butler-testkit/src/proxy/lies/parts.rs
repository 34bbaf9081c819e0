//! What lies are about: events, logs and getters, each with its name.

use ethers_core::types::{Address, H160};

/// An account without code, which forged logs name as coinbase.
pub const STRANGER: Address = H160([0x66; 20]);
/// The attester of forged stakes.
pub const STRANGE_ATTESTER: Address = H160([0x77; 20]);

/// Whose split a forged log names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgedCoinbase {
    /// [`STRANGER`], which has no code and never had.
    Stranger,
    /// The real split of another delegation.
    OfAnother,
}

/// Whether the factory's event of the forged split is forged too, beside the delegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitEvent {
    /// `SplitCreated` tells of the forged coinbase, with the parameters of the real one.
    Forged,
    /// There is none.
    Missing,
}

/// Events of the staking registry that a liar leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// `StakedWithProvider`.
    Stake,
    /// `ProviderQueueDripped`.
    Drip,
    /// `AttestersAddedToProvider`.
    Keys,
    /// `FailedDeposit` of a rollup, which no counter counts: all of them.
    Refunds,
    /// `WithdrawInitiatedByAttester` of a rollup: all of them.
    OwnExits,
    /// `ProviderRewardsRecipientUpdated` and `ProviderTakeRateUpdated`, which no counter counts: all of them.
    Terms,
    /// `CheckpointProposed` of a rollup.
    Checkpoint,
}

/// What is wrong with the last log of every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// It is told of [`STRANGER`] as its contract.
    Address,
    /// It has another first topic.
    Topic,
    /// It is marked as removed by a reorg.
    Removed,
    /// It is told twice, with the same place.
    Repeated,
    /// It is told twice, at two places of its block.
    Doubled,
    /// It has another transaction.
    Transaction,
    /// It has another block's hash.
    BlockHash,
    /// It has the number of the block before its own.
    EarlierBlock,
    /// It and the log before it have changed places, where both are of one block.
    Swapped,
}

impl LogFault {
    /// Every fault.
    pub const ALL: [Self; 9] = [
        Self::Address,
        Self::Topic,
        Self::Removed,
        Self::Repeated,
        Self::Doubled,
        Self::Transaction,
        Self::BlockHash,
        Self::EarlierBlock,
        Self::Swapped,
    ];

    /// Its name, as lies about it are told apart.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Topic => "topic",
            Self::Removed => "removed",
            Self::Repeated => "repeated",
            Self::Doubled => "doubled",
            Self::Transaction => "transaction",
            Self::BlockHash => "block_hash",
            Self::EarlierBlock => "earlier_block",
            Self::Swapped => "swapped",
        }
    }
}

/// Getters that a liar lies about, alone and among the calls of a pack. To let any other selector revert: [`crate::proxy::Fault::RevertCalls`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Getter {
    /// `SLASHING_PROPOSER_TYPE()` of the slashing proposer, which really is gone since Aztec 5.
    SlashingProposerType,
    /// `getAttesterView(address)` of the rollup.
    AttesterView,
    /// `getSequencerRewards(address)` of the rollup.
    SequencerRewards,
    /// `getLocalEjectionThreshold()` of the rollup, which older rollups lack.
    LocalEjectionThreshold,
    /// `splitHash()` of a split.
    SplitHash,
    /// `getEthBalance(address)` of Multicall3.
    EthBalance,
    /// `getCanonicalRollup()` of Aztec's registry.
    CanonicalRollup,
    /// `getEpochDuration()` of the rollup.
    EpochDuration,
    /// `getEntryQueueAt(uint256)` of the rollup.
    EntryQueueAt,
    /// `providerConfigurations(uint256)` of the staking registry.
    ProviderConfigurations,
    /// `providerQueues(uint256)` of the staking registry.
    ProviderQueues,
    /// `ROUND_SIZE()` of the slashing proposer, and of the governance proposer.
    RoundSize,
    /// `getPendingSlasher()` of the rollup, which it lacks before Aztec 5.
    PendingSlasher,
    /// `getLegacySlasher()` of the rollup, which it lacks before Aztec 5.
    LegacySlasher,
    /// `getAttesterExitWindow()` of the rollup, which it lacks before Aztec 6.
    ExitWindow,
    /// `getAttesterExitLimitState()` of the rollup, which it lacks before Aztec 6.
    ExitLimit,
    /// `isRewardsClaimable()` of the rollup, which is gone since Aztec 5.
    RewardsClaimable,
    /// `getWithdrawal(uint256)` of the governance.
    Withdrawal,
    /// `getConfiguration()` of the governance.
    Configuration,
    /// `getGovernance()` of Aztec's registry.
    Governance,
    /// `numberOfVersions()` of Aztec's registry.
    VersionCount,
    /// `getVersion(uint256)` of Aztec's registry.
    VersionAt,
    /// `getRollup(uint256)` of Aztec's registry.
    RollupOfVersion,
    /// `getVersion()` of the rollup.
    RollupVersion,
    /// `PROPOSER()` of a slasher.
    SlashingProposer,
    /// `getSlasher()` of the rollup.
    Slasher,
    /// `getActiveAttesterCount()` of the rollup.
    ActiveCount,
    /// `getEntryQueueLength()` of the rollup.
    EntryQueueLength,
    /// `getStakingAsset()` of the rollup.
    StakingAsset,
    /// `getEpochCommittee(uint256)` of the rollup.
    EpochCommittee,
    /// `getCheckpoint(uint256)` of the rollup.
    Checkpoint,
    /// `getSampleSeedAt(uint256)` of the rollup.
    SampleSeed,
}

impl Getter {
    /// Its selector, as `0x` and eight digits.
    #[must_use]
    pub const fn selector(self) -> &'static str {
        match self {
            Self::SlashingProposerType => "0x0f968174",
            Self::AttesterView => "0x34a51ed5",
            Self::SequencerRewards => "0x8789a132",
            Self::LocalEjectionThreshold => "0xe09e424e",
            Self::SplitHash => "0x6d224489",
            Self::EthBalance => "0x4d2301cc",
            Self::CanonicalRollup => "0x971b0e6b",
            Self::EpochDuration => "0x5d3ea8f1",
            Self::EntryQueueAt => "0x9ca03702",
            Self::ProviderConfigurations => "0xdc5aca93",
            Self::ProviderQueues => "0x050fb677",
            Self::RoundSize => "0x54133307",
            Self::PendingSlasher => "0x76d0fc70",
            Self::LegacySlasher => "0xf0b724c0",
            Self::ExitWindow => "0xaa8898e8",
            Self::ExitLimit => "0x4e1e6adf",
            Self::RewardsClaimable => "0xfcb3f6ba",
            Self::Withdrawal => "0x8a4fb16a",
            Self::Configuration => "0x6bd50cef",
            Self::Governance => "0x289b3c0d",
            Self::VersionCount => "0x5a4ce7ba",
            Self::VersionAt => "0xb88da759",
            Self::RollupOfVersion => "0xdd1583c2",
            Self::RollupVersion => "0x0d8e6e2c",
            Self::SlashingProposer => "0xbffa7f0f",
            Self::Slasher => "0xd0c80f13",
            Self::ActiveCount => "0x90a3b386",
            Self::EntryQueueLength => "0x1b56a0e7",
            Self::StakingAsset => "0xa011f6a9",
            Self::EpochCommittee => "0x69457a6f",
            Self::Checkpoint => "0x20fc4881",
            Self::SampleSeed => "0x7afeed28",
        }
    }

    /// Its name, as lies about it are told apart.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SlashingProposerType => "slashing_proposer_type",
            Self::AttesterView => "attester_view",
            Self::SequencerRewards => "sequencer_rewards",
            Self::LocalEjectionThreshold => "local_ejection_threshold",
            Self::SplitHash => "split_hash",
            Self::EthBalance => "eth_balance",
            Self::CanonicalRollup => "canonical_rollup",
            Self::EpochDuration => "epoch_duration",
            Self::EntryQueueAt => "entry_queue_at",
            Self::ProviderConfigurations => "provider_configurations",
            Self::ProviderQueues => "provider_queues",
            Self::RoundSize => "round_size",
            Self::PendingSlasher => "pending_slasher",
            Self::LegacySlasher => "legacy_slasher",
            Self::ExitWindow => "exit_window",
            Self::ExitLimit => "exit_limit",
            Self::RewardsClaimable => "rewards_claimable",
            Self::Withdrawal => "withdrawal",
            Self::Configuration => "configuration",
            Self::Governance => "governance",
            Self::VersionCount => "version_count",
            Self::VersionAt => "version_at",
            Self::RollupOfVersion => "rollup_of_version",
            Self::RollupVersion => "rollup_version",
            Self::SlashingProposer => "slashing_proposer",
            Self::Slasher => "slasher",
            Self::ActiveCount => "active_count",
            Self::EntryQueueLength => "entry_queue_length",
            Self::StakingAsset => "staking_asset",
            Self::EpochCommittee => "epoch_committee",
            Self::Checkpoint => "checkpoint",
            Self::SampleSeed => "sample_seed",
        }
    }
}
