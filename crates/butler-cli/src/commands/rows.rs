//! The overview that `status`, `audit` and `doctor` are made of.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::attester::overview::{AttesterRow, overview};
use butler_core::domain::findings::attester::judge_what_is_known;

use ethers_core::types::Address;

use crate::args::{AttesterName, NotOne};
use crate::error::CliError;
use crate::gather::Gathered;
use crate::view::format;

/// Who may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Askable {
    /// Only attesters that are followed.
    Followed,
    /// Whoever has an address.
    Anybody,
}

/// The attesters that are meant, among those that are known.
///
/// # Errors
/// When a name is that of none, or of several.
pub(super) fn attesters(
    names: &[AttesterName],
    known: &BTreeSet<Address>,
    askable: Askable,
) -> Result<BTreeSet<Address>, CliError> {
    let one = |name: &AttesterName| match name {
        AttesterName::Whole(address) if askable == Askable::Anybody => Ok(*address),
        AttesterName::Whole(_) | AttesterName::Ends(..) => name.among(known.iter().copied()).map_err(|why| match why {
            NotOne::Nobody => CliError::UnknownAttester(name.to_string()),
            NotOne::Several(found) => {
                let known = found.iter().map(format::address).collect();
                CliError::SeveralAttesters { digits: name.to_string(), known }
            }
        }),
    };
    names.iter().map(one).collect()
}

/// The overview of everything that was gathered. Without any keys, no coinbase is judged.
pub(super) fn rows(gathered: &Gathered) -> Vec<AttesterRow> {
    let network = &gathered.network;
    let book = &network.keys.book;
    let mut rows = overview(&gathered.snapshot, book, &BTreeMap::new(), network.config.coinbase_rules());
    judge_what_is_known(&mut rows, book);
    rows
}
