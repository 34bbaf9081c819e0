//! All live actions of a phase, page by page.

use butler_core::domain::action::Phase;

use super::api::Journal;
use super::entry::Entry;
use super::error::JournalError;
use super::request::Query;

/// Actions that are read together.
const PAGE: usize = 1_000;

/// Shows every live action in one of these phases. Nothing is read where the journal counts none. Blocks.
///
/// # Errors
/// The store cannot be read.
pub fn each_live(journal: &dyn Journal, phases: &[Phase], mut take: impl FnMut(Entry)) -> Result<(), JournalError> {
    let counts = journal.status()?.counts;
    for phase in phases {
        if !counts.values().any(|phases| phases.get(phase).is_some_and(|count| *count > 0)) {
            continue;
        }
        let mut after = None;
        loop {
            let page = journal.read(&Query { phase: Some(*phase), after, limit: PAGE })?;
            page.live.into_iter().for_each(&mut take);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}
