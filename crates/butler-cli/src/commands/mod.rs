//! One module per command: gather facts, make a report, render it.

mod audit;
mod backtest;
mod chain;
mod config;
mod doctor;
mod duties;
mod events;
mod jobs;
mod keystore;
mod provider;
mod publishers;
mod queue;
mod rows;
mod rules;
mod safe;
mod slashing;
mod status;
mod transactions;
mod upgrade;
mod watcher;

use butler_core::runtime::exit::Exit;

use crate::args::{
    Arguments, Command, ConfigCommand, Global, KeystoreCommand, ProviderCommand, PublishersArgs, SafeCommand,
    WatcherCommand,
};
use crate::docs;
use crate::error::CliError;
use crate::output::{Output, Zone, remark};

/// The zone that moments are shown in, when it is not UTC.
fn zone(global: &Global) -> Option<Zone> {
    let zone = global.local.then(Zone::of_machine)?;
    if zone.is_none() {
        remark("warning: this machine's time zone is not known (see TZ and /etc/localtime): times are in UTC");
    }
    zone
}

/// Does what the arguments say.
///
/// # Errors
/// See [`CliError`].
pub(crate) async fn run(arguments: Arguments) -> Result<Exit, CliError> {
    let Arguments { global, command } = arguments;
    let output = Output::new(global.json, global.color, zone(&global));
    match command {
        Command::Status(args) => status::run(&global, &args, output).await,
        Command::Queue(args) => queue::run(&global, &args, output).await,
        Command::Audit(args) => audit::run(&global, &args, output).await,
        Command::Provider(ProviderCommand::Show(args)) => provider::show(&global, &args, output).await,
        Command::Provider(ProviderCommand::Find { address, at }) => provider::find(&global, address, &at, output).await,
        Command::Provider(ProviderCommand::Change(change)) => transactions::provider(&global, &change, output).await,
        Command::Publishers(PublishersArgs { at, command: None }) => publishers::run(&global, &at, output).await,
        Command::Publishers(PublishersArgs { command: Some(command), .. }) => {
            transactions::publishers(&global, &command, output).await
        }
        Command::Safe(SafeCommand::Proposals(of)) => safe::proposals(&global, of, output).await,
        Command::Safe(SafeCommand::Delete { hash, of }) => safe::delete(&global, of, hash, output).await,
        Command::Attester(command) => transactions::attester(&global, &command, output).await,
        Command::Transactions(command) => transactions::transactions(&global, &command, output).await,
        Command::Chain(args) => chain::run(&global, &args, output).await,
        Command::Slashing(args) => slashing::run(&global, &args, output).await,
        Command::Upgrade(args) => upgrade::run(&global, &args, output).await,
        Command::Events(args) => events::run(&global, &args, output).await,
        Command::Proposals(args) => duties::proposals(&global, &args, output).await,
        Command::Duties(args) => duties::tallies(&global, &args, output).await,
        Command::Backtest(args) => backtest::run(&global, &args, output).await,
        Command::Doctor => doctor::run(&global, output).await,
        Command::Actions(command) => watcher::actions(&global, command, output).await,
        Command::Jobs(command) => jobs::run(&global, command, output).await,
        Command::Watcher(WatcherCommand::Status) => watcher::status(&global, output).await,
        Command::Keystore(KeystoreCommand::Agent { folder, state, deadline }) => {
            keystore::agent(folder, state, deadline, output).await
        }
        Command::Config(ConfigCommand::Init { file }) => config::init(&file, output),
        Command::Config(ConfigCommand::Check) => config::check(&global, output),
        Command::Config(ConfigCommand::Show) => config::show(&global, output),
        Command::Rules(args) => rules::run(&global, args.runbook_base, output),
        Command::Completions { shell } => docs::completions(shell, output),
        Command::Man { folder } => docs::man(folder.as_deref(), output),
        Command::Reference => docs::reference(output),
    }
}
