//! The end of a round at one server: its nodes load what was written, or what was right all along, and where one refuses the old files
//! go back.

use std::collections::BTreeMap;

use butler_core::key_files::edit::FolderView;
use ethers_core::types::{Address, H256};

use super::gate::Gate;
use super::intent::Written;
use super::item::{Item, begun, end_all};
use super::keystore::{Keystore, Reloaded, Trouble};
use super::verdict::AtServer;
use crate::journal::{Journal, JournalError};

/// Has the node load files that are right.
pub(super) async fn load(
    (keystore, view): (&Keystore, &FolderView),
    items: &mut [Item],
    loads: &mut BTreeMap<Address, Written>,
    gate: &mut Gate,
    journal: &dyn Journal,
) -> Result<(), JournalError> {
    let server = keystore.server();
    for item in items.iter_mut().filter(|item| !item.is_over(server)) {
        let Some(written) = loads.remove(&item.attester) else { continue };
        if !item.intend(journal, server, written)? {
            item.end(server, AtServer::Later("it was decided on in this moment".to_owned()));
        }
    }
    let files = begun(items, server);
    reload((keystore, view), items, &files, gate, journal).await
}

/// Has the node take what was written, and puts the old files back where it does not.
pub(super) async fn reload(
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
            for item in items.iter_mut().filter(is_ours) {
                if item.accept(journal, server)? {
                    item.end(server, AtServer::Done);
                }
            }
            let kept: Vec<H256> = files.iter().filter(|file| !file.is_as_before()).map(Written::backup).collect();
            if let Err(trouble) = if kept.is_empty() { Ok(()) } else { keystore.finish(kept).await } {
                tracing::warn!(server, "{server}: the old keystore is kept for now: {trouble}");
            }
        }
        Reloaded::Unknown(why) | Reloaded::Late(why) | Reloaded::NotAsked(why) => {
            end_all(items, server, &AtServer::Unknown(why), |item| item.written(server).is_some());
        }
        Reloaded::Refused { why, took } => {
            let restored = restore(keystore, files).await;
            let told = match &restored {
                Ok(()) if files.iter().all(Written::is_as_before) => format!("{why}; nothing was written"),
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
    for file in files.iter().filter(|file| !file.is_as_before()) {
        if let Err(trouble) = keystore.restore(file).await {
            all = Err(trouble);
        }
    }
    all
}
