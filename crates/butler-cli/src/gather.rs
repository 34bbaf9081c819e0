//! From arguments to facts: the configuration, the network, one snapshot.

use std::collections::BTreeSet;

use butler_core::chain::{SnapshotError, SnapshotReader};
use butler_core::client::l1::{BlockTag, Policy};
use butler_core::config::{Config, Override, Sources, Variables, preset_names};
use butler_core::domain::findings::attester::knows_coinbases;
use butler_core::domain::findings::staking::registered_bls_keys;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::{Network, NetworkError};
use butler_core::proposing::places_of;
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use butler_core::store::file::StoreError;
use butler_core::transaction::permitted::Places;
use ethers_core::types::Address;

use crate::args::Global;
use crate::error::{CliError, Named};
use crate::output::remark;
use crate::places::configuration;
use crate::progress::Waiting;
use crate::signals::unless_stopped;
use crate::view::json::Scope;

/// Loads the configuration that the arguments mean.
///
/// # Errors
/// When it cannot be used, or when flags are given and it is not clear for which network.
pub(crate) fn load(global: &Global) -> Result<Config, CliError> {
    let variables = Variables::of_process();
    let file = configuration(global.config.clone(), &variables);
    let mut sources = Sources { file, variables, overrides: Vec::new() };
    if let Some(network) = &global.network {
        expect_network(network, &sources)?;
        sources.overrides.push(Override::text("default_network", network, "--network"));
    }
    if global.l1_url.is_empty() && global.provider_id.is_empty() {
        return Ok(Config::load(&sources)?);
    }
    // Keys name their network; which one the flags are about may only be known from the file.
    let name = match &global.network {
        Some(name) => name.clone(),
        None => Config::load(&sources)?.network(None).map_err(NetworkError::from)?.name.clone(),
    };
    if !global.l1_url.is_empty() {
        sources.overrides.push(Override::urls(format!("networks.{name}.l1"), global.l1_url.clone(), "--l1-url"));
    }
    if !global.provider_id.is_empty() {
        let ids: Vec<String> = global.provider_id.iter().map(ToString::to_string).collect();
        sources.overrides.push(Override::text(format!("networks.{name}.provider_ids"), ids.join(","), "--provider-id"));
    }
    Ok(Config::load(&sources)?)
}

/// Whether there is such a network. What else is wrong with a configuration is told when it is loaded.
fn expect_network(name: &str, sources: &Sources) -> Result<(), CliError> {
    let Ok(config) = Config::load(sources) else { return Ok(()) };
    let presets = preset_names().map(str::to_owned);
    let known: BTreeSet<String> = config.networks.into_keys().chain(presets).collect();
    if known.contains(name) {
        return Ok(());
    }
    Err(CliError::Unknown { kind: Named::Network, name: name.to_owned(), known: known.into_iter().collect() })
}

/// A network with one snapshot of it.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The network.
    pub network: Network,
    /// The snapshot.
    pub snapshot: NetworkSnapshot,
    /// Why the ledger could not be kept; the snapshot is good all the same.
    pub unsaved: Option<StoreError>,
}

impl Gathered {
    /// What the report begins with.
    #[must_use]
    pub(crate) fn scope(&self) -> Scope {
        Scope {
            network: self.network.config.name.clone(),
            chain_id: self.snapshot.chain_id,
            block: self.snapshot.block,
            rollup: self.snapshot.rollup.address.into(),
            unconfirmed: self.snapshot.unconfirmed.clone(),
            missing: self.snapshot.missing(),
        }
    }

    /// Where calls that change something may go.
    #[must_use]
    pub(crate) fn places(&self) -> Places {
        places_of(self.network.config.staking_registry, &self.snapshot, &self.network.keys.book)
    }

    /// Whether any key file says what servers run, and so which coinbases they have.
    #[must_use]
    pub(crate) fn knows_coinbases(&self) -> bool {
        knows_coinbases(&self.network.keys.book)
    }

    /// Says on stderr what was wrong and did not stop the command, and turns `exit` into what the program ends with.
    #[must_use]
    pub(crate) fn finish(&self, exit: Exit) -> Exit {
        finish(&self.network, self.unsaved.as_ref(), exit)
    }
}

/// Says on stderr what was wrong and did not stop the command, and turns `exit` into what the program ends with.
#[must_use]
pub(crate) fn finish(network: &Network, unsaved: Option<&StoreError>, exit: Exit) -> Exit {
    for fault in &network.keys.faults {
        remark(&format!("warning: {fault}"));
    }
    let Some(unsaved) = unsaved else { return exit };
    remark(&format!(
        "warning: the result is complete, but the ledger could not be kept for next time: {}",
        Chain(unsaved)
    ));
    remark("hint: make room there, or set `cache_directory` to a folder that can be written");
    if exit == Exit::Success { Exit::LocalFile } else { exit }
}

/// Opens the network that the arguments mean.
///
/// # Errors
/// When the configuration or the network cannot be used.
pub(crate) fn open(global: &Global) -> Result<Network, CliError> {
    let mut network = Network::open(&load(global)?, global.network.as_deref(), Policy::ONE_SHOT)?;
    if global.rescan {
        network.reader.forget_ledger();
    }
    Ok(network)
}

/// Reads something through the network's reader and keeps the ledger, also when the reading fails or a signal ends it: the
/// next time begins where this one was cut. Returns with it why the ledger could not be kept.
///
/// # Errors
/// When the reading failed or was stopped.
pub(crate) async fn reading<T>(
    network: &mut Network,
    read: impl AsyncFnOnce(&mut SnapshotReader, &Waiting) -> Result<T, SnapshotError>,
) -> Result<(T, Option<StoreError>), CliError> {
    let waiting = Waiting::new();
    let result = unless_stopped(waiting.during(read(&mut network.reader, &waiting))).await;
    drop(waiting);
    // A provider or a contract that is not there has no ledger to be kept.
    let is_worth_it = match &result {
        Ok(Ok(_)) | Err(_) => true,
        Ok(Err(SnapshotError::Rpc(_) | SnapshotError::Ledger(_) | SnapshotError::Reorganised { .. })) => true,
        Ok(Err(
            SnapshotError::NoContract { .. }
            | SnapshotError::Unsupported { .. }
            | SnapshotError::Nonsense { .. }
            | SnapshotError::UnknownProvider(_)
            | SnapshotError::UnknownAdmin(_)
            | SnapshotError::ForeignRegistry { .. }
            | SnapshotError::Preset { .. },
        )) => false,
    };
    let unsaved = if is_worth_it { network.reader.save_ledger().err() } else { None };
    // A command that failed leaves nothing behind, and where there is no room, that is told of the ledger.
    if matches!(result, Ok(Ok(_))) && unsaved.is_none() {
        network.remember_keys();
    }
    Ok((result??, unsaved))
}

/// Reads something beside a snapshot, and says what is waited for.
///
/// # Errors
/// When the reading failed or was stopped.
pub(crate) async fn beside<T>(read: impl AsyncFnOnce(&Waiting) -> Result<T, CliError>) -> Result<T, CliError> {
    let waiting = Waiting::new();
    unless_stopped(waiting.during(read(&waiting))).await?
}

/// How much a command looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Where attesters stand.
    Overview,
    /// That, and when the last cut-over was.
    CutOver,
    /// Where attesters stand, and the records and queues of all other providers.
    Everybody,
    /// Where attesters stand, whether keys that wait in own queues can be staked (a proof that was never tried costs the endpoint
    /// time), and the queues of other providers.
    Everything,
    /// All of that.
    Health,
}

/// Opens the network and reads one snapshot.
///
/// # Errors
/// When the network cannot be opened or read.
pub(crate) async fn gather(global: &Global, at: BlockTag, look: Look) -> Result<Gathered, CliError> {
    gather_also(global, at, look, []).await
}

/// The same, which looks at these attesters, too.
///
/// # Errors
/// When the network cannot be opened or read.
pub(crate) async fn gather_also(
    global: &Global,
    at: BlockTag,
    look: Look,
    attesters: impl IntoIterator<Item = Address>,
) -> Result<Gathered, CliError> {
    let mut network = open(global)?;
    let mut request = network.request(at);
    request.attesters.extend(attesters);
    request.with_other_providers = matches!(look, Look::Everybody | Look::Everything | Look::Health);
    request.with_queue_proofs = matches!(look, Look::Everything | Look::Health);
    request.with_cut_over_time = matches!(look, Look::CutOver | Look::Health);
    let read = async |reader: &mut SnapshotReader, waiting: &Waiting| {
        reader.read(&request, &|progress| waiting.note(progress)).await
    };
    let (snapshot, unsaved) = reading(&mut network, read).await?;
    network.hold_keys_against_chain(&registered_bls_keys(&snapshot));
    if unsaved.is_none() {
        network.remember_keys();
    }
    Ok(Gathered { network, snapshot, unsaved })
}
