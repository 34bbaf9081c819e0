//! A day of a network like mainnet: 4,000 attesters, committees of 48, slots of 72 s in blocks of 12 s, 97 of 100 slots with a checkpoint.
//!
//! Calls of `propose` are signed by the proposers whose turn it is, travel in Multicall3, and fit their logs; 98 of 100 members attest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use butler_core::contracts::bindings::multicall3::{Aggregate3Call, Call3};
use butler_core::contracts::checkpoint_events::checkpoint_topics;
use butler_core::contracts::multicall::MULTICALL3;
use butler_core::domain::block::BlockRef;
use butler_core::domain::proposals::ProposeVersion;
use butler_core::domain::proposers::proposer;
use butler_core::domain::rollup::RollupClock;
use butler_testkit::imagined::Imagined;
use ethers_core::abi::{AbiEncode as _, Token, encode};
use ethers_core::types::{Address, Bytes, H256, U256};
use ethers_core::utils::{hex, id, keccak256};
use serde_json::{Value, json};

use super::calls::{GENESIS, MANY, ROLLUP, Wish, address};

/// Attesters of the network.
pub(crate) const ATTESTERS: usize = 4_000;
/// The rollup's clock.
pub(crate) const CLOCK: RollupClock = RollupClock { genesis_time: GENESIS, slot_seconds: 72, epoch_slots: 32 };
const MEMBERS: usize = 48;
/// Slots that are made: a day, and what it is followed from.
const SLOTS: u64 = 1_221;
/// The block of the rollup's first second.
const FIRST: u64 = 20_000_000;
/// Blocks before this one were slower.
const OLD: u64 = 15_000_000;
/// Transactions of a block: its header comes with their hashes.
const TRANSACTIONS: u64 = 180;

/// One checkpoint.
#[derive(Debug)]
struct Checkpoint {
    block: u64,
    slot: u64,
    proposer: Address,
    log: Value,
    hash: H256,
    transaction: Value,
    calldata: usize,
}

/// What does not change between two runs.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) attesters: Vec<Address>,
    /// By the epoch.
    committees: Vec<Vec<u64>>,
    checkpoints: Vec<Checkpoint>,
    /// Places among the checkpoints.
    by_hash: BTreeMap<H256, usize>,
}

/// A chain that has lived through the day.
#[derive(Debug)]
pub(crate) struct Day {
    made: Arc<Made>,
    has_hatch: bool,
    /// The newest block.
    newest: AtomicU64,
    /// Numbers of the day's blocks.
    blocks: BTreeMap<H256, u64>,
}

fn hash(kind: &str, number: u64) -> H256 {
    H256(keccak256([kind.as_bytes(), &number.to_be_bytes()].concat()))
}

fn drawn(kind: &str, number: u64, below: u64) -> u64 {
    (U256::from_big_endian(hash(kind, number).as_bytes()) % below).as_u64()
}

/// When a block was made, in unix seconds.
pub(crate) fn time_of(block: u64) -> u64 {
    match block.checked_sub(FIRST) {
        // One of Ethereum's slots in a hundred stays empty.
        Some(after) => GENESIS + 12 * (after + after / 99),
        None if block >= OLD => GENESIS - (FIRST - block) * 121 / 10,
        None => GENESIS - (FIRST - OLD) * 121 / 10 - (OLD - block) * 14,
    }
}

/// The last block that was made at that time or before it, which is one of the day.
fn block_at(time: u64) -> u64 {
    let at_most = FIRST + (time - GENESIS) / 12;
    (FIRST..=at_most).rev().find(|block| time_of(*block) <= time).unwrap()
}

fn seed(epoch: u64) -> U256 {
    U256::from_big_endian(hash("seed", epoch).as_bytes())
}

fn committee(epoch: u64) -> Vec<u64> {
    let (mut members, mut seen) = (Vec::new(), BTreeSet::new());
    let draws = (0..).map(|turn| drawn("member", epoch * 1_000 + turn, u64::try_from(ATTESTERS).unwrap()));
    members.extend(draws.filter(|member| seen.insert(*member)).take(MEMBERS));
    members
}

/// Does something for each of these on all cores, in their order.
fn on_all_cores<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let cores = u64::try_from(std::thread::available_parallelism().unwrap().get()).unwrap();
    let part = count.div_ceil(cores);
    std::thread::scope(|scope| {
        let work = &work;
        let parts = (0..cores).map(|core| (core * part, ((core + 1) * part).min(count)));
        let threads = parts.map(|(from, to)| scope.spawn(move || (from..to).map(work).collect::<Vec<T>>()));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

impl Made {
    pub(crate) fn new() -> Self {
        let attesters = on_all_cores(u64::try_from(ATTESTERS).unwrap(), |number| address(MANY + number));
        let committees: Vec<Vec<u64>> = (0..=SLOTS / 32 + 1).map(committee).collect();
        let slots: Vec<u64> = (0..SLOTS).filter(|slot| ![13, 47, 81].contains(&(slot % 100))).collect();
        let checkpoints = on_all_cores(u64::try_from(slots.len()).unwrap(), |place| {
            let slot = slots[usize::try_from(place).unwrap()];
            checkpoint(place + 1, slot, &committees[usize::try_from(slot / 32).unwrap()], &attesters)
        });
        let by_hash = checkpoints.iter().zip(0..).map(|(one, place)| (one.hash, place)).collect();
        Self { attesters, committees, checkpoints, by_hash }
    }

    pub(crate) fn checkpoints(&self) -> usize {
        self.checkpoints.len()
    }

    /// Slots in which one of these proposed, with their blocks, in their order.
    pub(crate) fn proposed_by<'a>(&'a self, own: &'a BTreeSet<Address>) -> impl Iterator<Item = (u64, u64)> + 'a {
        self.checkpoints.iter().filter(|one| own.contains(&one.proposer)).map(|one| (one.slot, one.block))
    }

    pub(crate) fn calldata_bytes(&self) -> usize {
        self.checkpoints.iter().map(|one| one.calldata).sum::<usize>() / self.checkpoints.len()
    }
}

/// The checkpoint of a slot, in one of the slot's first blocks.
fn checkpoint(number: u64, slot: u64, committee: &[u64], attesters: &[Address]) -> Checkpoint {
    let start = CLOCK.slot_start(slot).unwrap();
    let block = block_at(start + 24 + 12 * drawn("block", slot, 4));
    let members: Vec<Address> = committee.iter().map(|member| attesters[usize::try_from(*member).unwrap()]).collect();
    let epoch = slot / 32;
    let turn = proposer(&members, seed(epoch), epoch, slot).unwrap();
    let place = members.iter().position(|member| *member == turn).unwrap();
    let signs = |member: u64| member == committee[place] || drawn("absent", slot * 10_000 + member, 50) != 0;
    let wish = Wish {
        version: ProposeVersion::V4,
        slot,
        coinbase: Address::from_slice(&hash("coinbase", committee[place]).0[12..]),
        committee: committee.iter().map(|member| (MANY + member, signs(*member))).collect(),
        proposer: MANY + committee[place],
    };
    let made = wish.made();
    let call = Call3 { target: ROLLUP, allow_failure: true, call_data: made.call.into() };
    let input = Bytes::from(Aggregate3Call { calls: vec![call] }.encode());
    let hash_of = hash("transaction", number);
    let data = encode(&[
        Token::Array(vec![Token::FixedBytes(hash("blob", number).0.to_vec())]),
        Token::FixedBytes(made.log.payload_digest.0.to_vec()),
        Token::FixedBytes(made.log.attestations_hash.0.to_vec()),
    ]);
    let (block_hash, height) = (hash("block", block), format!("{block:#x}"));
    let log = json!({
        "address": ROLLUP, "topics": [checkpoint_topics()[0], H256::from_low_u64_be(number), made.log.archive],
        "data": Bytes::from(data), "blockNumber": height, "blockHash": block_hash, "transactionHash": hash_of,
        "transactionIndex": "0x2a", "logIndex": "0x7b", "blockTimestamp": format!("{:#x}", time_of(block)), "removed": false,
    });
    let transaction = json!({
        "type": "0x3", "chainId": "0x1", "hash": hash_of, "blockHash": block_hash, "blockNumber": height, "transactionIndex": "0x2a",
        "from": turn, "to": MULTICALL3, "nonce": format!("{slot:#x}"), "value": "0x0", "gas": "0x7a1200", "gasPrice": "0x3b9aca07",
        "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x3b9aca00", "maxFeePerBlobGas": "0x3b9aca00", "accessList": [],
        "blobVersionedHashes": [hash("blob", number)], "r": hash("r", number), "s": hash("s", number), "v": "0x1", "yParity": "0x1",
        "input": input,
    });
    Checkpoint { block, slot, proposer: turn, log, hash: hash_of, transaction, calldata: input.len() }
}

impl Day {
    pub(crate) fn new(made: Arc<Made>, has_hatch: bool) -> Self {
        let last = block_at(GENESIS + SLOTS * 72);
        let newest = AtomicU64::new(FIRST);
        Self { made, has_hatch, newest, blocks: (FIRST..=last).map(|block| (hash("block", block), block)).collect() }
    }

    /// The newest block at that time, which it is from now on, and the newest checkpoint in it.
    pub(crate) fn at(&self, time: u64) -> (BlockRef, Option<u64>) {
        let number = block_at(time);
        self.newest.store(number, Ordering::Relaxed);
        let checkpoints = self.made.checkpoints.partition_point(|one| one.block <= number);
        let head = BlockRef { number, hash: hash("block", number), timestamp: time_of(number) };
        (head, Some(u64::try_from(checkpoints).unwrap()))
    }

    fn header(number: u64) -> Value {
        let transactions: Vec<H256> = (0..TRANSACTIONS).map(|place| hash("other", number * 1_000 + place)).collect();
        json!({
            "number": format!("{number:#x}"), "hash": hash("block", number), "parentHash": hash("block", number.saturating_sub(1)),
            "timestamp": format!("{:#x}", time_of(number)), "transactions": transactions,
            "logsBloom": format!("0x{}", hex::encode((0..8).flat_map(|part| hash("bloom", number * 8 + part).0).collect::<Vec<u8>>())),
        })
    }
}

fn quantity(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

impl Imagined for Day {
    fn answer(&self, method: &str, params: &Value) -> Value {
        match method {
            "eth_chainId" => json!("0x1"),
            "eth_getBlockByNumber" if params[0] == "latest" => Self::header(self.newest.load(Ordering::Relaxed)),
            "eth_getBlockByNumber" => Self::header(quantity(&params[0])),
            "eth_getLogs" => {
                let (from, to) = (quantity(&params[0]["fromBlock"]), quantity(&params[0]["toBlock"]));
                let logs = self.made.checkpoints.iter().filter(|one| (from..=to).contains(&one.block));
                logs.map(|one| one.log.clone()).collect()
            }
            "eth_getTransactionByHash" => {
                let hash: H256 = params[0].as_str().unwrap().parse().unwrap();
                self.made
                    .by_hash
                    .get(&hash)
                    .map_or(Value::Null, |place| self.made.checkpoints[*place].transaction.clone())
            }
            _ => Value::Null,
        }
    }

    fn block(&self, hash: &str) -> Option<(u64, u64)> {
        let number = self.blocks.get(&hash.parse().ok()?)?;
        Some((*number, time_of(*number)))
    }

    fn view(&self, input: &[u8]) -> Option<Vec<u8>> {
        let (selector, argument) = (input.get(..4)?, U256::from_big_endian(input.get(4..36)?).as_u64());
        let word = |value: U256| encode(&[Token::Uint(value)]);
        if *selector == id("getEpochCommittee(uint256)") {
            let members = self.made.committees.get(usize::try_from(argument).ok()?)?.iter();
            let members = members.map(|member| Token::Address(self.made.attesters[usize::try_from(*member).unwrap()]));
            return Some(encode(&[Token::Array(members.collect())]));
        }
        if *selector == id("getSampleSeedAt(uint256)") {
            return Some(word(seed(CLOCK.epoch_at(argument)?)));
        }
        if *selector == id("getEscapeHatchForEpoch(uint256)") && self.has_hatch {
            return Some(word(U256::from(0xe5)));
        }
        let is_open = *selector == id("isHatchOpen(uint256)") && self.has_hatch;
        is_open.then(|| [word(U256::zero()), word(U256::zero())].concat())
    }
}
