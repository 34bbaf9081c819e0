//! What is wrong with keys and the files that name them: in two places, unreadable, not configured at all.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::{Finding, FindingKind, Level, Severity, Subject};
use crate::domain::attester::coinbase::CoinbasePolicy;
use crate::domain::attester::duplicates::{self, Duplicate, DuplicateKind, Place, ReplicaPolicy, find_duplicates};
use crate::domain::attester::overview::AttesterRow;
use crate::domain::ids::ProviderId;
use crate::domain::operator::key_book::KeyBook;
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;
use crate::text::time::count;

/// Every key that is in two places.
#[must_use]
pub fn of_duplicates(
    snapshot: &NetworkSnapshot,
    keys: &KeyBook,
    replicas: ReplicaPolicy,
    rows: &[AttesterRow],
) -> Vec<Finding> {
    let found = find_duplicates(snapshot, keys, replicas);
    let rows: BTreeMap<Address, &AttesterRow> = rows.iter().map(|row| (row.attester, row)).collect();
    let of = |duplicate: Duplicate| {
        let row = match duplicate.subject {
            duplicates::Subject::Attester(attester) => rows.get(&attester).copied(),
            duplicates::Subject::Publisher(_) | duplicates::Subject::BlsKey(_) => None,
        };
        let remedy = coinbase_to_keep(duplicate.kind, row);
        let finding = of_duplicate(duplicate, snapshot);
        remedy.map_or(finding.clone(), |remedy| finding.with_remedy(remedy))
    };
    found.into_iter().map(of).collect()
}

/// What to do about key files that disagree on the coinbase of an attester, from what is known of the right one.
fn coinbase_to_keep(kind: DuplicateKind, row: Option<&AttesterRow>) -> Option<String> {
    if !matches!(kind, DuplicateKind::ConflictingCoinbase | DuplicateKind::PartialCoinbase) {
        return None;
    }
    Some(match row.map(|row| (row.coinbase_policy, row.coinbase_expected)) {
        Some((CoinbasePolicy::Split, Some(expected))) => {
            format!("let every file have {expected}, the split of its delegation")
        }
        Some((CoinbasePolicy::OwnAddress, _)) => {
            "let every file have the same address of your own, as `coinbase_policy` says".to_owned()
        }
        Some((CoinbasePolicy::Split, None)) | None => {
            "find out which is right, and let every file have that; the chain confirms none".to_owned()
        }
    })
}

fn of_duplicate(duplicate: Duplicate, snapshot: &NetworkSnapshot) -> Finding {
    let (severity, level) = if !duplicate.is_ours(&snapshot.attesters) {
        // What strangers do to each other is worth knowing and not our error.
        (Severity::Info, Level::Warning)
    } else if duplicate.kind == DuplicateKind::SeveralKeyFiles {
        (Severity::Critical, Level::Error)
    } else {
        (Severity::Warning, Level::Error)
    };
    let noun = match duplicate.subject {
        duplicates::Subject::Attester(_) => "attester",
        duplicates::Subject::Publisher(_) => "publisher",
        duplicates::Subject::BlsKey(_) => "BLS key",
    };
    let places: Vec<String> = duplicate.places.iter().map(ToString::to_string).collect();
    let distinct = places.iter().collect::<BTreeSet<_>>().len();
    let what = format!("the same {noun} is in {}: {}", count(distinct, "place"), places.join("; "));
    Finding::new(FindingKind::Duplicate(duplicate.kind), severity, duplicate.subject.into(), what)
        .at_level(level)
        .in_places(duplicate.places)
}

/// A key file that cannot be used. `words` name the file and the place in it, never its content.
#[must_use]
pub fn of_fault(file: &str, words: String) -> Finding {
    Finding::new(FindingKind::KeyFile, Severity::Warning, Subject::File(file.to_owned()), words).at_level(Level::Error)
}

/// A key file that was good and cannot be read now, while what it said last is kept. `words` say why, after its name.
#[must_use]
pub fn of_kept(file: &str, words: &str) -> Finding {
    let what = format!("it was good and cannot be read now, what it said last is kept: {words}");
    Finding::new(FindingKind::KeyFileUnreadable, Severity::Warning, Subject::File(file.to_owned()), what)
        .at_level(Level::Error)
}

/// No key file of the network can be read any more; `kept` is the number of files whose last content is kept.
#[must_use]
pub fn of_all_gone(kept: usize) -> Finding {
    let what = match kept {
        0 => {
            "key files are configured, and none can be read: who runs an attester, and with which coinbase, is unknown"
                .to_owned()
        }
        _ => format!("none of the key files can be read now: what {} said last is kept", count(kept, "file")),
    };
    Finding::new(FindingKind::KeyFilesGone, Severity::Critical, Subject::Network, what)
}

/// Keystores of both schemas in one folder.
#[must_use]
pub fn of_mixed_schemas(folder: &str, files: &[String]) -> Finding {
    let what = format!(
        "keystores of schema 1 and 2 lie in one folder, so a node that reads it refuses all: {}",
        files.join(", ")
    );
    Finding::new(FindingKind::KeyFileSchemasMixed, Severity::Warning, Subject::File(folder.to_owned()), what)
}

/// Several keystores with a prover in one folder.
#[must_use]
pub fn of_several_provers(folder: &str, files: &[String]) -> Finding {
    let what = format!(
        "several keystores of one folder have a `prover`, so a node that reads it refuses all: {}",
        files.join(", ")
    );
    Finding::new(FindingKind::KeyFile, Severity::Warning, Subject::File(folder.to_owned()), what)
        .at_level(Level::Error)
        .with_remedy("keep one `prover` in the folder")
}

/// Attesters of a node's own keystore, given as addresses without a signer.
#[must_use]
pub fn of_missing_signer(file: &str, accounts: usize) -> Finding {
    let what = format!(
        "{} given as an address, and no keystore of the folder names a remote signer: a node that reads it refuses it",
        if accounts == 1 { "1 account is".to_owned() } else { format!("{accounts} accounts are") }
    );
    Finding::new(FindingKind::KeyFile, Severity::Warning, Subject::File(file.to_owned()), what)
        .at_level(Level::Error)
        .with_remedy("set `remoteSigner`, or list the file under `key_files` where it is a copy of public keys")
}

/// A file beside a node's own keystore that is something else; `kind` is what.
#[must_use]
pub fn of_other_file(file: &str, kind: &str) -> Finding {
    let what =
        format!("{kind}: a node reads every file of its folder, and refuses to start with one that is no keystore");
    Finding::new(FindingKind::KeyFile, Severity::Warning, Subject::File(file.to_owned()), what)
        .at_level(Level::Error)
        .with_remedy("move it to another folder")
}

/// A funding account in a folder of several keystores.
#[must_use]
pub fn of_dropped_funding(file: &str) -> Finding {
    let what =
        "it has a `fundingAccount`, and another keystore lies in its folder: a node that reads both drops the account";
    Finding::new(FindingKind::FundingAccountDropped, Severity::Warning, Subject::File(file.to_owned()), what)
}

/// A server that a file of publishers names, and of which there is no key file.
#[must_use]
pub fn of_server_without_keys(server: &str) -> Finding {
    let what = format!("a file of publishers names the server `{server}`, of which there is no key file");
    Finding::new(FindingKind::ServerWithoutKeys, Severity::Info, Subject::Network, what)
}

/// What stands at the top of one file, and holds for validators of another.
#[must_use]
pub fn of_leaking_defaults(from: &str, into: &str) -> Finding {
    let what = format!("validators without a coinbase or publisher of their own take what {from} says at its top");
    Finding::new(FindingKind::KeyFileDefaultsLeak, Severity::Info, Subject::File(into.to_owned()), what)
}

/// A BLS key that the chain cannot vouch for yet.
#[must_use]
pub fn of_unproven_bls(attester: Address, file: &str, index: usize) -> Finding {
    let what = "a file has a BLS key for it, and the chain has none yet: it may be the private one";
    let place = Place::KeyFile { file: file.to_owned(), index };
    Finding::new(FindingKind::BlsUnproven, Severity::Info, Subject::Attester(attester), what).in_places(vec![place])
}

/// A BLS key that is not the registered one, so that its file is refused. `words` name the place, never the key.
#[must_use]
pub fn of_differing_bls(file: &str, words: String) -> Finding {
    Finding::new(FindingKind::BlsDiffers, Severity::Critical, Subject::File(file.to_owned()), words)
}

/// Attesters of a file whose own accounts pay.
#[must_use]
pub fn of_own_publishers(file: &str, attesters: usize) -> Finding {
    let what = format!(
        "{} no publisher: their own accounts pay",
        if attesters == 1 { "1 attester has".to_owned() } else { format!("{attesters} attesters have") }
    );
    Finding::new(FindingKind::PublisherNotSet, Severity::Info, Subject::File(file.to_owned()), what)
}

/// Other providers' queues that could not be read.
#[must_use]
pub fn of_unread_queues() -> Finding {
    let what = "the queues of other providers cannot be read: own keys that stand there, too, are not seen";
    Finding::new(FindingKind::NotWatched, Severity::Info, Subject::Network, what)
        .marked("unread queues")
        .with_remedy("read the exporter's log: it says why")
}

/// Other providers' queues that are too long to be read as a whole.
#[must_use]
pub fn of_cut_queues() -> Finding {
    let what = "the queues of other providers are too long: only the keys at their fronts are compared with own ones";
    Finding::new(FindingKind::NotWatched, Severity::Info, Subject::Network, what)
        .marked("cut queues")
        .with_remedy("run `butler-cli audit` now and then, which reads all of them")
}

/// Admins of the configuration whose providers somebody else has, or who never had one.
#[must_use]
pub fn of_gone_admins(admins: &[Address], providers: &BTreeMap<ProviderId, ProviderFacts>) -> Vec<Finding> {
    let is_gone = |admin: &&Address| !providers.values().any(|provider| provider.admin == **admin);
    let gone = admins.iter().filter(is_gone);
    gone.map(|admin| {
        let what = format!("no provider has the admin {}, whom `provider_admins` names", checksummed(admin));
        let finding = Finding::new(FindingKind::AdminGone, Severity::Critical, Subject::Network, what);
        finding.marked(checksummed(admin).to_string()).with_remedy(
            "look with `butler-cli events` who took its place; correct `provider_admins` when that was you",
        )
    })
    .collect()
}

/// What is there to be watched, by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// Key files and their faults: a file that cannot be read is configured.
    pub key_files: usize,
    /// Own providers.
    pub providers: usize,
    /// Aztec nodes.
    pub nodes: usize,
    /// Publishers of key files and publisher files.
    pub publishers: usize,
}

/// What is not configured, and what is therefore not looked at.
#[must_use]
pub fn of_unwatched(watched: Watched) -> Vec<Finding> {
    let table = [
        (
            watched.key_files,
            Severity::Warning,
            "no key files are configured: neither coinbases nor who runs an attester can be checked",
            "set `key_files`",
        ),
        (
            watched.providers,
            Severity::Warning,
            "no provider is configured: neither its queue nor its delegations are looked at",
            "set `provider_ids` or `provider_admins`",
        ),
        (
            watched.nodes,
            Severity::Info,
            "no Aztec node is configured: neither nodes nor what they see of duties is looked at",
            "set `aztec_nodes`",
        ),
        (
            watched.publishers,
            Severity::Info,
            "no publisher is known: no balance is looked at",
            "set `publisher_files`, or name publishers in key files",
        ),
    ];
    let absent = table.into_iter().filter(|(number, ..)| *number == 0);
    absent
        .map(|(_, severity, what, remedy)| {
            Finding::new(FindingKind::NotWatched, severity, Subject::Network, what).marked(remedy).with_remedy(remedy)
        })
        .collect()
}
