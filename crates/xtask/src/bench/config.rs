//! Reading a configuration, or a key file, of 1 MiB: the time of `butler-cli config check`, and how it grows with the size.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use butler_core::store::file::save_atomic;
use serde_json::json;

use super::rivals::built;
use crate::command::target;

/// Bytes of the large file, and how many times smaller the small one is.
const BYTES: usize = (1 << 20) - 256;
const SMALLER: usize = 8;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print one JSON object per kind of content.
    #[arg(long)]
    json: bool,
    /// Runs per figure; the quickest counts.
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
}

/// What fills a file: a name, what comes before and after, and one piece of it by its number.
type Kind = (&'static str, [&'static str; 2], fn(usize) -> String);

/// A network whose next key is a list of text.
const MAINNET: &str = "[networks.mainnet]\npreset = \"mainnet\"\n";

const KINDS: [Kind; 12] = [
    ("comments", ["", ""], |_| "# nothing is said here\n".to_owned()),
    ("addresses", ["", ""], |number| format!("[networks.a{number}]\nextra_attesters = [\"0x{:040x}\"]\n", number + 1)),
    ("endpoints", ["", ""], |number| {
        format!("[[networks.mainnet.l1]]\nname = \"l{number}\"\nurl = \"http://127.0.0.1\"\n")
    }),
    ("networks", ["", ""], |number| format!("[networks.n{number}]\npreset = \"mainnet\"\n")),
    ("unknown keys", ["", ""], |number| format!("unknown_{number} = 1\n")),
    ("key files", ["key_files = [", "]"], |number| format!("\"keys/{number}.json\",")),
    ("patterns", ["key_files = [", "]"], |number| format!("\"keys/{number}/*.json\",")),
    ("long paths", ["key_files = [", "]"], |number| format!("\"/var/lib/aztec/keystores/server-{number}/keys.json\",")),
    ("node keystores", ["node_keystores = [", "]"], |number| format!("\"node-{number}/key1.json\",")),
    ("publisher files", ["publisher_files = [", "]"], |number| format!("\"publishers/{number}.json\",")),
    ("providers", ["", ""], |number| {
        format!("[[networks.mainnet.providers]]\nid = {}\ncoinbase_policy = \"own\"\n", number + 1)
    }),
    ("provider ids", ["provider_ids = [", "]"], |number| format!("{},", number + 1)),
];

/// What fills a key file in which secrets are looked for: a name, what comes before and after, and one piece.
const JUNK: [(&str, [&str; 2], &str); 10] = [
    ("numbers", ["[", "0]"], "1,22,173,4,"),
    ("large numbers", ["[", "0]"], "18446744073709551,3,"),
    ("words", ["[", "\"\"]"], "\"apple\",\"hotel\",\"qx\","),
    ("one text", ["\"", "\""], "apple hotel qx 12 ab "),
    ("dots", ["\"", "\""], "a.1:b-2,"),
    ("lists", ["[", "0]"], "[0],"),
    ("URLs", ["\"", "\""], "https://a.b/c?d=e&"),
    ("percent signs", ["\"", "\""], "%25"),
    ("percent signs and letters", ["\"", "\""], "%61b"),
    ("code points", ["\"", "\""], "\\\\u005c"),
];

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let program = built("butler-cli")?;
    let path = target().join("bench/config/butler.toml");
    for (kind, [before, after], piece) in KINDS {
        let file =
            |bytes| [if before.is_empty() { "" } else { MAINNET }, before, &filled(bytes, piece), after].concat();
        let time = |bytes| quickest(&program, &path, (&path, &file(bytes)), options.runs);
        tell(options, "config", kind, time(BYTES / SMALLER)?, time(BYTES)?);
    }
    let keys = path.with_file_name("keys.json");
    let naming = "[networks.mainnet]\npreset = \"mainnet\"\nkey_files = [\"keys.json\"]\n";
    save(&path, naming)?;
    for (kind, [before, after], piece) in JUNK {
        let file = |bytes: usize| [before, &piece.repeat(bytes / piece.len()), after].concat();
        let time = |bytes| quickest(&program, &path, (&keys, &file(bytes)), options.runs);
        tell(options, "key file", kind, time(BYTES / SMALLER)?, time(BYTES)?);
    }
    Ok(())
}

fn tell(options: &Options, what: &str, kind: &str, small: Duration, large: Duration) {
    let (small, large) = (small.as_secs_f64() * 1_000.0, large.as_secs_f64() * 1_000.0);
    if options.json {
        let times = json!({ "small_ms": small, "large_ms": large, "target": "at most 1000" });
        println!("{}", json!({ "bench": what, "kind": kind, "bytes": BYTES, "larger": SMALLER, "times": times }));
    } else {
        println!("{what} of {kind}: {BYTES} bytes in {large:.1} ms, an eighth of them in {small:.1} ms");
    }
}

fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(path.parent().context("no folder")?).context("failed to make the bench's folder")?;
    save_atomic(path, text.as_bytes(), 0o600).context("failed to write a file of the bench")
}

fn filled(bytes: usize, piece: fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        let next = piece(number);
        if text.len() + next.len() > bytes {
            break;
        }
        text.push_str(&next);
    }
    text
}

fn quickest(program: &Path, config: &Path, (path, text): (&Path, &str), runs: usize) -> anyhow::Result<Duration> {
    save(path, text)?;
    let mut best = Duration::MAX;
    for _ in 0..runs.max(1) {
        let mut command = Command::new(program);
        command.args(["config", "check", "--config"]).arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        // That it finds faults is what some kinds are for.
        command.status().context("failed to start butler-cli")?;
        best = best.min(began.elapsed());
    }
    Ok(best)
}
