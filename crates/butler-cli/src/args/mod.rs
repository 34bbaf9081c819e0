//! The arguments of `butler-cli`. Help, man page, completions and `docs/cli.md` all come from here.

mod config;
mod duties;
mod jobs;
mod rules;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use butler_core::client::l1::BlockTag;
use butler_core::contracts::events::Source;
use butler_core::domain::action::{ActionKind, EffectKey, Phase};
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::job::{JobName, PipelineName};
use clap::{Args, Parser, Subcommand};
use ethers_core::types::Address;

pub use self::config::ConfigCommand;
pub use self::duties::{BacktestArgs, DutiesArgs, ProposalsArgs, RollupsArgs, When, WhichRollup};
pub use self::jobs::JobsCommand;
pub use self::rules::RulesArgs;
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
pub struct Global {
    /// Configuration file [default: ./butler.toml, then ~/.config/butler/butler.toml, then /etc/butler/butler.toml].
    #[arg(long, global = true, value_name = "FILE", env = "BUTLER_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Network to work on; needed when several are configured. `mainnet` works without a configuration file.
    #[arg(long, global = true, value_name = "NAME", env = "BUTLER_NETWORK", hide_env_values = true)]
    pub network: Option<String>,
    /// L1 endpoint to use instead of the configured ones; may be given several times.
    #[arg(long, global = true, value_name = "URL")]
    pub l1_url: Vec<String>,
    /// Provider to look at instead of the configured ones; may be given several times.
    #[arg(long, global = true, value_name = "ID")]
    pub provider_id: Vec<ProviderId>,
    /// Forget what was kept of earlier scans, and scan the StakingRegistry's events anew.
    #[arg(long, global = true)]
    pub rescan: bool,
    /// Print JSON to stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", value_enum)]
    pub color: ColorChoice,
    /// Say more on stderr; up to three times.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
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
    /// Show or find staking providers.
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Show every publisher: balance, load, what it lacks.
    Publishers(AtArgs),
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

/// What to show of the watcher's actions, and what to decide.
#[derive(Debug, Subcommand)]
pub enum ActionsCommand {
    /// List actions: all that are not over, or those in one phase.
    List {
        /// Only those in this phase: planned, awaiting_approval, due, running, verifying, done, parked, dropped.
        #[arg(long, value_name = "PHASE", value_parser = phase)]
        phase: Option<Phase>,
        /// Which of them.
        #[command(flatten)]
        selection: Selection,
    },
    /// Show one action.
    Show {
        /// Its key.
        #[arg(value_name = "KEY", value_parser = effect_key)]
        key: EffectKey,
    },
    /// Approve actions that wait for it: they are done.
    Approve(DecideArgs),
    /// Reject actions that wait for an approval: they are never done.
    Reject(DecideArgs),
    /// Have parked actions tried again.
    Retry(DecideArgs),
    /// Drop parked actions, or one that is due: nobody wants them any more.
    Drop(DecideArgs),
    /// Show what changed, oldest first.
    History {
        /// Only what came after this line.
        #[arg(long, value_name = "LINE", default_value_t = 0)]
        after: u64,
        /// The most lines.
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: usize,
    },
    /// Write the history as it is kept, line by line, each sealed together with all lines before it: whoever has it can verify it.
    Export {
        /// Only what came after this line.
        #[arg(long, value_name = "LINE", default_value_t = 0)]
        after: u64,
    },
}

/// Which actions are meant; together they narrow.
#[derive(Debug, Args)]
pub struct Selection {
    /// Those of this kind.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Option<ActionKind>,
    /// Those whose reason, or whose cause, holds this text.
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
    /// Jobs of this pipeline.
    #[arg(long, value_name = "PIPELINE", value_parser = jobs::pipeline)]
    pub pipeline: Option<PipelineName>,
    /// Jobs of this name.
    #[arg(long, value_name = "JOB", value_parser = jobs::job_name)]
    pub job: Option<JobName>,
    /// Those that wait for at least so long.
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    pub older_than: Option<Duration>,
}

impl Selection {
    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { kind, because, pipeline, job, older_than } = self;
        kind.is_none() && because.is_none() && pipeline.is_none() && job.is_none() && older_than.is_none()
    }
}

/// On which actions is decided.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The key of one.
    #[arg(value_name = "KEY", value_parser = effect_key)]
    pub key: Option<EffectKey>,
    /// Or all of these.
    #[command(flatten)]
    pub selection: Selection,
    /// What `actions show` or `actions list` gave as `shown`: whatever changed since then is left alone. Without it the actions are shown,
    /// and the terminal is asked.
    #[arg(long, value_name = "HASH")]
    pub shown: Option<String>,
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// What to ask the watcher.
#[derive(Debug, Subcommand)]
pub enum WatcherCommand {
    /// Show how far each network is followed, and how many actions there are; exits with 5 when one is not followed further.
    Status,
}

fn phase(text: &str) -> Result<Phase, String> {
    text.parse().map_err(|error: butler_core::domain::action::UnknownPhase| error.to_string())
}

fn kind(text: &str) -> Result<ActionKind, String> {
    text.parse().map_err(|_| format!("`{text}` is no kind of action"))
}

fn effect_key(text: &str) -> Result<EffectKey, String> {
    text.parse().map_err(|error: butler_core::domain::action::InvalidKey| error.to_string())
}

/// The block of a command that reads the chain.
#[derive(Debug, Clone, Args)]
pub struct AtArgs {
    /// Block to read at: a number, `latest`, `safe` or `finalized`.
    #[arg(long, value_name = "BLOCK", default_value = "latest", value_parser = block_tag)]
    pub at: BlockTag,
}

/// Arguments of `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The block.
    #[command(flatten)]
    pub at: AtArgs,
    /// Only attesters in this state, such as COINBASE_NEEDED; may be given several times.
    #[arg(long, value_name = "STATE", value_parser = state, ignore_case = true)]
    pub state: Vec<State>,
    /// Only attesters at this position, such as entry_queue; may be given several times.
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub position: Vec<Position>,
    /// Only attesters of this server; may be given several times.
    #[arg(long, value_name = "SERVER")]
    pub server: Vec<String>,
    /// Only this attester; may be given several times.
    #[arg(long, value_name = "ADDRESS")]
    pub attester: Vec<Address>,
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
pub struct EventsArgs {
    /// First block [default: the StakingRegistry's first block].
    #[arg(long, value_name = "NUMBER")]
    pub from_block: Option<u64>,
    /// Last block: a number, `latest`, `safe` or `finalized`.
    #[arg(long, value_name = "BLOCK", default_value = "latest", value_parser = block_tag)]
    pub to_block: BlockTag,
    /// Only events that name this address; may be given several times.
    #[arg(long, value_name = "ADDRESS")]
    pub address: Vec<Address>,
    /// Only events of this name, such as StakedWithProvider; may be given several times.
    #[arg(long, value_name = "EVENT", value_parser = event_name)]
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
        address: Address,
        /// The block.
        #[command(flatten)]
        at: AtArgs,
    },
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

/// The contracts whose events `events` lists.
const FOLLOWED: [Source; 6] = [
    Source::AztecRegistry,
    Source::StakingRegistry,
    Source::Rollup,
    Source::Gse,
    Source::Slasher,
    Source::SplitFactory,
];

fn block_tag(text: &str) -> Result<BlockTag, String> {
    match text {
        "latest" => Ok(BlockTag::Latest),
        "safe" => Ok(BlockTag::Safe),
        "finalized" => Ok(BlockTag::Finalized),
        number => {
            let parsed = number.strip_prefix("0x").map_or_else(|| number.parse(), |hex| u64::from_str_radix(hex, 16));
            parsed
                .map(BlockTag::Number)
                .map_err(|_| "expected a block number, `latest`, `safe` or `finalized`".to_owned())
        }
    }
}

fn state(text: &str) -> Result<State, String> {
    State::from_str(&text.to_uppercase())
        .map_err(|_| format!("expected one of {}", State::ALL.map(State::name).join(", ")))
}

fn event_name(text: &str) -> Result<String, String> {
    let known: BTreeSet<&str> =
        FOLLOWED.iter().flat_map(|source| source.abi().events()).map(|event| event.name.as_str()).collect();
    let wanted = text.to_lowercase();
    known
        .iter()
        .find(|name| name.to_lowercase() == wanted)
        .map(|name| (*name).to_owned())
        .ok_or_else(|| format!("expected one of {}", known.iter().copied().collect::<Vec<_>>().join(", ")))
}

fn position(text: &str) -> Result<Position, String> {
    let wanted = text.to_lowercase();
    Position::ALL
        .into_iter()
        .find(|position| position.name() == wanted)
        .ok_or_else(|| format!("expected one of {}", Position::ALL.map(Position::name).join(", ")))
}
