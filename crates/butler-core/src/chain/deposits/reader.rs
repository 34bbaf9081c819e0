//! What one endpoint's events say of some attesters' deposits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::{Address, H256};
use tokio::time::{Instant, timeout_at};

use super::cases::Case;
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::deposit_events::{decode_deposit_event, deposit_topics};
use crate::domain::attester::deposit::{DepositEvent, DepositEvidence, DepositStep, Settled, settle};
use crate::domain::block::BlockRef;

/// Attesters that one query names: endpoints bound the length of a filter.
const NAMED: usize = 100;
/// How long one endpoint may take for all of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one endpoint told of one case.
#[derive(Debug, Clone)]
pub(super) struct Opinion {
    pub(super) settled: Settled,
    /// The block of the accepted deposit, where one was accepted.
    pub(super) accepted: Option<u64>,
    pub(super) endpoint: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) client: &'a L1Client,
    pub(super) pin: &'a BlockRef,
    pub(super) rollup: Address,
}

impl Reader<'_> {
    /// What one endpoint's events say of the cases that they settle.
    pub(super) async fn opinions(&self, endpoint: usize, cases: &[&Case<'_>]) -> BTreeMap<Address, Opinion> {
        let mut opinions = BTreeMap::new();
        let now = Instant::now();
        let deadline = now.checked_add(PATIENCE).unwrap_or(now);
        for pack in cases.chunks(NAMED) {
            let events = match timeout_at(deadline, self.events(endpoint, pack)).await {
                Ok(Some(events)) => events,
                Ok(None) => break,
                Err(_) => {
                    tracing::debug!("reading whose deposits succeeded takes too long");
                    break;
                }
            };
            for case in pack {
                let events = events.get(&case.attester).map_or(&[][..], Vec::as_slice);
                let evidence = DepositEvidence {
                    delegations: &case.delegations,
                    events,
                    withdrawer: case.withdrawer,
                    waiting: (self.rollup, &case.waiting),
                };
                let accepted = events.iter().find(|event| event.step == DepositStep::Accepted);
                match settle(&evidence) {
                    Ok(settled) => {
                        let accepted = accepted.map(|event| event.log.block_number);
                        opinions.insert(case.attester, Opinion { settled, accepted, endpoint });
                    }
                    Err(why) => {
                        tracing::debug!(attester = ?case.attester, "the deposits of {:?}: {why}", case.attester);
                    }
                }
            }
        }
        opinions
    }

    /// The events of these attesters since the first of their delegations.
    async fn events(&self, endpoint: usize, cases: &[&Case<'_>]) -> Option<BTreeMap<Address, Vec<DepositEvent>>> {
        let delegations = cases.iter().flat_map(|case| &case.delegations);
        let mut rollups: BTreeSet<Address> = delegations.clone().map(|delegation| delegation.rollup).collect();
        rollups.insert(self.rollup);
        let from = delegations.map(|delegation| delegation.log.block_number).min()?;
        let filter = LogFilter {
            addresses: rollups.into_iter().collect(),
            topics: vec![deposit_topics(), cases.iter().map(|case| H256::from(case.attester)).collect()],
        };
        let others = (0..self.client.endpoints().len()).filter(|index| *index != endpoint).collect();
        let mut scan = self.client.log_scan(&filter, (from, self.pin.number), Some(*self.pin), others);
        let mut events = BTreeMap::<Address, Vec<DepositEvent>>::new();
        loop {
            match scan.next().await {
                Ok(Some(step)) => {
                    for log in &step.logs {
                        let event = decode_deposit_event(log)
                            .inspect_err(|error| tracing::debug!("an event of a deposit: {error}"))
                            .ok()?;
                        events.entry(event.attester).or_default().push(event);
                    }
                }
                Ok(None) => return Some(events),
                Err(error) => {
                    tracing::debug!("whose deposits succeeded cannot be read: {error}");
                    return None;
                }
            }
        }
    }
}
