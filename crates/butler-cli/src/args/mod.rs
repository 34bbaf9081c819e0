//! The arguments of `butler-cli`. Help, man page, completions and `docs/cli.md` all come from here.

mod actions;
mod attester;
mod closed;
mod config;
mod duties;
mod headings;
mod jobs;
mod rules;
mod safe;
mod signing;
mod transactions;

use std::path::PathBuf;
use std::time::Duration;

use butler_core::client::l1::BlockTag;
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::ids::ProviderId;
use clap::{Args, Parser, Subcommand};
use clap_complete::engine::ArgValueCandidates;
use ethers_core::types::Address;

pub use self::actions::{ActionsCommand, DecideArgs, Selection};
use self::attester::address;
pub use self::attester::{AttesterName, NotOne};
use self::closed::{event_names, positions, states};
pub use self::config::ConfigCommand;
pub use self::duties::{BacktestArgs, DutiesArgs, ProposalsArgs, RollupsArgs, When, WhichRollup};
use self::headings::{CONNECTION, OUTPUT, SELECTION};
pub use self::jobs::JobsCommand;
pub use self::rules::RulesArgs;
pub use self::safe::{OfSafe, SafeCommand};
pub use self::signing::{BroadcastArgs, KeyArgs, ReplaceArgs, SignArgs, SigningArgs, TransactionsCommand};
pub use self::transactions::{
    AdminArgs, AttesterCommand, ProviderChange, PublishersCommand, SenderArgs, TransactionArgs,
};
use crate::candidates;
use crate::output::ColorChoice;

/// Where every attester of your Aztec staking providers stands, and what is wrong with it.
///
/// Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 bug, 2 usage, 3 configuration, 4 upstream,
/// 5 the check ran and its answer is bad, 6 refused, 7 local file, 130 and 143 stopped by SIGINT and SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "butler-cli", version, propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = CONNECTION)]
pub struct Global {
    /// Configuration file [default: ./butler.toml, then ~/.config/butler/butler.toml, then /etc/butler/butler.toml].
    #[arg(long, global = true, value_name = "FILE", env = "BUTLER_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Network to work on; needed when several are configured. `mainnet` works without a configuration file.
    #[arg(long, global = true, value_name = "NAME", env = "BUTLER_NETWORK", hide_env_values = true)]
    #[arg(add = ArgValueCandidates::new(candidates::networks))]
    pub network: Option<String>,
    /// L1 endpoint to use instead of the configured ones; may be given several times.
    #[arg(long, global = true, value_name = "URL")]
    pub l1_url: Vec<String>,
    /// Provider to look at instead of the configured ones; may be given several times.
    #[arg(long, global = true, value_name = "ID", add = ArgValueCandidates::new(candidates::providers))]
    pub provider_id: Vec<ProviderId>,
    /// Forget what was kept of earlier scans, and scan the StakingRegistry's events anew.
    #[arg(long, global = true)]
    pub rescan: bool,
    /// Print JSON to stdout.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub json: bool,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", value_enum, help_heading = OUTPUT)]
    pub color: ColorChoice,
    /// Show times in this machine's time zone, with the offset, instead of UTC. JSON stays as it is.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub local: bool,
    /// Say nothing on stderr but why the command failed: no progress, no warnings.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = OUTPUT)]
    pub quiet: bool,
    /// Say more on stderr; up to three times.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = OUTPUT)]
    pub verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every attester: state, position, queue place, arrival, coinbase, balance, server.
    Status(StatusArgs),
    /// Show the rollup's entry queue and the providers' queues.
    Queue(AtArgs),
    /// Look for duplicates, wrong coinbases and bad key files; exits with 5 when it finds errors.
    Audit(AuditArgs),
    /// Show, find and change staking providers.
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Show every publisher: balance, load, what it lacks; or fund them.
    Publishers(PublishersArgs),
    /// Deposit direct stakes.
    #[command(subcommand)]
    Attester(AttesterCommand),
    /// Show, replace and cancel what was signed on this machine; sign a plan without network, and send what was signed.
    #[command(subcommand)]
    Transactions(TransactionsCommand),
    /// Show what waits for the owners of a Safe.
    #[command(subcommand)]
    Safe(SafeCommand),
    /// Show the rollup's figures and the endpoints' answers.
    Chain(AtArgs),
    /// Show who may slash your attesters, from when or until when, and what their votes say.
    Slashing(AtArgs),
    /// Show what a new canonical rollup left to do: who moved, who is left where, rewards, exits, which node follows which.
    Upgrade(AtArgs),
    /// List events of Aztec's contracts and the StakingRegistry.
    Events(EventsArgs),
    /// List what attesters proposed, with the coinbases that they really used, from L1 alone; exits with 5 when one was wrong.
    Proposals(ProposalsArgs),
    /// Show which duties attesters did and missed, from L1 alone.
    Duties(RollupsArgs),
    /// Replay the past: what would have been said when, and what was lost by then; exits with 5 when it would have been critical.
    Backtest(BacktestArgs),
    /// Check configuration, endpoints, nodes, keys, queues and balances on one page; exits with 5 when something is red.
    Doctor,
    /// Show what the watcher has planned and done.
    #[command(subcommand)]
    Actions(ActionsCommand),
    /// Show the jobs of pipelines and how their queues stand; pause and resume them.
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Ask the watcher how it is.
    #[command(subcommand)]
    Watcher(WatcherCommand),
    /// Look after a node's keystores on the machine where they lie.
    #[command(subcommand)]
    Keystore(KeystoreCommand),
    /// Write, check or show the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the alert rules for Prometheus.
    Rules(RulesArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one per command into a folder.
    Man {
        /// Folder to write `butler-cli.1`, `butler-cli-status.1` … into.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Print docs/cli.md.
    #[command(hide = true)]
    Reference,
}

/// What to ask the watcher.
#[derive(Debug, Subcommand)]
pub enum WatcherCommand {
    /// Show how far each network is followed, and how many actions there are; exits with 5 when one is not followed further.
    Status,
}

/// The block of a command that reads the chain.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SELECTION)]
pub struct AtArgs {
    /// Block to read at: a number, `latest`, `safe` or `finalized`.
    #[arg(long, value_name = "BLOCK", default_value = "latest", value_parser = block_tag)]
    pub at: BlockTag,
}

/// Arguments of `publishers`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct PublishersArgs {
    /// The block.
    #[command(flatten)]
    pub at: AtArgs,
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<PublishersCommand>,
}

/// Arguments of `status`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SELECTION)]
pub struct StatusArgs {
    /// The block.
    #[command(flatten)]
    pub at: AtArgs,
    /// Only attesters in this state, such as COINBASE_NEEDED; may be given several times.
    #[arg(long, value_name = "STATE", value_parser = states(), ignore_case = true, hide_possible_values = true)]
    pub state: Vec<State>,
    /// Only attesters at this position, such as entry_queue; may be given several times.
    #[arg(long, value_name = "POSITION", value_parser = positions(), ignore_case = true, hide_possible_values = true)]
    pub position: Vec<Position>,
    /// Only attesters of this server; may be given several times.
    #[arg(long, value_name = "SERVER", add = ArgValueCandidates::new(candidates::servers))]
    pub server: Vec<String>,
    /// Only this attester, by its address or the first digits of it; may be given several times.
    #[arg(long, value_name = "ADDRESS", value_parser = AttesterName::parse)]
    pub attester: Vec<AttesterName>,
    /// Only attesters that need somebody's attention.
    #[arg(long)]
    pub attention: bool,
}

/// Arguments of `audit`.
#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// The block.
    #[command(flatten)]
    pub at: AtArgs,
    /// Fail on warnings, too.
    #[arg(long)]
    pub strict: bool,
    /// How far back own proposals and duties are read from L1; `0s` leaves them out.
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = humantime::parse_duration)]
    pub duties_span: Duration,
}

/// Arguments of `events`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SELECTION)]
pub struct EventsArgs {
    /// First block [default: the StakingRegistry's first block].
    #[arg(long, value_name = "NUMBER")]
    pub from_block: Option<u64>,
    /// Last block: a number, `latest`, `safe` or `finalized`.
    #[arg(long, value_name = "BLOCK", default_value = "latest", value_parser = block_tag)]
    pub to_block: BlockTag,
    /// Only events that name this address; may be given several times.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub address: Vec<Address>,
    /// Only events of this name, such as StakedWithProvider; may be given several times.
    #[arg(long, value_name = "EVENT", value_parser = event_names(), ignore_case = true, hide_possible_values = true)]
    pub name: Vec<String>,
}

/// What to do with providers.
#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Show our providers: record, queue, delegations.
    Show(AtArgs),
    /// Find the providers of an address: its admin, its next admin, or who receives its rewards.
    Find {
        /// The address.
        #[arg(value_parser = address)]
        address: Address,
        /// The block.
        #[command(flatten)]
        at: AtArgs,
    },
    /// What changes something.
    #[command(flatten)]
    Change(ProviderChange),
}

/// What to do with a node's keystores.
#[derive(Debug, Subcommand)]
pub enum KeystoreCommand {
    /// Answer one question of the watcher about a folder of keystores: JSON from stdin, JSON to stdout.
    ///
    /// Made to be what `ssh` runs for the watcher's key and nothing else (`command="butler-cli keystore agent …",restrict` in
    /// `authorized_keys`): only what comes over stdin is believed. Shows coinbases, changes them, and takes that back; no private key
    /// is ever shown. Exits with 0 when a question was answered, whatever the answer says.
    Agent {
        /// The node's KEY_STORE_DIRECTORY.
        #[arg(long, value_name = "FOLDER")]
        folder: PathBuf,
        /// An own folder for what a change replaces, kept until it is finished; of this user and nobody else. It is made when there is none.
        #[arg(long, value_name = "FOLDER")]
        state: PathBuf,
        /// How long the question may take to come.
        #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
        deadline: Duration,
    },
}

fn block_tag(text: &str) -> Result<BlockTag, String> {
    match text {
        "latest" => Ok(BlockTag::Latest),
        "safe" => Ok(BlockTag::Safe),
        "finalized" => Ok(BlockTag::Finalized),
        number => {
            let parsed = number
                .strip_prefix("0x")
                .or_else(|| number.strip_prefix("0X"))
                .map_or_else(|| number.parse(), |hex| u64::from_str_radix(hex, 16));
            parsed
                .map(BlockTag::Number)
                .map_err(|_| "expected a block number, `latest`, `safe` or `finalized`".to_owned())
        }
    }
}
