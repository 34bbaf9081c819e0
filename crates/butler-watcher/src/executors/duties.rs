//! Which of the coming slots are a node's own, and so when it may reload.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use butler_core::chain::{ProposersReader, ProposersRequest, event_sources};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::domain::action::Place;
use butler_core::domain::block::BlockRef;
use butler_core::domain::rollup::RollupClock;
use butler_core::runtime::report::one_line;
use ethers_core::types::Address;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::plan::quiet::{Coming, quiet_slot};

/// The canonical rollup of each network, as it was seen last.
pub type Rollups = BTreeMap<Place, (Address, RollupClock)>;

/// How long it is waited where it cannot be read whose slots come.
const UNREAD: Duration = Duration::from_secs(60);
/// So many seconds before its deadline a coinbase waits for nothing.
const URGENT: u64 = 300;
/// Nobody waits longer for a quiet moment: it is more than two epochs.
const PATIENCE: Duration = Duration::from_secs(7200);

/// Reads whose slots come on one network.
#[derive(Debug)]
pub(super) struct Duties {
    place: Place,
    aztec_registry: Address,
    client: Arc<L1Client>,
    rollups: watch::Receiver<Rollups>,
    reader: ProposersReader,
    /// The newest head, and when it was new.
    head: Option<(BlockRef, Instant)>,
    /// Since when a server waits.
    waiting: BTreeMap<String, Instant>,
}

impl Duties {
    /// Of the network with that registry of providers and that registry of Aztec's.
    pub(super) fn new(
        (place, aztec_registry): (Place, Address),
        client: Arc<L1Client>,
        rollups: watch::Receiver<Rollups>,
    ) -> Self {
        let (reader, waiting) = (ProposersReader::default(), BTreeMap::new());
        Self { place, aztec_registry, client, rollups, reader, head: None, waiting }
    }

    /// How long a server must wait that runs these attesters, to be `distance` slots away from their proposals, and why.
    pub(super) async fn wait(
        &mut self,
        server: &str,
        attesters: &BTreeSet<Address>,
        until: Option<u64>,
        distance: u64,
    ) -> Option<(Duration, String)> {
        // A distance of nothing says that it does not matter.
        let wait = if distance == 0 {
            None
        } else {
            match self.coming(attesters).await {
                Ok((coming, clock)) => wait_of(&coming, &clock, distance, until),
                Err(why) => Some((UNREAD, format!("it cannot be read whose slots come: {why}"))),
            }
        };
        let Some(wait) = wait else {
            self.waiting.remove(server);
            return None;
        };
        let since = *self.waiting.entry(server.to_owned()).or_insert_with(Instant::now);
        let is_late = until.is_some_and(|until| self.now().is_some_and(|now| now.saturating_add(URGENT) >= until));
        if is_late || since.elapsed() > PATIENCE {
            self.waiting.remove(server);
            return None;
        }
        Some(wait)
    }

    /// The chain's time, in unix seconds: that of its head and what has passed since.
    fn now(&self) -> Option<u64> {
        let (head, since) = self.head.as_ref()?;
        Some(head.timestamp.saturating_add(since.elapsed().as_secs()))
    }

    async fn coming(&mut self, own: &BTreeSet<Address>) -> Result<(Coming, RollupClock), String> {
        let head = self.client.head(BlockTag::Latest, &[]).await.map_err(|error| one_line(&error))?.block;
        if self.head.as_ref().is_none_or(|(known, _)| known.hash != head.hash) {
            self.head = Some((head, Instant::now()));
        }
        let (rollup, clock) = self.rollup(&head).await?;
        let request = ProposersRequest { rollup, clock, own };
        let found = self.reader.read(&self.client, &head, &request).await.map_err(|error| one_line(&error))?;
        let now = self.now().and_then(|now| clock.slot_at(now)).unwrap_or(found.now);
        Ok((Coming { now, last: found.last, own: found.own.into_keys().collect() }, clock))
    }

    /// The canonical rollup. After a start nobody has seen it until the next block is final: then it is asked for here.
    async fn rollup(&self, head: &BlockRef) -> Result<(Address, RollupClock), String> {
        if let Some(seen) = self.rollups.borrow().get(&self.place) {
            return Ok(*seen);
        }
        let sources = event_sources(&self.client, head, self.aztec_registry, self.place.contract).await;
        let sources = sources.map_err(|error| one_line(&error))?;
        let clock = sources.clocks.get(&sources.rollup).copied();
        Ok((sources.rollup, clock.ok_or_else(|| "the rollup tells no clock".to_owned())?))
    }
}

/// How long it is until the slot in which a node may reload; `None` where that is now.
fn wait_of(coming: &Coming, clock: &RollupClock, distance: u64, until: Option<u64>) -> Option<(Duration, String)> {
    let deadline = until.and_then(|until| clock.slot_at(until));
    let slot = quiet_slot(coming, distance, deadline);
    let slots = slot.checked_sub(coming.now).filter(|slots| *slots > 0)?;
    let wait = Duration::from_secs(slots.saturating_mul(clock.slot_seconds));
    Some((wait, format!("a proposal of its own is near, its node reloads in slot {slot}")))
}
