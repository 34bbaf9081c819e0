//! What a former rollup does not tell now, and told before: whoever reads again and again goes on with that, so that its silence
//! resolves nothing and raises nothing.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use super::{FormerRollup, settle_views, sum_rewards};
use crate::domain::attester::view::OnChainStatus;
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::snapshot::NetworkSnapshot;

/// What former rollups told last.
#[derive(Debug, Default)]
pub struct LastTold {
    former: Vec<FormerRollup>,
    causes: BTreeMap<Address, ZombieCause>,
}

impl LastTold {
    /// Puts what former rollups told last where they do not tell it now, and keeps what is told now. That they do not tell it is
    /// told all the same.
    pub fn lend(&mut self, snapshot: &mut NetworkSnapshot) {
        let mut formers = std::mem::take(&mut snapshot.former_rollups);
        for former in formers.iter_mut().filter(|former| former.unread.is_some()) {
            let Some(known) = self.former.iter().find(|known| known.id == former.id) else { continue };
            let told = former.clone();
            lend(former, known);
            let is_there = |attester: &Address| told.attesters.contains_key(attester);
            let is_nowhere = |attester: &Address| {
                snapshot.attesters.get(attester).is_some_and(|view| view.status == OnChainStatus::None)
            };
            former.attesters.retain(|attester, _| is_there(attester) || is_nowhere(attester));
            let lent = former.attesters.keys().filter(|attester| !is_there(attester));
            let causes = lent.filter_map(|attester| Some((*attester, *self.causes.get(attester)?)));
            snapshot.zombie_causes.extend(causes.collect::<Vec<_>>());
            let mut rewards = FormerRollup::empty(former.id, former.since);
            rewards.pending_rewards.clone_from(&former.pending_rewards);
            rewards.pending_rewards.retain(|coinbase, _| !told.pending_rewards.contains_key(coinbase));
            // A sum that does not fit was refused when it was read.
            let _ = sum_rewards(&mut snapshot.pending_rewards, &[rewards]);
        }
        settle_views(&mut snapshot.attesters, &formers);
        self.former.clone_from(&formers);
        self.causes.clone_from(&snapshot.zombie_causes);
        snapshot.former_rollups = formers;
    }
}

fn lend(former: &mut FormerRollup, known: &FormerRollup) {
    for (attester, view) in &known.attesters {
        if former.untold_attesters.remove(attester) {
            former.attesters.insert(*attester, *view);
        }
    }
    // Of the others it told that they are not there; whoever waited may have been let in since.
    let waited = |attester: &_| known.entry_queue.iter().any(|deposit| deposit.attester == *attester);
    former.untold_attesters.retain(|attester| known.untold_attesters.contains(attester) || waited(attester));
    if former.is_queue_untold {
        former.entry_queue.clone_from(&known.entry_queue);
        former.is_queue_untold = known.is_queue_untold;
    }
    for (coinbase, amount) in &known.pending_rewards {
        if former.untold_rewards.remove(coinbase) {
            former.pending_rewards.insert(*coinbase, *amount);
        }
    }
    former.untold_rewards.retain(|coinbase| known.untold_rewards.contains(coinbase));
    if former.figures.is_none() {
        former.figures.clone_from(&known.figures);
    }
}
