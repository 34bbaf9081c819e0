//! Who may know whom: the folders of each crate from bottom to top, and the crates that they may use.

/// A folder (or file) right below `src`, and the folders of the same crate that it may import from.
pub(crate) type Folder = (&'static str, &'static str);

/// One crate of the workspace.
#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    /// Its folders.
    pub(crate) folders: &'static [Folder],
    /// The longest chain of imports between its folders.
    pub(crate) floors: usize,
    /// Circles of files that still stand.
    pub(crate) circles: usize,
    /// Files that are still longer than [`MOST_LINES`].
    pub(crate) long: usize,
}

/// Every crate of the workspace.
pub(crate) const CRATES: [Crate; 6] = [
    Crate { name: "butler-core", folders: &CORE, floors: 7, circles: 0, long: 0 },
    Crate { name: "butler-exporter", folders: &EXPORTER, floors: 7, circles: 0, long: 0 },
    Crate { name: "butler-cli", folders: &CLI, floors: 7, circles: 0, long: 0 },
    Crate { name: "butler-watcher", folders: &WATCHER, floors: 6, circles: 0, long: 0 },
    Crate { name: "butler-testkit", folders: &TESTKIT, floors: 5, circles: 0, long: 0 },
    Crate { name: "xtask", folders: &XTASK, floors: 5, circles: 0, long: 0 },
];

const CORE: [Folder; 16] = [
    ("text", ""),
    ("domain", "text"),
    ("runtime", ""),
    ("contracts", "domain text"),
    ("control", "domain"),
    ("store", "domain runtime text"),
    ("sign", "store text"),
    ("config", "domain store text"),
    ("key_files", "config contracts domain store text"),
    ("client", "contracts domain runtime text"),
    ("transaction", "client contracts domain text"),
    ("proposing", "client contracts transaction domain text"),
    ("chain", "client store contracts domain runtime text"),
    ("fuzzing", "chain client contracts key_files domain sign"),
    ("network", "chain client key_files config store contracts domain runtime text"),
    // It serves any program: neither what butler decides nor whom it asks.
    ("daemon", "config store runtime text"),
];

const EXPORTER: [Folder; 17] = [
    ("catalogue", ""),
    ("readings", "catalogue"),
    ("kept_file", ""),
    ("states", "kept_file"),
    ("strips", "kept_file readings"),
    ("key_keeper", ""),
    ("slots", "readings catalogue states"),
    ("exposition", "slots catalogue"),
    ("page", "slots readings catalogue"),
    ("otlp", "slots readings catalogue"),
    ("textfile", "exposition slots catalogue"),
    ("scrapers", "slots readings catalogue strips key_keeper"),
    ("check", "key_keeper"),
    ("routes", "exposition page slots"),
    ("plan", "scrapers slots catalogue states key_keeper"),
    ("reload", "plan routes scrapers slots"),
    // The way in, which puts everything together.
    ("program", "check reload plan routes scrapers slots exposition textfile otlp"),
];

const CLI: [Folder; 11] = [
    ("output", ""),
    ("places", ""),
    ("candidates", "places"),
    ("error", ""),
    ("args", "candidates output"),
    ("progress", "output"),
    ("signals", "error"),
    ("view", "output"),
    ("gather", "args error output places progress signals view"),
    ("docs", "args error output"),
    ("commands", "args docs error gather output progress view"),
];

/// The plan only decides, whatever comes beside it.
const WATCHER: [Folder; 23] = [
    ("plan", ""),
    ("trusted", ""),
    ("journal", ""),
    ("catalogue", ""),
    ("waiting", ""),
    ("figures", "catalogue"),
    ("queues", "figures journal"),
    ("retries", ""),
    ("health", "catalogue figures journal retries waiting"),
    ("follower", "plan"),
    ("executors", "catalogue health journal plan trusted"),
    ("jobs", "catalogue health journal plan queues trusted"),
    ("tell", "health journal plan waiting"),
    ("control", "figures health journal queues"),
    ("watch", "executors health follower journal plan tell"),
    ("replay", "follower plan"),
    ("page", "waiting"),
    ("heartbeat", "health"),
    ("routes", "health catalogue page"),
    ("state", "journal"),
    ("adopt", "control heartbeat routes tell"),
    ("check", "control executors follower heartbeat jobs journal state tell"),
    // The way in, which puts everything together.
    ("program", "adopt check executors health heartbeat control jobs journal replay routes state tell watch"),
];

const TESTKIT: [Folder; 21] = [
    ("npm", ""),
    ("browser", "npm"),
    ("http", ""),
    ("multicall", ""),
    ("order", ""),
    ("keystores", ""),
    ("sshd", ""),
    ("server", ""),
    ("aztec_node", "server"),
    ("beacon", "server"),
    ("object_store", "server"),
    ("prover", "server"),
    ("bombs", "http multicall"),
    ("chat", "proxy server"),
    ("devnet", "http multicall npm server"),
    ("imagined", "http multicall server"),
    ("keystore_node", "aztec_node http order server"),
    ("web3signer", "order server"),
    ("long_chain", "devnet http multicall server"),
    ("proxy", "devnet http multicall server"),
    ("safe", "devnet http npm server"),
];

const XTASK: [Folder; 17] = [
    ("command", ""),
    ("connection", ""),
    ("devnet", "command"),
    ("docs", "command"),
    ("exporter", "command connection process"),
    ("package", "command"),
    ("process", ""),
    ("rules", "command"),
    ("side_by_side", "command"),
    ("test", "command side_by_side"),
    ("bench", "command connection exporter process"),
    ("chaos", "command"),
    ("check", "command docs rules"),
    ("demo", "command devnet exporter"),
    ("service", "command exporter package"),
    ("soak", "command exporter"),
    ("alerts", "command exporter process"),
];

/// Folders that decide and do nothing else: they know no clock, file, socket or task.
pub(crate) const PURE: [(&str, &str); 2] = [("butler-core", "domain"), ("butler-watcher", "plan")];

/// What a folder that only decides must not say, as whole words.
pub(crate) const IMPURE: &str = "async await tokio SystemTime Instant::now std::fs std::net std::io std::env \
    std::thread std::process hyper tracing unsafe";

/// Crates that such a folder may import from; the last three in tests.
pub(crate) const PURE_CRATES: &str =
    "std core serde strum thiserror ethers_core sha2 crate super self proptest insta butler_core";

/// Paths that a crate must not use, and why.
pub(crate) const FENCES: [(&str, &str, &str); 8] = [
    ("butler-core", "butler_testkit", "it is for tests"),
    ("butler-cli", "butler_testkit", "it is for tests"),
    ("butler-exporter", "butler_testkit", "it is for tests"),
    ("butler-watcher", "butler_testkit", "it is for tests"),
    ("butler-cli", "hyper", "it serves nothing, and its clients are those of core"),
    ("butler-cli", "butler_core::daemon", "it runs once"),
    ("butler-exporter", "ethers_signers", "it holds no key"),
    ("butler-exporter", "butler_core::contracts", "it reads the chain by way of core's readers"),
];

/// The longest that a source file may be.
pub(crate) const MOST_LINES: usize = 400;
