//! One action of a round: what it wants, what was begun for it before, and how it ended at each server.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::domain::action::{ActionSubject, Goal, KeystoreEdit, Phase};
use butler_core::domain::ids::Coinbase;
use ethers_core::types::Address;

use super::intent::{Intent, Written};
use super::verdict::{AtServer, outcome};
use crate::journal::{Journal, JournalError, Leased, Renewal, Settlement};

/// How long a lease lasts from each step on. Whoever begins takes back what a kill left.
pub(super) const LEASE: Duration = Duration::from_secs(300);

/// After so many tries a server that does not answer is waited for, which uses no try up.
const PATIENT: u32 = 6;

/// An action that is being carried out.
#[derive(Debug)]
pub(super) struct Item {
    leased: Leased,
    pub(super) attester: Address,
    pub(super) coinbase: Coinbase,
    intent: Intent,
    ends: BTreeMap<String, AtServer>,
    /// Somebody else may act by now.
    is_lost: bool,
    /// Nothing is done for it anywhere.
    is_void: bool,
}

impl Item {
    /// Reads what an action wants; `None` for one that wants no coinbase of an attester, or was begun in a way that is not known here.
    pub(super) fn of(leased: Leased) -> Option<Self> {
        let action = &leased.entry.action;
        let ActionSubject::Attester(attester) = action.subject else { return None };
        let Goal::CoinbaseConfigured { coinbase, .. } = action.goal else { return None };
        let intent = Intent::of(leased.entry.standing.intent.as_ref())?;
        Some(Self { leased, attester, coinbase, intent, ends: BTreeMap::new(), is_lost: false, is_void: false })
    }

    /// Whether it was begun before, and is looked at.
    pub(super) fn is_look(&self) -> bool {
        self.leased.entry.standing.phase == Phase::Verifying
    }

    /// Whether it was tried so often that nobody waits for an answer within seconds.
    pub(super) fn is_patient(&self) -> bool {
        self.leased.entry.standing.tries >= PATIENT
    }

    /// From when on the coinbase counts, in unix seconds.
    pub(super) fn until(&self) -> Option<u64> {
        self.leased.entry.action.until
    }

    /// What a person saw of this server.
    pub(super) fn shown(&self, server: &str) -> Option<&KeystoreEdit> {
        self.leased.entry.action.edits.iter().find(|edit| edit.server == server)
    }

    /// The servers that a person saw.
    pub(super) fn servers(&self) -> impl Iterator<Item = &str> {
        self.leased.entry.action.edits.iter().map(|edit| edit.server.as_str())
    }

    /// What was begun for it at this server.
    pub(super) fn written(&self, server: &str) -> Option<&Written> {
        self.intent.keystores.get(server)
    }

    /// Whether something is written that a node is not known to have taken.
    pub(super) fn is_begun(&self) -> bool {
        self.intent.is_open()
    }

    /// Whether the server's node took what was written there.
    pub(super) fn is_accepted(&self, server: &str) -> bool {
        self.intent.is_accepted(server)
    }

    /// Whether nothing more is done for it in this round.
    pub(super) fn is_over(&self, server: &str) -> bool {
        self.is_lost || self.is_void || self.ends.contains_key(server)
    }

    /// It ended so at a server.
    pub(super) fn end(&mut self, server: &str, end: AtServer) {
        self.ends.insert(server.to_owned(), end);
    }

    /// It ended so at a server, and so nothing is done for it at any other.
    pub(super) fn end_everywhere(&mut self, server: &str, end: AtServer) {
        self.end(server, end);
        self.is_void = true;
    }

    /// Makes durable what is about to be written for it at a server; whether it may be. Blocks.
    pub(super) fn intend(
        &mut self,
        journal: &dyn Journal,
        server: &str,
        written: Written,
    ) -> Result<bool, JournalError> {
        self.intent.keystores.insert(server.to_owned(), written);
        self.renew(journal)
    }

    /// Makes durable that the server's node took it. Blocks.
    pub(super) fn accept(&mut self, journal: &dyn Journal, server: &str) -> Result<bool, JournalError> {
        if let Some(written) = self.intent.keystores.get_mut(server) {
            written.accepted = true;
        }
        self.renew(journal)
    }

    /// Makes durable that nothing of it stands at a server any more. Blocks.
    pub(super) fn withdraw(&mut self, journal: &dyn Journal, server: &str) -> Result<bool, JournalError> {
        self.intent.keystores.remove(server);
        self.renew(journal)
    }

    fn renew(&mut self, journal: &dyn Journal) -> Result<bool, JournalError> {
        let renewal = Renewal { lease: LEASE, intent: self.intent.record(), number: None };
        match journal.renew(&self.leased.lease, &renewal) {
            Ok(lease) => self.leased.lease = lease,
            Err(JournalError::LostLease { .. }) => self.is_lost = true,
            Err(error) => return Err(error),
        }
        Ok(!self.is_lost)
    }

    /// What the journal is told.
    pub(super) fn settlement(self) -> Option<Settlement> {
        let is_look = self.is_look();
        let outcome = outcome(&self.ends, is_look);
        (!self.is_lost).then_some(Settlement { lease: self.leased.lease, outcome })
    }
}
