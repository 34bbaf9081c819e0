//! Endpoints that lie, in every way that the test kit knows: one of three changes nothing; one of two gives the truth,
//! perhaps of an older block, or an error; one alone too. Afterwards, with honest endpoints and the same ledger, the truth.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::path::Path;

use butler_core::client::endpoint::EndpointSettings;
use butler_core::client::l1::BlockTag;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::snapshot::{LedgerCache, SnapshotError, SnapshotReader, SnapshotRequest};
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie};

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
        for _ in 0..30 {
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
        SnapshotReader::new(support::client(&self.endpoints(count)), cache)
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
    async fn read_with_liar(&self, lie: Lie, count: usize) -> Vec<Result<NetworkSnapshot, SnapshotError>> {
        let ledger = self.folder.path().join(format!("{lie}-{count}.json"));
        self.liar.set(FaultPlan::always(Fault::Lie(lie)));
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
    async fn read_afterwards(&self, lie: Lie, count: usize) -> NetworkSnapshot {
        let ledger = self.folder.path().join(format!("{lie}-{count}.json"));
        self.reader(count, &ledger).read(&self.request(), &|_| ()).await.unwrap()
    }
}

async fn proxy(chain: &Chain) -> FaultProxy {
    FaultProxy::start(chain.url()).await.unwrap()
}

#[tokio::test]
async fn one_liar_of_three_changes_nothing() {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    let mut wrong = Vec::new();
    for lie in Lie::ALL {
        for result in setting.read_with_liar(lie, 3).await {
            match result {
                Ok(snapshot) if snapshot == truth => {}
                Ok(snapshot) => wrong.push(format!("{lie}: another snapshot, of block {}", snapshot.block.number)),
                Err(error) => wrong.push(format!("{lie}: {error:?}")),
            }
        }
        if setting.read_afterwards(lie, 3).await != truth {
            wrong.push(format!("{lie}: afterwards another snapshot"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn truth_or_error(count: usize) {
    let setting = Setting::start().await;
    let truth = setting.truth().await;
    let mut wrong = Vec::new();
    for lie in Lie::ALL {
        for result in setting.read_with_liar(lie, count).await {
            match result {
                Ok(snapshot) => {
                    let number = snapshot.block.number.min(truth.block.number);
                    let mut expected = setting.truth_at(number).await;
                    let told = snapshot.block;
                    expected.block = told;
                    if snapshot != expected {
                        wrong.push(format!("{lie}: not the truth of block {}", told.number));
                    }
                }
                Err(error) => println!("{count}: {lie}: {error:?}"),
            }
        }
        if setting.read_afterwards(lie, count).await != truth {
            wrong.push(format!("{lie}: afterwards another snapshot"));
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
