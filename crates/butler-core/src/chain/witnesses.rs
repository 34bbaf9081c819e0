//! Whether a second endpoint confirmed what a snapshot was read from, where several are configured, and which coinbases may be
//! called right where none did.
//!
//! A coinbase that counted once by the word of two endpoints is settled: splits never change, and a key is let in once for ever.
//! So it stays what it was when one of them is gone. What is new then waits for a second word.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::memo::Memo;
use super::reads::Answers;
use crate::client::l1::L1Client;
use crate::domain::attester::delegation::LogId;
use crate::domain::attester::overview::counting_delegations;
use crate::domain::ids::Coinbase;
use crate::domain::provider::split::{SplitCheck, Unconfirmed};
use crate::domain::snapshot::NetworkSnapshot;

/// Who confirmed what was read of contracts.
#[derive(Debug)]
pub(super) struct Witnesses {
    has_several: bool,
    /// The endpoint that alone gives logs, where the others refuse all of them.
    only_with_logs: Option<String>,
    /// The endpoint that alone told some of it.
    only: Option<String>,
}

/// What logs say by the word of one or two endpoints.
#[derive(Debug)]
pub(super) struct LogWitnesses<'a> {
    /// The delegations that two endpoints tell alike.
    pub(super) by_two: &'a BTreeSet<LogId>,
    /// The attesters of whose deposits one endpoint alone told what became.
    pub(super) by_one: &'a BTreeSet<Address>,
}

impl Witnesses {
    pub(super) fn new(client: &L1Client) -> Self {
        Self { has_several: client.endpoints().len() > 1, only_with_logs: None, only: None }
    }

    /// Looks who gives logs at all. Where all but one refuse them in so many words, that one is for logs what a lone endpoint is:
    /// its word has to do, and is told as that. A liar cannot bring that about at another endpoint.
    pub(super) fn look_who_gives_logs(&mut self, client: &L1Client) {
        let mut giving = client.endpoints().iter().filter(|endpoint| !endpoint.refuses_logs());
        let first = giving.next().filter(|_| self.has_several && giving.next().is_none());
        self.only_with_logs = first.map(|endpoint| endpoint.name().to_owned());
    }

    /// Notes who gave these answers.
    pub(super) fn note(&mut self, answers: &Answers) {
        if self.has_several && self.only.is_none() {
            self.only = answers.only_giver().map(|giver| giver.name.clone());
        }
    }

    /// The endpoint that alone told some of it, where there are several.
    pub(super) fn only(self) -> Option<String> {
        self.only
    }

    /// Whether there is a second endpoint to confirm anything.
    pub(super) fn has_several(&self) -> bool {
        self.has_several
    }

    /// Leaves unconfirmed which coinbases rest on the word of one of several endpoints, and keeps what two told.
    pub(super) fn judge(&self, snapshot: &mut NetworkSnapshot, logs: &LogWitnesses<'_>, memo: &mut Memo) {
        snapshot.unconfirmed = self.only.clone().or_else(|| self.only_with_logs.clone());
        let mut doubtful: BTreeSet<Coinbase> = BTreeSet::new();
        for (delegation, is_active) in counting_delegations(snapshot) {
            let Some(split) = snapshot.splits.get(&delegation.coinbase).and_then(SplitCheck::confirmed) else {
                continue;
            };
            let is_by_two = logs.by_two.contains(&delegation.log) && !logs.by_one.contains(&delegation.attester);
            let are_calls_by_two = self.only.is_none();
            if are_calls_by_two && is_by_two {
                memo.note_counted(&delegation, split, is_active);
                continue;
            }
            let nobody_else_could = are_calls_by_two && self.only_with_logs.is_some();
            if !nobody_else_could && !memo.has_counted(&delegation, split, is_active) {
                doubtful.insert(delegation.coinbase);
            }
        }
        memo.keep_counted(&snapshot.delegations.iter().map(|delegation| delegation.attester).collect());
        for (_, check) in snapshot.splits.iter_mut().filter(|(coinbase, _)| doubtful.contains(coinbase)) {
            *check = SplitCheck::Unconfirmed(Unconfirmed::OneEndpoint);
        }
        for delegation in snapshot.delegations.iter_mut().filter(|known| doubtful.contains(&known.coinbase)) {
            delegation.split = None;
        }
    }
}
