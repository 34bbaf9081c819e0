//! Duties at rollups that are not canonical any more, each in a book of its own.
//!
//! One is followed as long as attesters of ours can have duties there: while any validates, and until the last committee ends that was
//! sampled by then; and for the span that is told after that. Then its book keeps own proposals alone, since the last one of an attester says what its node uses. What a former
//! rollup does not tell is told of that one, and hinders no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use ethers_core::types::Address;
use tokio::time::timeout;

use super::book::{DutiesBook, Following};
use crate::chain::ledger::Heard;
use crate::chain::request::Progress;
use crate::client::l1::L1Client;
use crate::domain::block::BlockRef;
use crate::domain::duties::FormerDuties;
use crate::domain::rollup::RollupClock;
use crate::domain::rollups::RollupId;
use crate::domain::rollups::followed::{duties_end, may_draw_besides};
use crate::domain::snapshot::NetworkSnapshot;
use crate::runtime::report::one_line;
use crate::store::file::StoreError;

/// The longest that one rollup may take with each look; what was read by then stays.
const PATIENCE: Duration = Duration::from_secs(60);

/// The books of former rollups.
#[derive(Debug, Default)]
pub struct FormerBooks(BTreeMap<RollupId, Former>);

/// One of them.
#[derive(Debug)]
struct Former {
    book: DutiesBook,
    clock: Option<RollupClock>,
    /// Until when own attesters can have duties there, in unix seconds.
    until: u64,
    /// The newest checkpoint, and the block at which the rollup said so.
    pending: (u64, Option<u64>),
    validating: BTreeSet<Address>,
    may_draw_besides: BTreeSet<Address>,
    failed: Option<String>,
}

/// What all of them are told each time that they read on.
#[derive(Debug, Clone, Copy)]
pub struct FormerFollowing<'a> {
    /// Whose duties matter.
    pub own: &'a BTreeSet<Address>,
    /// The newest block.
    pub head: BlockRef,
    /// What was heard along with other scans of the logs of these rollups.
    pub heard: (&'a Heard, &'a BTreeSet<Address>),
    /// How far back duties are told.
    pub span: Duration,
}

impl FormerBooks {
    /// Takes the book of a rollup that was the canonical one.
    pub fn take_in(&mut self, book: DutiesBook, snapshot: &NetworkSnapshot) {
        if let Some(id) = snapshot.rollup_id(book.rollup()).filter(|id| *id != snapshot.canonical()) {
            self.0.insert(id, Former::of(book));
        }
    }

    /// Takes in what a snapshot says of former rollups. `path` is where the book of a rollup is kept. Blocks where one is new.
    pub fn note(&mut self, snapshot: &NetworkSnapshot, path: impl Fn(Address) -> Option<PathBuf>) {
        // A reorg can undo a cut-over: what is canonical again is followed as such, and in no second book.
        self.0.retain(|id, _| *id != snapshot.canonical());
        for former in &snapshot.former_rollups {
            let open = || {
                let path = path(former.id.address);
                Former::of(DutiesBook::open(path.as_deref(), snapshot.chain_id, former.id.address))
            };
            let held = self.0.entry(former.id).or_insert_with(open);
            held.until = held.until.max(duties_end(former, snapshot).unwrap_or_default());
            held.validating = former.validating().collect();
            held.may_draw_besides = may_draw_besides(former, snapshot);
            if let Some(figures) = &former.figures {
                held.clock = Some(figures.clock);
                // What is not told may be what was told before.
                let pending = figures.checkpoints.pending.filter(|_| former.unread.is_none());
                held.pending = (snapshot.block.number, pending);
            }
        }
    }

    /// Reads on where own attesters can have duties. What fails is told of its rollup.
    pub async fn follow(
        &mut self,
        client: &L1Client,
        following: &FormerFollowing<'_>,
        progress: &(dyn Fn(Progress) + Sync),
    ) {
        self.follow_within(Duration::MAX, client, following, progress).await;
    }

    /// The same; all of them take no longer than `patience` together, each its part of it.
    pub async fn follow_within(
        &mut self,
        patience: Duration,
        client: &L1Client,
        following: &FormerFollowing<'_>,
        progress: &(dyn Fn(Progress) + Sync),
    ) {
        let followed = self.0.values().filter(|held| held.is_followed(following)).count();
        let share = u32::try_from(followed).ok().and_then(|count| patience.checked_div(count));
        let patience = share.unwrap_or_default().min(PATIENCE);
        for held in self.0.values_mut() {
            held.follow(client, following, patience, progress).await;
        }
    }

    /// What is known of each that there is something of.
    #[must_use]
    pub fn duties(&self) -> Vec<FormerDuties> {
        let duties = self.0.iter().map(|(id, held)| FormerDuties {
            id: *id,
            proposals: held.book.proposals(),
            seen: held.book.seen().cloned(),
            validating: held.validating.clone(),
            may_draw_besides: held.may_draw_besides.clone(),
            failed: held.failed.clone(),
        });
        let is_any = |one: &FormerDuties| one.seen.is_some() || one.failed.is_some() || !one.proposals.is_empty();
        duties.filter(is_any).collect()
    }

    /// All former rollups, with the clocks of those that told theirs.
    pub fn rollups(&self) -> impl Iterator<Item = (RollupId, Option<RollupClock>)> + '_ {
        self.0.iter().map(|(id, held)| (*id, held.clock))
    }

    /// Keeps all of them for the next start. Blocks.
    ///
    /// # Errors
    /// What stopped one of the files from being replaced, the last one where there are several.
    pub fn save(&mut self) -> Result<(), StoreError> {
        let mut kept = Ok(());
        for held in self.0.values_mut() {
            kept = held.book.save().and(kept);
        }
        kept
    }
}

impl Former {
    fn of(book: DutiesBook) -> Self {
        let (validating, may_draw_besides) = (BTreeSet::new(), BTreeSet::new());
        Self { book, clock: None, until: 0, pending: (0, None), validating, may_draw_besides, failed: None }
    }

    /// Whether own attesters can have duties there at that block, or had some in the span that is told: what they proposed last is read, and
    /// waited for, after the end, too.
    fn is_followed(&self, following: &FormerFollowing<'_>) -> bool {
        following.head.timestamp < self.until.saturating_add(following.span.as_secs())
    }

    async fn follow(
        &mut self,
        client: &L1Client,
        following: &FormerFollowing<'_>,
        patience: Duration,
        progress: &(dyn Fn(Progress) + Sync),
    ) {
        let FormerFollowing { own, head, heard: (heard, of), span } = *following;
        self.failed = None;
        if !self.is_followed(following) {
            self.book.retire();
            return;
        }
        let Some(clock) = self.clock else { return };
        let following = Following {
            clock,
            own,
            head,
            pending: self.pending.1.filter(|_| self.pending.0 == head.number),
            heard: Some(heard).filter(|_| of.contains(&self.book.rollup())),
            span,
        };
        self.failed = match timeout(patience, self.book.follow(client, &following, progress)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(one_line(&error)),
            Err(_) => Some(format!("it took more than {} seconds", patience.as_secs())),
        };
    }
}
