//! A second opinion on what no counter proves: whose coinbase a delegation names, and what a provider's terms were.
//!
//! With several endpoints, the blocks of new events are read from the others. Two that agree outvote one; where one stands
//! against one, nobody is believed. With a single endpoint the same blocks are read once more when they are old: a liar
//! that lies the same way twice is not found by that, and nothing but a second endpoint would find it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{DEEP, Doubt, LedgerCache, Trouble};
use crate::client::endpoint::Endpoint;
use crate::client::error::RpcFailure;
use crate::client::l1::L1Client;
use crate::contracts::ledger_events::decode_ledger_event;
use crate::domain::block::BlockRef;
use crate::domain::provider_ledger::{Gap, LedgerEvent, Seen};

/// How long an opinion on one pack of blocks is waited for: what is known without it is good enough to go on.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nobody is asked after an opinion could not be had.
const PAUSE: Duration = Duration::from_secs(60);
/// Blocks that are asked for together.
const PACK: usize = 100;

/// What others say of one block.
#[derive(Debug, Default)]
struct Case {
    /// The endpoint that told it first, when this process asked it.
    giver: Option<usize>,
    opinions: Vec<(usize, Vec<LedgerEvent>)>,
}

impl LedgerCache {
    /// Asks for opinions on what was told once. Failing to get any changes nothing.
    ///
    /// # Errors
    /// When other endpoints agree on something else than what the ledger holds.
    pub(in crate::snapshot) async fn confirm(&mut self, client: &L1Client, pin: &BlockRef) -> Result<(), Doubt> {
        if self.opinions_at.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        let is_alone = client.endpoints().len() < 2;
        let mut cases: BTreeMap<u64, Case> = BTreeMap::new();
        for entry in &self.book.entries {
            let number = entry.event.log.block_number;
            let is_due = number <= pin.number && (!is_alone || pin.number >= entry.at.saturating_add(DEEP));
            if entry.seen != Seen::Confirmed && entry.event.needs_second_opinion() && is_due {
                cases.entry(number).or_insert_with(|| Case { giver: entry.giver, opinions: Vec::new() });
            }
        }
        // Those that were told by the same endpoint are put to the others together.
        let mut groups: BTreeMap<Option<usize>, BTreeMap<u64, Case>> = BTreeMap::new();
        for (number, case) in cases {
            groups.entry(case.giver.filter(|_| !is_alone)).or_default().insert(number, case);
        }
        for (giver, group) in groups {
            self.hear(client, giver, group).await?;
        }
        Ok(())
    }

    async fn hear(
        &mut self,
        client: &L1Client,
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
            for pack in blocks.chunks(PACK) {
                let Ok(Ok(answers)) = timeout(PATIENCE, client.block_logs(&filter, pack, &asked)).await else {
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
                if !self.settle(client, number, &case)? {
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
            if !case.opinions.is_empty() && case.opinions.iter().any(|(_, told)| !self.tells(number, told)) {
                self.mark(number, Seen::Disputed);
            }
        }
        Ok(())
    }

    /// Whether what was heard of a block decides it.
    fn settle(&mut self, client: &L1Client, number: u64, case: &Case) -> Result<bool, Doubt> {
        let (agreeing, others): (Vec<_>, Vec<_>) = case.opinions.iter().partition(|(_, told)| self.tells(number, told));
        let is_alone = client.endpoints().len() < 2;
        let votes = agreeing.len() + usize::from(case.giver.is_some() || is_alone);
        if votes >= 2 {
            self.mark(number, Seen::Confirmed);
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

    fn mark(&mut self, number: u64, seen: Seen) {
        let range = self.of_block(number);
        for entry in self.book.entries.get_mut(range).unwrap_or_default() {
            if entry.seen != seen {
                entry.seen = seen;
                self.is_saved = false;
            }
        }
    }
}
