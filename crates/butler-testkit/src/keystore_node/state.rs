//! What a node runs and what became of its reloads, shared by its ports and by the test.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ethers_core::types::Address;
use tokio::{sync::oneshot, task::JoinSet};

use super::{Effect, Settings, keystore::Running, load::load, script::Script};
use crate::aztec_node::FakeAztecNode;

/// One node, whichever of its parts looks at it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) settings: Settings,
    /// Answers everything that is no matter of the keystore.
    pub(super) recorded: FakeAztecNode,
    state: Mutex<State>,
    /// Reloads go on when their client has gone.
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) running: Vec<Running>,
    pub(super) is_renamed: bool,
    /// What `setConfig` was told, which has no effect.
    pub(super) told_coinbase: Option<String>,
    pub(super) script: VecDeque<Script>,
    pub(super) standing: Option<Script>,
    pub(super) accepted: u64,
    pub(super) refusals: Vec<String>,
    pub(super) under_way: u64,
    pub(super) asked: u64,
    pub(super) overlapping: u64,
}

impl State {
    /// The coinbase with which each attester would propose now.
    pub(super) fn coinbases(&self) -> BTreeMap<Address, Address> {
        let mut coinbases = BTreeMap::new();
        for block in &self.running {
            for attester in &block.attesters {
                coinbases.entry(*attester).or_insert_with(|| block.coinbase(*attester));
            }
        }
        coinbases
    }
}

/// A reload that is under way until every clone of this is gone.
#[derive(Debug)]
pub(super) struct Turn(Arc<Node>);

impl Turn {
    fn begin(node: &Arc<Node>) -> Arc<Self> {
        node.settings.order.note(&node.settings.name, "reload asked");
        let mut state = node.state();
        state.asked = state.asked.saturating_add(1);
        if state.under_way > 0 {
            state.overlapping = state.overlapping.saturating_add(1);
        }
        state.under_way = state.under_way.saturating_add(1);
        drop(state);
        Arc::new(Self(Arc::clone(node)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way = state.under_way.saturating_sub(1);
    }
}

impl Node {
    pub(super) fn new(settings: Settings, recorded: FakeAztecNode) -> Self {
        Self { settings, recorded, state: Mutex::default(), tasks: Mutex::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next reload does.
    pub(super) fn next_script(&self) -> Script {
        let mut state = self.state();
        state.script.pop_front().or_else(|| state.standing.clone()).unwrap_or(Script::HONEST)
    }

    /// Begins a reload, which goes on whatever becomes of the caller; the turn lasts until both are done with it.
    pub(super) fn reload(self: &Arc<Self>, effect: Effect) -> (Arc<Turn>, oneshot::Receiver<Result<(), String>>) {
        let turn = Turn::begin(self);
        let (sender, outcome) = oneshot::channel();
        let (node, kept) = (Arc::clone(self), Arc::clone(&turn));
        self.tasks().spawn(async move {
            // Nobody may be there any more to hear of it.
            let _ = sender.send(node.carry_out(effect).await);
            drop(kept);
        });
        (turn, outcome)
    }

    /// Ends the reloads that still wait.
    pub(super) fn abort(&self) {
        self.tasks().abort_all();
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry_out(&self, effect: Effect) -> Result<(), String> {
        let (before, after) = match effect {
            Effect::Nothing => return Ok(()),
            Effect::Reload => (Duration::ZERO, Duration::ZERO),
            Effect::ReadLate(wait) => (wait, Duration::ZERO),
            Effect::TakeLate(wait) => (Duration::ZERO, wait),
        };
        tokio::time::sleep(before).await;
        let in_use = self.state().running.clone();
        let loaded = load(&self.settings, Some(&in_use)).await;
        self.settings.order.note(&self.settings.name, "files read");
        tokio::time::sleep(after).await;
        match loaded {
            Ok(running) => {
                let mut state = self.state();
                state.running = running;
                state.accepted = state.accepted.saturating_add(1);
                drop(state);
                self.settings.order.note(&self.settings.name, "reload taken");
                Ok(())
            }
            Err(words) => {
                self.state().refusals.push(words.clone());
                self.settings.order.note(&self.settings.name, "reload refused");
                Err(words)
            }
        }
    }
}
