//! Taking what packs answered: what is believed at once, and what has to be asked again.

use ethers_core::types::Bytes;

use super::packs::{Form, Group, Origin, Pack};
use super::reading::Reading;
use super::{overrides, proof};
use crate::client::error::RpcFailure;
use crate::client::limits::Refusal;
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
}
