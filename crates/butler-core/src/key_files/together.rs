//! What is wrong with the files of one folder together, though each is good by itself: a node reads all of them or none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::content::FileKind;
use super::discovery::Role;
use super::merge::{KeyFileNotice, Taken};
use super::shown::shown_path;

/// What is wrong with the files of each folder.
pub(super) fn of_folders(taken: &[Taken<'_>]) -> Vec<KeyFileNotice> {
    let mut folders = BTreeMap::<PathBuf, Vec<&Taken<'_>>>::new();
    for file in taken {
        folders.entry(file.path.parent().unwrap_or(Path::new("")).to_path_buf()).or_default().push(file);
    }
    let mut notices = Vec::new();
    for (folder, files) in folders {
        let (keystores, others): (Vec<&Taken<'_>>, Vec<&Taken<'_>>) =
            files.into_iter().partition(|file| file.content.kind == FileKind::Keystore);
        notices.extend(of_keystores(&folder, &keystores));
        let is_of_node = keystores.iter().any(|file| file.role == Role::NodeKeystore);
        let others = others.into_iter().filter(|file| is_of_node && file.role == Role::NodeKeystore);
        notices.extend(
            others.map(|file| KeyFileNotice::NotAKeystore { file: shown_path(file.path), kind: file.content.kind }),
        );
    }
    notices
}

/// The servers whose nodes read a funding account: a node drops it where its folder has several keystores.
pub(super) fn self_funding(taken: &[Taken<'_>]) -> BTreeSet<String> {
    let is_keystore = |file: &&Taken<'_>| file.content.kind == FileKind::Keystore;
    let folder = |file: &Taken<'_>| file.path.parent().map(Path::to_path_buf);
    let is_alone =
        |one: &Taken<'_>| taken.iter().filter(is_keystore).filter(|file| folder(file) == folder(one)).count() == 1;
    let funding = taken.iter().filter(is_keystore).filter(|file| file.content.has_funding_account && is_alone(file));
    funding.map(|file| file.server.clone()).collect()
}

fn of_keystores(folder: &Path, files: &[&Taken<'_>]) -> Vec<KeyFileNotice> {
    let mut notices = Vec::new();
    let has_validators = |schema: u64| {
        files.iter().any(|file| file.content.schema == Some(schema) && !file.content.validators.is_empty())
    };
    let has = |schema: u64| files.iter().any(|file| file.content.schema == Some(schema));
    // A prover's file of the one schema passes beside files of the other.
    if (has_validators(1) && has(2)) && has_validators(2) {
        let files = files.iter().map(|file| shown_path(file.path)).collect();
        notices.push(KeyFileNotice::SchemasMixed { folder: shown_path(folder), files });
    }
    let provers: Vec<String> =
        files.iter().filter(|file| file.content.has_prover).map(|file| shown_path(file.path)).collect();
    if provers.len() > 1 {
        notices.push(KeyFileNotice::SeveralProvers { folder: shown_path(folder), files: provers });
    }
    if files.len() > 1 {
        let dropped = files.iter().filter(|file| file.content.has_funding_account);
        notices.extend(dropped.map(|file| KeyFileNotice::FundingAccountDropped { file: shown_path(file.path) }));
    }
    // The signer of the last file that has one holds for all.
    if files.iter().all(|file| !file.content.has_signer) {
        let unsigned = files.iter().filter(|file| file.content.unsigned > 0);
        notices.extend(
            unsigned.map(|file| KeyFileNotice::SignerMissing {
                file: shown_path(file.path),
                accounts: file.content.unsigned,
            }),
        );
    }
    notices
}
