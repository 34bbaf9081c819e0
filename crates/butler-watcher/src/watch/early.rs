//! Early notices: what will be planned if the newest blocks stay, and what is taken back when they do not. Log lines only; nothing
//! of it is kept or acted on.

use std::collections::BTreeMap;

use butler_core::domain::action::{Action, EffectKey};

/// What was noticed and is not final yet.
#[derive(Debug, Default)]
pub(super) struct Early(BTreeMap<EffectKey, String>);

/// What to say of notices.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Notices {
    /// Seen for the first time.
    pub(super) new: Vec<String>,
    /// Seen before, and gone without having become final.
    pub(super) gone: Vec<String>,
}

impl Early {
    /// Takes in what is planned for good now, and what may be planned later.
    pub(super) fn look(&mut self, planned: impl Fn(&EffectKey) -> bool, early: Vec<Action>) -> Notices {
        let early: BTreeMap<EffectKey, String> = early.into_iter().map(|action| (action.key, action.why)).collect();
        let before = std::mem::take(&mut self.0);
        let new = early.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, why)| why.clone()).collect();
        let gone = before.iter().filter(|(key, _)| !early.contains_key(*key) && !planned(key));
        let gone = gone.map(|(_, why)| why.clone()).collect();
        self.0 = early;
        Notices { new, gone }
    }
}

impl Notices {
    pub(super) fn log(&self, network: &str) {
        for why in &self.new {
            tracing::info!(network, early = true, "not final yet: {why}");
        }
        for why in &self.gone {
            tracing::warn!(network, early = true, "taken back, the chain has it no more: {why}");
        }
    }
}
