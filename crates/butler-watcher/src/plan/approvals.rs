//! What is told of actions that wait for a person: one notice for each block and kind, however many there are.

use std::collections::BTreeMap;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, KeystoreEdit, Part, Place, Schema,
    WHY_LIMIT,
};
use ethers_core::types::H256;

/// The notices of actions that wait for an approval.
#[must_use]
pub fn notices<'a>(waiting: impl IntoIterator<Item = &'a Action>) -> Vec<Action> {
    let mut groups = BTreeMap::<(u64, H256, ActionKind, Place), Vec<&Action>>::new();
    for action in waiting {
        let (number, hash) = action.evidence.first().map(block).unwrap_or_default();
        groups.entry((number, hash, action.kind, action.place)).or_default().push(action);
    }
    groups.into_iter().filter_map(|((_, hash, kind, place), actions)| notice(hash, kind, place, &actions)).collect()
}

fn block(evidence: &Evidence) -> (u64, H256) {
    match evidence {
        Evidence::Log(log) => (log.block_number, log.block_hash),
        Evidence::Finding { block_number, block_hash, .. } | Evidence::State { block_number, block_hash } => {
            (*block_number, *block_hash)
        }
        Evidence::Proposal { block_number, transaction, .. } => (*block_number, *transaction),
    }
}

fn notice(block: H256, kind: ActionKind, place: Place, actions: &[&Action]) -> Option<Action> {
    let first = actions.first()?;
    let is_single = actions.len() == 1;
    let why = if is_single {
        format!("waits for an approval: {}; `butler-cli actions approve {}`", first.why, first.key.short())
    } else {
        let count = actions.len();
        format!(
            "{count} actions of one block wait for an approval, the first: {}; `butler-cli actions approve --kind {kind}`",
            first.why
        )
    };
    let assurance = if actions.iter().all(|action| action.assurance == Assurance::TwoEndpoints) {
        Assurance::TwoEndpoints
    } else {
        Assurance::OneEndpoint
    };
    let block = format!("{block:x}");
    let mut about = vec![Part::Name(kind.name()), Part::Name(&block)];
    // What would change is shown with it: where that is something else by now, it is told again.
    let edits = actions.iter().flat_map(|action| &action.edits);
    let mut shown: Vec<String> = edits.map(one_edit).collect();
    shown.extend(actions.iter().filter_map(|action| one_load(action)));
    shown.extend(actions.iter().filter_map(|action| one_proposal(action)));
    // Jobs are of no block; each asks by itself.
    shown.extend(actions.iter().filter(|action| action.job().is_some()).map(|action| action.key.to_string()));
    let shown = shown.join(" ");
    if !shown.is_empty() {
        about.push(Part::Name(&shown));
    }
    Some(Action {
        schema: Schema,
        key: EffectKey::new(ActionKind::ApprovalNeeded, &place, &about),
        kind: ActionKind::ApprovalNeeded,
        place,
        subject: if is_single { first.subject.clone() } else { ActionSubject::Network },
        // What somebody did by hand needs no approval any more. Of a proposal the words say all, and nobody else does it.
        goal: if is_single && first.proposal().is_none() { first.goal.clone() } else { Goal::Told },
        priority: actions.iter().map(|action| action.priority).min()?,
        until: actions.iter().filter_map(|action| action.until).min(),
        why: cut(why),
        evidence: first.evidence.clone(),
        assurance,
        edits: Vec::new(),
    })
}

/// What a person is shown of a change, for the key: it must be the same text in every version of the program.
fn one_edit(edit: &KeystoreEdit) -> String {
    let KeystoreEdit { server, file, validator, before, frame } = edit;
    format!("{server}/{file}/{validator}/{before}/{frame:x}")
}

/// The same of a proposal.
fn one_proposal(action: &Action) -> Option<String> {
    action.proposal().map(|proposal| format!("{}/{:x}", action.key, proposal.digest()))
}

/// The same of a reload.
fn one_load(action: &Action) -> Option<String> {
    match &action.goal {
        Goal::KeystoreLoaded { nodes, content, .. } => {
            Some(format!("{}/{}/{:x}", action.key, nodes.join(","), content.digest))
        }
        Goal::Told | Goal::CoinbaseConfigured { .. } | Goal::Executed(_) | Goal::JobDone { .. } => None,
    }
}

/// Cuts a text to what an action may say.
fn cut(mut text: String) -> String {
    let mut end = text.len().min(WHY_LIMIT);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text
}
