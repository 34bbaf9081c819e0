//! What was true on the chain, and when: the measure for what the exporter serves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use butler_testkit::devnet::{Chain, Move};

/// The chain's past, as far as somebody looked on.
#[derive(Debug, Default)]
pub(super) struct Truth(Mutex<Past>);

#[derive(Debug, Default)]
struct Past {
    head: u64,
    moved: Option<Instant>,
    /// When a height stopped being the head's, or a little before.
    left: BTreeMap<u64, Instant>,
    /// Every block that ever was a head, by height and time.
    blocks: BTreeSet<(u64, u64)>,
}

impl Truth {
    fn past(&self) -> MutexGuard<'_, Past> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something happen on the chain, and notes what it led to. One caller at a time.
    pub(super) async fn play(&self, chain: &Chain, action: Move) -> anyhow::Result<()> {
        let before = Instant::now();
        chain.play(action).await.context("failed to move the chain")?;
        self.note(chain, before).await
    }

    /// Notes the chain's head, which came after `before`.
    pub(super) async fn note(&self, chain: &Chain, before: Instant) -> anyhow::Result<()> {
        let (number, time) = (chain.block_number().await?, chain.timestamp().await?);
        let mut past = self.past();
        for height in past.head..number {
            past.left.insert(height, before);
        }
        past.left.remove(&number);
        past.blocks.insert((number, time));
        past.head = number;
        past.moved = Some(Instant::now());
        Ok(())
    }

    /// How long ago the chain last moved.
    pub(super) fn since_last(&self) -> Duration {
        self.past().moved.map_or(Duration::MAX, |moved| moved.elapsed())
    }

    /// The height of the head.
    pub(super) fn head(&self) -> u64 {
        self.past().head
    }

    /// For how long that height had not been the head's at that moment, in seconds.
    pub(super) fn age(&self, height: u64, at: Instant) -> f64 {
        let left = self.past().left.get(&height).copied();
        left.map_or(0.0, |left| at.saturating_duration_since(left).as_secs_f64())
    }

    /// Whether there ever was such a block.
    pub(super) fn has(&self, block: (u64, u64)) -> bool {
        self.past().blocks.contains(&block)
    }
}
