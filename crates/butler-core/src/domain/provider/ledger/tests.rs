//! Whatever a queue went through, its true events are believed, and no others that differ in what the registry counts.

use ethers_core::types::H256;
use proptest::prelude::*;

use super::*;

fn provider() -> ProviderId {
    ProviderId::try_from(1).unwrap()
}

/// One step in the life of a queue.
#[derive(Debug, Clone)]
enum Step {
    Add(usize),
    Leave { staked: bool },
    Rate(u16),
    Recipient(u64),
}

/// What the registry holds and told after some steps.
struct Story {
    facts: ProviderFacts,
    indices: Range<u64>,
    events: Vec<LedgerEvent>,
}

fn tell(steps: &[Step]) -> Story {
    let mut facts = ProviderFacts {
        admin: Address::repeat_byte(1),
        pending_admin: None,
        take_rate_bps: 1000,
        rewards_recipient: Address::repeat_byte(2),
        queue: Vec::new(),
    };
    let mut indices = 1..1;
    let mut changes = vec![Change::Terms(TermsChange::Registered { take_rate_bps: 1000 })];
    for step in steps {
        match step {
            Step::Add(keys) => {
                let first = indices.end;
                indices.end += u64::try_from(*keys).unwrap();
                let key = |index| ProviderQueueEntry::new(index, Address::from_low_u64_be(index));
                facts.queue.extend((first..indices.end).map(key));
                changes.push(Change::Added { attesters: (first..indices.end).map(|i| key(i).attester).collect() });
            }
            Step::Leave { .. } if facts.queue.is_empty() => {}
            Step::Leave { staked } => {
                let attester = facts.queue.remove(0).attester;
                indices.start += 1;
                changes.push(if *staked {
                    let coinbase = Coinbase::try_from(Address::repeat_byte(3)).unwrap();
                    Change::Staked { rollup: Address::zero(), attester, coinbase, staker: Address::zero() }
                } else {
                    Change::Dripped { attester }
                });
            }
            Step::Rate(rate) => {
                facts.take_rate_bps = *rate;
                changes.push(Change::Terms(TermsChange::TakeRate { take_rate_bps: *rate }));
            }
            Step::Recipient(recipient) => {
                facts.rewards_recipient = Address::from_low_u64_be(*recipient);
                changes.push(Change::Terms(TermsChange::Recipient { recipient: facts.rewards_recipient }));
            }
        }
    }
    let event = |(block_number, change)| LedgerEvent {
        log: LogId { block_number, log_index: 0, block_hash: H256::zero(), transaction_hash: H256::zero() },
        provider_id: provider(),
        change,
    };
    Story { facts, indices, events: (1..).zip(changes).map(event).collect() }
}

impl Story {
    fn verdict(&self, events: &[LedgerEvent]) -> Result<(), Gap> {
        prove(provider(), &self.facts, &self.indices, events)?;
        prove_queue(provider(), &self.facts.queue, events)
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0_usize..4).prop_map(Step::Add),
        any::<bool>().prop_map(|staked| Step::Leave { staked }),
        any::<bool>().prop_map(|staked| Step::Leave { staked }),
        (0_u16..10_000).prop_map(Step::Rate),
        (1_u64..9).prop_map(Step::Recipient),
    ];
    prop::collection::vec(step, 0..24)
}

/// Whether the registry counts that event: an empty batch of keys and a word about terms that were not the last are not.
fn is_counted(event: &LedgerEvent) -> bool {
    match &event.change {
        Change::Added { attesters } => !attesters.is_empty(),
        Change::Dripped { .. } | Change::Staked { .. } => true,
        Change::Terms(_) => false,
    }
}

proptest! {
    #[test]
    fn what_really_happened_is_proven(steps in steps()) {
        let story = tell(&steps);
        prop_assert_eq!(story.verdict(&story.events), Ok(()));
    }

    #[test]
    fn an_event_that_is_left_out_is_missed(steps in steps(), which in any::<prop::sample::Index>()) {
        let story = tell(&steps);
        let mut events = story.events.clone();
        let gone = events.remove(which.index(events.len()));
        prop_assert_eq!(story.verdict(&events).is_err(), is_counted(&gone) || story.terms_need(&gone));
    }

    #[test]
    fn an_event_that_is_told_twice_is_noticed(steps in steps(), which in any::<prop::sample::Index>()) {
        let story = tell(&steps);
        let mut events = story.events.clone();
        let which = which.index(events.len());
        if is_counted(&events[which]) {
            events.insert(which, events[which].clone());
            prop_assert!(story.verdict(&events).is_err());
        }
    }

    #[test]
    fn a_key_that_is_replaced_in_one_event_is_noticed(steps in steps(), which in any::<prop::sample::Index>()) {
        let story = tell(&steps);
        let mut events = story.events.clone();
        let which = which.index(events.len());
        let stranger = Address::repeat_byte(0x99);
        let is_changed = match &mut events[which].change {
            Change::Added { attesters } => attesters.first_mut().map(|attester| *attester = stranger).is_some(),
            Change::Dripped { attester } | Change::Staked { attester, .. } => {
                *attester = stranger;
                true
            }
            Change::Terms(_) => false,
        };
        prop_assert_eq!(story.verdict(&events).is_err(), is_changed);
    }
}

impl Story {
    /// Whether the provider's present terms rest on that event.
    fn terms_need(&self, gone: &LedgerEvent) -> bool {
        let rest: Vec<TermsChange> = self
            .events
            .iter()
            .filter(|event| *event != gone)
            .filter_map(LedgerEvent::terms)
            .map(|t| t.change)
            .collect();
        let rate = rest.iter().rev().find_map(|change| match change {
            TermsChange::Registered { take_rate_bps } | TermsChange::TakeRate { take_rate_bps } => Some(*take_rate_bps),
            TermsChange::Recipient { .. } => None,
        });
        let recipient = rest.iter().rev().find_map(|change| match change {
            TermsChange::Recipient { recipient } => Some(*recipient),
            TermsChange::Registered { .. } | TermsChange::TakeRate { .. } => None,
        });
        rate.is_some_and(|rate| rate != self.facts.take_rate_bps)
            || recipient.is_some_and(|recipient| recipient != self.facts.rewards_recipient)
    }
}

#[test]
fn silence_about_a_queue_that_was_used_is_told_in_figures() {
    let story = tell(&[Step::Add(7), Step::Leave { staked: true }]);
    assert_eq!(story.verdict(&[]).unwrap_err().to_string(), "provider 1: 7 keys were added and 0 of them were told");
    let mut events = story.events.clone();
    events.pop();
    let gap = story.verdict(&events).unwrap_err();
    assert_eq!(gap.to_string(), "provider 1: 1 keys left the queue and 0 of them were told");
    assert!(gap.may_be_late());
}

#[test]
fn a_provider_that_was_never_used_needs_no_events() {
    let story = tell(&[]);
    assert_eq!(story.verdict(&[]), Ok(()));
    assert_eq!(prove(provider(), &story.facts, &(0..0), &[]), Ok(()), "an id that nobody has");
}

#[test]
fn keys_that_leave_before_they_come_are_out_of_order() {
    let story = tell(&[Step::Add(1), Step::Leave { staked: true }]);
    let mut events = story.events.clone();
    events.swap(1, 2);
    assert_eq!(story.verdict(&events), Err(Gap::Order { provider: provider(), place: 1 }));
}
