//! Many reads of contracts at one block, in as few exchanges as the endpoint allows.
//!
//! Calls are packed by their gas, and every pack proves at which block it was read. What a state override is needed for is
//! asked again through Multicall3 when anything is wrong with it (`overrides`). What is refused for many, in whatever words, is asked
//! again for half, once the endpoint has shown that it answers at all. A getter that fails inside a pack may have run out
//! of gas there, so it is asked again on its own before the failure is believed. So is one that answers nothing inside a state
//! override, which may have lost part of the state.

mod outcome;
mod overrides;
mod packs;
mod proof;
mod reading;
mod settle;

use std::collections::BTreeSet;

use self::outcome::{bytes, direct_outcome};
use self::packs::{Pack, first_packs};
pub use self::reading::OnTimeout;
use self::reading::Reading;
use super::endpoint::Endpoint;
use super::error::{ErrorKind, RpcFailure};
use super::limits::Refusal;
use super::wire::Answer;
use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// How many deadlines of ours one read may wait out: each costs its whole time.
const MOST_TIMEOUTS: u32 = 2;
/// Into how many parts a pack goes that timed out, as a power of two.
const TIMEOUT_HALVINGS: u32 = 3;

/// Reads all `calls` at the block `pin`, answers in the order of the calls.
///
/// # Errors
/// The failure of an exchange, and `WrongBlock` when the endpoint read elsewhere. A call that reverted is an
/// [`Outcome::Failed`].
pub async fn read_calls(
    endpoint: &Endpoint,
    pin: &BlockRef,
    calls: &[Call],
    on_timeout: OnTimeout,
) -> Result<Vec<Outcome>, RpcFailure> {
    let outcomes = vec![None; calls.len()];
    let mut reading = Reading {
        endpoint,
        pin,
        calls,
        on_timeout,
        outcomes,
        needs_proof: true,
        answers: false,
        timeouts: 0,
        silent: BTreeSet::new(),
        confirmed: 0,
    };
    let mut packs = first_packs(endpoint, calls);
    while !packs.is_empty() {
        packs = reading.step(packs).await?;
    }
    if reading.confirmed > 0 && endpoint.takes_overrides() {
        endpoint.note_silence_proven();
    }
    reading
        .outcomes
        .into_iter()
        .map(|outcome| outcome.ok_or_else(|| RpcFailure::Malformed("a call without an outcome".to_owned())))
        .collect()
}

impl Reading<'_> {
    /// One exchange with all packs; returns what has to be asked again.
    async fn step(&mut self, packs: Vec<Pack>) -> Result<Vec<Pack>, RpcFailure> {
        let with_code = self.needs_proof && !packs.iter().any(Pack::is_group);
        let mut requests: Vec<_> =
            packs.iter().map(|pack| pack.request(self.endpoint, self.calls, self.pin.hash)).collect();
        if with_code {
            requests.push(proof::code_request(self.pin.hash));
        }
        let mut answers = match self.endpoint.exchange(&requests).await {
            Ok(answers) => answers,
            // Whatever a gateway has against the proof must not keep the rest from being read.
            Err(failure) if with_code && may_be_about_the_proof(failure.kind()) => {
                self.unproven(&failure.to_string());
                return Ok(packs);
            }
            Err(failure) => return self.ask_for_less(packs, failure).await,
        };
        if with_code {
            self.take_code(answers.pop())?;
        }
        let (mut again, mut refused) = (Vec::new(), Vec::new());
        let mut last = None;
        for (pack, answer) in packs.into_iter().zip(answers) {
            match (pack, answer) {
                (Pack::Direct(call), answer) => self.set(call, direct_outcome(self.calls.get(call), answer)?),
                (pack @ (Pack::Packed(_) | Pack::Aggregate { .. }), Err(failure)) => {
                    refused.push(pack);
                    last = Some(failure);
                }
                (Pack::Packed(group), Ok(raw)) => again.extend(self.settle_packed(raw.get(), group)),
                (Pack::Aggregate { group, instead }, Ok(raw)) => {
                    again.extend(self.settle_aggregate(&bytes(raw.get())?, group, instead)?);
                }
            }
        }
        if let Some(failure) = last {
            again.extend(self.ask_for_less(refused, failure).await?);
        }
        Ok(again)
    }

    /// What to ask after `packs` were refused, if asking for less may help.
    async fn ask_for_less(&mut self, packs: Vec<Pack>, failure: RpcFailure) -> Result<Vec<Pack>, RpcFailure> {
        let kind = failure.kind();
        if let Some(how) = overrides::refused(&failure)
            && packs.iter().any(Pack::is_packed)
        {
            return Ok(self.plainly(packs, how));
        }
        // The calls of a pack may fail, so a pack that reverts as a whole had too little gas.
        let is_refusal = kind == ErrorKind::Reverted || kind.may_mean_too_much();
        if !is_refusal || !packs.iter().any(Pack::is_group) {
            return Err(failure);
        }
        let (mut packs, mut halvings) = (packs, 1);
        if kind == ErrorKind::Timeout {
            let is_packed = packs.iter().any(Pack::is_packed);
            self.timeouts += 1;
            if self.on_timeout == OnTimeout::PassOn || self.timeouts > MOST_TIMEOUTS {
                // Each such deadline is waited out as a whole, so that is not tried again soon.
                if is_packed {
                    self.endpoint.note_no_overrides(Refusal::Spoken);
                }
                return Err(failure);
            }
            halvings = TIMEOUT_HALVINGS;
        }
        if !speaks_of_size(kind) && !self.answers {
            // An endpoint that is down says the same: one small question tells the two apart.
            if !self.answers_one_of(&packs).await {
                return Err(failure);
            }
            self.answers = true;
            let how = if kind == ErrorKind::Timeout { Refusal::Spoken } else { Refusal::Unspoken };
            packs = self.plainly(packs, how);
            if kind != ErrorKind::Timeout {
                // It may have passed.
                return Ok(packs);
            }
        }
        let name = self.endpoint.name();
        tracing::debug!(endpoint = name, "asking {name} for less at once: {failure}");
        for _ in 0..halvings {
            packs = packs.into_iter().flat_map(|pack| pack.halves(self.calls, self.endpoint)).collect();
        }
        Ok(packs)
    }

    /// The same packs without a state override.
    fn plainly(&self, packs: Vec<Pack>, how: Refusal) -> Vec<Pack> {
        packs.into_iter().flat_map(|pack| pack.plainly(how, self.endpoint)).collect()
    }

    /// Asks one call alone.
    async fn answers_one_of(&self, packs: &[Pack]) -> bool {
        let Some(call) = packs.iter().find(|pack| pack.is_group()).and_then(Pack::first) else { return false };
        let request = Pack::Direct(call).request(self.endpoint, self.calls, self.pin.hash);
        match self.endpoint.exchange(&[request]).await.as_deref() {
            Ok([answer]) => answer.as_ref().err().is_none_or(|failure| failure.kind() == ErrorKind::Reverted),
            Ok(_) | Err(_) => false,
        }
    }

    fn take_code(&mut self, answer: Option<Answer>) -> Result<(), RpcFailure> {
        match answer {
            Some(Ok(raw)) if proof::check_code(&bytes(raw.get()).unwrap_or_default(), self.pin)? => {
                self.needs_proof = false;
            }
            Some(Ok(_)) | None => self.unproven("no such answer"),
            Some(Err(failure)) => self.unproven(&failure.to_string()),
        }
        Ok(())
    }

    /// Goes on without a proof: no endpoint is bound to answer a call that creates a contract.
    fn unproven(&mut self, why: &str) {
        self.needs_proof = false;
        let name = self.endpoint.name();
        tracing::debug!(endpoint = name, "{name} does not show at which block it reads: {why}");
    }
}

/// Whether such a failure can only be about how much was asked for.
fn speaks_of_size(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Reverted
            | ErrorKind::OutOfGas
            | ErrorKind::TooLarge
            | ErrorKind::RangeRefused
            | ErrorKind::BatchRefused
    )
}

/// Whether a failed exchange may have failed for the call that proves the block.
fn may_be_about_the_proof(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Http | ErrorKind::Malformed | ErrorKind::Broken | ErrorKind::Unauthorized)
}
