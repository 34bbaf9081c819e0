//! One round: what is due of one network is carried out at each of its keystores, or looked at.
//!
//! For each server: look, hold what is there against what was approved, make the intent durable, write, have the node reload, and where
//! it refuses put the old file back. Every step can be the last one before a kill: the next round finds what is there and goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use butler_core::domain::action::{CoinbaseBefore, KeystoreEdit};
use butler_core::key_files::edit::{BoundEdit, Edit, FILES_LIMIT, FileName, FolderView, Previewed, Wish};
use ethers_core::types::{Address, H256};

use super::gate::Gate;
use super::intent::Written;
use super::item::Item;
use super::keystore::{Keystore, Reloaded, Trouble};
use super::loaded;
use super::verdict::AtServer;
use crate::journal::{Journal, JournalError};
use crate::plan::views::{before, find, hiding, refusal};

/// How long a server is waited for that does not answer.
pub(super) const AWAY: Duration = Duration::from_secs(60);

/// What is to be done for one item at one server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// To write the coinbase into this file, which has that digest now.
    Write { file: FileName, digest: H256, wish: Wish },
    /// To have the node reload what was written before.
    Reload,
    /// Nothing: the keystore is not what a person saw.
    Void,
    /// Nothing: it ended.
    Ended(AtServer),
}

/// Why nothing is done where the keystore of a server is not what a person saw.
pub(super) const VOID: &str = "the keystore is not what was shown any more";

/// Leaves alone what would be changed otherwise at this server than a person saw: an approval is for all of it.
pub(super) async fn look_first(keystore: &Keystore, items: &mut [Item]) {
    // One that is not seen is waited for by its own round.
    let Ok(view) = keystore.look().await else { return };
    let server = keystore.server();
    // What was begun goes on: its node is told of what is written.
    let is_void = |item: &&mut Item| !item.is_begun() && step(server, &view, item) == Some(Step::Void);
    for item in items.iter_mut().filter(is_void) {
        item.end_everywhere(server, AtServer::Later(VOID.to_owned()));
    }
}

/// Carries out these items at one server. What ended is told by the items.
pub(super) async fn at_server(
    keystore: &Keystore,
    items: &mut [Item],
    (gate, distance): (&mut Gate, u64),
    journal: &dyn Journal,
) -> Result<(), JournalError> {
    let server = keystore.server();
    let view = match keystore.look().await {
        Ok(view) => view,
        Err(trouble) => {
            // Whether it has the attester is not known, so nothing is done as long as it is not seen. It may be away for longer.
            all(items, server, &AtServer::NotNow(AWAY, trouble.to_string()), Item::is_patient);
            all(items, server, &AtServer::Later(trouble.to_string()), |_| true);
            return Ok(());
        }
    };
    let (mut writes, mut reloads) = (BTreeMap::<FileName, Edit>::new(), false);
    for item in items.iter_mut().filter(|item| !item.is_over(server)) {
        match step(server, &view, item) {
            Some(Step::Write { file, digest, wish }) => {
                let new = || Edit { file: file.clone(), digest_before: digest, changes: Vec::new() };
                writes.entry(file.clone()).or_insert_with(new).changes.push(wish);
            }
            Some(Step::Reload) => reloads = true,
            Some(Step::Void) => item.end(server, AtServer::Later(VOID.to_owned())),
            Some(Step::Ended(end)) => item.end(server, end),
            None => {}
        }
    }
    if writes.is_empty() && !reloads {
        return Ok(());
    }
    // The rest comes with the next round.
    while writes.len() > FILES_LIMIT {
        let Some((_, edit)) = writes.pop_last() else { break };
        all(items, server, &another(), is_of(&edit));
    }
    if let Some(why) = refusal(&view) {
        all(items, server, &AtServer::Later(format!("the node would refuse its keystore: {why}")), is_touched(&view));
        return Ok(());
    }
    let until = items.iter().filter(|item| !item.is_over(server)).filter_map(Item::until).min();
    if let Some((after, why)) = gate.wait(server, &attesters(&view), until, distance).await {
        all(items, server, &AtServer::NotNow(after, why), is_touched(&view));
        return Ok(());
    }
    if reloads {
        // What was written before first: the file that is put back where a node refuses is the one from before that.
        all(items, server, &another(), |item| item.written(server).is_none());
        let files = begun(items, server);
        return reload((keystore, &view), items, &files, gate, journal).await;
    }
    if let Some(end) = asked_first((keystore, &view), gate, journal).await? {
        all(items, server, &AtServer::NotNow(AWAY, end.why().unwrap_or_default().to_owned()), |item| {
            matches!(end, AtServer::Later(_)) && item.is_patient()
        });
        all(items, server, &end, is_touched(&view));
        return Ok(());
    }
    let (edits, previewed) = preview(keystore, items, writes.into_values().collect()).await;
    if edits.is_empty() {
        return Ok(());
    }
    if !intend(items, server, &edits, &previewed, journal)? {
        let lost = AtServer::Later("it was decided on in this moment".to_owned());
        all(items, server, &lost, is_touched(&view));
        return Ok(());
    }
    let bound = edits.into_iter().zip(previewed);
    let bound = bound.map(|(edit, file)| BoundEdit { edit, digest_after: file.digest_after }).collect();
    if !apply(keystore, items, bound).await {
        return Ok(());
    }
    let files = begun(items, server);
    reload((keystore, &view), items, &files, gate, journal).await
}

/// Previews changes; those of files that cannot be changed end their items, and the others go on without them.
async fn preview(keystore: &Keystore, items: &mut [Item], edits: Vec<Edit>) -> (Vec<Edit>, Vec<Previewed>) {
    if let Ok(previewed) = keystore.preview(&edits).await {
        return (edits, previewed);
    }
    let (mut good, mut all_previewed) = (Vec::new(), Vec::new());
    for edit in edits {
        match keystore.preview(std::slice::from_ref(&edit)).await {
            Ok(previewed) => {
                good.push(edit);
                all_previewed.extend(previewed);
            }
            Err(trouble) => all(items, keystore.server(), &trouble.before_anything(), is_of(&edit)),
        }
    }
    (good, all_previewed)
}

/// Writes changes; those of files that cannot be changed end their items. Whether any was written.
async fn apply(keystore: &Keystore, items: &mut [Item], edits: Vec<BoundEdit>) -> bool {
    if edits.len() > 1 && keystore.apply(edits.clone()).await.is_ok() {
        return true;
    }
    let mut is_any = false;
    for bound in edits {
        // What is written already stays so.
        match keystore.apply(vec![bound.clone()]).await {
            Ok(()) => is_any = true,
            Err(trouble) => all(items, keystore.server(), &trouble.after_the_intent(), is_of(&bound.edit)),
        }
    }
    is_any
}

/// Whether an item is one of those that an edit is for.
fn is_of(edit: &Edit) -> impl Fn(&Item) -> bool {
    |item| edit.changes.iter().any(|wish| wish.attester == item.attester)
}

/// How it ends for what comes behind another change.
fn another() -> AtServer {
    AtServer::NotNow(Duration::ZERO, "another change is finished first".to_owned())
}

/// Every attester of a keystore.
pub(super) fn attesters(view: &FolderView) -> BTreeSet<Address> {
    let validators = view.files.iter().flat_map(|file| &file.validators);
    validators.flat_map(|validator| validator.attesters.iter().copied()).collect()
}

/// What is to be done for an item where the keystore looks like that; `None` where it has nothing to do with it.
fn step(server: &str, view: &FolderView, item: &Item) -> Option<Step> {
    let later = |why: &str| Some(Step::Ended(AtServer::Later(why.to_owned())));
    let refused = |why: String| Some(Step::Ended(AtServer::Refused(why)));
    let Some((file, validator)) = find(view, item.attester) else {
        return match (item.shown(server), hiding(view)) {
            (None, None) => None,
            (_, Some(obstacle)) => {
                let why = format!("a file could hold the attester and is not legible: {}", obstacle.what);
                // Somebody mends it, and nobody is asked again until then.
                let end = if item.is_patient() { AtServer::NotNow(AWAY, why) } else { AtServer::Later(why) };
                Some(Step::Ended(end))
            }
            (Some(_), None) => later("the keystore does not have the attester any more"),
        };
    };
    let now = before(file, validator, item.attester, item.coinbase);
    if now == CoinbaseBefore::AsWanted {
        return Some(match (item.written(server), item.is_accepted(server)) {
            (None, _) => Step::Ended(AtServer::WasSo),
            (Some(_), true) => Step::Ended(AtServer::Done),
            (Some(_), false) => Step::Reload,
        });
    }
    let here = KeystoreEdit {
        server: server.to_owned(),
        file: file.name.to_string(),
        validator: validator.index,
        before: now,
        frame: file.frame?,
    };
    let is_as_shown = item.shown(server) == Some(&here);
    if item.written(server).is_some_and(|written| file.digest != written.before) && !is_as_shown {
        return refused(format!("somebody changed {} after the coinbase was written", file.name));
    }
    if item.is_look() {
        return later("it is not written");
    }
    if !validator.is_single {
        return refused(format!("validators[{}] of {} stands for several attesters", validator.index, file.name));
    }
    if is_as_shown {
        let wish = Wish { attester: item.attester, before: validator.coinbase, after: item.coinbase };
        Some(Step::Write { file: file.name.clone(), digest: file.digest, wish })
    } else {
        Some(Step::Void)
    }
}

/// Whether the view has the item's attester.
fn is_touched(view: &FolderView) -> impl Fn(&Item) -> bool {
    |item| find(view, item.attester).is_some()
}

/// Ends every item of these that did not end yet.
fn all(items: &mut [Item], server: &str, end: &AtServer, which: impl Fn(&Item) -> bool) {
    for item in items.iter_mut().filter(|item| !item.is_over(server) && which(item)) {
        item.end(server, end.clone());
    }
}

/// Makes durable what is about to be written; whether every item is still ours.
fn intend(
    items: &mut [Item],
    server: &str,
    edits: &[Edit],
    previewed: &[Previewed],
    journal: &dyn Journal,
) -> Result<bool, JournalError> {
    for (edit, file) in edits.iter().zip(previewed) {
        let is_of_it =
            |item: &Item| edit.changes.iter().any(|wish| wish.attester == item.attester && wish.after == item.coinbase);
        for item in items.iter_mut().filter(|item| !item.is_over(server) && is_of_it(item)) {
            let (file, before, after) = (file.file.clone(), file.digest_before, file.digest_after);
            if !item.intend(journal, server, Written { file, before, after, accepted: false })? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// What was begun for these items and not finished, each change once: of a file the last one first, as they are put back.
fn begun(items: &[Item], server: &str) -> Vec<Written> {
    let mut open: Vec<Written> = Vec::new();
    for written in items.iter().filter(|item| !item.is_over(server)).filter_map(|item| item.written(server)) {
        if !open.contains(written) {
            open.push(written.clone());
        }
    }
    let mut files = Vec::new();
    let follows = |one: &Written, other: &Written| other.file == one.file && other.before == one.after;
    while let Some(last) = open.iter().position(|one| !open.iter().any(|other| follows(one, other))) {
        files.push(open.remove(last));
    }
    files.extend(open);
    files
}

/// Where the nodes may not know the publishers of what others put into the folder they are asked to take it as it is, before anything is
/// written; how it ends where they do not.
async fn asked_first(
    (keystore, view): (&Keystore, &FolderView),
    gate: &mut Gate,
    journal: &dyn Journal,
) -> Result<Option<AtServer>, JournalError> {
    let server = keystore.server();
    let Some(stranger) = gate.stranger(server, view) else { return Ok(None) };
    let reloaded = keystore.reload().await;
    gate.reloaded(server, view, &reloaded);
    Ok(match reloaded {
        Reloaded::Accepted => {
            loaded::note(journal, keystore)?;
            None
        }
        Reloaded::Refused { why, .. } => {
            let cause = format!("no publisher of {stranger} is one that it took before");
            Some(AtServer::Refused(format!("{why}; {cause}; nothing was written")))
        }
        Reloaded::Unknown(why) | Reloaded::Late(why) | Reloaded::NotAsked(why) => {
            Some(AtServer::Later(format!("{why}; nothing was written")))
        }
    })
}

/// Has the node take what was written, and puts the old files back where it does not.
async fn reload(
    (keystore, view): (&Keystore, &FolderView),
    items: &mut [Item],
    files: &[Written],
    gate: &mut Gate,
    journal: &dyn Journal,
) -> Result<(), JournalError> {
    let server = keystore.server();
    let reloaded = keystore.reload().await;
    gate.reloaded(server, view, &reloaded);
    let is_ours = |item: &&mut Item| !item.is_over(server) && item.written(server).is_some();
    match reloaded {
        Reloaded::Accepted => {
            loaded::note(journal, keystore)?;
            for item in items.iter_mut().filter(is_ours) {
                if item.accept(journal, server)? {
                    item.end(server, AtServer::Done);
                }
            }
            if let Err(trouble) = keystore.finish(files.iter().map(Written::backup).collect()).await {
                tracing::warn!(server, "{server}: the old keystore is kept for now: {trouble}");
            }
        }
        Reloaded::Unknown(why) | Reloaded::Late(why) | Reloaded::NotAsked(why) => {
            all(items, server, &AtServer::Unknown(why), |item| item.written(server).is_some());
        }
        Reloaded::Refused { why, took } => {
            let restored = restore(keystore, files).await;
            let told = match &restored {
                Ok(()) => match keystore.reload_again(took).await {
                    Ok(()) => format!("{why}; the old file is back"),
                    Err(trouble) => format!("{why}; the old file is back, and {trouble}"),
                },
                Err(Trouble::Conflict(_)) => {
                    format!("{why}; somebody changed the file meanwhile, so it stays as it is")
                }
                Err(trouble) => format!("{why}; the old file could not be put back: {trouble}"),
            };
            let is_back = restored.is_ok();
            for item in items.iter_mut().filter(is_ours) {
                if is_back {
                    item.withdraw(journal, server)?;
                }
                // What could not be put back is tried again, whatever is in the way, and kept for that: a node that starts with what is there
                // would not come up.
                let end = if is_back || matches!(restored, Err(Trouble::Conflict(_) | Trouble::Gone(_))) {
                    AtServer::Refused(told.clone())
                } else {
                    AtServer::Unknown(told.clone())
                };
                item.end(server, end);
            }
        }
    }
    Ok(())
}

/// Puts the old contents back, each whose file is as it was written.
async fn restore(keystore: &Keystore, files: &[Written]) -> Result<(), Trouble> {
    let mut all = Ok(());
    for file in files {
        if let Err(trouble) = keystore.restore(file).await {
            all = Err(trouble);
        }
    }
    all
}
