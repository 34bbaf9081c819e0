//! The arguments of commands that change something on Ethereum.

use std::path::PathBuf;

use butler_core::config::parse_ether;
use butler_core::transaction::form::Form;
use clap::{Args, Subcommand};
use ethers_core::types::{Address, U256};

use super::attester::address;
use super::closed::forms;
use super::headings::TRANSACTION;
use super::signing::SigningArgs;

/// How a change is tried and handed over: the calls are given to whoever signs, or signed and sent here.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = TRANSACTION)]
pub struct TransactionArgs {
    /// Check and simulate only: no form is made, and no file is written.
    #[arg(long)]
    pub dry_run: bool,
    /// What is made of it: `calldata` for any wallet, `safe_builder` for the Transaction Builder of Safe's web interface,
    /// `safe_proposal` to propose it to the owners of the Safe that sends it, `signed` to sign it with a key on this machine
    /// and send it, `unsigned` to have it signed on a machine without network.
    #[arg(long, value_name = "FORM", value_parser = forms(), default_value = "calldata", hide_possible_values = true)]
    pub form: Form,
    /// Write the form to this file, which must not exist yet, instead of to stdout.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub out: Option<PathBuf>,
    /// How it is signed here.
    #[command(flatten)]
    pub signing: SigningArgs,
}

/// The same of a change that only the provider's admin can make.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = TRANSACTION)]
pub struct AdminArgs {
    /// Who will send it; refused when that is not the provider's admin [default: the admin].
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub from: Option<Address>,
    /// How.
    #[command(flatten)]
    pub transaction: TransactionArgs,
}

/// The same of a change that anybody can make.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = TRANSACTION)]
pub struct SenderArgs {
    /// Who will send it.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub from: Address,
    /// How.
    #[command(flatten)]
    pub transaction: TransactionArgs,
}

/// What to change of a provider. Each looks whether it is so already, checks, simulates as the real sender, and hands the calls over.
#[derive(Debug, Clone, Subcommand)]
pub enum ProviderChange {
    /// Register a provider.
    Create {
        /// Who may change it: best a Safe.
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        admin: Address,
        /// Its share of the rewards of delegations, in basis points: 500 is 5 %.
        #[arg(long, value_name = "BASIS_POINTS", value_parser = clap::value_parser!(u16).range(0..=10_000))]
        take_rate: u16,
        /// Who receives that share.
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        rewards_recipient: Address,
        /// Who will send it: anybody can [default: the admin].
        #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = TRANSACTION)]
        from: Option<Address>,
        /// How.
        #[command(flatten)]
        transaction: TransactionArgs,
    },
    /// Add the keys of a registration file to the provider's queue; refused when any of them would burn a stake or itself.
    AddKeys {
        /// The file that Aztec's `validator-keys` writes as `…_staker_output.json`.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// How, and who.
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Name who may become admin; that account accepts with `accept-admin`.
    SetAdmin {
        /// Who.
        #[arg(value_name = "ADDRESS", value_parser = address)]
        address: Address,
        /// How, and who.
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Become admin, as the account that was named.
    AcceptAdmin {
        /// How, and who: the account that was named.
        #[command(flatten)]
        sender: SenderArgs,
    },
    /// Set the share of the rewards of future delegations.
    SetTakeRate {
        /// In basis points: 500 is 5 %.
        #[arg(value_name = "BASIS_POINTS", value_parser = clap::value_parser!(u16).range(0..=10_000))]
        take_rate: u16,
        /// How, and who.
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Set who receives the share of future delegations.
    SetRecipient {
        /// Who.
        #[arg(value_name = "ADDRESS", value_parser = address)]
        address: Address,
        /// How, and who.
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Take keys out of the front of the provider's queue, up to one of them.
    Drip {
        /// The last key that goes.
        #[arg(value_name = "ATTESTER", value_parser = address)]
        through: Address,
        /// How, and who.
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// What to do for publishers.
#[derive(Debug, Clone, Subcommand)]
pub enum PublishersCommand {
    /// Send ether to all publishers that lack some, in one batch; those of nodes that fund themselves are left alone.
    Fund {
        /// The most that may be sent together, in ether.
        #[arg(long, value_name = "ETHER", default_value = "1", value_parser = ether)]
        cap: U256,
        /// Only publishers that hold less than this get any, in ether [default: less than they should hold].
        #[arg(long, value_name = "ETHER", value_parser = ether)]
        floor: Option<U256>,
        /// What they have afterwards, in hundredths of what they should hold.
        #[arg(long, value_name = "PERCENT", default_value_t = 150, value_parser = clap::value_parser!(u64).range(100..=1_000))]
        fill: u64,
        /// How, and who pays.
        #[command(flatten)]
        sender: SenderArgs,
    },
}

/// What to do for attesters.
#[derive(Debug, Clone, Subcommand)]
pub enum AttesterCommand {
    /// Deposit stakes of your own for the keys of a registration file, beside any provider.
    Deposit {
        /// The file that Aztec's `validator-keys` writes as `…_staker_output.json`.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Who alone can withdraw the stakes [default: who sends it].
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        withdrawer: Option<Address>,
        /// Leave the stakes at this rollup when another one becomes canonical.
        #[arg(long)]
        stay: bool,
        /// How, and who pays.
        #[command(flatten)]
        sender: SenderArgs,
    },
}

impl ProviderChange {
    /// How it is tried and handed over.
    #[must_use]
    pub fn transaction(&self) -> &TransactionArgs {
        match self {
            Self::Create { transaction, .. } => transaction,
            Self::AddKeys { admin, .. }
            | Self::SetAdmin { admin, .. }
            | Self::SetTakeRate { admin, .. }
            | Self::SetRecipient { admin, .. }
            | Self::Drip { admin, .. } => &admin.transaction,
            Self::AcceptAdmin { sender } => &sender.transaction,
        }
    }
}

fn ether(text: &str) -> Result<U256, String> {
    parse_ether(text).ok_or_else(|| "expected an amount of ether such as 0.1".to_owned())
}
