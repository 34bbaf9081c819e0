//! What is told of proofs, and taken back when it is over.

use butler_core::domain::action::{Action, ActionKind, EffectKey, Part, Priority};
use butler_core::domain::duties::{SeenProposal, Used};
use butler_core::text::address::checksummed;
use butler_core::text::time::moment;
use ethers_core::types::Address;

use super::contradiction::{Contradiction, End};
use super::held::{Held, Proofs};
use super::mend::{load_keys, mend_keys};
use super::remedy::Remedy;
use super::telling::{Telling, action, evidence, parts};
use crate::plan::plans::{Plans, Retracted};

/// Why a contradiction is taken back.
const MOOT: &str = "the attester must have another coinbase by now";
/// Why no node needs to load anything any more.
const RIGHT: &str = "the attester proposed with the right coinbase";

impl Proofs {
    /// Plans to tell what is proven and was not told, what is contradicted, and what is not any more.
    #[must_use]
    pub fn plan(&self, telling: &Telling<'_>) -> Plans {
        let mut plans = Plans::default();
        for (attester, held) in &self.attesters {
            plans.actions.extend(proven(*attester, held, telling));
            for one in &held.contradictions {
                match one.ended {
                    // Nobody needs to hear of it for the first time now.
                    Some(End::Moot) => {
                        plans.retractions.push(Retracted { key: key(*attester, one, telling), why: MOOT });
                        let [_, key] = mend_keys(*attester, one, &telling.place);
                        plans.retractions.push(Retracted { key, why: MOOT });
                        plans.retractions.extend(loads(*attester, one, telling, MOOT));
                    }
                    Some(End::Right(right)) => {
                        plans.retractions.extend(loads(*attester, one, telling, RIGHT));
                        plans.actions.push(contradicted(*attester, one, telling));
                        plans.actions.push(ended(*attester, one, &right, telling));
                    }
                    None => plans.actions.push(contradicted(*attester, one, telling)),
                }
            }
        }
        plans
    }
}

/// Takes back what has nodes load files that are right.
fn loads(
    attester: Address,
    one: &Contradiction,
    telling: &Telling<'_>,
    why: &'static str,
) -> impl Iterator<Item = Retracted> {
    load_keys(attester, one, &telling.place).into_iter().map(move |key| Retracted { key, why })
}

fn proven(attester: Address, held: &Held, telling: &Telling<'_>) -> Option<Action> {
    let by = held.proven.filter(|proven| !proven.is_told)?.by;
    let why = format!(
        "{} proposed with the coinbase {}, which it must have, in slot {}: proven",
        checksummed(&attester),
        held.coinbase,
        by.slot
    );
    let about = [Part::Address(attester), Part::Address(held.coinbase.address())];
    let key = EffectKey::new(ActionKind::CoinbaseProven, &telling.place, &about);
    Some(Action { key, ..action(ActionKind::CoinbaseProven, attester, Priority::Normal, why, &by, telling) })
}

fn key(attester: Address, one: &Contradiction, telling: &Telling<'_>) -> EffectKey {
    let [who, what, since] = parts(attester, one);
    let about = [who, what, since, Part::Number(one.rung())];
    EffectKey::new(ActionKind::CoinbaseContradicted, &telling.place, &about)
}

fn contradicted(attester: Address, one: &Contradiction, telling: &Telling<'_>) -> Action {
    let worse = if one.rung() > 1 { "worse than before: " } else { "" };
    let own = if one.used == Used::Unset { ", its own address," } else { "" };
    let lost = match one.count {
        1 => "its rewards went astray".to_owned(),
        count => {
            let since = telling.clock.slot_start(one.first.slot).map(moment).unwrap_or_default();
            format!("the rewards of {count} proposals went astray since slot {} ({since})", one.first.slot)
        }
    };
    let at = telling.clock.slot_start(one.last.slot).map(moment).unwrap_or_default();
    let advice = match (one.ended, telling.remedies.get(&attester)) {
        (Some(_), _) => "it is over".to_owned(),
        (None, remedy) => remedy.unwrap_or(&Remedy::Unknown).advice(),
    };
    let why = format!(
        "{worse}{} proposed with the coinbase {}{own} instead of {} in slot {} ({at}, transaction {:?}): {lost}; {advice}",
        checksummed(&attester),
        checksummed(&one.last.coinbase),
        one.right,
        one.last.slot,
        one.last.transaction
    );
    let kind = ActionKind::CoinbaseContradicted;
    let mut action = action(kind, attester, Priority::Urgent, why, &one.first, telling);
    if one.last != one.first {
        action.evidence.push(evidence(&one.last));
    }
    Action { key: key(attester, one, telling), ..action }
}

fn ended(attester: Address, one: &Contradiction, right: &SeenProposal, telling: &Telling<'_>) -> Action {
    let count = one.count;
    let before = if count == 1 { "proposal".to_owned() } else { format!("{count} proposals") };
    let why = format!(
        "no longer: {} proposed with the right coinbase {} in slot {}; the {before} before it, from slot {} to {}, paid another one",
        checksummed(&attester),
        one.right,
        right.slot,
        one.first.slot,
        one.last.slot
    );
    let key = EffectKey::new(ActionKind::CoinbaseProven, &telling.place, &parts(attester, one));
    Action { key, ..action(ActionKind::CoinbaseProven, attester, Priority::Normal, why, right, telling) }
}
