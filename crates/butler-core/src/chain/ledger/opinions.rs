//! A second opinion on what no counter proves: whose coinbase a delegation names, and what a provider's terms were.
//!
//! With several endpoints, the blocks of new events are read from the others. Two that agree outvote one; where one stands
//! against one, nobody is believed. With a single endpoint the same blocks are read once more when they are old, and one
//! query of each reading goes round through the whole ledger, so that no lie outlives the liar for long. While it lies the
//! same way each time it is not found by that, and nothing but a second endpoint would find it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::Address;
use tokio::time::{Instant, timeout};

use super::book::Entry;
use super::{DEEP, Doubt, LedgerCache, Trouble};
use crate::client::block_logs::SPAN;
use crate::client::endpoint::Endpoint;
use crate::client::error::RpcFailure;
use crate::client::l1::L1Client;
use crate::contracts::ledger_events::decode_ledger_event;
use crate::domain::block::BlockRef;
use crate::domain::ids::Coinbase;
use crate::domain::provider::ledger::{Change, Corroboration, Gap, LedgerEvent};

/// How long an opinion on one pack of blocks is waited for: what is known without it is good enough to go on.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nobody is asked after an opinion could not be had.
const PAUSE: Duration = Duration::from_secs(60);
/// How many blocks later the only endpoint is asked once more about what it told twice: about a day.
const LATER: u64 = 7_200;
/// Blocks that are asked for together.
const PACK: usize = 100;

/// What others say of one block.
#[derive(Debug, Default)]
struct Case {
    /// The endpoint that told it first, when this process asked it.
    giver: Option<usize>,
    /// Whether the ledger's own version is one of two opinions.
    is_first: bool,
    /// Whether two told the ledger's version before: then it counts as one opinion, and one word against it decides nothing.
    is_proven: bool,
    opinions: Vec<(usize, Vec<LedgerEvent>)>,
}

impl LedgerCache {
    /// Asks for opinions on what was told once. Failing to get any changes nothing.
    ///
    /// # Errors
    /// When other endpoints agree on something else than what the ledger holds.
    pub(in crate::chain) async fn confirm(&mut self, client: &L1Client, pin: &BlockRef) -> Result<(), Doubt> {
        if self.opinions_at.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        self.ask(client, pin, &BTreeSet::new()).await
    }

    /// Looks once more at what the rest of the chain contradicts, however sure it was: delegations to these coinbases, and
    /// these attesters leaving a queue without one. A liar that has gone must not live on in the ledger.
    ///
    /// # Errors
    /// When it is told otherwise now.
    pub(in crate::chain) async fn look_again(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        coinbases: &BTreeSet<Coinbase>,
        dripped: &BTreeSet<Address>,
    ) -> Result<(), Doubt> {
        let is_suspect = |change: &Change| match change {
            Change::Staked { coinbase, .. } => coinbases.contains(coinbase),
            Change::Dripped { attester } => dripped.contains(attester),
            Change::Terms(_) | Change::Added { .. } => false,
        };
        let events = self.book.entries.iter().map(|entry| &entry.event);
        let suspects = events.rev().filter(|event| is_suspect(&event.change)).map(|event| event.log.block_number);
        // One exchange: where nothing can be confirmed, this is asked at every reading.
        let suspects = suspects.filter(|number| !self.contradicted.contains(number));
        let suspects: BTreeSet<u64> = suspects.take(PACK).collect();
        if suspects.is_empty() { Ok(()) } else { self.ask(client, pin, &suspects).await }
    }

    /// Asks about what is due: in the blocks of `suspects`, or else everywhere.
    async fn ask(&mut self, client: &L1Client, pin: &BlockRef, suspects: &BTreeSet<u64>) -> Result<(), Doubt> {
        let is_alone = client.endpoints().len() < 2;
        if !self.has_past {
            // All of it was told by those that are asked now.
            self.witnesses.extend(client.endpoints().iter().map(|endpoint| endpoint.name().to_owned()));
        }
        let is_stranger =
            is_alone && client.endpoints().iter().any(|endpoint| !self.witnesses.contains(endpoint.name()));
        let is_round = is_alone && self.has_past && suspects.is_empty();
        let round = if is_round { self.next_of_round(client, pin) } else { BTreeSet::new() };
        let mut cases: BTreeMap<u64, Case> = BTreeMap::new();
        for entry in &self.book.entries {
            let number = entry.event.log.block_number;
            let is_old = pin.number >= entry.at.saturating_add(DEEP);
            let is_proven = !is_alone && entry.seen == Corroboration::Confirmed;
            let is_open = entry.seen != Corroboration::Confirmed || self.is_contradicted(entry);
            let is_due = is_open && (!is_alone || is_old || is_stranger);
            let is_asked_for = suspects.contains(&number) || round.contains(&number) || (suspects.is_empty() && is_due);
            if is_asked_for && number <= pin.number && entry.event.needs_second_opinion() {
                // The same endpoint's word counts again when it had time to change its mind.
                let is_first = !is_alone || is_old || is_stranger;
                // Whoever told it first is asked, too, whether it still says so.
                let giver = entry.giver.filter(|_| !is_proven);
                let case = Case { giver, is_first, is_proven, opinions: Vec::new() };
                cases.entry(number).or_insert(case);
            }
        }
        // Those that were told by the same endpoint are put to the others together.
        let mut groups: BTreeMap<Option<usize>, BTreeMap<u64, Case>> = BTreeMap::new();
        for (number, case) in cases {
            groups.entry(case.giver.filter(|_| !is_alone)).or_default().insert(number, case);
        }
        for (giver, group) in groups {
            self.hear(client, pin, giver, group).await?;
        }
        if suspects.is_empty() && self.opinions_at.is_none_or(|at| at <= Instant::now()) {
            self.witnesses.extend(client.endpoints().iter().map(|endpoint| endpoint.name().to_owned()));
            if let Some(last) = round.last() {
                self.book.asked_to = Some(*last);
                self.is_saved = false;
            }
        }
        Ok(())
    }

    /// The next blocks that the only endpoint is asked about whatever it told before: as many as one query takes. The last
    /// blocks are read again anyway.
    fn next_of_round(&self, client: &L1Client, pin: &BlockRef) -> BTreeSet<u64> {
        let width = client.endpoints().iter().map(|endpoint| endpoint.log_range()).min().unwrap_or(SPAN).min(SPAN);
        let is_open = |entry: &&Entry| entry.seen != Corroboration::Confirmed && entry.event.needs_second_opinion();
        let open = self.book.entries.iter().filter(is_open).map(|entry| entry.event.log.block_number);
        let open: BTreeSet<u64> = open.take_while(|number| number.saturating_add(DEEP) <= pin.number).collect();
        let after = self.book.asked_to.map_or(0, |last| last.saturating_add(1));
        let Some(first) = open.range(after..).next().or(open.first()).copied() else { return BTreeSet::new() };
        open.range(first..first.saturating_add(width)).copied().collect()
    }

    async fn hear(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        giver: Option<usize>,
        mut open: BTreeMap<u64, Case>,
    ) -> Result<(), Doubt> {
        let filter = self.filter();
        let is_alone = client.endpoints().len() < 2;
        let mut asked: BTreeSet<usize> = giver.into_iter().collect();
        while !open.is_empty() && asked.len() < client.endpoints().len() {
            let may_be_asked = |endpoint: &Endpoint| {
                let stands_back = endpoint.health().is_quarantined(Instant::now());
                !asked.contains(&endpoint.index()) && (is_alone || !stands_back)
            };
            if !client.endpoints().iter().any(may_be_asked) {
                break;
            }
            let blocks: Vec<u64> = open.keys().copied().collect();
            let mut heard = BTreeSet::new();
            let differs =
                |(number, case): (&u64, &Case)| case.opinions.iter().any(|(_, told)| !self.tells(*number, told));
            // Where one stands against one, the next word decides.
            let patience = if open.iter().any(differs) { client.longest_deadline() } else { PATIENCE };
            let patience = client.patience(patience);
            for pack in blocks.chunks(PACK) {
                let Ok(Ok(answers)) = timeout(patience, client.block_logs(&filter, pack, &asked)).await else {
                    self.opinions_at = Instant::now().checked_add(PAUSE);
                    return Ok(());
                };
                for block in answers {
                    heard.insert(block.endpoint);
                    let told: Result<Vec<_>, _> = block.logs.iter().map(decode_ledger_event).collect();
                    if let (Ok(told), false, Some(case)) = (told, block.is_doubtful, open.get_mut(&block.number)) {
                        case.opinions.push((block.endpoint, told));
                    }
                }
            }
            let before = asked.len();
            asked.extend(heard);
            let mut rest = BTreeMap::new();
            for (number, case) in open {
                if !self.settle(client, pin, number, &case)? {
                    rest.insert(number, case);
                }
            }
            open = rest;
            if asked.len() == before {
                break;
            }
        }
        if !open.is_empty() {
            self.opinions_at = Instant::now().checked_add(PAUSE);
        }
        for (number, case) in open {
            if case.is_proven {
                let is_contradicted = case.opinions.iter().any(|(_, told)| !self.tells(number, told));
                self.contradicted.extend(is_contradicted.then_some(number));
                continue;
            }
            if case.opinions.iter().any(|(_, told)| self.leave_otherwise(number, told)) {
                // Nothing of it may be taken for a fact at the next reading either: it asks again.
                self.opinions_at = None;
                return Err(self.doubt_of(Trouble::Disputed { block: number }));
            }
            if case.opinions.iter().any(|(_, told)| !self.tells(number, told)) {
                self.mark(number, Corroboration::Disputed);
            }
        }
        Ok(())
    }

    /// Whether what was heard of a block decides it.
    fn settle(&mut self, client: &L1Client, pin: &BlockRef, number: u64, case: &Case) -> Result<bool, Doubt> {
        let (agreeing, others): (Vec<_>, Vec<_>) = case.opinions.iter().partition(|(_, told)| self.tells(number, told));
        let is_alone = client.endpoints().len() < 2;
        let is_heard = case.is_first && (case.giver.is_some() || is_alone);
        let votes = agreeing.len() + usize::from(case.is_proven || is_heard);
        if is_alone && votes == 1 && !agreeing.is_empty() {
            return Ok(true);
        }
        if votes >= 2 && is_alone {
            // One endpoint's word stays one endpoint's word: the next other one is asked, and this one in a day.
            self.put_off(number, pin.number.saturating_add(LATER - DEEP));
            return Ok(true);
        }
        if votes >= 2 {
            self.mark(number, Corroboration::Confirmed);
            self.contradicted.remove(&number);
            for (endpoint, _) in others {
                client.distrust(*endpoint, &RpcFailure::Incomplete(Gap::Retold { block: number }.to_string()));
            }
            return Ok(true);
        }
        let is_outvoted = |(index, (_, told)): (usize, &&(usize, Vec<LedgerEvent>))| {
            others.iter().skip(index + 1).any(|(_, other)| other == told)
        };
        if others.iter().enumerate().any(is_outvoted) || (is_alone && !others.is_empty()) {
            let trouble = Trouble::Gap(Gap::Retold { block: number });
            return Err(Doubt { giver: case.giver, trouble, is_outvoted: true });
        }
        Ok(false)
    }

    /// Where the entries of that block stand.
    fn of_block(&self, number: u64) -> std::ops::Range<usize> {
        let entries = &self.book.entries;
        let begin = entries.partition_point(|entry| entry.event.log.block_number < number);
        begin..entries.partition_point(|entry| entry.event.log.block_number <= number)
    }

    fn tells(&self, number: u64, told: &[LedgerEvent]) -> bool {
        let entries = self.book.entries.get(self.of_block(number)).unwrap_or_default();
        entries.iter().map(|entry| &entry.event).eq(told)
    }

    /// Whether other keys leave the queues in that block, by another way, or for another staker, than the ledger has it.
    fn leave_otherwise(&self, number: u64, told: &[LedgerEvent]) -> bool {
        let ways = |event: &LedgerEvent| match &event.change {
            Change::Staked { attester, staker, .. } => Some((*attester, Some(*staker))),
            Change::Dripped { attester } => Some((*attester, None)),
            Change::Terms(_) | Change::Added { .. } => None,
        };
        let entries = self.book.entries.get(self.of_block(number)).unwrap_or_default();
        !entries.iter().filter_map(|entry| ways(&entry.event)).eq(told.iter().filter_map(ways))
    }

    fn put_off(&mut self, number: u64, at: u64) {
        let range = self.of_block(number);
        for entry in self.book.entries.get_mut(range).unwrap_or_default() {
            entry.at = at;
            self.is_saved = false;
        }
    }

    fn mark(&mut self, number: u64, seen: Corroboration) {
        let range = self.of_block(number);
        for entry in self.book.entries.get_mut(range).unwrap_or_default() {
            if entry.seen != seen {
                entry.seen = seen;
                self.is_saved = false;
            }
        }
    }
}
