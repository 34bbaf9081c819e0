//! `transactions sign`: a plan from another machine is decoded, held against the list, shown and signed. No endpoint is asked.

use std::path::Path;

use butler_core::config::{NetworkConfig, preset_names};
use butler_core::runtime::exit::Exit;
use butler_core::store::file::load_bounded;
use butler_core::text::address::checksummed;
use butler_core::text::time::count;
use butler_core::transaction::keys::{called_keys, unproven};
use butler_core::transaction::permitted::Places;
use butler_core::transaction::signed::{Bundle, Checked, Content, Draft, FeeRefusal, Grant, Signed, ToSign};
use butler_core::transaction::wording::words_of;
use ethers_core::types::U256;
use serde::Serialize;

use super::signer::{confirm, open, sign};
use crate::args::{Global, SignArgs};
use crate::commands::transactions::file::write;
use crate::error::{CliError, SignedFault};
use crate::gather;
use crate::output::Output;
use crate::view::format;
use crate::view::json::JsonAddress;

/// The largest file.
const MOST_BYTES: u64 = 16 << 20;

/// What was signed.
#[derive(Debug, Serialize)]
struct Report {
    chain_id: u64,
    account: JsonAddress,
    effect: String,
    transactions: Vec<ToBeSigned>,
    file: String,
}

#[derive(Debug, Serialize)]
struct ToBeSigned {
    nonce: u64,
    description: String,
}

/// Reads a file of transactions.
pub(super) fn read<T: Content>(file: &Path) -> Result<Bundle<T>, CliError> {
    Ok(Bundle::read(&load_bounded(file, MOST_BYTES)?).map_err(|fault| unusable(file, &fault))?)
}

/// A file that cannot be used.
pub(super) fn unusable(file: &Path, why: &dyn std::fmt::Display) -> SignedFault {
    SignedFault::File { file: file.display().to_string(), why: why.to_string() }
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) fn run(global: &Global, args: &SignArgs, output: Output) -> Result<Exit, CliError> {
    let SignArgs { file, out, key, max_fee } = args;
    let plan: Bundle<ToSign> = read(file)?;
    let (places, account) = (plan.places(), plan.account());
    let network = network_of(global, file, &places)?;
    let checked = plan.check(&places).map_err(|fault| unusable(file, &fault))?;
    let limit = max_fee.unwrap_or(network.signer.max_fee);
    for one in &checked {
        within(&one.draft, limit, network.signer.max_cost)?;
    }
    check_keys(file, &checked)?;
    confirm(&output.fitted(&shown(&plan, &places, &checked)), key)?;
    let local = open(&network, key, account)?;
    let signed = checked.iter().map(|one| sign(&local, one.draft.clone())).collect::<Result<Vec<_>, _>>()?;
    let bundle = Bundle::<Signed>::new(&places, account, plan.effect(), signed.iter().map(Signed::from).collect());
    write(out, &bundle)?;
    let told = |one: &Checked<()>| ToBeSigned { nonce: one.draft.nonce, description: words(&one.draft, &places) };
    let report = Report {
        chain_id: places.chain_id,
        account: account.into(),
        effect: plan.effect().to_string(),
        transactions: checked.iter().map(told).collect(),
        file: out.display().to_string(),
    };
    output.result(&report, |report, _| {
        let file = &report.file;
        format!("signed, and nothing was sent: `butler-cli transactions broadcast {file}` does that where there is a network\n")
    })?;
    Ok(Exit::Success)
}

/// The network that the plan is of: its chain and its registry are known here, whatever the plan says.
fn network_of(global: &Global, file: &Path, places: &Places) -> Result<NetworkConfig, CliError> {
    let config = gather::load(global)?;
    let network = match config.network(global.network.as_deref()) {
        Ok(network) => network.clone(),
        Err(error) => {
            let known: Vec<&str> = preset_names().collect();
            let why = format!("{error}: `--network` says which one it is of, such as {}", known.join(", "));
            return Err(unusable(file, &why).into());
        }
    };
    if network.chain_id != places.chain_id || network.staking_registry != places.staking_registry {
        let why = format!(
            "it is of chain {} and the registry {}, and network `{}` has chain {} and the registry {}",
            places.chain_id,
            checksummed(&places.staking_registry),
            network.name,
            network.chain_id,
            checksummed(&network.staking_registry)
        );
        return Err(unusable(file, &why).into());
    }
    Ok(network)
}

fn within(draft: &Draft, max_fee: U256, max_cost: U256) -> Result<(), CliError> {
    let (needed, cost) = (draft.fees.max_fee.max(draft.fees.tip), draft.worst_cost());
    if needed > max_fee {
        return Err(SignedFault::Fee(FeeRefusal::Gas { needed, limit: max_fee }).into());
    }
    if cost > max_cost {
        return Err(SignedFault::Fee(FeeRefusal::Cost { cost, limit: max_cost }).into());
    }
    Ok(())
}

/// A key that proves nothing burns whoever stakes with it, or is somebody else's.
fn check_keys(file: &Path, checked: &[Checked<()>]) -> Result<(), SignedFault> {
    let keys: Vec<_> = checked.iter().flat_map(|one| called_keys(&one.draft.call, one.purpose)).collect();
    let Some(attester) = unproven(&keys).into_iter().next() else { return Ok(()) };
    let why = format!("the key of {} has a wrong proof of possession", checksummed(&attester));
    Err(unusable(file, &why))
}

/// What a draft does, in the words of this machine.
pub(super) fn words(draft: &Draft, places: &Places) -> String {
    words_of(&draft.call, places).unwrap_or_else(|| "do something unknown".to_owned())
}

fn shown(plan: &Bundle<ToSign>, places: &Places, checked: &[Checked<()>]) -> String {
    let mut text = format!("chain {}, to be signed by {}\n\n", places.chain_id, format::address(&plan.account()),);
    let mut has_keys = false;
    for (place, one) in checked.iter().enumerate() {
        let draft = &one.draft;
        text.push_str(&format!("nonce {}: {}\n", draft.nonce, words(draft, places)));
        let (value, cost) = (format::amount(draft.call.value, 18), format::amount(draft.worst_cost(), 6));
        text.push_str(&format!("  sends {value} ETH, and costs at most {cost} ETH\n"));
        if let Some(Grant { value, deposits }) = Grant::of(checked, place) {
            let each = format::amount(value.checked_div(deposits.into()).unwrap_or(value), 6);
            text.push_str(&format!("  that is {each} for each of the {} that follow\n", count(deposits, "deposit")));
        }
        for key in called_keys(&draft.call, one.purpose) {
            has_keys = true;
            text.push_str(&format!("  {} has the key {:#066x}\n", checksummed(&key.attester), key.public_key_g1.x));
        }
    }
    if has_keys {
        text.push_str("\nthe keys prove themselves; whose they are is not known here: compare each with `publicKeyG1.x` of your own registration file\n");
    }
    text.push_str(&format!(
        "\nthe registry {} is the one that is known here\nnobody here can say whether these are right: the rollup {}, its token {}{}\n",
        checksummed(&places.staking_registry),
        checksummed(&places.rollup),
        checksummed(&places.staking_asset),
        if checked.iter().any(|one| !one.draft.call.value.is_zero()) { ", and whose publishers are sent ether" } else { "" }
    ));
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use butler_core::contracts::bindings::staking_registry::{G1Point, KeyStore};
    use butler_core::transaction::change::Change;
    use butler_core::transaction::signed::Fees;
    use ethers_core::types::Address;

    use super::*;

    #[test]
    fn every_key_and_what_each_deposit_may_take_is_shown_before_it_is_signed() {
        let [registry, rollup, asset, account] = [1, 2, 3, 9].map(Address::repeat_byte);
        let places =
            Places { chain_id: 1, staking_registry: registry, rollup, staking_asset: asset, funded: BTreeSet::new() };
        let key = |byte: u8| KeyStore {
            attester: Address::repeat_byte(byte),
            public_key_g1: G1Point { x: U256::from(0x70ab) + byte, y: 1.into() },
            ..KeyStore::default()
        };
        let keys: Vec<KeyStore> = (11..14).map(key).collect();
        let token = U256::exp10(18);
        for change in [
            Change::AddKeys { provider: 7_u64.try_into().unwrap(), keys: keys.clone() },
            Change::Deposit { withdrawer: account, keys, stake: token, approve: Some(token * 6), follows: false },
        ] {
            let fees = Fees { max_fee: 9.into(), tip: 2.into() };
            let to_sign = |(step, nonce): (butler_core::transaction::change::Step, u64)| {
                let draft = Draft { chain_id: 1, from: account, nonce, call: step.call, gas: 100_000, fees };
                ToSign::from(&draft)
            };
            let to_sign = change.steps(&places).into_iter().zip(5..).map(to_sign).collect();
            let plan = Bundle::<ToSign>::new(&places, account, &change.key(&places), to_sign);
            let checked = plan.check(&places).unwrap();
            let text = shown(&plan, &places, &checked);
            for byte in 11_u8..14 {
                let line = format!(
                    "{} has the key 0x{:064x}",
                    checksummed(&Address::repeat_byte(byte)),
                    0x70ab + u64::from(byte)
                );
                assert!(text.contains(&line), "{text}");
            }
            let is_deposit = matches!(change, Change::Deposit { .. });
            assert_eq!(text.contains("that is 2 for each of the 3 deposits that follow"), is_deposit, "{text}");
            assert_eq!(text.contains("which stays at this rollup"), is_deposit, "{text}");
            assert!(check_keys(Path::new("plan.json"), &checked).is_err(), "none of them is proven");
        }
    }
}
