//! Endpoints that lie: well-formed answers that are not the chain's.
//!
//! Each lie is one kind of wrong answer; put on the proxies of one, two or three endpoints it shows what a program
//! believes. A liar is consistent where that costs it nothing: a made-up block is found by its number and its hash, a
//! forged log only where the filter asks for it. Several lies may stand in one plan; for each call the first one that has
//! something to say about it answers.

mod calls;
mod heads;
mod logs;
mod parts;
mod transactions;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use ethers_core::types::Address;
use serde_json::{Value, json};

use crate::http::Client;

pub(super) use calls::{pack_size, revert_inside};
pub use parts::{ForgedCoinbase, Getter, LogFault, LogKind, STRANGE_ATTESTER, STRANGER, SplitEvent};

/// One way of lying. Numbers count blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Every query of logs finds none.
    EmptyLogs,
    /// Logs of the newest blocks are not there yet.
    LateLogs(u64),
    /// Logs of blocks before this one are gone, and nothing says so.
    PrunedLogs(u64),
    /// The last event of that kind is missing in every answer.
    LeftOut(LogKind),
    /// The last stake of every answer names another coinbase.
    Coinbase(ForgedCoinbase, SplitEvent),
    /// The last stake of every answer names [`STRANGE_ATTESTER`].
    Attester,
    /// The newest delegation names another staker, which nothing on the chain speaks against: two endpoints tell it apart, so
    /// it is not among [`Self::ALL`].
    Staker,
    /// One stake more, of [`STRANGE_ATTESTER`] to [`STRANGER`].
    ExtraStake(SplitEvent),
    /// The last stake of every answer is told as a drip.
    StakeAsDrip,
    /// The last drip of every answer is told as a stake to [`STRANGER`].
    DripAsStake,
    /// The last log of every answer is not as the chain has it.
    BadLog(LogFault),
    /// The deposit of the last stake was refunded: a `FailedDeposit` more, in the newest block.
    ExtraRefund,
    /// The newest block is so many beyond the chain's, with a made-up hash; reads at it are answered at the real head.
    HeadAhead(u64),
    /// The newest block's number is so many too high; its hash is the real head's.
    HeadNumberAhead(u64),
    /// The newest block has the right number and a made-up hash.
    HeadForged,
    /// The newest block's time is so many seconds beyond this machine's clock and the block's own time.
    HeadInFuture(u64),
    /// The newest blocks are not known.
    HeadBehind(u64),
    /// Every block's time is so many seconds earlier than it is.
    TimeBack(u64),
    /// The finalized block is the first of the chain.
    FinalityAtGenesis,
    /// The finalized block has a made-up hash, also when it is asked for by number.
    FinalityForged,
    /// The newest block is told as the finalized one.
    FinalityAhead,
    /// Every `eth_call` reverts.
    AllReverted,
    /// Every `eth_call` answers no bytes, as if nothing had code.
    NoCode,
    /// That getter reverts with a reason.
    Reverted(Getter),
    /// Every call answers as many bytes as it really does, all of them zero.
    Zeros,
    /// That getter does.
    Zero(Getter),
    /// That getter's first word is one more than it is: another figure, or another address.
    OneMore(Getter),
    /// That word of that getter's answer is one more than it is; 0 is the first.
    WordMore(Getter, u8),
    /// That getter's first word is this contract: of another rollup, of another slasher. Which ones there are depends on the chain,
    /// so none is among [`Self::ALL`].
    Names(Getter, Address),
    /// That getter names [`STRANGER`] and a moment in 2100, whatever the contract answers, and if it has no such getter.
    Forged(Getter),
    /// Every epoch has too few attesters for a committee, as `getEpochCommittee(uint256)` says by the reason of its revert.
    NoCommittee,
    /// State is read at the newest block, whatever was asked for.
    ReadsAtLatest,
    /// State is read one block before the one that was asked for.
    ReadsOneBefore,
    /// A block that was reorged away is still served by its hash, with the state of its height; nothing says that it is gone.
    DroppedBranch,
    /// Another chain's id.
    OtherChain(u64),
    /// No transaction is known. Only what is read of transactions can tell, so neither this nor the next one is among [`Self::ALL`].
    NoTransactions,
    /// Every proposal in a transaction pays [`STRANGER`].
    OtherPayee,
}

impl Lie {
    /// Every lie, with figures that matter on the test chain of some eighty blocks.
    pub const ALL: [Self; 74] = [
        Self::EmptyLogs,
        Self::LateLogs(20),
        Self::PrunedLogs(60),
        Self::LeftOut(LogKind::Stake),
        Self::LeftOut(LogKind::Drip),
        Self::LeftOut(LogKind::Keys),
        Self::LeftOut(LogKind::Terms),
        Self::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Missing),
        Self::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Forged),
        Self::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Missing),
        Self::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Forged),
        Self::Attester,
        Self::ExtraStake(SplitEvent::Missing),
        Self::ExtraStake(SplitEvent::Forged),
        Self::StakeAsDrip,
        Self::DripAsStake,
        Self::LeftOut(LogKind::Refunds),
        Self::ExtraRefund,
        Self::BadLog(LogFault::Address),
        Self::BadLog(LogFault::Topic),
        Self::BadLog(LogFault::Removed),
        Self::BadLog(LogFault::Repeated),
        Self::BadLog(LogFault::Doubled),
        Self::BadLog(LogFault::Transaction),
        Self::BadLog(LogFault::BlockHash),
        Self::BadLog(LogFault::EarlierBlock),
        Self::BadLog(LogFault::Swapped),
        Self::HeadAhead(1),
        Self::HeadAhead(3),
        Self::HeadAhead(1_000),
        Self::HeadNumberAhead(3),
        Self::HeadNumberAhead(1_000),
        Self::HeadForged,
        Self::HeadInFuture(3_600),
        Self::HeadBehind(2),
        Self::HeadBehind(20),
        Self::TimeBack(86_400),
        Self::FinalityAtGenesis,
        Self::FinalityForged,
        Self::FinalityAhead,
        Self::AllReverted,
        Self::NoCode,
        Self::Reverted(Getter::SlashingProposerType),
        Self::Reverted(Getter::AttesterView),
        Self::Reverted(Getter::SequencerRewards),
        Self::Reverted(Getter::LocalEjectionThreshold),
        Self::Reverted(Getter::SplitHash),
        Self::Reverted(Getter::EthBalance),
        Self::Zeros,
        Self::Zero(Getter::EpochDuration),
        Self::Zero(Getter::ProviderConfigurations),
        Self::Zero(Getter::AttesterView),
        Self::Zero(Getter::RoundSize),
        Self::OneMore(Getter::CanonicalRollup),
        Self::OneMore(Getter::EntryQueueAt),
        Self::OneMore(Getter::ProviderQueues),
        Self::OneMore(Getter::SequencerRewards),
        Self::OneMore(Getter::EthBalance),
        Self::Forged(Getter::PendingSlasher),
        Self::Forged(Getter::LegacySlasher),
        Self::Forged(Getter::ExitLimit),
        Self::Reverted(Getter::Configuration),
        Self::WordMore(Getter::Configuration, 4),
        Self::OneMore(Getter::Governance),
        Self::Zero(Getter::VersionCount),
        Self::OneMore(Getter::VersionCount),
        Self::OneMore(Getter::VersionAt),
        Self::OneMore(Getter::RollupVersion),
        Self::OneMore(Getter::SlashingProposer),
        Self::LeftOut(LogKind::OwnExits),
        Self::ReadsAtLatest,
        Self::ReadsOneBefore,
        Self::DroppedBranch,
        Self::OtherChain(1),
    ];

    /// Lies about what rollups since 5 tell, and about former rollups: on a chain after a cut-over they matter.
    pub const OF_ROLLUPS: [Self; 20] = [
        Self::Forged(Getter::PendingSlasher),
        Self::Forged(Getter::LegacySlasher),
        Self::Reverted(Getter::PendingSlasher),
        Self::Reverted(Getter::LegacySlasher),
        Self::WordMore(Getter::PendingSlasher, 1),
        Self::Zero(Getter::PendingSlasher),
        Self::Reverted(Getter::ExitLimit),
        Self::Reverted(Getter::ExitWindow),
        Self::OneMore(Getter::ExitLimit),
        Self::WordMore(Getter::ExitLimit, 3),
        Self::WordMore(Getter::ExitLimit, 4),
        Self::WordMore(Getter::Withdrawal, 1),
        Self::Reverted(Getter::Withdrawal),
        Self::WordMore(Getter::Configuration, 4),
        Self::Zero(Getter::VersionCount),
        Self::OneMore(Getter::VersionAt),
        Self::OneMore(Getter::RollupOfVersion),
        Self::LeftOut(LogKind::OwnExits),
        Self::Zero(Getter::AttesterView),
        Self::Zero(Getter::SequencerRewards),
    ];

    /// Lies about who proposes, which matter to whoever asks for that.
    pub const OF_PROPOSERS: [Self; 8] = [
        Self::NoCommittee,
        Self::Reverted(Getter::EpochCommittee),
        Self::Zero(Getter::EpochCommittee),
        Self::WordMore(Getter::EpochCommittee, 1),
        Self::WordMore(Getter::EpochCommittee, 2),
        Self::Reverted(Getter::SampleSeed),
        Self::Zero(Getter::SampleSeed),
        Self::OneMore(Getter::SampleSeed),
    ];

    /// Its name; lies that differ only in a number or a getter share it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmptyLogs => "empty_logs",
            Self::LateLogs(_) => "late_logs",
            Self::PrunedLogs(_) => "pruned_logs",
            Self::LeftOut(LogKind::Stake) => "stake_left_out",
            Self::LeftOut(LogKind::Drip) => "drip_left_out",
            Self::LeftOut(LogKind::Keys) => "keys_left_out",
            Self::LeftOut(LogKind::Checkpoint) => "checkpoint_left_out",
            Self::NoTransactions => "no_transactions",
            Self::OtherPayee => "other_payee",
            Self::LeftOut(LogKind::Terms) => "terms_left_out",
            Self::LeftOut(LogKind::Refunds) => "refunds_left_out",
            Self::LeftOut(LogKind::OwnExits) => "own_exits_left_out",
            Self::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Missing) => "coinbase_of_a_stranger",
            Self::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Forged) => "coinbase_of_a_stranger_with_event",
            Self::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Missing) => "coinbase_of_another",
            Self::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Forged) => "coinbase_of_another_with_event",
            Self::Attester => "attester_replaced",
            Self::Staker => "staker_replaced",
            Self::ExtraStake(SplitEvent::Missing) => "extra_stake",
            Self::ExtraStake(SplitEvent::Forged) => "extra_stake_with_event",
            Self::StakeAsDrip => "stake_as_drip",
            Self::DripAsStake => "drip_as_stake",
            Self::BadLog(_) => "bad_log",
            Self::ExtraRefund => "extra_refund",
            Self::HeadAhead(_) => "head_ahead",
            Self::HeadNumberAhead(_) => "head_number_ahead",
            Self::HeadForged => "head_forged",
            Self::HeadInFuture(_) => "head_in_future",
            Self::HeadBehind(_) => "head_behind",
            Self::TimeBack(_) => "time_back",
            Self::FinalityAtGenesis => "finality_at_genesis",
            Self::FinalityForged => "finality_forged",
            Self::FinalityAhead => "finality_ahead",
            Self::AllReverted => "all_reverted",
            Self::NoCode => "no_code",
            Self::Reverted(_) => "reverted",
            Self::Zeros => "zeros",
            Self::Zero(_) => "zero",
            Self::OneMore(_) => "one_more",
            Self::WordMore(..) => "word_more",
            Self::Names(..) => "names_another",
            Self::Forged(_) => "forged",
            Self::NoCommittee => "no_committee",
            Self::ReadsAtLatest => "reads_at_latest",
            Self::ReadsOneBefore => "reads_one_before",
            Self::DroppedBranch => "dropped_branch",
            Self::OtherChain(_) => "other_chain",
        }
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::LateLogs(number)
            | Self::PrunedLogs(number)
            | Self::HeadAhead(number)
            | Self::HeadNumberAhead(number)
            | Self::HeadInFuture(number)
            | Self::HeadBehind(number)
            | Self::TimeBack(number)
            | Self::OtherChain(number) => write!(f, "({number})"),
            Self::Reverted(getter) | Self::Zero(getter) | Self::OneMore(getter) | Self::Forged(getter) => {
                write!(f, "_{}", getter.name())
            }
            Self::Names(getter, _) => write!(f, "_{}", getter.name()),
            Self::WordMore(getter, word) => write!(f, "_{word}_of_{}", getter.name()),
            Self::BadLog(fault) => write!(f, "_{}", fault.name()),
            Self::EmptyLogs
            | Self::LeftOut(_)
            | Self::Coinbase(..)
            | Self::Attester
            | Self::Staker
            | Self::ExtraStake(_)
            | Self::StakeAsDrip
            | Self::DripAsStake
            | Self::ExtraRefund
            | Self::HeadForged
            | Self::FinalityAtGenesis
            | Self::FinalityForged
            | Self::FinalityAhead
            | Self::AllReverted
            | Self::NoCode
            | Self::Zeros
            | Self::NoCommittee
            | Self::ReadsAtLatest
            | Self::ReadsOneBefore
            | Self::DroppedBranch
            | Self::NoTransactions
            | Self::OtherPayee => Ok(()),
        }
    }
}

/// Headers that went through a liar, by hash: what [`Lie::DroppedBranch`] serves later.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, Value>>);

impl Memory {
    fn keep(&self, header: &Value) {
        if let Some(hash) = header["hash"].as_str() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(hash.to_lowercase(), header.clone());
        }
    }

    fn find(&self, hash: &str) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash.to_lowercase()).cloned()
    }
}

/// What the liar answers to this call; `None` when it has no lie to tell about it.
pub(super) async fn tell(upstream: &Client, memory: &Memory, call: &Value, lie: Lie) -> anyhow::Result<Option<Value>> {
    match lie {
        Lie::EmptyLogs
        | Lie::LateLogs(_)
        | Lie::PrunedLogs(_)
        | Lie::LeftOut(_)
        | Lie::Coinbase(..)
        | Lie::Attester
        | Lie::Staker
        | Lie::ExtraStake(_)
        | Lie::StakeAsDrip
        | Lie::DripAsStake
        | Lie::BadLog(_)
        | Lie::ExtraRefund => logs::tell(upstream, call, lie).await,
        Lie::HeadAhead(_)
        | Lie::HeadNumberAhead(_)
        | Lie::HeadForged
        | Lie::HeadInFuture(_)
        | Lie::HeadBehind(_)
        | Lie::TimeBack(_)
        | Lie::FinalityAtGenesis
        | Lie::FinalityForged
        | Lie::FinalityAhead
        | Lie::DroppedBranch
        | Lie::OtherChain(_) => heads::tell(upstream, memory, call, lie).await,
        Lie::AllReverted
        | Lie::NoCode
        | Lie::Reverted(_)
        | Lie::Zeros
        | Lie::Zero(_)
        | Lie::OneMore(_)
        | Lie::WordMore(..)
        | Lie::Names(..)
        | Lie::Forged(_)
        | Lie::NoCommittee
        | Lie::ReadsAtLatest
        | Lie::ReadsOneBefore => calls::tell(upstream, call, lie).await,
        Lie::NoTransactions | Lie::OtherPayee => transactions::tell(upstream, call, lie).await,
    }
}

fn method(call: &Value) -> &str {
    call["method"].as_str().unwrap_or_default()
}

pub(super) fn result(call: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })
}

pub(super) fn failure(call: &Value, error: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": call["id"], "error": error })
}

/// Passes the call on with other parameters.
pub(super) async fn ask_instead(upstream: &Client, call: &Value, params: Value) -> anyhow::Result<Value> {
    let mut asked = call.clone();
    asked["params"] = params;
    let (_, answer) = upstream.post(asked.to_string().into()).await?;
    Ok(serde_json::from_slice(&answer)?)
}
