//! What people are told: by itself, and over the wire to fakes of the platforms.

mod digests;
mod lanes;
mod smtp;
mod taken_back;
mod turns;
mod wire;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Goal, Part, Place, Priority, Schema,
};
use butler_core::domain::ids::{Coinbase, ProviderId};
use ethers_core::types::Address;

use super::channels::channel::{Answer, Channel, Letter, Sending};

/// A channel that escapes as much as any, and takes little.
#[derive(Debug)]
struct Narrow(usize);

impl Channel for Narrow {
    fn name(&self) -> &str {
        "narrow"
    }

    fn most(&self) -> usize {
        self.0
    }

    fn listed(&self) -> usize {
        10
    }

    fn escape(&self, plain: &str) -> String {
        plain.replace('&', "&amp;").replace('_', "\\_")
    }

    fn send<'a>(&'a self, _: Letter<'a>) -> Sending<'a> {
        Box::pin(async { Answer::Taken })
    }
}

fn place() -> Place {
    Place { chain_id: 1, contract: Address::repeat_byte(0xf0) }
}

/// One that is told, by its number.
fn told(kind: ActionKind, number: u64, priority: Priority, why: &str) -> Action {
    Action {
        schema: Schema,
        key: EffectKey::new(kind, &place(), &[Part::Number(number)]),
        kind,
        place: place(),
        subject: ActionSubject::Network,
        goal: Goal::Told,
        priority,
        until: None,
        why: why.to_owned(),
        evidence: Vec::new(),
        assurance: Assurance::TwoEndpoints,
        edits: Vec::new(),
    }
}

fn condition(number: u64) -> Action {
    told(ActionKind::ConditionBegan, number, Priority::High, &format!("publisher {number} runs dry"))
}

fn coinbase(number: u64) -> Action {
    let goal = Goal::CoinbaseConfigured {
        provider_id: ProviderId::try_from(1).unwrap(),
        rollup: Address::repeat_byte(0xe0),
        coinbase: Coinbase::try_from(Address::from_low_u64_be(number + 1)).unwrap(),
    };
    let action =
        told(ActionKind::ConfigureCoinbase, number, Priority::Urgent, &format!("attester {number} needs its coinbase"));
    Action { goal, ..action }
}
