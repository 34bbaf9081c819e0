//! The executor against a real folder, a node that loads it, and a journal whose clock the test sets.

mod loads;

use std::fs::rename;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use butler_core::config::{Config, ConfigFile, Sources};
use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Goal, Part, Policy, Priority, Schema,
};
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_core::store::file::save_atomic;
use butler_testkit::keystore_node::{Answer, Effect, KeystoreNode, Script};
use ethers_core::types::Address;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::journal::{Batch, Clock, Entry, Keeper, Plan, Query, Rules, Settings};
use crate::plan::views::Views;

const BEGIN: u64 = 1_700_000_000_000;

/// A clock that stands until it is set.
#[derive(Debug, Clone, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn pass(&self, duration: Duration) {
        self.0.fetch_add(u64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn wall(&self) -> u64 {
        BEGIN + self.running()
    }

    fn running(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A server with an attester in each of two files, whose coinbases were approved.
struct World {
    folder: TempDir,
    node: KeystoreNode,
    hand: Hand,
    journal: Arc<Keeper>,
    executor: Executor,
    plans: Vec<Plan>,
    _wishes: watch::Sender<Arc<WatcherConfig>>,
}

const COINBASE: Address = Address::repeat_byte(0x99);

impl World {
    /// With `both` for the attesters of both files, else for that of `keys.json` alone.
    async fn new(both: bool) -> Self {
        let world = Self::with(&[("keys.json", &[0x51]), ("more.json", &[0x61])], both).await;
        world.plan(0..world.plans.len());
        world
    }

    /// With attesters of these keys in these files, of which nothing is planned.
    async fn with(files: &[(&str, &[u8])], both: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        std::fs::create_dir(&keys).unwrap();
        for (file, of) in files {
            let validator = |key: &u8| {
                let (eth, bls, recipient) =
                    (format!("0x{key:064x}"), format!("0x{:064x}", key + 1), format!("0x{:064x}", 1));
                json!({ "attester": { "eth": eth, "bls": bls }, "feeRecipient": recipient })
            };
            let validators: Vec<Value> = of.iter().map(validator).collect();
            let text = json!({ "schemaVersion": 1, "validators": validators }).to_string();
            save_atomic(&keys.join(file), text.as_bytes(), 0o600).unwrap();
        }
        let node = KeystoreNode::start(&keys).await.unwrap();
        let config = config(folder.path(), &node);
        let network = config.network(None).unwrap();
        let (_, rollups) = watch::channel(Rollups::new());
        let keystores = Keystores::open(network, folder.path(), rollups).unwrap().unwrap();

        let (mut views, health) = (Views::default(), Arc::new(Health::default()));
        keystores.look(&mut views, &health).await;
        let (place, hand) = (keystores.place(), Hand::default());
        let settings = Settings {
            rules: Rules { jitter: |_| 0, ..Rules::default() },
            clock: Box::new(hand.clone()),
            ..Settings::default()
        };
        let journal = Arc::new(Keeper::open(&folder.path().join("journal"), settings).unwrap());
        let coinbase = Coinbase::try_from(COINBASE).unwrap();
        let attesters: Vec<Address> = node
            .coinbases()
            .into_keys()
            .filter(|attester| views.edits(*attester, coinbase)[0].file == "keys.json" || both)
            .collect();
        let action = |attester| Action {
            schema: Schema,
            key: EffectKey::new(ActionKind::ConfigureCoinbase, &place, &[Part::Address(attester)]),
            kind: ActionKind::ConfigureCoinbase,
            place,
            subject: ActionSubject::Attester(attester),
            goal: Goal::CoinbaseConfigured {
                provider_id: ProviderId::try_from(4).unwrap(),
                rollup: Address::repeat_byte(0x11),
                coinbase,
            },
            priority: Priority::Urgent,
            until: None,
            why: "a delegation".to_owned(),
            evidence: Vec::new(),
            assurance: Assurance::TwoEndpoints,
            edits: views.edits(attester, coinbase),
        };
        let plans =
            attesters.into_iter().map(|attester| Plan { action: action(attester), policy: Policy::Auto }).collect();
        let (wishes, wish) = watch::channel(Arc::new(config.watcher));
        let kept: Arc<dyn Journal> = journal.clone();
        let executor = Executor::new(vec![keystores], (kept, health), wish);
        Self { folder, node, hand, journal, executor, plans, _wishes: wishes }
    }

    fn plan(&self, which: std::ops::Range<usize>) {
        let plans = self.plans[which].to_vec();
        self.journal.commit(&Batch { plans, ..Batch::default() }).unwrap();
    }

    /// One turn of the executor after so much time.
    async fn after(&mut self, seconds: u64) -> Option<Entry> {
        self.hand.pass(Duration::from_secs(seconds));
        self.executor.turn().await.unwrap();
        self.journal.read(&Query { limit: 10, ..Query::default() }).unwrap().live.pop()
    }

    /// With how many attesters the node would propose for the coinbase.
    fn used(&self) -> usize {
        self.node.coinbases().values().filter(|coinbase| **coinbase == COINBASE).count()
    }

    fn coinbase(&self) -> Value {
        self.coinbase_in("keys.json")
    }

    fn coinbase_in(&self, file: &str) -> Value {
        let text = std::fs::read(keys(self.folder.path()).join(file)).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["validators"][0]["coinbase"].clone()
    }
}

fn keys(folder: &Path) -> PathBuf {
    folder.join("keys")
}

fn config(folder: &Path, node: &KeystoreNode) -> Config {
    let (url, admin, key) = (node.url(), node.admin_url(), KeystoreNode::ADMIN_KEY);
    let (secret, file) = (folder.join("admin-key"), folder.join("butler.toml"));
    save_atomic(&secret, key.as_bytes(), 0o600).unwrap();
    let text = format!(
        r#"cache_directory = "{}"
[networks.mainnet]
provider_ids = [4]
[[networks.mainnet.l1]]
url = "http://127.0.0.1:9"
[[networks.mainnet.aztec_nodes]]
server = "paris"
url = "{url}"
admin_url = "{admin}"
admin_api_key_file = "{}"
[[networks.mainnet.keystores]]
server = "paris"
folder = "{}"
[watcher]
proposal_distance = 0
"#,
        folder.display(),
        secret.display(),
        keys(folder).display()
    );
    save_atomic(&file, text.as_bytes(), 0o600).unwrap();
    Config::load(&Sources { file: ConfigFile::Required(file), ..Sources::default() }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_for_days_is_waited_for_and_nobody_approves_it_twice() {
    let mut world = World::new(false).await;
    let gone = world.folder.path().join("gone");
    rename(keys(world.folder.path()), &gone).unwrap();
    for turn in 0..400 {
        let entry = world.after(400).await.unwrap();
        let standing = entry.standing;
        assert_eq!(standing.phase, Phase::Due, "turn {turn}: {:?}", standing.reason);
        assert!(standing.reason.is_some_and(|reason| reason.starts_with("paris: ")), "turn {turn}");
    }
    rename(&gone, keys(world.folder.path())).unwrap();
    assert_eq!(world.after(400).await.unwrap().standing.phase, Phase::Verifying);
    assert!(world.after(400).await.is_none());
    assert_eq!(world.coinbase(), format!("{COINBASE:?}"));
    assert_eq!((world.used(), world.node.reloads().asked), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_when_the_file_is_written_is_asked_until_it_took_it() {
    let mut world = World::new(false).await;
    world.node.stop();
    for turn in 0..50 {
        let standing = world.after(400).await.unwrap().standing;
        assert_eq!(standing.phase, Phase::Verifying, "turn {turn}: {:?}", standing.reason);
        assert_eq!(world.coinbase(), format!("{COINBASE:?}"));
    }
    world.node.restart().await.unwrap();
    assert!(world.after(400).await.is_none());
    assert_eq!((world.used(), world.node.reloads().accepted), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_changed_parks_what_is_for_it_and_nothing_else() {
    let mut world = World::new(true).await;
    // A directory where the writer has its draft.
    std::fs::create_dir(keys(world.folder.path()).join("keys.json.tmp")).unwrap();
    world.after(1).await;
    world.after(400).await;
    let live = world.journal.read(&Query { limit: 10, ..Query::default() }).unwrap().live;
    let phases: Vec<Phase> = live.iter().map(|entry| entry.standing.phase).collect();
    assert_eq!(phases, [Phase::Parked], "{live:#?}");
    assert_eq!((world.coinbase_in("more.json"), world.coinbase()), (format!("{COINBASE:?}").into(), Value::Null));
    assert_eq!((world.used(), world.node.reloads().asked), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_file_that_a_node_refuses_both_are_put_back() {
    let mut world = World::with(&[("keys.json", &[0x51, 0x61])], true).await;
    let text = |world: &World| std::fs::read_to_string(keys(world.folder.path()).join("keys.json")).unwrap();
    let before = text(&world);
    world.node.stop();
    for which in [0..1, 1..2] {
        world.plan(which);
        let standing = world.after(1).await.unwrap().standing;
        assert_eq!(standing.phase, Phase::Verifying, "{:?}", standing.reason);
    }
    assert_eq!(text(&world).matches(&format!("{COINBASE:?}")).count(), 2);
    world.node.restart().await.unwrap();
    world.node.script_all(Some(Script { effect: Effect::Nothing, answer: Answer::Refusal("no".to_owned()) }));
    let standing = world.after(400).await.unwrap().standing;
    assert_eq!(standing.phase, Phase::Parked, "{:?}", standing.reason);
    assert_eq!(text(&world), before, "what was refused is put back");
}
