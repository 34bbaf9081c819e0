//! What attesters did, read from L1 alone: the rollup's logs, the draws of its epochs, and the transactions that proposed.
//!
//! No archive is needed: committee and seed of a past epoch are told at the newest block. Which epochs matter follows from the draws,
//! and only transactions of those are read. Numbers of checkpoints follow one another, so a log that is withheld leaves a gap: then
//! another endpoint is asked, and where no one fills it, what is missing is told as not read.

mod book;
mod draws;
mod former;
mod found;
mod logs;
mod opening;
mod past;
mod proposals;
mod request;
mod seen;
mod span;
mod times;

use std::collections::{BTreeMap, BTreeSet};

pub use self::book::{DutiesBook, Following};
use self::draws::read_draws;
pub use self::former::{FormerBooks, FormerFollowing};
pub use self::found::ReadDuties;
use self::logs::{Logged, read_logs};
pub use self::past::PastRequest;
use self::proposals::{AT_ONCE, Held, Proposals, place, read_proposals};
pub use self::request::DutiesRequest;
use self::span::{Span, epochs_with};
use self::times::Times;
pub use self::times::first_block_at;
use super::error::SnapshotError;
use super::request::Progress;
use crate::client::l1::L1Client;
use crate::domain::duties::{EpochDraw, KnownCheckpoint};

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
    let times = Times::new(&[&[request.from, request.to], logs.anchors.as_slice()].concat(), client.chain_id());
    let epochs = times.epochs(request);
    let epochs_asked = epochs.clone();
    let (draws, _) =
        read_draws(client, request.rollup, &request.clock, &request.newest, epochs_asked, &mut None).await?;
    let ours = epochs_with(&draws, request.own);
    let mut found = ReadDuties {
        epochs: (epochs.end().saturating_sub(*epochs.start()).saturating_add(1), count(ours.len())),
        hatches: draws.iter().filter(|(_, draw)| draw.is_hatch).map(|(epoch, _)| *epoch).collect(),
        gap: logs.gap,
        ..ReadDuties::default()
    };
    let setting = Setting { request, times: &times, draws: &draws, ours: &ours };
    read_checkpoints(client, &setting, &logs.logged, progress, &mut found).await?;
    let (checkpoints, is_complete) = (&found.checkpoints, found.gap.is_none());
    let read = times.read_slots(request);
    let span = Span { clock: request.clock, draws: &draws, checkpoints, read, is_complete };
    found.duties = span.duties(&ours, request.own);
    Ok(found)
}

/// What is needed to know which transactions matter, and whether they can be.
struct Setting<'a> {
    request: &'a DutiesRequest<'a>,
    times: &'a Times,
    draws: &'a BTreeMap<u64, EpochDraw>,
    ours: &'a BTreeSet<u64>,
}

impl Setting<'_> {
    fn matters(&self, one: &Logged) -> bool {
        let clock = &self.request.clock;
        let (first, last) = self.times.slots(clock, one.log.block_number);
        self.ours.range(clock.epoch_of(first)..=clock.epoch_of(last)).next().is_some()
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
    let Setting { request: DutiesRequest { rollup, clock, .. }, times, draws, .. } = *setting;
    let slots = wanted.iter().map(|one| (place(one), times.slots(clock, one.log.block_number))).collect();
    let held = Held { rollup: *rollup, clock: *clock, draws, slots: &slots };
    let (mut read, mut unread) = (Proposals::new(), BTreeMap::new());
    for some in wanted.chunks(AT_ONCE) {
        let (more, problems) = read_proposals(client, &held, some.to_vec()).await?;
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

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
