//! The key that signs, and what its transactions may cost.

use butler_core::config::{NetworkConfig, SignerConfig};
use butler_core::sign::LocalKey;
use butler_core::transaction::signed::{Draft, FeeLimits, Market, SignedTransaction};
use ethers_core::types::{Address, U256};

use crate::args::{KeyArgs, SigningArgs};
use crate::error::{CliError, SignedFault};
use crate::output::{ask, can_ask};

/// What is granted: the configuration's, or what the arguments say.
pub(super) fn limits(config: &SignerConfig, args: &SigningArgs) -> FeeLimits {
    FeeLimits { max_fee: args.max_fee.unwrap_or(config.max_fee), max_cost: config.max_cost }
}

/// What gas costs, where the block's base fee is that; the tip is the operator's.
pub(super) fn market(config: &SignerConfig, base_fee: U256) -> Market {
    Market { base_fee, tip: config.priority_fee }
}

/// Opens the key that is given, or the network's. From then on this process leaves no core dump. Blocks for about a second.
pub(super) fn open_any(network: &NetworkConfig, args: &KeyArgs) -> Result<LocalKey, CliError> {
    let configured = network.signer.files.as_ref().map(|files| (files.keystore.as_path(), files.password.as_path()));
    let given = args.keystore.as_deref().zip(args.password_file.as_deref());
    let (keystore, password) = given.or(configured).ok_or_else(|| SignedFault::NoKey(network.name.clone()))?;
    Ok(LocalKey::load(keystore, password).map_err(SignedFault::Key)?)
}

/// The same, which must be that of the account that is to send.
pub(super) fn open(network: &NetworkConfig, args: &KeyArgs, from: Address) -> Result<LocalKey, CliError> {
    let key = open_any(network, args)?;
    if key.address() == from { Ok(key) } else { Err(SignedFault::OtherAccount { key: key.address(), from }.into()) }
}

/// Signs what is drafted.
pub(super) fn sign(key: &LocalKey, draft: Draft) -> Result<SignedTransaction, CliError> {
    let signature = key.sign(draft.hash()).map_err(SignedFault::Sign)?;
    Ok(draft.signed(&signature).map_err(SignedFault::NotSigned)?)
}

/// Asks whether to sign what is shown, unless that was said.
pub(super) fn confirm(shown: &str, args: &KeyArgs) -> Result<(), CliError> {
    if args.yes {
        return Ok(());
    }
    if !can_ask() {
        return Err(SignedFault::NobodyToAsk.into());
    }
    if ask(shown, "Sign and send it?")? { Ok(()) } else { Err(SignedFault::Declined.into()) }
}
