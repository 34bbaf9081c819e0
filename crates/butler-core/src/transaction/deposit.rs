//! Direct stakes: the rollup is allowed to take exactly what they need, and each is deposited.

use std::collections::BTreeMap;

use ethers_core::types::{Address, U256};

use super::change::Change;
use super::keys::Judged;
use super::plan::{Decision, Wanted};
use super::reading::{ReadingError, must, read};
use super::refusal::Refusal;
use crate::client::l1::L1Client;
use crate::contracts::bindings::erc20;
use crate::contracts::bindings::staking_registry::KeyStore;
use crate::contracts::call::Call;
use crate::contracts::decode::bls_public_key;
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;
use crate::text::amount::amount;
use crate::text::time::count;

/// What an account has of the staked token, and how much of it the rollup may take, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// What it has.
    pub balance: U256,
    /// What the rollup may take.
    pub allowance: U256,
}

impl Tokens {
    /// Reads them at the snapshot's block.
    ///
    /// # Errors
    /// See [`ReadingError`].
    pub async fn read(client: &L1Client, snapshot: &NetworkSnapshot, owner: Address) -> Result<Self, ReadingError> {
        let (asset, spender) = (snapshot.rollup.staking_asset, snapshot.rollup.address);
        let calls = [
            Call::new(asset, erc20::BalanceOfCall { account: owner }),
            Call::new(asset, erc20::AllowanceCall { owner, spender }),
        ];
        let answers = read(client, &snapshot.block, &calls).await?;
        let mut answers = answers.iter();
        let mut next = || answers.next().and_then(Option::as_ref);
        Ok(Self { balance: must("balanceOf", next())?, allowance: must("allowance", next())? })
    }
}

/// Who stakes for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staker {
    /// Who pays.
    pub from: Address,
    /// Who may withdraw.
    pub withdrawer: Address,
    /// Whether the stakes follow the latest rollup.
    pub follows: bool,
}

/// Splits the keys of a file into those that this withdrawer has deposited and those that are still to be.
#[must_use]
pub fn deposited<'k>(
    snapshot: &NetworkSnapshot,
    withdrawer: Address,
    keys: &'k [KeyStore],
) -> (Vec<&'k KeyStore>, Vec<KeyStore>) {
    let waiting: BTreeMap<Address, _> =
        snapshot.entry_queue.iter().map(|deposit| (deposit.attester, deposit)).collect();
    let is_done = |key: &&KeyStore| {
        let bls = bls_public_key(key.public_key_g1.x, key.public_key_g1.y);
        let waits = waiting.get(&key.attester);
        let waits = waits.is_some_and(|waits| (waits.withdrawer, waits.bls_public_key) == (withdrawer, bls));
        let view = snapshot.attesters.get(&key.attester);
        let stands = view.is_some_and(|view| {
            !view.effective_balance.is_zero() && (view.withdrawer, view.bls_public_key) == (Some(withdrawer), bls)
        });
        waits || stands
    };
    let (done, rest): (Vec<_>, Vec<_>) = keys.iter().partition(is_done);
    (done, rest.into_iter().cloned().collect())
}

/// Deposits the keys that are not yet; `all` are those of the file, `done` how many of them are deposited.
///
/// # Errors
/// `Keys` where any cannot be used, `Poor` where the tokens do not suffice.
pub fn deposit(
    staker: &Staker,
    (all, done): (&[KeyStore], usize),
    judged: Judged,
    (stake, tokens): (U256, Tokens),
) -> Result<Decision, Refusal> {
    let Staker { from, withdrawer, follows } = *staker;
    if withdrawer.is_zero() {
        return Err(Refusal::ZeroAddress("the withdrawer"));
    }
    let change = |keys, approve| Change::Deposit { withdrawer, keys, stake, approve, follows };
    if done == all.len() {
        let says = format!("{} of the file are deposited for {} already", count(done, "key"), checksummed(&withdrawer));
        return Ok(Decision::made_by(change(all.to_vec(), None), says));
    }
    if !judged.bad.is_empty() {
        return Err(Refusal::Keys(judged.bad.iter().map(ToString::to_string).collect()));
    }
    let keys = judged.good;
    let needs = stake.saturating_mul(keys.len().into());
    if tokens.balance < needs {
        return Err(Refusal::Poor { from, what: "of the staked token", has: tokens.balance, needs });
    }
    let approve = (tokens.allowance < needs).then_some(needs);
    let (who, each) = (checksummed(&withdrawer), amount(stake, 6));
    let named = keys
        .iter()
        .map(|key| format!("{} waits in the entry queue with a stake of {each}", checksummed(&key.attester)));
    let mut effects: Vec<String> = named.collect();
    effects.push(format!("only {who} can ever withdraw them"));
    let where_to = if follows {
        "the stakes follow the latest rollup"
    } else {
        "the stakes stay at this rollup, whichever is the latest"
    };
    let mut remarks =
        vec![where_to.to_owned(), format!("{} of the staked token leave {}", amount(needs, 6), checksummed(&from))];
    if done > 0 {
        remarks.push(format!("{} of the file are deposited already, and are not again", count(done, "key")));
    }
    Ok(Decision::Wanted(Wanted { change: change(keys, approve), from, effects, remarks }))
}
