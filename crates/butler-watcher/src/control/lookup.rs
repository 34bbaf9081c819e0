//! Which action a name stands for: a whole key is itself, a short one whatever begins so, as long as that is one action.

use butler_core::control::{ActionRow, SEVERAL_LIMIT};
use butler_core::domain::action::{ActionName, EffectKey, short_keys};

use super::rows::{of_entry, of_finished};
use crate::journal::{Journal, JournalError, Known};

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing is known of it.
    Nothing,
    /// This action.
    One(Known),
    /// The first of several.
    Several(Vec<Known>),
}

/// Looks up what a name stands for.
pub(super) fn look_up(name: &ActionName, journal: &dyn Journal) -> Result<Found, JournalError> {
    let mut found = match name {
        ActionName::Whole(key) => journal.look_up(key)?.into_iter().collect(),
        ActionName::Short(short) => journal.beginning(short, SEVERAL_LIMIT)?,
    };
    Ok(match (found.pop(), found.is_empty()) {
        (None, _) => Found::Nothing,
        (Some(one), true) => Found::One(one),
        (Some(last), false) => {
            found.push(last);
            Found::Several(found)
        }
    })
}

/// An action as it is shown, in the journal of that name and place.
pub(super) fn row(known: Known, place: &str) -> ActionRow {
    match known {
        Known::Live(entry) => of_entry(*entry, place),
        Known::Finished(finished) => of_finished(finished),
    }
}

/// Why a name of several actions stands for none, with what to say instead.
pub(super) fn several(known: &[Known]) -> String {
    let keys: Vec<&EffectKey> = known.iter().map(Known::key).collect();
    let short = short_keys(keys.iter().copied());
    let told = keys.iter().filter_map(|key| Some(format!("{} ({})", short.get(key)?, kind(key))));
    format!("several actions begin so, say which: {}", told.collect::<Vec<_>>().join(", "))
}

/// What the key says is done.
fn kind(key: &EffectKey) -> &str {
    key.as_str().split('/').next().unwrap_or_default()
}
