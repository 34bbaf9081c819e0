//! Reading one slasher again and again: who counts its votes, and every round that may still be executed.

use std::collections::BTreeMap;

use ethers_core::types::{Address, U256};

use super::ballot::Ballot;
use super::request::SlashingRequest;
use super::rules::{RuleSlots, if_answered, read_kind};
use super::tallied::Tallied;
use crate::chain::convicts::Convicts;
use crate::chain::error::{Contract, Giver, SnapshotError};
use crate::chain::reads::{Reads, Slot};
use crate::client::l1::L1Client;
use crate::contracts::bindings::slasher;
use crate::contracts::call::GETTER_GAS;
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::slashing::{Blindness, Pause, SlashingFacts, SlashingProposer, SlashingRules};

/// How many blocks later the only endpoint is asked once more about what it told of such a round.
const SECOND_LOOK: u64 = 64;

/// Reads slashing again and again, and remembers what cannot change.
#[derive(Debug, Default)]
pub struct SlashingReader {
    /// The proposer that was found last.
    proposer: Option<Address>,
    settled: BTreeMap<u64, Ballot>,
    /// The first block at which something that is still remembered was read.
    settled_at: Option<u64>,
}

impl SlashingReader {
    /// Reads slashing at `pin`.
    ///
    /// # Errors
    /// See [`SnapshotError`]; nothing partial is ever returned. A slasher whose votes cannot be read is no error: the facts
    /// say so.
    pub async fn read(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &SlashingRequest<'_>,
    ) -> Result<SlashingFacts, SnapshotError> {
        let mut convicts = Convicts::default();
        loop {
            match self.read_once(client, pin, request).await {
                Err(error) if convicts.take(client, &error) => *self = Self::default(),
                Err(error) if !request.slasher.is_zero() && convicts.is_the_contracts(client, &error) => {
                    *self = Self::default();
                    let proposer = SlashingProposer::Unreadable(blindness(&error));
                    return Ok(SlashingFacts { block: *pin, pause: Pause::Untold, ends_at: None, proposer });
                }
                result => return result,
            }
        }
    }

    async fn read_once(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &SlashingRequest<'_>,
    ) -> Result<SlashingFacts, SnapshotError> {
        // What one endpoint alone told is not believed for ever.
        let is_old = |at: &mut u64| pin.number >= at.saturating_add(SECOND_LOOK);
        if client.endpoints().len() < 2 && self.settled_at.take_if(is_old).is_some() {
            self.settled.clear();
        }
        let (found, pause) = self.recognise(client, pin, (request.rollup, request.slasher)).await?;
        let proposer = match found {
            Found::NoSlasher => SlashingProposer::NoSlasher,
            Found::Blind(why) => SlashingProposer::Unreadable(why),
            Found::Tally(address, rules, giver) => {
                self.settled_at.get_or_insert(pin.number);
                let tallied = Tallied::new((client, pin), address, *rules, giver, request);
                SlashingProposer::Tally(Box::new(tallied.read(&mut self.settled).await?))
            }
        };
        Ok(SlashingFacts { block: *pin, pause, ends_at: None, proposer })
    }

    /// Who proposes slashes at `pin`, without any votes, and whether slashing is paused.
    pub(super) async fn proposer(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        of: (Address, Address),
    ) -> Result<(SlashingProposer, Pause), SnapshotError> {
        let mut convicts = Convicts::default();
        loop {
            match self.recognise(client, pin, of).await {
                Ok((Found::Blind(why), pause)) => return Ok((SlashingProposer::Unreadable(why), pause)),
                Ok((Found::NoSlasher, pause)) => return Ok((SlashingProposer::NoSlasher, pause)),
                Ok((Found::Tally(address, ..), pause)) => return Ok((SlashingProposer::Waiting(address), pause)),
                Err(error) if convicts.take(client, &error) => *self = Self::default(),
                Err(error) if convicts.is_the_contracts(client, &error) => {
                    *self = Self::default();
                    return Ok((SlashingProposer::Unreadable(blindness(&error)), Pause::Untold));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Finds out who proposes slashes, and whether slashing is paused.
    async fn recognise(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        (rollup, slasher): (Address, Address),
    ) -> Result<(Found, Pause), SnapshotError> {
        if slasher.is_zero() {
            return Ok((Found::NoSlasher, Pause::None));
        }
        let mut reads = Reads::default();
        let contract = Contract::Slasher;
        let address: Slot<Address> = reads.push_if_supported(contract, slasher, GETTER_GAS, slasher::ProposerCall);
        let paused: Slot<U256> =
            reads.push_if_supported(contract, slasher, GETTER_GAS, slasher::SlashingDisabledUntilCall);
        // Asked beside the slasher: a proposer that was known before is most likely still the one.
        let known = self.proposer.map(|known| (known, RuleSlots::plan(&mut reads, known)));
        let answers = reads.fetch(client, pin).await?;
        let until = if_answered(answers.get(&paused))?.map(|until| u64::try_from(until).unwrap_or(u64::MAX));
        let pause = match until {
            None => Pause::Untold,
            Some(until) if until > pin.timestamp => Pause::Until(until),
            Some(_) => Pause::None,
        };
        let Some(address) = if_answered(answers.get(&address))?.and_then(decode::optional) else {
            return Ok((Found::Blind(Blindness::NoProposer), pause));
        };
        let (slots, answers) = match known {
            Some((known, slots)) if known == address => (slots, answers),
            Some(_) | None => {
                *self = Self { proposer: Some(address), ..Self::default() };
                let mut reads = Reads::default();
                let slots = RuleSlots::plan(&mut reads, address);
                (slots, reads.fetch(client, pin).await?)
            }
        };
        let is_alone = client.endpoints().len() == 1;
        if !slots.fits(&answers, (address, rollup, slasher), is_alone)? {
            self.settled.clear();
            return Ok((Found::Blind(Blindness::UnknownProposer), pause));
        }
        let found = match slots.take(&answers, address)? {
            Some(rules) => Found::Tally(address, Box::new(rules), answers.only_giver().cloned()),
            None => {
                self.settled.clear();
                Found::Blind(read_kind(client, pin, address).await?)
            }
        };
        Ok((found, pause))
    }
}

/// What it means for votes that a slasher or its proposer gives no answer that can be.
fn blindness(error: &SnapshotError) -> Blindness {
    if matches!(error, SnapshotError::Nonsense { .. }) { Blindness::Nonsense } else { Blindness::UnknownProposer }
}

/// Who proposes slashes.
enum Found {
    NoSlasher,
    Blind(Blindness),
    /// With whoever alone told the rules.
    Tally(Address, Box<SlashingRules>, Option<Giver>),
}
