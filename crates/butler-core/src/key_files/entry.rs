//! Entries of a file's list, in whichever format: one after the other, what is required of them, and what is not legible.

use ethers_core::types::{Address, H256};

use super::accounts::{Accounts, below};
use super::content::{Content, Validator};
use super::fault::{FaultKind, FileFault};
use super::json::Json;

/// Reads each item of a list; one whose attester is illegible is noted.
pub(super) fn each(
    list: &Json,
    place: &str,
    accounts: &mut Accounts<'_>,
    content: &mut Content,
    read: impl Fn(&Json, &str, &mut Accounts<'_>) -> Option<Validator>,
) {
    let Json::List(items) = list else {
        let what = format!("expected a list, found {}", list.kind());
        accounts.faults.push(FileFault::new(FaultKind::Format, place, what));
        return;
    };
    for (index, item) in items.iter().enumerate() {
        let place = format!("{place}[{index}]");
        let illegible = accounts.illegible_attesters;
        match read(item, &place, accounts).filter(|validator| !validator.keys.is_empty()) {
            Some(validator) => {
                if accounts.illegible_attesters > illegible {
                    content.illegible.get_or_insert_with(|| format!("{place} is not legible in every part"));
                }
                content.validators.push(Validator { index, ..validator });
            }
            None => {
                content.illegible.get_or_insert_with(|| format!("{place} is not legible"));
            }
        }
    }
}

/// The account under a key that is required.
pub(super) fn required(item: &Json, key: &'static str, place: &str, accounts: &mut Accounts<'_>) -> Vec<Address> {
    match item.get(key) {
        Some(value) => accounts.one(value, &below(place, key)),
        None => {
            accounts.faults.push(FileFault::at(below(place, key), "this key is required"));
            Vec::new()
        }
    }
}

/// Attesters of whose BLS keys the file says nothing.
pub(super) fn with_no_bls(keys: Vec<Address>) -> Vec<(Address, Option<H256>)> {
    keys.into_iter().map(|key| (key, None)).collect()
}

/// Whether an entry is an object; if not, that is told.
pub(super) fn is_object(item: &Json, place: &str, faults: &mut Vec<FileFault>) -> bool {
    let object = matches!(item, Json::Object(_));
    if !object {
        faults.push(FileFault::at(place, format!("expected an object, found {}", item.kind())));
    }
    object
}
