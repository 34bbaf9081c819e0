//! Who proposes next, as the contract itself has it: for every slot, without a committee, across a change of the seed, and with
//! liars.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use butler_core::chain::{ProposersReader, ProposersRequest, SnapshotError};
use butler_core::client::error::ErrorKind;
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::domain::block::BlockRef;
use butler_core::domain::proposers::{ComingProposals, own_slots};
use butler_core::domain::rollup::RollupClock;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Status, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie};
use ethers_core::types::{Address, U256};
use serde::Deserialize;
use serde_json::json;

use crate::support;

/// Where the rollup keeps the size of its committees, and both lags behind it: four bytes each, from the lowest.
const SIZES: &str = "0x9bd0cd65f3d2d8103fe75b0f150f04a46bd0e603fd1819b64700ff42b24ee3ac";

struct Bench {
    chain: Chain,
    client: L1Client,
    reader: ProposersReader,
}

impl Bench {
    async fn start() -> Self {
        Self::of(&DevnetSpec::scenario()).await
    }

    async fn of(spec: &DevnetSpec) -> Self {
        let chain = Chain::start(&ensure(spec).unwrap()).await.unwrap();
        let client = support::client(&[support::endpoint("devnet", chain.url())]);
        Self { chain, client, reader: ProposersReader::default() }
    }

    fn rollup(&self) -> Address {
        self.chain.oracle().unwrap().contracts.rollup_address
    }

    fn clock(&self) -> RollupClock {
        support::clock(&self.chain)
    }

    /// Every attester that the devnet knows.
    fn everybody(&self) -> BTreeSet<Address> {
        self.chain.oracle().unwrap().attesters.values().map(|attester| attester.address).collect()
    }

    async fn head(&self, client: &L1Client) -> BlockRef {
        client.head(BlockTag::Latest, &[]).await.unwrap().block
    }

    async fn read(&mut self, own: &BTreeSet<Address>) -> ComingProposals {
        let (head, request) = (self.head(&self.client).await, self.request(own));
        self.reader.read(&self.client, &head, &request).await.unwrap()
    }

    /// What a new reader with these endpoints says.
    async fn ask(&self, client: &L1Client, own: &BTreeSet<Address>) -> Result<ComingProposals, SnapshotError> {
        let head = self.head(client).await;
        ProposersReader::default().read(client, &head, &self.request(own)).await
    }

    fn request<'a>(&self, own: &'a BTreeSet<Address>) -> ProposersRequest<'a> {
        ProposersRequest { rollup: self.rollup(), clock: self.clock(), own }
    }

    fn requests(&self) -> u64 {
        self.client.endpoints()[0].peer().counters().requests.load(Ordering::Relaxed)
    }

    /// `getProposerAt(uint256)` of the rollup.
    async fn proposer_at(&self, slot: u64) -> Address {
        let time = self.clock().slot_start(slot).unwrap();
        let call = json!({ "to": self.rollup(), "data": format!("0xc27f08b5{time:064x}") });
        let answer = self.chain.rpc("eth_call", json!([call, "latest"])).await.unwrap();
        let word: U256 = answer.as_str().unwrap().parse().unwrap();
        let mut bytes = [0; 32];
        word.to_big_endian(&mut bytes);
        Address::from_slice(&bytes[12..])
    }

    /// What the contract says of the slots, with those of our attesters alone.
    async fn told(&self, slots: std::ops::RangeInclusive<u64>, own: &BTreeSet<Address>) -> BTreeMap<u64, Address> {
        let mut told = BTreeMap::new();
        for slot in slots {
            told.insert(slot, self.proposer_at(slot).await);
        }
        told.retain(|_, proposer| own.contains(proposer));
        told
    }

    /// Sets the size of committees, or a lag: the number of four bytes at that place.
    async fn set_size(&self, place: u32, size: u32) {
        let word = self.chain.rpc("eth_getStorageAt", json!([self.rollup(), SIZES, "latest"])).await.unwrap();
        let word: U256 = word.as_str().unwrap().parse().unwrap();
        let shift = 32 * place;
        let changed = (word & !(U256::from(u32::MAX) << shift)) | (U256::from(size) << shift);
        let params = json!([self.rollup(), SIZES, format!("{changed:#066x}")]);
        self.chain.rpc("anvil_setStorageAt", params).await.unwrap();
        self.chain.mine().await.unwrap();
    }

    /// Anybody sets the epoch up, as its first proposal does.
    async fn set_up_epoch(&self) {
        let accounts = self.chain.rpc("eth_accounts", json!([])).await.unwrap();
        let call = json!({ "from": accounts[8], "to": self.rollup(), "data": "0xe3380b79", "gas": "0xb71b00" });
        self.chain.rpc("eth_sendTransaction", json!([call])).await.unwrap();
        self.chain.mine().await.unwrap();
    }

    async fn begin_next_epoch(&self) {
        let (clock, now) = (self.clock(), self.chain.timestamp().await.unwrap());
        let next = clock.epoch_start(clock.epoch_at(now).unwrap() + 1).unwrap();
        self.chain.play(Move::JumpSeconds(next + 12 - now)).await.unwrap();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    contracts: String,
    epoch: u64,
    committee: Vec<Address>,
    seed: U256,
    first_slot: u64,
    /// Places in the committee, of this slot and those after it.
    proposers: Vec<usize>,
}

#[test]
fn the_rule_names_the_proposers_that_contracts_of_three_versions_named() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("fixtures/proposers.json")).unwrap();
    assert_eq!(recorded.iter().map(|one| one.proposers.len()).sum::<usize>(), 9 * 32 + 9);
    for one in &recorded {
        let clock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 32 };
        let all = one.committee.iter().copied().collect();
        let found = own_slots(&one.committee, one.seed, one.epoch, &clock, &all);
        for (slot, place) in (one.first_slot..).zip(&one.proposers) {
            assert_eq!(found.get(&slot), Some(&one.committee[*place]), "slot {slot} of {}", one.contracts);
        }
    }
}

#[tokio::test]
async fn every_coming_slot_has_the_proposer_that_the_contract_names() {
    let mut bench = Bench::start().await;
    let everybody = bench.everybody();
    let ours: BTreeSet<Address> = everybody.iter().copied().step_by(2).collect();
    let slot = bench.chain.slot().await.unwrap();
    let last = (slot / 32 + 2) * 32 - 1;
    let coming = bench.read(&everybody).await;
    assert_eq!((coming.now, coming.last), (slot, last));
    assert_eq!(coming.own.keys().copied().collect::<Vec<_>>(), (slot..=last).collect::<Vec<_>>(), "each has one");
    assert_eq!(coming.own, bench.told(slot..=last, &everybody).await);
    let coming = bench.read(&ours).await;
    assert_eq!(coming.own, bench.told(slot..=last, &ours).await);
    assert!(!coming.own.is_empty() && coming.own.len() < everybody.len() * 32);
    assert_eq!(bench.read(&BTreeSet::new()).await.own, BTreeMap::new());
}

#[tokio::test]
async fn a_committee_of_48_is_read_at_once() {
    let mut bench = Bench::of(&DevnetSpec::large(60)).await;
    bench.set_size(0, 48).await;
    let before = bench.requests();
    let coming = bench.read(&BTreeSet::new()).await;
    assert_eq!((bench.requests() - before, coming.own), (2, BTreeMap::new()), "the head, and one exchange");
    let of_slot = bench.proposer_at(coming.now).await;
    let of_last = bench.proposer_at(coming.last).await;
    let own = bench.read(&BTreeSet::from([of_slot, of_last])).await.own;
    assert_eq!((own.get(&coming.now), own.get(&coming.last)), (Some(&of_slot), Some(&of_last)));
}

#[tokio::test]
async fn the_epoch_at_hand_is_asked_once_and_the_next_one_at_each_block() {
    let mut bench = Bench::start().await;
    let everybody = bench.everybody();
    bench.begin_next_epoch().await;
    let head = bench.head(&bench.client).await;
    let request = bench.request(&everybody);
    let first = bench.reader.read(&bench.client, &head, &request).await.unwrap();
    let before = bench.requests();
    let again = bench.reader.read(&bench.client, &head, &request).await.unwrap();
    assert_eq!((bench.requests() - before, &again), (0, &first), "the same block");
    let nobody = BTreeSet::new();
    let none = bench.reader.read(&bench.client, &head, &bench.request(&nobody)).await.unwrap();
    assert_eq!((bench.requests() - before, none.own), (0, BTreeMap::new()), "for other attesters, too");

    // The seed of the next epoch is not settled before this one is set up.
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.client = support::client(&[support::endpoint("proxy", &proxy.url())]);
    bench.set_up_epoch().await;
    let head = bench.head(&bench.client).await;
    proxy.reset();
    let later = bench.reader.read(&bench.client, &head, &request).await.unwrap();
    let stats = proxy.stats();
    assert_eq!(stats.http_requests, 1);
    let end = first.last - 32;
    let of_epoch = |coming: &ComingProposals, next: bool| {
        let mut of = coming.own.clone();
        of.retain(|slot, _| (*slot > end) == next && *slot >= later.now);
        of
    };
    assert_eq!(of_epoch(&later, false), of_epoch(&first, false), "this epoch stays as it is");
    assert_ne!(of_epoch(&later, true), of_epoch(&first, true), "the next one does not");
    assert_eq!(later.own, bench.told(later.now..=later.last, &everybody).await);
}

#[tokio::test]
async fn where_too_few_attesters_are_left_nobody_proposes() {
    let mut bench = Bench::start().await;
    let everybody = bench.everybody();
    let oracle = bench.chain.oracle().unwrap();
    let active = oracle.attesters.values().filter(|one| one.status == Status::Validating).map(|one| one.address);
    let active: Vec<Address> = active.collect();
    for attester in active.iter().skip(3) {
        bench.chain.play(Move::InitiateWithdraw { attester: *attester }).await.unwrap();
    }
    let (mut seen, mut last) = (Vec::new(), 0);
    for _ in 0..4 {
        let coming = bench.read(&everybody).await;
        let now_ends = (coming.now / 32 + 1) * 32 - 1;
        let has = |next: bool| coming.own.keys().any(|slot| (*slot > now_ends) == next);
        seen.push((has(false), has(true)));
        last = coming.last - now_ends;
        bench.begin_next_epoch().await;
    }
    assert_eq!(last, 32, "that nobody proposes in the next epoch is known");
    // The set that counts is that of two epochs before.
    assert_eq!(seen, [(true, true), (true, true), (true, false), (false, false)]);
}

#[tokio::test]
async fn an_epoch_that_cannot_be_told_yet_is_left_out_and_a_committee_of_nobody_is_none() {
    let mut bench = Bench::start().await;
    let everybody = bench.everybody();
    bench.set_size(2, 0).await;
    let coming = bench.read(&everybody).await;
    assert_eq!(coming.last, (coming.now / 32 + 1) * 32 - 1);
    assert_eq!(coming.own, bench.told(coming.now..=coming.last, &everybody).await);
    bench.set_up_epoch().await;
    let coming = bench.read(&everybody).await;
    assert_eq!(coming.own, bench.told(coming.now..=coming.last, &everybody).await, "this epoch was not fixed either");
    bench.set_size(2, 1).await;
    assert_eq!(bench.read(&everybody).await.last, coming.last + 32);
    bench.begin_next_epoch().await;
    bench.set_size(0, 0).await;
    let coming = bench.read(&everybody).await;
    assert_eq!((coming.own, bench.proposer_at(coming.now).await), (BTreeMap::new(), Address::zero()));
}

#[tokio::test]
async fn a_rollup_that_reverts_for_another_reason_and_a_clock_that_cannot_be_are_errors() {
    let bench = Bench::start().await;
    let everybody = bench.everybody();
    let head = bench.head(&bench.client).await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let client = support::client(&[support::endpoint("proxy", &proxy.url())]);
    for getter in [Getter::EpochCommittee, Getter::SampleSeed] {
        proxy.set(FaultPlan::always(Fault::Lie(Lie::Reverted(getter))));
        let error = bench.ask(&client, &everybody).await.unwrap_err();
        assert!(matches!(error, SnapshotError::Unsupported { .. }), "{error:?}");
    }
    let mut reader = ProposersReader::default();
    let clock = bench.clock();
    for clock in [
        RollupClock { genesis_time: head.timestamp + 1, ..clock },
        RollupClock { slot_seconds: 0, ..clock },
        RollupClock { epoch_slots: 0, ..clock },
        RollupClock { epoch_slots: u64::MAX, ..clock },
        RollupClock { epoch_slots: 5_000, ..clock },
    ] {
        let request = ProposersRequest { clock, ..bench.request(&everybody) };
        let error = reader.read(&bench.client, &head, &request).await.unwrap_err();
        assert!(matches!(error, SnapshotError::Nonsense { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn beside_an_honest_endpoint_no_liar_is_believed_and_what_cannot_be_is_read_elsewhere() {
    let bench = Bench::start().await;
    let everybody = bench.everybody();
    let truth = bench.ask(&bench.client, &everybody).await.unwrap();
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let mut disputed = Vec::new();
    for lie in Lie::OF_PROPOSERS {
        proxy.set(FaultPlan::always(Fault::Lie(lie)));
        for order in [["liar", "honest"], ["honest", "liar"]] {
            let url = |name: &str| if name == "liar" { proxy.url() } else { bench.chain.url().to_owned() };
            let client = support::client(&order.map(|name| support::endpoint(name, &url(name))));
            match bench.ask(&client, &everybody).await {
                Ok(coming) => assert_eq!(coming, truth, "{lie} {order:?}"),
                Err(SnapshotError::Rpc(error)) => {
                    assert_eq!(error.failure.kind(), ErrorKind::Disagrees, "{lie} {order:?}: {error:?}");
                    disputed.push(lie.to_string());
                }
                Err(error) => panic!("{lie} {order:?}: {error:?}"),
            }
        }
    }
    disputed.dedup();
    // Two answers that both can be: nobody knows which is right.
    let both_can_be = [
        "no_committee",
        "reverted_epoch_committee",
        "zero_epoch_committee",
        "word_more_2_of_epoch_committee",
        "one_more_sample_seed",
    ];
    assert_eq!(disputed, both_can_be);
}
