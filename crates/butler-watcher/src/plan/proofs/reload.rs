//! Whether the nodes of a server are to load its keystore as it is: every file is right, and an attester of it proposed with another
//! coinbase all the same.
//!
//! It is asked for once for each server, however many attesters that concerns. Once its nodes took it, only what was proposed after that
//! asks again; where a person said no, or it was parked, four times as many wrong proposals do. What was only told, or not even that, is
//! asked for once the operator's policy has reloads carried out.

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, EffectKey, Evidence, Goal, KeystoreContent, Part, Place, Priority, Schema,
};
use butler_core::domain::duties::SeenProposal;
use butler_core::key_files::edit::FolderView;
use butler_core::text::address::checksummed;
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::contradiction::{Contradiction, RISE};
use super::remedy::Remedy;
use super::told::{Telling, evidence};
use crate::plan::conditions::shortened;
use crate::plan::plans::Retracted;
use crate::plan::views::find;

/// Attesters that are named at most.
const NAMED: usize = 3;

const OVER: &str = "no attester of the server has another coinbase by its last proposal any more";
const WRONG: &str = "a key file names another coinbase by now, which is to be corrected first";
const LOADED: &str = "its nodes loaded it since";
const GONE: &str = "its keystore, or the admin port of its nodes, is not configured any more";
const GROWN: &str = "it is asked for anew, since there are more wrong proposals";

/// What was asked for of a server the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The action.
    pub key: EffectKey,
    /// The L1 block of the newest wrong proposal then, which all rollups count the same.
    pub block: u64,
    /// How many there were.
    pub count: u64,
    /// How often it was planned for the same proposal before, when nobody was to be asked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub before: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What became of the action that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is not over.
    Live,
    /// It was taken back: nobody decided on it.
    TakenBack,
    /// The nodes took it.
    Loaded,
    /// It was told, or not even that, as the operator's policy was: nobody was asked.
    Unasked,
    /// A person said no.
    Denied,
}

/// An action that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The action.
    pub action: Action,
    /// Where it stands.
    pub at: At,
}

/// Where an action stands that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// It may be shown anew.
    Open,
    /// It is told, being done, or may have been done: it ends by itself.
    Busy,
    /// A person decides.
    Parked,
}

/// What is known of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its nodes that can be told to reload.
    pub nodes: Vec<String>,
    /// What they would load; `None` where that is not seen as a whole, or they would refuse it.
    pub content: Option<KeystoreContent>,
    /// When they took a keystore the last time, in unix seconds.
    pub loaded_at: Option<u64>,
    /// Whether a coinbase is to be configured there, after which they reload in any case.
    pub is_served: bool,
    /// Whether the operator's policy has reloads carried out, by itself or once a person approved.
    pub is_wanted: bool,
    /// What is asked for now.
    pub live: Option<Live>,
    /// What was asked for the last time, and what became of that.
    pub last: Option<(Asked, Became)>,
}

/// What is asked for of servers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloads {
    /// To be asked for, each with what is to be remembered.
    pub asks: Vec<(Action, Asked)>,
    /// To be shown anew: what would be loaded is something else by now.
    pub anew: Vec<(Action, Asked)>,
    /// Not needed any more.
    pub retractions: Vec<Retracted>,
}

/// What proposals say of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Need<'a> {
    /// Its nodes are to load it, because of these attesters, by the first wrong proposal of each.
    Load(Vec<(Address, &'a Contradiction)>),
    /// That cannot be told now.
    Unknown,
    /// Nothing, and why.
    Nothing(&'static str),
}

/// Decides on one server. `seen` is its keystore, where it is seen as a whole.
pub fn decide(
    server: &Server<'_>,
    open: &[(Address, &Contradiction)],
    seen: Option<&FolderView>,
    telling: &Telling<'_>,
    into: &mut Reloads,
) {
    let live = &server.live;
    // What would be loaded is something else in a moment where a coinbase is configured.
    let content = server.content.as_ref().filter(|_| !server.is_served);
    let need = if server.nodes.is_empty() { Need::Nothing(GONE) } else { need(server, open, seen, telling) };
    match (need, live) {
        (Need::Nothing(_), Some(Live { at: At::Busy, .. })) => {}
        (Need::Nothing(why), Some(live)) => into.retractions.push(Retracted { key: live.action.key.clone(), why }),
        (Need::Load(wrong), Some(live)) => match (live.at, content) {
            (At::Open, Some(content)) if !is_shown(&live.action, server, content) => {
                let assurance = live.action.assurance;
                let (action, asked) = asked(live.action.key.clone(), server, content, &wrong, telling);
                let before = server.last.as_ref().map(|(last, _)| last.before).unwrap_or_default();
                into.anew.push((Action { assurance, ..action }, Asked { before, ..asked }));
            }
            (At::Parked, Some(content)) if server.last.as_ref().is_some_and(|(asked, _)| has_grown(asked, &wrong)) => {
                let key = key(server.name, &wrong, 0, &telling.place);
                if key != live.action.key {
                    into.retractions.push(Retracted { key: live.action.key.clone(), why: GROWN });
                    into.asks.push(self::asked(key, server, content, &wrong, telling));
                }
            }
            (At::Open | At::Busy | At::Parked, Some(_) | None) => {}
        },
        (Need::Load(wrong), None) => {
            let is_due = match &server.last {
                Some((_, Became::Unasked)) if server.is_wanted => true,
                Some((asked, Became::Unasked | Became::Denied)) => has_grown(asked, &wrong),
                Some((_, Became::Live | Became::TakenBack | Became::Loaded)) | None => true,
            };
            if let Some(content) = content.filter(|_| is_due) {
                let before = before(server, newest_block(&wrong));
                let key = key(server.name, &wrong, before, &telling.place);
                let (action, asked) = asked(key, server, content, &wrong, telling);
                into.asks.push((action, Asked { before, ..asked }));
            }
        }
        (Need::Unknown, _) | (Need::Nothing(_), None) => {}
    }
}

fn need<'a>(
    server: &Server<'_>,
    open: &[(Address, &'a Contradiction)],
    seen: Option<&FolderView>,
    telling: &Telling<'_>,
) -> Need<'a> {
    let is_to_load = |attester: &Address| matches!(telling.remedies.get(attester), Some(Remedy::Reload(servers)) if servers.contains(server.name));
    let mut wrong: Vec<_> = open.iter().filter(|(attester, _)| is_to_load(attester)).copied().collect();
    wrong.sort_by_key(|(attester, one)| (one.first.place(), *attester));
    if !wrong.is_empty() {
        let is_needed = is_after(&wrong, server.loaded_at, telling);
        return if is_needed { Need::Load(wrong) } else { Need::Nothing(LOADED) };
    }
    match seen {
        None if !open.is_empty() => Need::Unknown,
        Some(view) if open.iter().any(|(attester, _)| find(view, *attester).is_some()) => Need::Nothing(WRONG),
        Some(_) | None => Need::Nothing(OVER),
    }
}

/// Whether the newest of these proposals was made after the nodes took their keystore: a slot at least lies between.
fn is_after(wrong: &[(Address, &Contradiction)], loaded_at: Option<u64>, telling: &Telling<'_>) -> bool {
    let Some(loaded_at) = loaded_at else { return true };
    let start = newest(wrong).and_then(|newest| telling.began(newest));
    // A clock that is not known says nothing of it, and what is asked for stays.
    start.is_none_or(|start| start >= loaded_at.saturating_add(telling.clock.slot_seconds))
}

/// Whether there are so many more that it is asked for once more: or all of it began after it was asked for.
fn has_grown(asked: &Asked, wrong: &[(Address, &Contradiction)]) -> bool {
    count(wrong) >= asked.count.saturating_mul(RISE) || wrong.iter().all(|(_, one)| one.first.block > asked.block)
}

fn newest<'a>(wrong: &[(Address, &'a Contradiction)]) -> Option<&'a SeenProposal> {
    wrong.iter().map(|(_, one)| &one.last).max_by_key(|last| last.place())
}

fn newest_block(wrong: &[(Address, &Contradiction)]) -> u64 {
    newest(wrong).map(|newest| newest.block).unwrap_or_default()
}

fn count(wrong: &[(Address, &Contradiction)]) -> u64 {
    wrong.iter().fold(0, |sum, (_, one)| sum.saturating_add(one.count))
}

/// How often it was planned for that proposal without that anybody was to be asked.
fn before(server: &Server<'_>, block: u64) -> u64 {
    match &server.last {
        Some((asked, became)) if asked.block == block => {
            asked.before.saturating_add(u64::from(*became == Became::Unasked))
        }
        Some(_) | None => 0,
    }
}

/// What is done to whom, and the occasion: planned again it is the same as long as it is live.
fn key(server: &str, wrong: &[(Address, &Contradiction)], before: u64, place: &Place) -> EffectKey {
    let again = (before > 0).then_some(Part::Number(before));
    let about: Vec<_> = [Part::Name(server), Part::Number(newest_block(wrong))].into_iter().chain(again).collect();
    EffectKey::new(ActionKind::ReloadKeystore, place, &about)
}

fn is_shown(action: &Action, server: &Server<'_>, now: &KeystoreContent) -> bool {
    matches!(&action.goal, Goal::KeystoreLoaded { nodes, content, .. } if *nodes == server.nodes && content == now)
}

fn asked(
    key: EffectKey,
    server: &Server<'_>,
    content: &KeystoreContent,
    wrong: &[(Address, &Contradiction)],
    telling: &Telling<'_>,
) -> (Action, Asked) {
    let (name, nodes) = (server.name, server.nodes.join(", "));
    let all: Vec<String> = wrong
        .iter()
        .take(NAMED)
        .map(|(attester, one)| format!("{} since {}", checksummed(attester), telling.slot(&one.first)))
        .collect();
    let more = match wrong.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more attesters"),
    };
    let count = count(wrong);
    let proposals = if count == 1 { "proposal".to_owned() } else { format!("{count} proposals") };
    let why = format!(
        "every file of the keystore of {name} is right, and the {proposals} of {}{more} paid others: have its nodes ({nodes}) load it as it is",
        all.join(", ")
    );
    let mut rests: Vec<Evidence> = wrong.iter().take(NAMED).map(|(_, one)| evidence(&one.first)).collect();
    let last = newest(wrong).map(evidence);
    rests.extend(last.filter(|last| !rests.contains(last)));
    let action = Action {
        schema: Schema,
        key: key.clone(),
        kind: ActionKind::ReloadKeystore,
        place: telling.place,
        subject: ActionSubject::Named(name.to_owned()),
        goal: Goal::KeystoreLoaded { server: name.to_owned(), nodes: server.nodes.clone(), content: content.clone() },
        priority: Priority::Urgent,
        until: None,
        why: shortened(why),
        evidence: rests,
        assurance: telling.assurance,
        edits: Vec::new(),
    };
    (action, Asked { key, block: newest_block(wrong), count, before: 0 })
}
