//! One load of the keystore, from the files to what the node runs, in the order in which 4.1.2 looks at things.
//!
//! Files, then duplicates, remote signers, accounts; and, unless the node starts, publishers: each validator needs one that the
//! keystore in use has, whatever the message says of "startup".

use ethers_core::types::Address;

use super::{
    Keys, Settings,
    folder::{self, Place},
    keystore::{Keystore, Running},
    signers,
};

/// Loads the keystore; `before` is the one in use, `None` at a start.
///
/// # Errors
/// With the node's words.
pub(super) async fn load(settings: &Settings, before: Option<&[Running]>) -> Result<Vec<Running>, String> {
    match settings.keys {
        Keys::Folder => {}
        Keys::Environment | Keys::Prover => {
            return Err(
                "Cannot reload keystore: node is not using a file-based keystore. Set KEY_STORE_DIRECTORY to use \
                        file-based keystores."
                    .to_owned(),
            );
        }
    }
    let place = Place { folder: settings.folder.clone(), shown: settings.shown_folder.clone() };
    let keystore = Keystore::merge(&folder::load(&place)?)?;
    keystore.check_duplicates()?;
    signers::check(&keystore.remote_signers(), settings.signer_patience).await?;
    let after = keystore.resolve(&settings.folder)?;
    if let Some(before) = before {
        check_publishers(before, &after)?;
    }
    Ok(after)
}

fn check_publishers(before: &[Running], after: &[Running]) -> Result<(), String> {
    let mut known: Vec<Address> = Vec::new();
    for publisher in before.iter().filter(|block| !block.attesters.is_empty()).flat_map(|block| &block.publishers) {
        if !known.contains(publisher) {
            known.push(*publisher);
        }
    }
    for block in after {
        if let Some(attester) = block.attesters.first()
            && !block.publishers.iter().any(|publisher| known.contains(publisher))
        {
            return Err(format!(
                "Cannot reload keystore: validator {attester:?} has publisher keys [{}] but none match the L1 signers \
                 initialized at startup [{}]. Publishers cannot be hot-reloaded — use an existing publisher key or restart \
                 the node.",
                told(&block.publishers),
                told(&known)
            ));
        }
    }
    Ok(())
}

fn told(addresses: &[Address]) -> String {
    addresses.iter().map(|address| format!("{address:?}")).collect::<Vec<_>>().join(", ")
}
