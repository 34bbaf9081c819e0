//! Who may slash attesters of ours, at which rollup and until when; and what a rollup lacks of what is expected of it.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use butler_core::chain::{NetworkSlashingReader, SnapshotReader};
use butler_core::domain::attester::zombie::ZombieCause;
use butler_core::domain::capability::{Capability, DatedSlasher, SlasherChange};
use butler_core::domain::slashing::{Blindness, NetworkSlashing, SlasherRole, SlashingProposer, Stage};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, SlasherPair, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogKind};
use ethers_core::types::Address;
use serde_json::json;

use crate::support;

const DAY: u64 = 86_400;

struct Bench {
    chain: Chain,
    reader: SnapshotReader,
    slashing: NetworkSlashingReader,
}

impl Bench {
    async fn start(is_after_cut_over: bool) -> Self {
        let state = ensure(&DevnetSpec::scenario()).unwrap();
        let state = if is_after_cut_over { state.upgrade() } else { state };
        let mut chain = Chain::start(&state).await.unwrap();
        if is_after_cut_over {
            chain.cut_over(&state).await.unwrap();
        }
        let reader = support::reader(chain.oracle().unwrap(), chain.url());
        Self { chain, reader, slashing: NetworkSlashingReader::default() }
    }

    /// A snapshot, and how many requests it took.
    async fn snapshot(&mut self) -> (NetworkSnapshot, u64) {
        let requests =
            |reader: &SnapshotReader| reader.client().endpoints()[0].peer().counters().requests.load(Ordering::Relaxed);
        let before = requests(&self.reader);
        let request = support::request(self.chain.oracle().unwrap());
        let snapshot = self.reader.read(&request, &|_| ()).await.unwrap();
        (snapshot, requests(&self.reader) - before)
    }

    async fn slashing(&mut self) -> NetworkSlashing {
        let (snapshot, _) = self.snapshot().await;
        self.slashing.read(self.reader.client(), &snapshot.block, &snapshot).await.unwrap()
    }

    fn rollup(&self) -> Address {
        self.chain.oracle().unwrap().contracts.rollup_address
    }
}

fn roles(slashing: &NetworkSlashing) -> Vec<(bool, SlasherRole, Address, Option<Address>)> {
    let one = |(rollup, slasher): (&_, &butler_core::domain::slashing::SlasherFacts)| {
        let rollup: &butler_core::domain::slashing::RollupSlashing = rollup;
        (rollup.is_canonical, slasher.role, slasher.address, slasher.proposer())
    };
    slashing.slashers().map(one).collect()
}

#[tokio::test]
async fn a_rollup_of_4_1_lacks_what_nobody_expects_and_is_asked_once() {
    let mut bench = Bench::start(false).await;
    let (first, cold) = bench.snapshot().await;
    let rollup = &first.rollup;
    assert_eq!((rollup.slasher_change, rollup.attester_exits, &rollup.missing), (None, None, &BTreeSet::new()));
    let (_, warm) = bench.snapshot().await;
    assert!(warm <= cold, "{warm} of {cold}");
    // A zombie of ours costs nothing more.
    let attester = bench.chain.oracle().unwrap().attesters["A0"].address;
    for _ in 0..6 {
        bench.chain.play(Move::Slash { attester, tokens: 2_000 }).await.unwrap();
    }
    let (slashed, with_zombie) = bench.snapshot().await;
    let exit = slashed.attesters[&attester].exit.unwrap();
    let delays = [slashed.rollup.exit_delay_seconds, slashed.withdrawal_delay_seconds.unwrap()];
    let begun = slashed.block.timestamp;
    assert_eq!([exit.exitable_at, exit.unlocks_at.unwrap()], delays.map(|delay| begun + delay));
    assert_eq!(exit.finalizable_at(), Some(begun + delays[0].max(delays[1])));
    assert_eq!(with_zombie, warm);
}

#[tokio::test]
async fn pending_and_legacy_slashers_are_read_with_their_dates_and_the_votes_of_both() {
    let mut bench = Bench::start(true).await;
    let rollup = bench.rollup();
    let first = bench.chain.slashers(rollup).await.unwrap();
    let former = bench.chain.oracle().unwrap().upgrade.as_ref().unwrap().former.address;
    let old = bench.chain.slashers(former).await.unwrap();
    let (snapshot, _) = bench.snapshot().await;
    assert_eq!(snapshot.rollup.slasher_change, Some(SlasherChange::default()));
    let told = roles(&bench.slashing().await);
    let of = |is_canonical, role, pair: SlasherPair| (is_canonical, role, pair.slasher, Some(pair.proposer));
    assert_eq!(told, [of(true, SlasherRole::Current, first), of(false, SlasherRole::Current, old)], "A8 is there");

    let second = bench.chain.another_slasher(rollup).await.unwrap();
    bench.chain.queue_slasher(second.slasher).await.unwrap();
    let queued = bench.chain.timestamp().await.unwrap();
    let (snapshot, _) = bench.snapshot().await;
    let pending = DatedSlasher { slasher: second.slasher, at: queued + 60 * DAY };
    assert_eq!(snapshot.rollup.slasher_change, Some(SlasherChange { pending: Some(pending), legacy: None }));
    let told = roles(&bench.slashing().await);
    assert_eq!(told[..2], [of(true, SlasherRole::Current, first), of(true, SlasherRole::Pending, second)]);

    bench.chain.play(Move::JumpSeconds(60 * DAY)).await.unwrap();
    bench.chain.finalize_slasher().await.unwrap();
    let until = bench.chain.timestamp().await.unwrap() + 30 * DAY;
    let votes = vec![0x55; 4];
    for _ in 0..3 {
        bench.chain.vote_with(first.proposer, votes.clone()).await.unwrap();
    }
    bench.chain.vote_with(second.proposer, votes).await.unwrap();
    let slashing = bench.slashing().await;
    let told = roles(&slashing);
    assert_eq!(told[..2], [of(true, SlasherRole::Current, second), of(true, SlasherRole::Legacy, first)]);
    let legacy = &slashing.rollups[0].slashers[1];
    assert_eq!((legacy.at, legacy.facts.ends_at), (Some(until), Some(until)));
    let counts = [0, 1].map(|index| {
        let slasher = &slashing.rollups[0].slashers[index];
        let most = slasher.standings(&slashing.rollups[0]).unwrap().values().map(|standing| standing.votes).max();
        (slasher.facts.proposer.tally().unwrap().current_votes, most)
    });
    assert_eq!(counts, [(1, Some(1)), (3, Some(3))]);
    let together = slashing.standings().unwrap();
    assert!(together.values().all(|standing| (standing.stage, standing.votes) == (Stage::Voted, 3)), "{together:?}");

    // Its time over, the one before is nobody any more.
    let now = bench.chain.timestamp().await.unwrap();
    bench.chain.play(Move::JumpSeconds(until - now)).await.unwrap();
    assert!(roles(&bench.slashing().await).iter().any(|one| one.1 == SlasherRole::Legacy), "in its last second");
    bench.chain.play(Move::JumpSeconds(12)).await.unwrap();
    assert!(roles(&bench.slashing().await).iter().all(|one| one.1 == SlasherRole::Current));
}

#[tokio::test]
async fn a_pending_slasher_whose_votes_will_not_be_seen_is_told_before_it_is_installed() {
    let mut bench = Bench::start(true).await;
    let stranger = bench.chain.oracle().unwrap().contracts.staking_registry_address;
    bench.chain.queue_slasher(stranger).await.unwrap();
    let slashing = bench.slashing().await;
    assert_eq!(slashing.rollups[0].slashers[1].facts.proposer, SlashingProposer::Unreadable(Blindness::NoProposer));
    assert_eq!(slashing.blindness(), BTreeSet::from([Blindness::NoProposer]));
}

/// Code that answers this getter with zero, and all else as the contract at that address would in its place.
fn zero_to(signature: &str, behind: Address) -> String {
    let selector = ethers_core::utils::hex::encode(ethers_core::utils::id(signature));
    let begin = format!("60003560e01c63{selector}146045573660006000376000600036600073{behind:x}");
    format!("0x{begin}5af43d600060003e6040573d6000fd5b3d6000f35b60206000f3")
}

#[tokio::test]
async fn one_slasher_whose_votes_cannot_be_read_hides_nobody_elses() {
    let mut bench = Bench::start(true).await;
    let former = bench.chain.oracle().unwrap().upgrade.as_ref().unwrap().former.address;
    let old = bench.chain.slashers(former).await.unwrap();
    let code = bench.chain.rpc("eth_getCode", json!([old.proposer, "latest"])).await.unwrap();
    let (copy, nowhere) = (Address::repeat_byte(0x71), Address::repeat_byte(0x72));
    bench.chain.rpc("anvil_setCode", json!([copy, code])).await.unwrap();
    bench.chain.rpc("anvil_setCode", json!([old.proposer, zero_to("QUORUM()", copy)])).await.unwrap();
    bench.chain.queue_slasher(nowhere).await.unwrap();
    // No code, code that answers nothing, and code that burns all gas.
    for code in ["0x", "0x00", "0xfe", "0x5b600056"] {
        bench.chain.rpc("anvil_setCode", json!([nowhere, code])).await.unwrap();
        bench.chain.mine().await.unwrap();
        let slashing = bench.slashing().await;
        let told = |index: usize, slasher: usize| &slashing.rollups[index].slashers[slasher].facts.proposer;
        assert!(told(0, 0).tally().is_some(), "{code}");
        assert_eq!(told(0, 1), &SlashingProposer::Unreadable(Blindness::NoProposer), "{code}");
        assert_eq!(told(1, 0), &SlashingProposer::Unreadable(Blindness::Nonsense), "{code}");
    }
    // A transport that fails is still an error, and says nothing of any slasher.
    let (snapshot, _) = bench.snapshot().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Close));
    let gone = support::reader(bench.chain.oracle().unwrap(), &proxy.url());
    assert!(bench.slashing.read(gone.client(), &snapshot.block, &snapshot).await.is_err());
}

#[tokio::test]
async fn half_of_what_belongs_together_is_told_to_be_missing() {
    use Capability::{ExitLimit, ExitWindow, LegacySlasher, PendingSlasher, SlasherChange as Change};
    let bench = Bench::start(true).await;
    let (oracle, rollup) = (bench.chain.oracle().unwrap(), bench.rollup());
    let code = bench.chain.rpc("eth_getCode", json!([rollup, "latest"])).await.unwrap();
    let (pending, legacy, window, limit) = ("76d0fc70", "f0b724c0", "aa8898e8", "4e1e6adf");
    let cases: [(&[&str], &[Capability]); 7] = [
        (&[], &[]),
        (&[pending], &[PendingSlasher]),
        (&[legacy], &[LegacySlasher]),
        (&[window], &[ExitWindow, ExitLimit]),
        (&[limit], &[ExitLimit]),
        // The stand-in is none of 4.x, so it is known to be of a version that should have them.
        (&[pending, legacy], &[Change]),
        (&[pending, legacy, window, limit], &[Change]),
    ];
    for (gone, missing) in cases {
        // The stand-in answers to the selectors that its code has.
        let code = gone.iter().fold(code.as_str().unwrap().to_owned(), |code, gone| code.replace(gone, "deadbeef"));
        bench.chain.rpc("anvil_setCode", json!([rollup, code])).await.unwrap();
        bench.chain.mine().await.unwrap();
        let mut reader = support::reader(oracle, bench.chain.url());
        for how in ["at first", "as it is remembered"] {
            let snapshot = reader.read(&support::request(oracle), &|_| ()).await.unwrap();
            let told: Vec<Capability> = snapshot.rollup.missing.into_iter().collect();
            assert_eq!(told, missing, "{gone:?}, {how}");
        }
    }
}

#[tokio::test]
async fn a_zombie_of_which_the_amount_does_not_tell_is_told_by_its_event() {
    let mut bench = Bench::start(true).await;
    let [own, slashed] = ["A1", "A2"].map(|name| bench.chain.oracle().unwrap().attesters[name].address);
    // Slashed a little, it leaves by itself, and is slashed once more.
    bench.chain.play(Move::Slash { attester: own, tokens: 2_000 }).await.unwrap();
    bench.chain.exit_by_attester(own).await.unwrap();
    bench.chain.play(Move::Slash { attester: own, tokens: 2_000 }).await.unwrap();
    for _ in 0..6 {
        bench.chain.play(Move::Slash { attester: slashed, tokens: 2_000 }).await.unwrap();
    }
    let (snapshot, first) = bench.snapshot().await;
    assert_eq!(snapshot.zombie_cause(own), Some(ZombieCause::OwnExit));
    assert_eq!(snapshot.zombie_cause(slashed), Some(ZombieCause::SlashedOut));
    let (again, warm) = bench.snapshot().await;
    assert_eq!(again.zombie_causes, snapshot.zombie_causes);
    assert!(warm < first, "{warm} of {first}: what was told is kept");

    // Who hides one of them is not believed that there is none.
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::OwnExits))));
    let oracle = bench.chain.oracle().unwrap();
    for (count, expected) in [(1, ZombieCause::Unclear), (2, ZombieCause::Unclear), (3, ZombieCause::OwnExit)] {
        let urls = [proxy.url(), bench.chain.url().to_owned(), bench.chain.url().to_owned()];
        let endpoints: Vec<_> =
            urls.iter().take(count).enumerate().map(|(n, url)| support::endpoint(&format!("e{n}"), url)).collect();
        let mut reader = support::reader_at(oracle, &endpoints);
        let snapshot = reader.read(&support::request(oracle), &|_| ()).await.unwrap();
        assert_eq!(snapshot.zombie_cause(own), Some(expected), "1 of {count}");
        assert_eq!(snapshot.zombie_cause(slashed), Some(ZombieCause::SlashedOut), "1 of {count}");
    }
}

#[tokio::test]
async fn a_slash_out_that_is_first_seen_late_is_told_by_the_slash_that_made_it() {
    let mut bench = Bench::start(true).await;
    let slashed = bench.chain.oracle().unwrap().attesters["A2"].address;
    for _ in 0..6 {
        bench.chain.play(Move::Slash { attester: slashed, tokens: 2_000 }).await.unwrap();
    }
    // So long that all of its slashes may have been in that time.
    bench.chain.play(Move::JumpSeconds(86_400)).await.unwrap();
    let (snapshot, _) = bench.snapshot().await;
    assert_eq!(snapshot.zombie_cause(slashed), Some(ZombieCause::SlashedOut));
}
