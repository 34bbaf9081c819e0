//! What owners of a Safe are asked for, planned beside the logs of a look: asked, shown anew, taken back.

use std::collections::BTreeMap;

use butler_core::domain::action::{Action, Assurance, EffectKey, Part, Phase, Place, Policy, Wish};
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::H256;
use ethers_core::utils::keccak256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, to_value};
use tokio::task::block_in_place;

use super::error::Failed;
use super::proposals::{Standing, is_wanted};
use super::{Cursor, Watch, wishes};
use crate::executors::proposals::{can_propose, is_proposed};
use crate::journal::{Batch, Entry, Fulfilment, Journal, JournalError, Keep, Known, Retraction, each_live};
use crate::plan::proposals::{At, Became, Before, Next, Said, Slot, action_of, next};

/// Where an action is not over.
const LIVE: [Phase; 5] = [Phase::AwaitingApproval, Phase::Due, Phase::Running, Phase::Verifying, Phase::Parked];

/// What was asked for of a slot the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    key: EffectKey,
    wish: Wish,
}

/// What a look found, to be planned once its logs are.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    said: BTreeMap<Slot, Said>,
    standing: Standing,
    /// When the look began, by the journal's clock.
    began: u64,
}

impl Watch {
    /// Looks what is wanted, as the journal has it and a snapshot that was read since `began`, in unix seconds.
    pub(super) async fn wish(&mut self, snapshot: &NetworkSnapshot, began: u64) -> Result<Wishes, Failed> {
        let (journal, place) = (self.journal.as_ref(), self.place());
        let began = began.saturating_mul(1000);
        let standing = block_in_place(|| standing(journal, &place)).map_err(Failed::Journal)?;
        if !is_wanted(&self.follower.network().config, &standing) {
            return Ok(Wishes::default());
        }
        let denied = block_in_place(|| denied(journal, &place, snapshot)).map_err(Failed::Journal)?;
        let said = Box::pin(self.proposals.look(self.follower.network(), snapshot, &standing, &denied)).await;
        Ok(Wishes { said, standing, began })
    }

    /// Plans what is wanted, which moves no checkpoint.
    pub(super) fn plan_wishes(&self, wishes: Wishes, assurance: Assurance, to: Cursor) -> Result<(), Failed> {
        let batch = self.wished(wishes, assurance).map_err(Failed::Journal)?;
        if batch != Batch::default() {
            let batch = Batch { approval: Some(self.wishes.borrow().approval_expiry), ..batch };
            self.carry_out(&batch, to).map_err(Failed::Journal)?;
        }
        Ok(())
    }

    fn wished(&self, wishes: Wishes, assurance: Assurance) -> Result<Batch, JournalError> {
        let (place, journal) = (self.place(), self.journal.as_ref());
        let (mut batch, mut actions) = (Batch::default(), Vec::new());
        for (slot, said) in wishes.said {
            let name = name_of(&place, &slot);
            let before = before(wishes.standing.get(&slot), &name, wishes.began, journal)?;
            match next(said, before) {
                Next::Leave => {}
                Next::Ask(draft) => {
                    let wish = draft.proposal.wish;
                    let action = action_of(*draft, place, assurance, None);
                    let asked = Asked { key: action.key.clone(), wish };
                    batch.keeps.push(Keep { name, value: to_value(asked).ok() });
                    actions.push(action);
                }
                Next::Renew(shown, draft) => {
                    tracing::warn!(key = shown.key.as_str(), "{} is shown anew: it would be something else", shown.key);
                    actions.push(action_of(*draft, place, assurance, Some(shown.key)));
                }
                Next::Retract(reason) => {
                    let key = wishes.standing.get(&slot).map(|entry| entry.action.key.clone());
                    batch.retractions.extend(key.map(|key| Retraction { key, reason }));
                }
                Next::Fulfil(proof) => {
                    let key = wishes.standing.get(&slot).map(|entry| entry.action.key.clone());
                    batch.fulfilled.extend(key.map(|key| Fulfilment { key, proof }));
                }
                Next::Forget => batch.keeps.push(Keep { name, value: None }),
            }
        }
        batch.plans = self.under_policy(actions);
        Ok(batch)
    }

    /// Under the operator's policy; what nobody here can propose is only told.
    fn under_policy(&self, actions: Vec<Action>) -> Vec<crate::journal::Plan> {
        let config = self.wishes.borrow();
        let mut plans = wishes::plans(actions, &config, &self.named);
        if !can_propose(&self.follower.network().config) {
            plans.retain(|plan| plan.action.kind.is_proposed());
            for plan in plans.iter_mut().filter(|plan| plan.policy.acts()) {
                plan.policy = Policy::Notify;
            }
        }
        plans
    }
}

/// The live action of each slot. Blocks.
fn standing(journal: &dyn Journal, place: &Place) -> Result<Standing, JournalError> {
    let mut found = Standing::new();
    each_live(journal, &LIVE, |entry| {
        let is_ours = entry.action.place == *place && entry.action.kind.is_proposed();
        if let Some(proposal) = entry.action.proposal().filter(|_| is_ours) {
            found.insert(Slot::of(&proposal.wish), entry);
        }
    })?;
    Ok(found)
}

/// What a person said no to, by slot: of that nothing is looked up. Blocks.
fn denied(
    journal: &dyn Journal,
    place: &Place,
    snapshot: &NetworkSnapshot,
) -> Result<BTreeMap<Slot, Wish>, JournalError> {
    use butler_core::domain::action::ActionKind::{AddKeys, CreateProvider};
    let queues = snapshot.providers.keys().map(|id| Slot { kind: AddKeys, provider: Some(*id) });
    let mut found = BTreeMap::new();
    for slot in queues.chain([Slot { kind: CreateProvider, provider: None }]) {
        if let Some(Before::Ended(wish, Became::Denied)) = ended(&name_of(place, &slot), 0, journal)? {
            found.insert(slot, wish);
        }
    }
    Ok(found)
}

fn before(live: Option<&Entry>, name: &str, began: u64, journal: &dyn Journal) -> Result<Before, JournalError> {
    if let Some(Entry { action, standing }) = live {
        let is_open =
            standing.policy.acts() && standing.leased_until.is_none() && !is_proposed(standing.intent.as_ref());
        let at = match standing.phase {
            Phase::Parked => At::Parked,
            Phase::AwaitingApproval | Phase::Due if is_open => At::Open,
            Phase::Planned
            | Phase::AwaitingApproval
            | Phase::Due
            | Phase::Running
            | Phase::Verifying
            | Phase::Done
            | Phase::Dropped => At::Busy,
        };
        return Ok(Before::Live(Box::new(action.clone()), at));
    }
    Ok(ended(name, began, journal)?.unwrap_or(Before::Nothing))
}

/// What became of the last one that was asked for under that name.
fn ended(name: &str, began: u64, journal: &dyn Journal) -> Result<Option<Before>, JournalError> {
    let kept: Option<Value> = journal.kept(name)?.into_values().next();
    let Some(Asked { key, wish }) = kept.and_then(|value| serde_json::from_value(value).ok()) else { return Ok(None) };
    let became = match journal.look_up(&key)? {
        Some(Known::Finished(finished)) if began > 0 && finished.at >= began => Became::JustNow,
        Some(Known::Finished(finished)) if finished.again => Became::TakenBack,
        Some(Known::Finished(finished)) if finished.phase == Phase::Done && !finished.is_unasked() => Became::Done,
        Some(Known::Finished(_)) => Became::Denied,
        // It went on in this moment.
        Some(Known::Live(_)) => Became::JustNow,
        None => return Ok(None),
    };
    Ok(Some(Before::Ended(wish, became)))
}

/// The name of the record that remembers what was asked for of a slot.
fn name_of(place: &Place, slot: &Slot) -> String {
    let about = slot.provider.map_or(Part::Name("network"), |id| Part::Number(id.get()));
    let of = EffectKey::new(slot.kind, place, &[about]);
    format!("proposal-asked:{:x}", H256(keccak256(of.as_str())))
}
