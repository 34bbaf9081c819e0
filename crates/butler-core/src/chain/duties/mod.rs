//! What attesters did, read from L1 alone: the rollup's logs, the draws of its epochs, and the transactions that proposed.
//!
//! No archive is needed: committee and seed of a past epoch are told at the newest block. Which epochs matter follows from the draws,
//! and only transactions of those are read. Numbers of checkpoints follow one another, so a log that is withheld leaves a gap: then
//! another endpoint is asked, and where no one fills it, what is missing is told as not read.

mod draws;
mod logs;
mod past;
mod request;
mod times;

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};

use self::draws::read_draws;
use self::logs::{Logged, read_logs};
use self::times::Times;
use super::error::SnapshotError;
use super::request::Progress;
use crate::client::l1::L1Client;
use crate::contracts::propose::{Calldata, ProposeDecoder};
use crate::domain::duties::{Carried, Duty, EpochDraw, EpochFacts, Gap, KnownCheckpoint, duties_of};
use crate::domain::proposals::{LoggedCheckpoint, Proposed};
use crate::domain::proposers::proposer;
use crate::runtime::report::Chain;

pub use self::past::PastRequest;
pub use self::request::DutiesRequest;
pub use self::times::first_block_at;

/// Transactions that are held at once: 12 kB each where 48 attest.
const AT_ONCE: usize = 1_000;

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct ReadDuties {
    /// The checkpoints, in the order of their logs. Those of epochs that do not matter were not read.
    pub checkpoints: Vec<KnownCheckpoint>,
    /// Why transactions of epochs that matter could not be read, by the transaction.
    pub unread: BTreeMap<H256, String>,
    /// The duties of slots that are over, in their order.
    pub duties: Vec<Duty>,
    /// Epochs in which the escape hatch was open: nobody had a duty.
    pub hatches: BTreeSet<u64>,
    /// Where a log is missing that no endpoint told.
    pub gap: Option<Gap>,
    /// How many epochs the range touches, and in how many of them one of ours was in the committee.
    pub epochs: (u64, u64),
}

/// Reads what attesters did between two blocks. `progress` is told what goes on.
///
/// # Errors
/// See [`SnapshotError`]. A transaction that cannot be read is no error, and neither is a gap.
pub async fn read_duties(
    client: &L1Client,
    request: &DutiesRequest<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<ReadDuties, SnapshotError> {
    let logs = read_logs(client, request, progress).await?;
    let times = Times::new(request, &logs.anchors, client.chain_id());
    let epochs = times.epochs(request);
    let draws = read_draws(client, request, epochs.clone()).await?;
    let is_ours = |draw: &EpochDraw| {
        let has_own = |own: &BTreeSet<Address>| draw.draw.committee.iter().any(|member| own.contains(member));
        !draw.is_hatch && request.own.map_or(!draw.draw.committee.is_empty(), has_own)
    };
    let ours: BTreeSet<u64> = draws.iter().filter(|(_, draw)| is_ours(draw)).map(|(epoch, _)| *epoch).collect();
    let mut found = ReadDuties {
        epochs: (epochs.end().saturating_sub(*epochs.start()).saturating_add(1), count(ours.len())),
        hatches: draws.iter().filter(|(_, draw)| draw.is_hatch).map(|(epoch, _)| *epoch).collect(),
        gap: logs.gap,
        ..ReadDuties::default()
    };
    let setting = Setting { request, times: &times, draws: &draws, ours: &ours };
    read_checkpoints(client, &setting, &logs.logged, progress, &mut found).await?;
    let read = times.read_slots(request);
    let all: Vec<&KnownCheckpoint> = found.checkpoints.iter().collect();
    let mut duties = Vec::new();
    for epoch in &ours {
        let Some(EpochDraw { draw, .. }) = draws.get(epoch) else { continue };
        let slots = request.clock.slots_of(*epoch).unwrap_or_default();
        let around = all.partition_point(|one| one.slots.1.saturating_add(slots_around(request)) < slots.start)
            ..all.partition_point(|one| one.slots.0 < slots.end.saturating_add(slots_around(request)));
        let checkpoints = all.get(around).unwrap_or_default();
        let facts = EpochFacts {
            epoch: *epoch,
            draw,
            clock: &request.clock,
            checkpoints,
            read,
            is_complete: found.gap.is_none(),
        };
        let everybody: BTreeSet<Address>;
        let own = match request.own {
            Some(own) => own,
            None => {
                everybody = draw.committee.iter().copied().collect();
                &everybody
            }
        };
        duties.extend(duties_of(&facts, own));
    }
    found.duties = duties;
    Ok(found)
}

/// Slots of an epoch: what lies that far away says nothing of this one.
fn slots_around(request: &DutiesRequest<'_>) -> u64 {
    request.clock.epoch_slots
}

/// What is needed to know which transactions matter, and whether they can be.
struct Setting<'a> {
    request: &'a DutiesRequest<'a>,
    times: &'a Times,
    draws: &'a BTreeMap<u64, EpochDraw>,
    ours: &'a BTreeSet<u64>,
}

impl Setting<'_> {
    fn epoch_of(&self, slot: u64) -> u64 {
        slot.checked_div(self.request.clock.epoch_slots).unwrap_or_default()
    }

    fn matters(&self, one: &Logged) -> bool {
        let (first, last) = self.times.slots(&self.request.clock, one.log.block_number);
        self.ours.range(self.epoch_of(first)..=self.epoch_of(last)).next().is_some()
    }

    /// Why a proposal is not what the draw of its epoch demands. Neither log nor signature binds who proposed to the slot: the draw does.
    fn contradiction(&self, proposed: &Proposed) -> Option<&'static str> {
        let Proposed::ByCommittee(proposal) = proposed else { return None };
        let slot = proposal.checkpoint.slot;
        let epoch = self.epoch_of(slot);
        let Some(EpochDraw { draw, .. }) = self.draws.get(&epoch) else { return Some("its epoch is not of this span") };
        if !proposal.committee.iter().map(|member| member.address).eq(draw.committee.iter().copied()) {
            return Some("its committee is not that of its epoch");
        }
        let turn = proposer(&draw.committee, draw.seed, epoch, slot);
        (turn != Some(proposal.proposer)).then_some("its proposer is not that of its slot")
    }
}

/// Reads the transactions of epochs that matter.
async fn read_checkpoints(
    client: &L1Client,
    setting: &Setting<'_>,
    logged: &[Logged],
    progress: &(dyn Fn(Progress) + Sync),
    found: &mut ReadDuties,
) -> Result<(), SnapshotError> {
    let wanted: Vec<&Logged> = logged.iter().filter(|one| setting.matters(one)).collect();
    progress(Progress::Transactions { count: wanted.len() });
    let (mut read, mut unread) = (Proposals::new(), BTreeMap::new());
    for some in wanted.chunks(AT_ONCE) {
        let (more, problems) = read_proposals(client, setting, some.to_vec()).await?;
        read.extend(more);
        unread.extend(problems);
    }
    for one in logged {
        let (transaction, number) = (one.log.transaction_hash, one.checkpoint.number);
        let (mut slots, mut carried) = (setting.times.slots(&setting.request.clock, one.log.block_number), None);
        if let Some((slot, by_committee)) = read.remove(&place(one)) {
            slots = (slot, slot);
            carried = by_committee;
            if carried.is_none() {
                found.unread.insert(transaction, "nobody attested it: it is left out".to_owned());
            }
        }
        found.checkpoints.push(KnownCheckpoint {
            number,
            slots,
            transaction,
            block: one.log.block_number,
            fate: one.fate,
            carried,
        });
    }
    found.unread.extend(unread);
    Ok(())
}

/// Where a log stands.
fn place(one: &Logged) -> (u64, u64) {
    (one.log.block_number, one.log.log_index)
}

/// Slots of proposals, and what they carried where a committee stands behind them, by the place of their logs.
type Proposals = BTreeMap<(u64, u64), (u64, Option<Carried>)>;

/// Reads what these logs tell of, of one endpoint after the other until it is what they tell of; and why the rest could not be read, by
/// its transaction.
async fn read_proposals(
    client: &L1Client,
    setting: &Setting<'_>,
    mut wanted: Vec<&Logged>,
) -> Result<(Proposals, BTreeMap<H256, String>), SnapshotError> {
    let decoder = ProposeDecoder::new(client.chain_id(), setting.request.rollup, setting.request.clock);
    let (mut read, mut unread, mut beside) = (Proposals::new(), BTreeMap::new(), BTreeSet::new());
    while !wanted.is_empty() && beside.len() < client.endpoints().len() {
        let hashes: BTreeSet<H256> = wanted.iter().map(|one| one.log.transaction_hash).collect();
        let hashes: Vec<H256> = hashes.into_iter().collect();
        let (giver, sent) = match client.transactions(&hashes, &beside).await {
            Ok(told) => told,
            // The others do not answer: what one of them does not have is not read for now.
            Err(error) if !beside.is_empty() => {
                tracing::debug!("nobody else has what is missing of {} proposals: {}", wanted.len(), Chain(&error));
                break;
            }
            Err(error) => return Err(SnapshotError::Rpc(error)),
        };
        let (here, missing): (Vec<&Logged>, Vec<&Logged>) =
            wanted.into_iter().partition(|one| sent.contains_key(&one.log.transaction_hash));
        let calls: Vec<(Calldata<'_>, LoggedCheckpoint)> = here
            .iter()
            .filter_map(|one| {
                let sent = sent.get(&one.log.transaction_hash)?;
                Some((Calldata { to: sent.to, input: &sent.input }, one.checkpoint))
            })
            .collect();
        let none = missing.iter().map(|one| (one.log.transaction_hash, "no endpoint has the transaction".to_owned()));
        unread.extend(none.filter(|_| beside.is_empty()));
        wanted = missing;
        for (one, decoded) in here.into_iter().zip(decoder.each_logged(&calls)) {
            let problem = match decoded {
                Ok(proposed) => match setting.contradiction(&proposed) {
                    Some(why) => why.to_owned(),
                    None => {
                        unread.remove(&one.log.transaction_hash);
                        read.insert(place(one), (proposed.checkpoint().slot, carried_by(&proposed)));
                        continue;
                    }
                },
                Err(problem) => problem.to_string(),
            };
            unread.insert(one.log.transaction_hash, problem);
            wanted.push(one);
        }
        beside.insert(giver);
    }
    Ok((read, unread))
}

fn carried_by(proposed: &Proposed) -> Option<Carried> {
    let Proposed::ByCommittee(proposal) = proposed else { return None };
    let members = proposal.committee.iter();
    Some(Carried {
        proposer: proposal.proposer,
        coinbase: proposal.checkpoint.coinbase,
        committee: members.map(|member| (member.address, member.attestation.is_some())).collect(),
    })
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
