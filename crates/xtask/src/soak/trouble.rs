//! What goes wrong during the soak, one thing after another: how it begins, how the exporter must tell of it, how it ends.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use butler_testkit::devnet::Move;
use butler_testkit::proxy::{Authorization, BatchRefusal, Fault, FaultPlan, LogLimit, LogLimitStyle, PruneStyle, When};
use serde_json::Value;

use super::answer::Answer;
use super::stage::Stage;

const KEYS: &str = "keys/server-1.json";

/// What the exporter's answers must show while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The scrapes of the chain fail, and in time the readings leave.
    Failure,
    /// Nothing: everything goes on.
    Nothing,
    /// Either, depending on how far it got.
    Either,
    /// The scrapes go on, and something else tells.
    Told(Told),
}

/// What else can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    NodeDown,
    KeyFaults,
    BadConfig,
    SecondNetwork,
    Reload,
    Clock(i64),
    LocalFiles,
}

/// One thing that goes wrong.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) name: String,
    pub(super) expected: Expected,
    what: What,
}

#[derive(Debug)]
enum What {
    L1(FaultPlan),
    Authorization,
    Node(FaultPlan),
    Reorg(u64),
    Keys(fn(&str) -> Option<String>),
    Config(fn(&str) -> String),
    Secret,
    Hangups,
    Clock(i64),
    Disk,
}

/// Everything that goes wrong, in its order.
pub(super) fn all(stage: &Stage) -> Vec<Trouble> {
    let mut all = Vec::new();
    let mut add = |name: String, expected, what| all.push(Trouble { name, expected, what });
    for (fault, expected) in l1_faults() {
        add(format!("l1 {fault:?}"), expected, What::L1(FaultPlan::always(fault)));
    }
    let third = FaultPlan::none().with(Fault::Close, When::Nth(3)).with(Fault::NotJson, When::Nth(5));
    add("l1 some requests only".to_owned(), Expected::Either, What::L1(third));
    add("l1 wants a token".to_owned(), Expected::Failure, What::Authorization);
    for fault in [Fault::Close, Fault::Hang, Fault::NotJson] {
        let told = Expected::Told(Told::NodeDown);
        add(format!("node {fault:?}"), told, What::Node(FaultPlan::always(fault)));
    }
    add("chain reorged".to_owned(), Expected::Either, What::Reorg(3));
    let key_faults = Expected::Told(Told::KeyFaults);
    add(
        "key file half written".to_owned(),
        key_faults,
        What::Keys(|text| Some(text.split_at(text.len() / 2).0.to_owned())),
    );
    add("key file gone".to_owned(), Expected::Nothing, What::Keys(|_| None));
    add("key file replaced".to_owned(), Expected::Nothing, What::Keys(|text| Some(format!("{text}\n"))));
    let bad = Expected::Told(Told::BadConfig);
    add("configuration broken".to_owned(), bad, What::Config(|text| text.replace("[networks", "[[networks")));
    add("configuration empty".to_owned(), bad, What::Config(|_| String::new()));
    add("network added".to_owned(), Expected::Told(Told::SecondNetwork), What::Config(with_second_network));
    add("endpoint's URL replaced".to_owned(), Expected::Failure, What::Secret);
    add("fifty hangups".to_owned(), Expected::Told(Told::Reload), What::Hangups);
    for seconds in [3_600, -86_400].into_iter().filter(|_| stage.has_clock) {
        add(format!("clock stepped by {seconds} s"), Expected::Told(Told::Clock(seconds)), What::Clock(seconds));
    }
    if stage.has_disk {
        add("disk full".to_owned(), Expected::Told(Told::LocalFiles), What::Disk);
    }
    all
}

fn with_second_network(text: &str) -> String {
    let (before, rest) = text.split_once("[networks.devnet]").unwrap_or((text, ""));
    let (section, after) = rest.split_once("[exporter]").unwrap_or((rest, ""));
    let second = section.replace("networks.devnet", "networks.second");
    format!("{before}[networks.devnet]{section}[networks.second]{second}[exporter]{after}")
}

fn l1_faults() -> Vec<(Fault, Expected)> {
    use Expected::{Either, Failure, Nothing};
    let status = |code, retry_after| Fault::Status { code, retry_after, body: "no".to_owned() };
    let mut all = vec![
        (Fault::Latency(Duration::from_millis(100)), Nothing),
        (Fault::Latency(Duration::from_secs(3)), Failure),
        (status(500, None), Failure),
        (status(503, Some(1)), Failure),
        (status(429, Some(1)), Failure),
        (status(404, None), Failure),
        (Fault::Hang, Failure),
        (Fault::Close, Failure),
        (Fault::Truncate, Failure),
        (Fault::Oversized(4_000_000), Failure),
        (Fault::NotJson, Failure),
        (Fault::WrongId, Failure),
        (Fault::MissingResult, Failure),
        (Fault::LaggingHead(3), Nothing),
        (Fault::WrongChain(1), Failure),
        (Fault::PruneHistory { keep: 1_000, style: PruneStyle::Reth }, Nothing),
        // Every call of Multicall3's `aggregate3`.
        (Fault::RevertCalls("0x82ad56cb".to_owned()), Either),
    ];
    for style in [PruneStyle::Geth, PruneStyle::Erigon, PruneStyle::Nethermind] {
        all.push((Fault::PruneHistory { keep: 0, style }, Either));
    }
    let refusals =
        [BatchRefusal::Geth, BatchRefusal::Drpc, BatchRefusal::Besu, BatchRefusal::Unsupported, BatchRefusal::Close];
    for style in refusals {
        all.push((Fault::RefuseBatches { max: 1, style }, Either));
    }
    for style in [LogLimitStyle::Alchemy, LogLimitStyle::Ankr, LogLimitStyle::QuickNode] {
        let limit = LogLimit { style, max_range: Some(2), max_results: None };
        all.push((Fault::LogLimit(limit), Either));
    }
    all
}

impl Trouble {
    /// Whether readings may be of an old block, because the endpoint pretends that it is the newest.
    pub(super) fn lies_about_the_head(&self) -> bool {
        self.name.contains("LaggingHead")
    }

    /// Whether an endpoint that does this tells of a limit, which is believed for a while after it is gone.
    pub(super) fn teaches(&self) -> bool {
        ["RefuseBatches", "RevertCalls", "LogLimit"].iter().any(|kind| self.name.contains(kind))
    }

    /// Lets it go wrong. Returns what `end` needs.
    pub(super) async fn begin(&self, stage: &Stage) -> anyhow::Result<String> {
        match &self.what {
            What::L1(plan) => stage.proxy.set(plan.clone()),
            What::Authorization => stage.proxy.require(Some(Authorization::Bearer("right".to_owned()))),
            What::Node(plan) => stage.node_proxy.set(plan.clone()),
            What::Reorg(depth) => stage.truth.play(&stage.chain, Move::Reorg { depth: *depth }).await?,
            What::Keys(change) => {
                let before = stage.read(KEYS)?;
                match change(&before) {
                    Some(text) => stage.replace(KEYS, &text)?,
                    None => fs::remove_file(stage.folder.join(KEYS)).context("failed to remove a key file")?,
                }
                return Ok(before);
            }
            What::Config(change) => {
                let before = stage.read("butler.toml")?;
                stage.replace("butler.toml", &change(&before))?;
                return Ok(before);
            }
            What::Secret => stage.replace("url", "http://127.0.0.1:1/hunter2\n")?,
            What::Hangups => {
                for _ in 0..50 {
                    stage.signal("HUP")?;
                }
            }
            What::Clock(seconds) => stage.step_clock(*seconds)?,
            What::Disk => {
                stage.fill_disk()?;
                // Another state, which cannot be kept: a coinbase for A6, which has none.
                let before = stage.read(KEYS)?;
                let mut keys: Value = serde_json::from_str(&before).context("a key file is no JSON")?;
                keys["validators"][3]["coinbase"] = keys["validators"][0]["coinbase"].clone();
                stage.replace(KEYS, &format!("{keys:#}\n"))?;
                return Ok(before);
            }
        }
        Ok(String::new())
    }

    /// Mends it.
    pub(super) fn end(&self, stage: &Stage, before: &str) -> anyhow::Result<()> {
        match &self.what {
            What::L1(_) => stage.proxy.set(FaultPlan::none()),
            What::Authorization => stage.proxy.require(None),
            What::Node(_) => stage.node_proxy.set(FaultPlan::none()),
            What::Keys(_) => stage.replace(KEYS, before)?,
            What::Config(_) => stage.replace("butler.toml", before)?,
            What::Secret => stage.replace("url", &format!("{}\n", stage.endpoint()))?,
            What::Clock(_) => stage.step_clock(0)?,
            What::Disk => {
                fs::remove_file(stage.on_disk("filler")).context("failed to remove the filler")?;
                stage.replace(KEYS, before)?;
            }
            What::Reorg(_) | What::Hangups => {}
        }
        Ok(())
    }
}

/// Whether the last good content of a file that cannot be read counts.
fn has_kept_files(now: &Answer) -> bool {
    now.series.keys().any(|key| key.starts_with("butler_key_file_kept{"))
}

impl Told {
    /// Whether the answer tells of it; `before` is from before it began.
    pub(super) fn holds(self, before: &Answer, now: &Answer) -> bool {
        let grew = |key: &str| now.get(key) > before.get(key);
        match self {
            Self::NodeDown => {
                now.series.get("butler_node_up{network=\"devnet\",node=\"alpha\",server=\"\"}") == Some(&0.0)
            }
            Self::KeyFaults => now.get("butler_key_file_faults{network=\"devnet\"}") > 0.0 || has_kept_files(now),
            Self::BadConfig => {
                now.get("butler_config_last_reload_successful") < 0.5
                    && grew("butler_config_reloads_total{result=\"failure\"}")
            }
            Self::SecondNetwork => now.get("butler_scrape_success{network=\"second\",scraper=\"l1\"}") > 0.5,
            Self::Reload => grew("butler_config_reloads_total{result=\"success\"}"),
            Self::Clock(seconds) => off_by(now, seconds),
            Self::LocalFiles => {
                let kept = "butler_scrape_errors_total{network=\"devnet\",scraper=\"l1\",kind=\"local_file\"}";
                grew("butler_textfile_write_failures_total") && grew(kept)
            }
        }
    }

    /// Whether nothing of it is left; `end` is from when it ended.
    pub(super) fn is_over(self, end: &Answer, now: &Answer) -> bool {
        match self {
            Self::NodeDown => now.get("butler_node_up{network=\"devnet\",node=\"alpha\",server=\"\"}") > 0.5,
            Self::KeyFaults => {
                now.series.get("butler_key_file_faults{network=\"devnet\"}") == Some(&0.0) && !has_kept_files(now)
            }
            Self::BadConfig => now.get("butler_config_last_reload_successful") > 0.5,
            Self::SecondNetwork => !now.series.keys().any(|key| key.contains("\"second\"")),
            Self::Reload => true,
            Self::Clock(_) => off_by(now, 0),
            Self::LocalFiles => {
                let written = "butler_textfile_last_write_timestamp_seconds";
                now.get(written) > end.get(written)
            }
        }
    }
}

/// Whether the exporter's clock is so many seconds off ours.
fn off_by(now: &Answer, seconds: i64) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the exporter's clock is compared with ours")]
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs_f64()).unwrap_or_default();
    let theirs = now.get("butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"l1\"}");
    // Seconds of a day fit into 32 bits.
    let offset = f64::from(i32::try_from(seconds).unwrap_or(i32::MAX));
    (theirs - ours - offset).abs() < 60.0
}
