//! What was read before of the attesters of a file that is not legible in every part: by itself, or by the files from which they came.
//!
//! A file may have been renamed, put together from others, or have changed places with one. So it is asked of each attester who named
//! it before and does so no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ethers_core::types::Address;

use super::named::Named;
use super::one::Kept;
use crate::key_files::content::{Content, Validator};
use crate::key_files::discovery::Role;

/// Files by what they are and the path that they are kept by.
pub(super) type Files = BTreeMap<(Role, PathBuf), Kept>;

/// What stands behind a content that has holes, if that is anything else than what its own file said last.
///
/// What stands at the top is that of the file that named most of its attesters, and of its own where that is as many.
pub(super) fn earlier(
    content: &Content,
    name: &(Role, PathBuf),
    files: &Files,
    before: &Named,
    now: &Named,
) -> Option<Content> {
    let own = files.get(name).map(|kept| &kept.content);
    let attesters: BTreeSet<Address> = content.attesters().collect();
    let mut donors = BTreeMap::<&Path, BTreeSet<Address>>::new();
    for attester in &attesters {
        for file in before.others(*attester, &name.1, content.kind).filter(|file| !now.names(*attester, file)) {
            donors.entry(file).or_default().insert(*attester);
        }
    }
    let said = |file: &Path| {
        let of_role = |role| files.get(&(role, file.to_path_buf())).map(|kept| &kept.content);
        of_role(Role::KeyFile).or_else(|| of_role(Role::NodeKeystore))
    };
    let (most, count) = donors.iter().map(|(file, shared)| (*file, shared.len())).max_by_key(|(_, count)| *count)?;
    let own_count = own.map_or(0, |own| own.attesters().filter(|attester| attesters.contains(attester)).count());
    let mut base = match own {
        Some(own) if own_count >= count => own.clone(),
        Some(_) | None => {
            let mut base = said(most)?.clone();
            base.validators = base.validators.iter().filter_map(|validator| of(validator, &attesters)).collect();
            // Whoever is named by no file now may be what is not legible here.
            let own = own.filter(|_| content.illegible.is_some()).into_iter();
            let nameless = |attester: &Address| now.count(*attester, content.kind) == 0;
            let lost: BTreeSet<Address> = own.clone().flat_map(Content::attesters).filter(nameless).collect();
            base.validators.extend(own.flat_map(|own| &own.validators).filter_map(|validator| of(validator, &lost)));
            base
        }
    };
    let named: BTreeSet<Address> = base.attesters().collect();
    let mut left: BTreeSet<Address> = &attesters - &named;
    let own = own.into_iter().chain(donors.keys().filter_map(|file| said(file)));
    let mut is_any_added = own_count < count;
    for validator in own.flat_map(|content| &content.validators) {
        if let Some(validator) = of(validator, &left) {
            left.retain(|attester| validator.keys.iter().all(|(named, _)| named != attester));
            base.validators.push(validator);
            is_any_added = true;
        }
    }
    is_any_added.then_some(base)
}

/// What a validator says of some attesters, if it names any of them.
pub(super) fn of(validator: &Validator, attesters: &BTreeSet<Address>) -> Option<Validator> {
    let is_one = |(attester, _): &&(Address, _)| attesters.contains(attester);
    let keys: Vec<_> = validator.keys.iter().filter(is_one).copied().collect();
    (!keys.is_empty()).then(|| Validator { keys, ..validator.clone() })
}
