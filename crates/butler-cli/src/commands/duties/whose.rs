//! Whose proposals and duties are asked for, and what their coinbases are held against.

use std::collections::BTreeSet;

use butler_core::client::l1::BlockTag;
use butler_core::domain::duties::{Expected, expected};
use butler_core::domain::operator::labels::by_label;
use ethers_core::types::Address;

use crate::args::{DutiesArgs, Global};
use crate::commands::rows::{Askable, attesters, rows};
use crate::error::{CliError, Named};
use crate::gather::{Gathered, Look, gather};

/// Whose they are.
#[derive(Debug)]
pub(in crate::commands) struct Whose {
    pub(in crate::commands) gathered: Gathered,
    /// Whose duties are shown; everybody's where it is `None`.
    pub(in crate::commands) own: Option<BTreeSet<Address>>,
    /// What the coinbases are held against.
    pub(in crate::commands) expected: Expected,
}

/// Reads the snapshot, and who of it is meant.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn whose(global: &Global, args: &DutiesArgs) -> Result<Whose, CliError> {
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let all = rows(&gathered);
    let config = &gathered.network.config;
    let labels = by_label(&config.labels, config.server_labels, &all);
    if let Some(unknown) = args.label.iter().find(|label| !labels.contains_key(*label)) {
        let known = labels.keys().cloned().collect();
        return Err(CliError::Unknown { kind: Named::Label, name: unknown.clone(), known });
    }
    let labelled: BTreeSet<Address> =
        args.label.iter().filter_map(|label| labels.get(label)).flatten().map(|row| row.attester).collect();
    let mut own: BTreeSet<Address> = all.iter().map(|row| row.attester).collect();
    if args.attester.is_empty() && !args.label.is_empty() {
        own.retain(|attester| labelled.contains(attester));
    }
    if !args.attester.is_empty() {
        let askable = if args.all { Askable::Anybody } else { Askable::Followed };
        own = attesters(&args.attester, &own, askable)?;
    }
    let own = if args.all && args.attester.is_empty() && args.label.is_empty() { None } else { Some(own) };
    let expected = expected(&all, &gathered.snapshot.delegations);
    Ok(Whose { gathered, own, expected })
}
