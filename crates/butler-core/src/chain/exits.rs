//! Why zombies of ours are zombies, where their amounts do not tell: the event of an exit that the attester began, or the slash
//! in whose block the exit began.
//!
//! Only what a log says counts, never that there is none: two endpoints must tell the same, where there are two. When an exit
//! began follows from its record, so a few thousand blocks around that moment are read, once for each exit; what is told can
//! never change and is kept. What nobody tells stays unclear, and is asked again after some hours.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::{Address, H256};
use tokio::time::{Instant, timeout_at};

use super::memo::Told;
use super::rollups::RollupBook;
use crate::client::endpoint::Endpoint;
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::exit_events::{ExitEvent, decode_exit_event, exit_topics};
use crate::domain::attester::view::Exit;
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::block::BlockRef;

/// How long all of it may take for one snapshot.
const PATIENCE: Duration = Duration::from_secs(4);
/// Blocks come no faster than this, in seconds: so an exit began no earlier than so many blocks ago.
const BLOCK_SECONDS: u64 = 12;
/// So many blocks after that moment are looked through at least, and this part of the blocks since then: slots are missed.
const WINDOW: (u64, u64) = (2_000, 20);
/// The most exits that are looked into for one snapshot.
const AT_MOST: usize = 20;

/// A zombie whose amount does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnclearExit {
    pub(super) attester: Address,
    pub(super) rollup: Address,
    pub(super) exit: Exit,
    /// When the exit began, in unix seconds.
    pub(super) began: u64,
}

/// What events say of each; those of which they say nothing are left out.
pub(super) async fn causes(
    client: &L1Client,
    pin: &BlockRef,
    unclear: &[UnclearExit],
    book: &mut RollupBook,
) -> BTreeMap<Address, ZombieCause> {
    let mut found = BTreeMap::new();
    let mut open = Vec::new();
    for one in unclear {
        match book.cause(client, pin, one.rollup, &one.exit) {
            Some(cause) => _ = found.insert(one.attester, cause),
            None if book.may_ask_cause(pin, one.rollup, &one.exit) => open.push(*one),
            None => {}
        }
    }
    open.truncate(AT_MOST);
    let deadline = Instant::now().checked_add(client.patience(PATIENCE)).unwrap_or_else(Instant::now);
    for one in open {
        let settled = settle(client, pin, &one, deadline).await;
        book.note_cause(pin, one.rollup, &one.exit, settled.clone());
        found.extend(settled.map(|(cause, _)| (one.attester, cause)));
    }
    found
}

/// Asks until two agree; the only endpoint's word counts alone.
async fn settle(
    client: &L1Client,
    pin: &BlockRef,
    one: &UnclearExit,
    deadline: Instant,
) -> Option<(ZombieCause, Told)> {
    let mut told: Vec<ZombieCause> = Vec::new();
    for endpoint in client.log_order(&BTreeSet::new(), Endpoint::log_range) {
        let asked = timeout_at(deadline, ask(client, pin, endpoint.index(), one)).await;
        let Some(cause) = asked.ok().flatten() else { continue };
        if client.endpoints().len() == 1 {
            return Some((cause, Told::by_one(client, endpoint.index(), pin.number)));
        }
        if told.contains(&cause) {
            return Some((cause, Told::ByTwo));
        }
        told.push(cause);
    }
    None
}

/// What the logs of one endpoint say.
async fn ask(client: &L1Client, pin: &BlockRef, endpoint: usize, one: &UnclearExit) -> Option<ZombieCause> {
    let blocks = pin.timestamp.saturating_sub(one.began) / BLOCK_SECONDS;
    let from = pin.number.saturating_sub(blocks);
    let (least, part) = WINDOW;
    let to = from.saturating_add(least).saturating_add(blocks / part).min(pin.number);
    let filter = LogFilter { addresses: vec![one.rollup], topics: vec![exit_topics(), vec![H256::from(one.attester)]] };
    let others: BTreeSet<usize> = (0..client.endpoints().len()).filter(|other| *other != endpoint).collect();
    let mut scan = client.log_scan(&filter, (from, to), Some(*pin), others.clone());
    let mut slashed = Vec::new();
    while let Ok(Some(step)) = scan.next().await {
        for log in &step.logs {
            match decode_exit_event(log) {
                Ok((attester, _, ExitEvent::Began(withdrawal)))
                    if (attester, withdrawal) == (one.attester, one.exit.withdrawal_id) =>
                {
                    return Some(ZombieCause::OwnExit);
                }
                Ok((attester, block, ExitEvent::Slashed)) if attester == one.attester => slashed.push(block),
                Ok(_) => {}
                Err(error) => tracing::debug!("an exit's event: {error}"),
            }
        }
    }
    // Whoever is slashed out is so in the block of a slash. Later blocks have later times, so few of many are looked at.
    slashed.sort_unstable();
    slashed.dedup();
    let mut left = slashed.as_slice();
    while let Some(block) = left.get(left.len() / 2) {
        let mut scan = client.log_scan(&filter, (*block, *block), Some(*pin), others.clone());
        let header = scan.next().await.ok().flatten()?.to;
        let (before, from) = left.split_at(left.len() / 2);
        left = match header.timestamp.cmp(&one.began) {
            Ordering::Equal => return Some(ZombieCause::SlashedOut),
            Ordering::Greater => before,
            Ordering::Less => from.get(1..).unwrap_or_default(),
        };
    }
    None
}
