//! Endpoints that lie, in every way that the test kit knows: one of three changes nothing; one of two gives the truth,
//! perhaps of an older block, or an error; one alone too. Afterwards, with honest endpoints and the same ledger, the truth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use butler_core::chain::{LedgerCache, SnapshotError, SnapshotReader, SnapshotRequest};
use butler_core::client::endpoint::EndpointSettings;
use butler_core::client::error::ErrorKind;
use butler_core::client::l1::{BlockTag, L1Client, Policy};
use butler_core::domain::attester::delegation::Delegation;
use butler_core::domain::attester::overview::{AttesterRow, overview};
use butler_core::domain::attester::position::Position;
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, ForgedCoinbase, Getter, Lie, SplitEvent, When};

use crate::support;
use crate::trials::side_by_side;

struct Setting {
    chain: Chain,
    oracle: Oracle,
    liar: FaultProxy,
    others: [FaultProxy; 2],
    folder: tempfile::TempDir,
}

impl Setting {
    async fn start() -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let oracle = chain.oracle().unwrap().clone();
        // State of the blocks before the head, events near it, and more blocks than any limit.
        chain.play(Move::Stake { provider: 1 }).await.unwrap();
        chain.play(Move::Drip { provider: 1, count: 1 }).await.unwrap();
        for _ in 0..8 {
            chain.mine().await.unwrap();
        }
        let [liar, one, two] = [proxy(&chain).await, proxy(&chain).await, proxy(&chain).await];
        Self { chain, oracle, liar, others: [one, two], folder: tempfile::tempdir().unwrap() }
    }

    /// `liar` stands first, as the endpoint that would be asked first.
    fn endpoints(&self, liar: &FaultProxy, count: usize) -> Vec<EndpointSettings> {
        let urls = [liar, &self.others[0], &self.others[1]].map(FaultProxy::url);
        ["liar", "one", "two"].iter().zip(&urls).take(count).map(|(name, url)| support::endpoint(name, url)).collect()
    }

    fn reader(&self, liar: &FaultProxy, count: usize, ledger: &Path) -> SnapshotReader {
        let cache = LedgerCache::load(ledger, support::key(&self.oracle));
        // Alone there is nobody else to ask, and asking a liar again takes time.
        let policy = Policy { rounds: if count == 1 { 1 } else { 3 }, patience: Duration::from_secs(5) };
        SnapshotReader::new(L1Client::new(31337, &self.endpoints(liar, count), policy).unwrap(), cache)
    }

    fn request(&self) -> SnapshotRequest {
        support::request(&self.oracle)
    }

    async fn truth(&self) -> NetworkSnapshot {
        support::reader(&self.oracle, self.chain.url()).read(&self.request(), &|_| ()).await.unwrap()
    }

    /// What the chain says at the block of this snapshot.
    async fn truth_at(&self, number: u64) -> NetworkSnapshot {
        let request = SnapshotRequest { at: BlockTag::Number(number), ..self.request() };
        support::reader(&self.oracle, self.chain.url()).read(&request, &|_| ()).await.unwrap()
    }

    /// Reads twice while the first of so many endpoints lies, and once more when it is honest, with the ledger that is left.
    async fn read_with_liar(&self, lies: &[Lie], count: usize) -> Readings {
        let ledger = self.ledger(&format!("{}-{count}", name(lies)));
        let plan = lies.iter().fold(FaultPlan::none(), |plan, lie| plan.with(Fault::Lie(*lie), When::Always));
        let liar = proxy(&self.chain).await;
        liar.set(plan);
        let mut reader = self.reader(&liar, count, &ledger);
        let mut lied_to = Vec::new();
        for _ in 0..2 {
            lied_to.push(reader.read(&self.request(), &|_| ()).await);
        }
        reader.save_ledger().unwrap();
        liar.set(FaultPlan::none());
        let afterwards = self.reader(&liar, count, &ledger).read(&self.request(), &|_| ()).await.unwrap();
        Readings { lied_to, afterwards }
    }

    fn ledger(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.json"))
    }
}

/// What was read of a liar.
struct Readings {
    lied_to: Vec<Result<NetworkSnapshot, SnapshotError>>,
    afterwards: NetworkSnapshot,
}

/// Every lie alone, and some that go together.
fn lies() -> Vec<Vec<Lie>> {
    let mut lies: Vec<_> = Lie::ALL.into_iter().map(|lie| vec![lie]).collect();
    lies.push(vec![Lie::Staker]);
    let forged = Lie::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Forged);
    lies.push(vec![forged, Lie::HeadAhead(3)]);
    lies.push(vec![Lie::DripAsStake, Lie::HeadNumberAhead(4)]);
    lies.push(vec![Lie::EmptyLogs, Lie::HeadAhead(1_000)]);
    lies.push(vec![Lie::EmptyLogs, Lie::FinalityAtGenesis, Lie::AllReverted]);
    lies
}

fn name(lies: &[Lie]) -> String {
    lies.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
}

async fn proxy(chain: &Chain) -> FaultProxy {
    FaultProxy::start(chain.url()).await.unwrap()
}

#[tokio::test]
async fn one_liar_of_three_changes_nothing() {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    let wrong = side_by_side(lies(), async |lies| {
        let (name, mut wrong) = (name(&lies), Vec::new());
        let readings = setting.read_with_liar(&lies, 3).await;
        for result in readings.lied_to {
            match result {
                Ok(snapshot) if snapshot == truth => {}
                Ok(snapshot) => wrong.push(format!("{name}: another snapshot, of block {}", snapshot.block.number)),
                Err(error) => wrong.push(format!("{name}: {error:?}")),
            }
        }
        if readings.afterwards != truth {
            wrong.push(format!("{name}: afterwards another snapshot"));
        }
        wrong
    });
    let wrong = wrong.await.concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a snapshot tells nothing but the truth: what it does not know it calls unconfirmed.
fn tells_no_lie(told: &NetworkSnapshot, truth: &NetworkSnapshot, count: usize) -> Result<(), String> {
    let mut told_facts = told.clone();
    // These come from logs alone; what is said of them is compared below.
    told_facts.delegations.clone_from(&truth.delegations);
    told_facts.splits.clone_from(&truth.splits);
    told_facts.dripped.clone_from(&truth.dripped);
    told_facts.winners.clone_from(&truth.winners);
    told_facts.unconfirmed = None;
    told_facts.pending_rewards.retain(|coinbase, _| truth.pending_rewards.contains_key(coinbase));
    let mut truth_facts = truth.clone();
    // The escrow is asked about deposits of those that are delegated.
    for deposit in told_facts.entry_queue.iter_mut().chain(&mut truth_facts.entry_queue) {
        deposit.escrow = None;
    }
    truth_facts.pending_rewards.retain(|coinbase, _| told.pending_rewards.contains_key(coinbase));
    // Of one endpoint alone nobody can say whether its rollup has this figure, and that it is missed is told.
    if count == 1 && told.rollup.local_ejection_threshold.is_none() {
        truth_facts.rollup.local_ejection_threshold = None;
        truth_facts.rollup.missing = truth_facts.rollup.untold();
    }
    // What two endpoints do not agree on is not said of a deposit that waits, and nothing of one whose delegation is not known.
    for (told, truth) in told_facts.entry_queue.iter_mut().zip(&truth_facts.entry_queue) {
        match (&mut told.escrow, truth.escrow) {
            (Some(told), Some(truth)) if told.proof.is_none() => told.proof = truth.proof,
            (told @ None, truth) => *told = truth,
            (Some(_), Some(_) | None) => {}
        }
    }
    if told_facts != truth_facts {
        return Err("other facts".to_owned());
    }
    let (told, truth) = (rows(told), rows(truth));
    for (attester, row) in &truth {
        let said = &told[attester];
        let is_true = said.coinbase_expected.is_none() || said.coinbase_expected == row.coinbase_expected;
        let needs_one = matches!(row.position, Position::EntryQueue | Position::Validating);
        let is_silent = said.coinbase_expected.is_none() && said.coinbase_doubt.is_none();
        if !is_true || needs_one && is_silent && row.coinbase_expected.is_some() {
            return Err(format!("{attester:?} must have {:?} ({:?})", said.coinbase_expected, said.coinbase_doubt));
        }
    }
    Ok(())
}

fn rows(snapshot: &NetworkSnapshot) -> BTreeMap<ethers_core::types::Address, AttesterRow> {
    let rows = overview(snapshot, &KeyBook::default(), &BTreeMap::new(), Duration::from_secs(3_600));
    rows.into_iter().map(|row| (row.attester, row)).collect()
}

/// The kinds of errors that say what the liar did.
fn names_the_lie(error: &SnapshotError) -> bool {
    match error {
        SnapshotError::Rpc(error) => matches!(
            error.failure.kind(),
            ErrorKind::Incomplete
                | ErrorKind::Malformed
                | ErrorKind::WrongBlock
                | ErrorKind::WrongChain
                | ErrorKind::Disagrees
                | ErrorKind::Contradicted
                | ErrorKind::BlockUnknown
                | ErrorKind::StateUnavailable
        ),
        SnapshotError::Preset { source, .. } => names_the_lie(source),
        SnapshotError::Unsupported { .. }
        | SnapshotError::NoContract { .. }
        | SnapshotError::Nonsense { .. }
        | SnapshotError::ForeignRegistry { .. } => true,
        SnapshotError::Ledger(_)
        | SnapshotError::UnknownProvider(_)
        | SnapshotError::UnknownAdmin(_)
        | SnapshotError::Reorganised { .. } => false,
    }
}

/// Whether a lie is one that nothing contradicts but another endpoint: a figure of which the chain tells nothing else.
fn is_plausible(lie: &Lie) -> bool {
    matches!(
        lie,
        Lie::Staker
            | Lie::Forged(_)
            | Lie::WordMore(..)
            | Lie::Reverted(Getter::Configuration)
            | Lie::OneMore(
                Getter::EntryQueueAt
                    | Getter::SequencerRewards
                    | Getter::EthBalance
                    | Getter::Governance
                    | Getter::RollupVersion
                    | Getter::VersionCount
            )
    )
}

async fn truth_or_error(count: usize) {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    let lies = lies().into_iter().filter(|lies| count > 1 || !lies.iter().any(is_plausible));
    let wrong = side_by_side(lies, async |lies| {
        let (name, mut wrong) = (name(&lies), Vec::new());
        let readings = setting.read_with_liar(&lies, count).await;
        for result in readings.lied_to {
            match result {
                Ok(snapshot) => {
                    let number = snapshot.block.number.min(truth.block.number);
                    let expected = NetworkSnapshot { block: snapshot.block, ..setting.truth_at(number).await };
                    if let Err(problem) = tells_no_lie(&snapshot, &expected, count) {
                        wrong.push(format!("{name}: at block {}: {problem}", snapshot.block.number));
                    }
                }
                Err(error) if names_the_lie(&error) => {}
                Err(error) => wrong.push(format!("{name}: {error:?}")),
            }
        }
        if readings.afterwards != truth {
            wrong.push(format!("{name}: afterwards another snapshot"));
        }
        wrong
    });
    let wrong = wrong.await.concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn one_liar_of_two_gives_the_truth_or_an_error() {
    truth_or_error(2).await;
}

#[tokio::test]
async fn while_two_endpoints_dispute_whether_a_key_was_delegated_no_reading_takes_either_for_a_fact() {
    let setting = Setting::start().await;
    for lie in [Lie::StakeAsDrip, Lie::DripAsStake] {
        setting.liar.set(FaultPlan::always(Fault::Lie(lie)));
        let mut reader = setting.reader(&setting.liar, 2, &setting.ledger(&lie.to_string()));
        // A daemon reads again and again, and must not forget that it is undecided.
        for reading in 1..=3 {
            let error = reader.read(&setting.request(), &|_| ()).await.unwrap_err();
            let SnapshotError::Rpc(error) = error else { panic!("{lie}, reading {reading}: {error}") };
            assert_eq!(error.failure.kind(), ErrorKind::Disagrees, "{lie}, reading {reading}");
        }
        setting.liar.set(FaultPlan::none());
        assert!(reader.read(&setting.request(), &|_| ()).await.unwrap() == setting.truth().await, "{lie}");
    }
}

#[tokio::test]
async fn a_liar_alone_gives_the_truth_or_an_error() {
    truth_or_error(1).await;
}

/// Snapshots while blocks come in between any two requests and one of three endpoints is two blocks late.
async fn read_on_a_moving_chain(runs: u64) {
    let setting = Setting::start().await;
    let chain = Arc::new(setting.chain);
    let hook = {
        let chain = Arc::clone(&chain);
        Fault::before_each(move || {
            let chain = Arc::clone(&chain);
            async move { chain.mine().await.unwrap() }
        })
    };
    setting.liar.set(FaultPlan::always(Fault::Lie(Lie::HeadBehind(2))));
    setting.others[0].set(FaultPlan::always(hook));
    let urls = [&setting.others[0], &setting.liar, &setting.others[1]].map(FaultProxy::url);
    let request = support::request(&setting.oracle);
    for count in 1..=3 {
        let endpoints: Vec<_> = urls.iter().take(count).map(|url| support::endpoint("honest", url)).collect();
        let mut reader = support::reader_at(&setting.oracle, &endpoints);
        let first = reader.read(&request, &|_| ()).await.unwrap();
        for run in 0..runs {
            let snapshot = reader.read(&request, &|_| ()).await;
            let snapshot = snapshot.unwrap_or_else(|error| panic!("run {run} with {count}: {error:?}"));
            assert!(snapshot.block.number > first.block.number, "run {run} with {count}");
            assert_eq!(snapshot.delegations, first.delegations);
            assert_eq!(snapshot.splits, first.splits);
        }
    }
}

#[tokio::test]
async fn snapshots_of_honest_endpoints_never_fail_on_a_moving_chain() {
    read_on_a_moving_chain(15).await;
}

#[tokio::test]
#[ignore = "takes minutes: the long form of the test before it"]
async fn snapshots_of_honest_endpoints_never_fail_on_a_moving_chain_in_a_thousand_runs() {
    read_on_a_moving_chain(334).await;
}

#[tokio::test]
async fn a_liar_that_serves_a_dropped_branch_gives_no_torn_snapshot() {
    let setting = Setting::start().await;
    let chain = Arc::new(setting.chain);
    for (depth, count, at) in (1..=3).flat_map(|count| (1..=4).flat_map(move |at| [(1, count, at), (2, count, at)])) {
        // The queue may be empty by now: then another block is dropped.
        let _ = chain.play(Move::Stake { provider: 1 }).await;
        chain.mine().await.unwrap();
        let before = alone(&setting.oracle, &chain).read(&support::request(&setting.oracle), &|_| ()).await.unwrap();
        let requests = Arc::new(AtomicU64::new(0));
        let hook = {
            let chain = Arc::clone(&chain);
            Fault::before_each(move || {
                let (chain, requests) = (Arc::clone(&chain), Arc::clone(&requests));
                async move {
                    // The head was told; all that is read at it comes from the other branch.
                    if requests.fetch_add(1, Ordering::Relaxed) == at {
                        chain.play(Move::Reorg { depth }).await.unwrap();
                    }
                }
            })
        };
        let liar = FaultPlan::always(hook).with(Fault::Lie(Lie::DroppedBranch), When::Always);
        setting.liar.set(liar);
        let urls = [&setting.liar, &setting.others[0], &setting.others[1]].map(FaultProxy::url);
        let named = urls.iter().zip(["e0", "e1", "e2"]).take(count);
        let endpoints: Vec<_> = named.map(|(url, name)| support::endpoint(name, url)).collect();
        let mut reader = support::reader_at(&setting.oracle, &endpoints);
        let request = support::request(&setting.oracle);
        let result = reader.read(&request, &|_| ()).await;
        setting.liar.set(FaultPlan::none());
        let Ok(snapshot) = result else { continue };
        let message = format!("depth {depth} at request {at} with {count} endpoints");
        let number = snapshot.block.number;
        let honest = support::client(&[support::endpoint("truth", chain.url())]);
        if snapshot.block == honest.head(BlockTag::Number(number), &[]).await.unwrap().block {
            let request = SnapshotRequest { at: BlockTag::Number(number), ..request };
            let truth = alone(&setting.oracle, &chain).read(&request, &|_| ()).await.unwrap();
            // Whoever has the other branch confirms nothing of this one.
            let told = if snapshot.unconfirmed.is_some() { tells_no_lie(&snapshot, &truth, count) } else { Ok(()) };
            assert!(told.is_ok() && (snapshot == truth || snapshot.unconfirmed.is_some()), "{message}: {told:?}");
        } else {
            // It was read before the branch was dropped, as a whole.
            assert_eq!(snapshot.block, before.block, "{message}");
            // What only the liar still has is not confirmed.
            let logs = |told: &NetworkSnapshot| -> Vec<Delegation> {
                told.delegations.iter().map(|known| Delegation { split: None, ..*known }).collect()
            };
            assert_eq!(logs(&snapshot), logs(&before), "{message}");
        }
    }
}

fn alone(oracle: &Oracle, chain: &Chain) -> SnapshotReader {
    support::reader(oracle, chain.url())
}
