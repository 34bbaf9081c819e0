//! Endpoints that lie, in every way that the test kit knows: one of three changes nothing; one of two gives the truth,
//! perhaps of an older block, or an error; one alone too. Afterwards, with honest endpoints and the same ledger, the truth.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use butler_core::client::endpoint::EndpointSettings;
use butler_core::client::error::ErrorKind;
use butler_core::client::l1::{BlockTag, L1Client, Policy};
use butler_core::domain::key_book::KeyBook;
use butler_core::domain::overview::{AttesterRow, overview};
use butler_core::domain::position::Position;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::snapshot::{LedgerCache, SnapshotError, SnapshotReader, SnapshotRequest};
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, ForgedCoinbase, Lie, SplitEvent, When};

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

    /// The liar stands first, as the endpoint that would be asked first.
    fn endpoints(&self, count: usize) -> Vec<EndpointSettings> {
        let urls = [&self.liar, &self.others[0], &self.others[1]].map(FaultProxy::url);
        ["liar", "one", "two"].iter().zip(&urls).take(count).map(|(name, url)| support::endpoint(name, url)).collect()
    }

    fn reader(&self, count: usize, ledger: &Path) -> SnapshotReader {
        let cache = LedgerCache::load(ledger, support::key(&self.oracle));
        // Alone there is nobody else to ask, and asking a liar again takes time.
        let policy = Policy { rounds: if count == 1 { 1 } else { 3 }, patience: Duration::from_secs(5) };
        SnapshotReader::new(L1Client::new(31337, &self.endpoints(count), policy).unwrap(), cache)
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

    /// Reads twice while the endpoint lies, keeps the ledger, and reads with an honest one.
    async fn read_with_liar(&self, lies: &[Lie], count: usize) -> Vec<Result<NetworkSnapshot, SnapshotError>> {
        let ledger = self.folder.path().join(format!("{}-{count}.json", name(lies)));
        let plan = lies.iter().fold(FaultPlan::none(), |plan, lie| plan.with(Fault::Lie(*lie), When::Always));
        self.liar.set(plan);
        let mut reader = self.reader(count, &ledger);
        let mut results = Vec::new();
        for _ in 0..2 {
            results.push(reader.read(&self.request(), &|_| ()).await);
        }
        reader.save_ledger().unwrap();
        self.liar.set(FaultPlan::none());
        results
    }

    /// What honest endpoints give with the ledger that the liar left behind.
    async fn read_afterwards(&self, lies: &[Lie], count: usize) -> NetworkSnapshot {
        let ledger = self.folder.path().join(format!("{}-{count}.json", name(lies)));
        self.reader(count, &ledger).read(&self.request(), &|_| ()).await.unwrap()
    }
}

/// Every lie alone, and some that go together.
fn lies() -> Vec<Vec<Lie>> {
    let mut lies: Vec<_> = Lie::ALL.into_iter().map(|lie| vec![lie]).collect();
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
    let mut wrong = Vec::new();
    for lies in lies() {
        let lies = lies.as_slice();
        let name = name(lies);
        for result in setting.read_with_liar(lies, 3).await {
            match result {
                Ok(snapshot) if snapshot == truth => {}
                Ok(snapshot) => wrong.push(format!("{name}: another snapshot, of block {}", snapshot.block.number)),
                Err(error) => wrong.push(format!("{name}: {error:?}")),
            }
        }
        if setting.read_afterwards(lies, 3).await != truth {
            wrong.push(format!("{name}: afterwards another snapshot"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a snapshot tells nothing but the truth: what it does not know it calls unconfirmed.
fn tells_no_lie(told: &NetworkSnapshot, truth: &NetworkSnapshot, count: usize) -> Result<(), String> {
    let mut told_facts = told.clone();
    // These come from logs alone; what is said of them is compared below.
    told_facts.delegations.clone_from(&truth.delegations);
    told_facts.splits.clone_from(&truth.splits);
    told_facts.dripped.clone_from(&truth.dripped);
    told_facts.pending_rewards.retain(|coinbase, _| truth.pending_rewards.contains_key(coinbase));
    let mut truth_facts = truth.clone();
    truth_facts.pending_rewards.retain(|coinbase, _| told.pending_rewards.contains_key(coinbase));
    // Of one endpoint alone nobody can say whether its rollup has this figure.
    if count == 1 && told.rollup.local_ejection_threshold.is_none() {
        truth_facts.rollup.local_ejection_threshold = None;
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
        SnapshotError::Unsupported { .. } | SnapshotError::NoContract { .. } | SnapshotError::Nonsense { .. } => true,
        SnapshotError::Ledger(_)
        | SnapshotError::UnknownProvider(_)
        | SnapshotError::UnknownAdmin(_)
        | SnapshotError::Restless { .. } => false,
    }
}

async fn truth_or_error(count: usize) {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    let mut wrong = Vec::new();
    for lies in lies() {
        let lies = lies.as_slice();
        let name = name(lies);
        for result in setting.read_with_liar(lies, count).await {
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
        if setting.read_afterwards(lies, count).await != truth {
            wrong.push(format!("{name}: afterwards another snapshot"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn one_liar_of_two_gives_the_truth_or_an_error() {
    truth_or_error(2).await;
}

#[tokio::test]
async fn a_liar_alone_gives_the_truth_or_an_error() {
    truth_or_error(1).await;
}
