//! Longer stories that tests of several crates tell: keys that are staked twice in every order, and queues that are of no use.
//!
//! They are played on a running chain of the scenario, so no devnet has to be built for them. Each uses spare keys of its
//! own and provider 1, whose queue is emptied first: its keys A8 and A9 are dripped.

use anyhow::Context as _;
use ethers_core::types::{Address, U256};

use super::{Chain, KeyStore, Move};

/// How one stake of a key will end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stake {
    /// With a right proof of possession.
    Right,
    /// With the proof of another key.
    Wrong,
}

/// One key that is staked twice.
#[derive(Clone, Copy, Debug)]
pub struct TwiceStaked {
    /// The story in words.
    pub name: &'static str,
    /// The stakes before the first flush, between the flushes, and after the last one.
    rounds: [&'static [Stake]; 3],
    /// Whether it leaves for good after the first flush.
    exits: bool,
    /// What became of both stakes.
    pub fates: [&'static str; 2],
    /// Which of them counts: whose split the key must have as coinbase. `None` when it earns for nobody any more.
    pub counts: Option<usize>,
}

const RIGHT: &[Stake] = &[Stake::Right];
const WRONG: &[Stake] = &[Stake::Wrong];
const NONE: &[Stake] = &[];

const fn story(
    name: &'static str,
    rounds: [&'static [Stake]; 3],
    fates: [&'static str; 2],
    counts: Option<usize>,
) -> TwiceStaked {
    TwiceStaked { name, rounds, exits: false, fates, counts }
}

/// Every order of success, refund and waiting. The spare key of that place plays each.
pub const TWICE_STAKED: [TwiceStaked; 10] = [
    story("success, then a stake that waits", [RIGHT, NONE, RIGHT], ["succeeded", "doomed"], Some(0)),
    story("success, then a refund", [RIGHT, RIGHT, NONE], ["succeeded", "refunded"], Some(0)),
    story("refund, then a stake that waits", [WRONG, NONE, RIGHT], ["refunded", "waiting"], Some(1)),
    story("refund, then success", [WRONG, RIGHT, NONE], ["refunded", "succeeded"], Some(1)),
    story("both wait", [NONE, NONE, &[Stake::Right, Stake::Right]], ["waiting", "waiting"], Some(0)),
    story(
        "both wait, the first to be refunded",
        [NONE, NONE, &[Stake::Wrong, Stake::Right]],
        ["doomed", "waiting"],
        Some(1),
    ),
    story(
        "both waited, the first succeeded",
        [&[Stake::Right, Stake::Right], NONE, NONE],
        ["succeeded", "refunded"],
        Some(0),
    ),
    story(
        "both waited, the second succeeded",
        [&[Stake::Wrong, Stake::Right], NONE, NONE],
        ["refunded", "succeeded"],
        Some(1),
    ),
    story("both refunded", [WRONG, WRONG, NONE], ["refunded", "refunded"], None),
    TwiceStaked {
        exits: true,
        ..story("success, exit, then a stake that waits", [RIGHT, NONE, RIGHT], ["succeeded", "doomed"], None)
    },
];

/// A story that was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which.
    pub story: TwiceStaked,
    /// Its key.
    pub attester: Address,
    /// The splits of both stakes, oldest first.
    pub coinbases: [Address; 2],
}

/// A key with the proof of another.
#[must_use]
pub fn with_wrong_proof(key: &KeyStore) -> KeyStore {
    // A point of the curve, and no signature of anything.
    KeyStore { pop: key.g1.clone(), ..key.clone() }
}

impl Chain {
    /// Plays [`TWICE_STAKED`] with the first spare keys.
    ///
    /// # Errors
    /// When a move fails.
    pub async fn stake_twice(&self) -> anyhow::Result<Vec<Told>> {
        self.play(Move::Drip { provider: 1, count: 2 }).await?;
        self.flush_all().await?;
        let keys = self.oracle()?.spare_keys.clone();
        let mut coinbases: Vec<Vec<Address>> = vec![Vec::new(); TWICE_STAKED.len()];
        for round in 0..3 {
            for ((story, key), coinbases) in TWICE_STAKED.iter().zip(&keys).zip(&mut coinbases) {
                for stake in story.rounds.get(round).copied().unwrap_or_default() {
                    let key = match stake {
                        Stake::Right => key.clone(),
                        Stake::Wrong => with_wrong_proof(key),
                    };
                    self.play(Move::AddKeys { provider: 1, keys: vec![key] }).await?;
                    let played = self.play(Move::Stake { provider: 1 }).await?;
                    coinbases.push(self.split_of(played.block).await?);
                }
            }
            if round < 2 {
                self.flush_all().await?;
            }
            if round == 0 {
                for (_, key) in TWICE_STAKED.iter().zip(&keys).filter(|(story, _)| story.exits) {
                    self.play(Move::InitiateWithdraw { attester: key.attester }).await?;
                    self.play(Move::JumpSeconds(self.oracle()?.rollup.exit_delay + 12)).await?;
                    self.play(Move::FinalizeWithdraw { attester: key.attester }).await?;
                }
            }
        }
        let told = TWICE_STAKED.iter().zip(&keys).zip(coinbases).map(|((story, key), coinbases)| {
            let coinbases = coinbases.try_into().ok().context("a story has two stakes")?;
            Ok(Told { story: *story, attester: key.attester, coinbases })
        });
        told.collect()
    }

    /// Flushes until nobody waits.
    pub(super) async fn flush_all(&self) -> anyhow::Result<()> {
        let rollup = self.oracle()?.contracts.rollup_address;
        loop {
            let length =
                self.read(rollup, "getEntryQueueLength()", &[], &[ethers_core::abi::ParamType::Uint(256)]).await?;
            if length
                .into_iter()
                .next()
                .and_then(ethers_core::abi::Token::into_uint)
                .is_none_or(|length| length.is_zero())
            {
                return Ok(());
            }
            self.play(Move::Flush).await?;
        }
    }

    /// The split that the only stake of that block made.
    pub(super) async fn split_of(&self, block: u64) -> anyhow::Result<Address> {
        let topic = self.oracle()?.events_named("StakedWithProvider").next().context("nobody staked")?.topic0;
        let registry = self.oracle()?.contracts.staking_registry_address;
        let block = format!("{block:#x}");
        let filter =
            serde_json::json!({ "fromBlock": block, "toBlock": block, "address": registry, "topics": [topic] });
        let logs = self.rpc("eth_getLogs", serde_json::json!([filter])).await?;
        let data = logs.pointer("/0/data").and_then(serde_json::Value::as_str).context("no stake in that block")?;
        let word = data.get(2..66).context("a stake without a split")?;
        let number = U256::from_str_radix(word, 16).context("a split that is no address")?;
        let mut bytes = [0; 32];
        number.to_big_endian(&mut bytes);
        Ok(Address::from_slice(&bytes[12..]))
    }
}
