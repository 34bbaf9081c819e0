//! What is told of proofs, and what is asked for to mend what they contradict.

use std::collections::BTreeMap;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, Part, Place, Priority, Schema,
};
use butler_core::domain::attester::delegation::Delegation;
use butler_core::domain::duties::{SeenProposal, Used};
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_core::domain::rollup::RollupClock;
use butler_core::text::address::checksummed;
use butler_core::text::time::moment;
use ethers_core::types::{Address, U256};

use super::contradiction::{Contradiction, End};
use super::held::{Held, Proofs};
use super::remedy::{Reloading, Remedy};
use crate::plan::conditions::shortened;
use crate::plan::plans::{Plans, Retracted};

/// Why a contradiction is taken back.
const MOOT: &str = "the attester must have another coinbase by now";
const LEFT: &str =
    "the attester has no duties at that rollup any more, and what it proposes elsewhere is told by itself";

/// A delegation: whose coinbase it is that an attester must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delegated {
    /// Our provider.
    pub provider_id: ProviderId,
    /// The rollup that was staked for.
    pub rollup: Address,
}

/// What is needed to tell of proofs.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The chain and registry.
    pub place: Place,
    /// How many endpoints say it.
    pub assurance: Assurance,
    /// The clock of the canonical rollup.
    pub clock: RollupClock,
    /// The versions of former rollups, and their clocks where these are known.
    pub former: &'a BTreeMap<Address, (U256, Option<RollupClock>)>,
    /// What would mend each attester whose coinbase is contradicted.
    pub remedies: &'a BTreeMap<Address, Remedy>,
    /// What becomes of the reloads that are asked for, by server.
    pub reloads: &'a BTreeMap<String, Reloading>,
}

/// At which rollup a proposal was made.
enum MadeAt {
    /// The canonical one.
    Canonical,
    /// A former one, of that version, with its clock where that is known.
    Former(U256, Option<RollupClock>),
    /// An earlier program remembered it without its rollup, and no log says it any more.
    Unknown,
}

impl Telling<'_> {
    /// When the slot of a proposal began, in unix seconds; `None` where its rollup or that one's clock is not known.
    #[must_use]
    pub fn began(&self, one: &SeenProposal) -> Option<u64> {
        let clock = match self.made_at(one) {
            MadeAt::Canonical => Some(self.clock),
            MadeAt::Former(_, clock) => clock,
            MadeAt::Unknown => None,
        };
        clock?.slot_start(one.slot)
    }

    fn made_at(&self, one: &SeenProposal) -> MadeAt {
        match one.rollup {
            Some(rollup) => match self.former.get(&rollup) {
                Some((version, clock)) => MadeAt::Former(*version, *clock),
                None => MadeAt::Canonical,
            },
            None if self.former.is_empty() => MadeAt::Canonical,
            None => MadeAt::Unknown,
        }
    }

    fn moment(&self, one: &SeenProposal) -> String {
        self.began(one).map_or_else(|| "at a time that is not known".to_owned(), moment)
    }

    /// Of which rollup a slot is, in words behind it; nothing for the canonical one.
    fn at(&self, one: &SeenProposal) -> String {
        match self.made_at(one) {
            MadeAt::Canonical => String::new(),
            MadeAt::Former(version, _) => format!(" of the former rollup (version {version})"),
            MadeAt::Unknown => " of a rollup that is not known".to_owned(),
        }
    }

    pub(super) fn slot(&self, one: &SeenProposal) -> String {
        format!("slot {}{}", one.slot, self.at(one))
    }

    fn slots(&self, first: &SeenProposal, last: &SeenProposal) -> String {
        let (from, to) = (self.at(first), self.at(last));
        if from == to {
            return format!("from slot {} to {}{to}", first.slot, last.slot);
        }
        format!("from slot {}{from} to slot {}{to}", first.slot, last.slot)
    }
}

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
                    Some(end @ (End::Moot | End::Left)) => {
                        let why = if end == End::Moot { MOOT } else { LEFT };
                        plans.retractions.push(Retracted { key: key(*attester, one, telling), why });
                        let [_, key] = mend_keys(*attester, one, &telling.place);
                        plans.retractions.push(Retracted { key, why });
                    }
                    Some(End::Right(right)) => {
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

/// The keys of what gives an attester whose coinbase is contradicted the right one: the effect that its delegation asked for, and the same
/// once more for this contradiction, where that is over.
#[must_use]
pub fn mend_keys(attester: Address, one: &Contradiction, place: &Place) -> [EffectKey; 2] {
    let key = |about: &[Part<'_>]| EffectKey::new(ActionKind::ConfigureCoinbase, place, about);
    [key(&effect(attester, one)), key(&parts(attester, one))]
}

/// The action that gives it the right one.
#[must_use]
pub fn mend(
    key: EffectKey,
    attester: Address,
    one: &Contradiction,
    delegated: Delegated,
    telling: &Telling<'_>,
) -> Action {
    let Delegated { provider_id, rollup } = delegated;
    let why = format!(
        "provider {provider_id}: {} proposed with {} in {}, its node needs the coinbase {}",
        checksummed(&attester),
        checksummed(&one.first.coinbase),
        telling.slot(&one.first),
        one.right
    );
    let goal = Goal::CoinbaseConfigured { provider_id, rollup, coinbase: one.right };
    let kind = ActionKind::ConfigureCoinbase;
    Action { key, goal, ..action(kind, attester, Priority::Urgent, why, &one.first, telling) }
}

/// The attester, and the coinbase that is right.
fn effect(attester: Address, one: &Contradiction) -> [Part<'static>; 2] {
    [Part::Address(attester), Part::Address(one.right.address())]
}

/// The same, and what tells a contradiction from others of them.
fn parts(attester: Address, one: &Contradiction) -> Vec<Part<'static>> {
    let which = [Some(one.id), one.id_block].into_iter().flatten().map(Part::Number);
    effect(attester, one).into_iter().chain(which).collect()
}

fn proven(attester: Address, held: &Held, telling: &Telling<'_>) -> Option<Action> {
    let by = held.proven.filter(|proven| !proven.is_told)?.by;
    let why = format!(
        "{} proposed with the coinbase {}, which it must have, in {}: proven",
        checksummed(&attester),
        held.coinbase,
        telling.slot(&by)
    );
    let about = [Part::Address(attester), Part::Address(held.coinbase.address())];
    let key = EffectKey::new(ActionKind::CoinbaseProven, &telling.place, &about);
    Some(Action { key, ..action(ActionKind::CoinbaseProven, attester, Priority::Normal, why, &by, telling) })
}

fn key(attester: Address, one: &Contradiction, telling: &Telling<'_>) -> EffectKey {
    let mut about = parts(attester, one);
    about.push(Part::Number(one.rung()));
    EffectKey::new(ActionKind::CoinbaseContradicted, &telling.place, &about)
}

fn contradicted(attester: Address, one: &Contradiction, telling: &Telling<'_>) -> Action {
    let worse = if one.rung() > 1 { "worse than before: " } else { "" };
    let own = if one.used == Used::Unset { ", its own address," } else { "" };
    let lost = match one.count {
        1 => "its rewards went astray".to_owned(),
        count => {
            let (slot, since) = (telling.slot(&one.first), telling.moment(&one.first));
            format!("the rewards of {count} proposals went astray since {slot} ({since})")
        }
    };
    let at = telling.moment(&one.last);
    let advice = match (one.ended, telling.remedies.get(&attester)) {
        (Some(_), _) => "it is over".to_owned(),
        (None, remedy) => remedy.unwrap_or(&Remedy::Unknown).advice(telling.reloads),
    };
    let why = format!(
        "{worse}{} proposed with the coinbase {}{own} instead of {} in {} ({at}, transaction {:?}): {lost}; {advice}",
        checksummed(&attester),
        checksummed(&one.last.coinbase),
        one.right,
        telling.slot(&one.last),
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
    let others = if count == 1 { "proposal".to_owned() } else { format!("{count} proposals") };
    let others = if right.place() > one.last.place() {
        format!("the {others} before it")
    } else {
        format!("the {others} where it has no duties any more")
    };
    let why = format!(
        "no longer: {} proposed with the right coinbase {} in {}; {others}, {}, paid another one",
        checksummed(&attester),
        one.right,
        telling.slot(right),
        telling.slots(&one.first, &one.last)
    );
    let key = EffectKey::new(ActionKind::CoinbaseProven, &telling.place, &parts(attester, one));
    Action { key, ..action(ActionKind::CoinbaseProven, attester, Priority::Normal, why, right, telling) }
}

pub(super) fn evidence(one: &SeenProposal) -> Evidence {
    Evidence::Proposal { slot: one.slot, transaction: one.transaction, block_number: one.block }
}

/// An action of this kind that only tells; whoever makes it gives it its key.
fn action(
    kind: ActionKind,
    attester: Address,
    priority: Priority,
    why: String,
    by: &SeenProposal,
    telling: &Telling<'_>,
) -> Action {
    Action {
        schema: Schema,
        key: EffectKey::new(kind, &telling.place, &[]),
        kind,
        place: telling.place,
        subject: ActionSubject::Attester(attester),
        goal: Goal::Told,
        priority,
        until: None,
        why: shortened(why),
        evidence: vec![evidence(by)],
        assurance: telling.assurance,
        edits: Vec::new(),
    }
}

/// The delegation of each attester whose coinbase is one of these.
#[must_use]
pub fn delegated(delegations: &[Delegation]) -> BTreeMap<(Address, Coinbase), Delegated> {
    let of = |one: &Delegation| {
        ((one.attester, one.coinbase), Delegated { provider_id: one.provider_id, rollup: one.rollup })
    };
    delegations.iter().map(of).collect()
}
