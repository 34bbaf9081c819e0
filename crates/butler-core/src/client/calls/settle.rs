//! Taking what packs answered: what is believed at once, and what has to be asked again.

use ethers_core::types::{Bytes, U256};

use super::packs::{Form, Group, Origin, Pack};
use super::{Reading, overrides, proof};
use crate::client::error::RpcFailure;
use crate::client::limits::Refusal;
use crate::client::wire::Answer;
use crate::contracts::call::{Call, DecodeError, Target};
use crate::contracts::multicall::{Outcome, decode_aggregate};

impl Reading<'_> {
    /// Takes what our own program answered; returns what has to be asked again.
    pub(super) fn settle_packed(&mut self, returned: &str, group: Group) -> Vec<Pack> {
        let calls: Vec<&Call> = group.calls.iter().filter_map(|call| self.calls.get(*call)).collect();
        match overrides::read(returned, &calls, self.pin) {
            Ok(outcomes) => {
                self.needs_proof = false;
                self.settle(outcomes, group, Form::Packed)
            }
            Err((how, why)) => {
                let name = self.endpoint.name();
                tracing::debug!(endpoint = name, "asking {name} without a state override: {why}");
                Pack::Packed(group).plainly(how, self.endpoint)
            }
        }
    }

    /// Takes what an aggregate answered; returns what has to be asked again.
    pub(super) fn settle_aggregate(
        &mut self,
        returned: &Bytes,
        group: Group,
        instead: Option<Refusal>,
    ) -> Result<Vec<Pack>, RpcFailure> {
        let mut outcomes = match decode_aggregate(returned, group.calls.len() + proof::CALLS) {
            Ok(outcomes) => outcomes,
            Err(DecodeError::Empty { .. }) => {
                self.endpoint.note_no_multicall();
                if let Some(how) = instead {
                    self.endpoint.note_no_overrides(how);
                }
                return Ok(group.calls.into_iter().map(Pack::Direct).collect());
            }
            Err(error @ (DecodeError::Abi { .. } | DecodeError::Nonsense { .. })) => {
                return Err(RpcFailure::Malformed(error.to_string()));
            }
        };
        let proof = outcomes.split_off(group.calls.len());
        // Each pack may come from another machine behind the same address.
        if proof::check(&proof, self.pin)? {
            self.needs_proof = false;
        }
        let calls = group.calls.iter().filter_map(|call| self.calls.get(*call));
        if let Some(how) = instead.filter(|_| overrides::says_something(calls.zip(&outcomes))) {
            self.endpoint.note_no_overrides(how);
        }
        Ok(self.settle(outcomes, group, Form::Aggregate))
    }

    /// Takes the ends of calls that travelled together; returns what has to be asked again.
    fn settle(&mut self, outcomes: Vec<Outcome>, group: Group, form: Form) -> Vec<Pack> {
        let (mut failed, mut silent, count) = (Vec::new(), Vec::new(), group.calls.len());
        let is_doubtful = form == Form::Packed && !self.endpoint.is_silence_proven();
        for (call, outcome) in group.calls.into_iter().zip(outcomes) {
            let is_balance = matches!(self.calls.get(call).map(|call| &call.target), Some(Target::Balance(_)));
            match outcome {
                Outcome::Failed(data) if data.is_empty() || is_balance => failed.push(call),
                Outcome::Returned(data) if data.is_empty() && is_doubtful => silent.push(call),
                outcome @ (Outcome::Returned(_) | Outcome::Failed(_)) => self.set(call, outcome),
            }
        }
        let shows_a_limit = match group.origin {
            Origin::Whole => false,
            Origin::Halved(_) => true,
            Origin::Failed => failed.is_empty(),
        };
        if shows_a_limit {
            self.endpoint.lower_call_gas(group.gas.saturating_mul(2));
        }
        self.silent.extend(&silent);
        let mut again = if failed.len() == count {
            failed.into_iter().map(Pack::Direct).collect()
        } else {
            Pack::again(failed, self.calls, form)
        };
        let plain = Pack::again(silent, self.calls, Form::Aggregate);
        // Without Multicall3 each goes alone.
        again.extend(plain.into_iter().flat_map(|pack| pack.alone_without_multicall(self.endpoint)));
        again
    }

    pub(super) fn set(&mut self, call: usize, outcome: Outcome) {
        if self.silent.remove(&call) {
            if matches!(&outcome, Outcome::Returned(data) if data.is_empty()) {
                self.confirmed += 1;
            } else {
                self.endpoint.note_no_overrides(Refusal::Spoken);
            }
        }
        if let Some(slot) = self.outcomes.get_mut(call) {
            *slot = Some(outcome);
        }
    }
}

pub(super) fn direct_outcome(call: Option<&Call>, answer: Answer) -> Result<Outcome, RpcFailure> {
    match answer {
        Ok(raw) => match call.map(|call| &call.target) {
            Some(Target::Balance(_)) => Ok(Outcome::Returned(word(raw.get())?)),
            Some(Target::Function { .. }) | None => Ok(Outcome::Returned(bytes(raw.get())?)),
        },
        Err(RpcFailure::Reverted { data }) => Ok(Outcome::Failed(data)),
        Err(_) if call.is_some_and(|call| call.limit.is_some()) => Ok(Outcome::Failed(Bytes::new())),
        Err(failure) => Err(failure),
    }
}

/// A quantity as the word that a contract would have returned.
fn word(json: &str) -> Result<Bytes, RpcFailure> {
    let quantity: U256 = serde_json::from_str(json)
        .map_err(|_| RpcFailure::Malformed("the answer to eth_getBalance is not a quantity".to_owned()))?;
    let mut word = [0; 32];
    quantity.to_big_endian(&mut word);
    Ok(Bytes::from(word))
}

pub(super) fn bytes(json: &str) -> Result<Bytes, RpcFailure> {
    let not_hex = || RpcFailure::Malformed("the answer to eth_call is not a hex string".to_owned());
    let text = json.strip_prefix("\"0x").and_then(|text| text.strip_suffix('"')).ok_or_else(not_hex)?;
    ethers_core::utils::hex::decode(text).map(Bytes::from).map_err(|_| not_hex())
}
