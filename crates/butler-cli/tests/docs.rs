//! The generated documentation is what the program says, and a second look costs no second scan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use butler_core::store::file::save_atomic;
use butler_testkit::devnet::Move;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, LogLimitStyle};

use crate::support::{Bench, butler, finish, offered, run_in};

#[tokio::test]
async fn the_rules_lead_to_the_exporter_that_the_configuration_names_and_are_printed_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let rules = async |arguments: &[&str]| run_in(folder.path(), arguments).await;
    let write = |exporter: &str| {
        let toml = format!(
            "[networks.mainnet]\n[[networks.mainnet.l1]]\nurl = \"http://127.0.0.1:1\"\n[exporter]\n{exporter}"
        );
        save_atomic(&folder.path().join("butler.toml"), toml.as_bytes(), 0o600).unwrap();
    };
    let is_link = |text: &str, base: &str| text.contains(&format!("runbook_url: {base}/runbooks/ButlerNodeDown"));
    write("public_url = \"https://butler.example.com/butler/\"\n");
    let ran = rules(&["rules"]).await;
    assert!(is_link(&ran.stdout, "https://butler.example.com/butler") && ran.stderr.is_empty(), "{}", ran.stderr);
    let ran = rules(&["rules", "--runbook-base", "http://other:9464"]).await;
    assert!(is_link(&ran.stdout, "http://other:9464") && ran.stderr.is_empty(), "{}", ran.stderr);
    for (exporter, words) in [("", "exporter.public_url"), ("public_url = \"https://a/?b\"\n", "neither `?` nor `#`")] {
        write(exporter);
        let ran = rules(&["rules"]).await;
        assert_eq!(ran.code, 0);
        assert!(is_link(&ran.stdout, "") && ran.stderr.contains(words), "{}", ran.stderr);
    }
    std::fs::remove_file(folder.path().join("butler.toml")).unwrap();
    let ran = rules(&["rules"]).await;
    assert!(is_link(&ran.stdout, "") && ran.stderr.contains("--runbook-base"), "{}", ran.stderr);
}

/// Every command by its whole name, as the program's own help lists them.
async fn commands() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let reference = run_in(folder.path(), &["reference"]).await.stdout;
    let headings = reference.lines().filter_map(|line| line.strip_prefix("### "));
    headings.filter(|heading| heading.starts_with("butler-cli")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_reference_page_is_what_the_program_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let folder = tempfile::tempdir().unwrap();
    // Neither the terminal nor the environment may leave a trace in the page.
    let ran = finish(
        butler(folder.path())
            .env("COLUMNS", "60")
            .env("BUTLER_CONFIG", "/somewhere/else.toml")
            .env("CLICOLOR_FORCE", "1")
            .args(["--color", "always", "reference"]),
    )
    .await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, run_in(folder.path(), &["reference"]).await.stdout);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        save_atomic(&page, ran.stdout.as_bytes(), 0o644).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(written == ran.stdout, "docs/cli.md is out of date: run the tests with UPDATE_DOCS=1");
}

#[tokio::test]
async fn the_reference_page_has_every_command_and_exit_code() {
    let names = commands().await;
    for name in [
        "butler-cli status",
        "butler-cli queue",
        "butler-cli audit",
        "butler-cli provider show",
        "butler-cli provider find",
        "butler-cli publishers",
        "butler-cli chain",
        "butler-cli events",
        "butler-cli doctor",
        "butler-cli config init",
        "butler-cli config check",
        "butler-cli config show",
        "butler-cli rules",
        "butler-cli completions",
        "butler-cli man",
    ] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
    assert!(!names.iter().any(|name| name.ends_with("reference") || name.ends_with("help")), "{names:?}");
    let folder = tempfile::tempdir().unwrap();
    let reference = run_in(folder.path(), &["reference"]).await.stdout;
    for code in 0..=7 {
        assert!(reference.contains(&format!("\n| {code} | ")), "{code}");
    }
}

#[tokio::test]
async fn a_manual_page_is_written_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_in(folder.path(), &["man", "--folder", "pages/here"]).await;
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let names = folder.path().join("pages/here").read_dir().unwrap();
    let names: BTreeSet<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let expected = commands().await.iter().map(|name| format!("{}.1", name.replace(' ', "-"))).collect::<BTreeSet<_>>();
    assert_eq!(names, expected);
    for name in &names {
        let page = std::fs::read_to_string(folder.path().join("pages/here").join(name)).unwrap();
        assert!(page.starts_with(".ie") || page.starts_with(".TH"), "{name}: {page}");
        for section in ["SYNOPSIS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES"] {
            let heading =
                if section.contains(' ') { format!(".SH \"{section}\"\n") } else { format!(".SH {section}\n") };
            assert!(page.contains(&heading), "{name} has no {section}: {page}");
        }
        let title = name.trim_end_matches(".1").replace('-', "\\-");
        assert!(page.contains(&format!(".SH NAME\n{title}")), "{name}: {page}");
    }
    let top = run_in(folder.path(), &["man"]).await.stdout;
    assert_eq!(top, std::fs::read_to_string(folder.path().join("pages/here/butler-cli.1")).unwrap());
}

#[tokio::test]
async fn completion_scripts_ask_the_program_which_offers_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = run_in(folder.path(), &["completions", shell]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert!(
            ran.stdout.contains("BUTLER_CLI_COMPLETE") && ran.stdout.contains("butler-cli"),
            "{shell}: {}",
            ran.stdout
        );
    }
    let mut commands_below: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in commands().await {
        if let Some((parent, command)) = name.rsplit_once(' ') {
            commands_below.entry(parent.to_owned()).or_default().insert(command.to_owned());
        }
    }
    for (parent, expected) in commands_below {
        let words: Vec<&str> = parent.split(' ').chain([""]).collect();
        let offered: BTreeSet<String> = offered(folder.path(), &words).await.into_iter().collect();
        assert!(expected.is_subset(&offered), "{parent}: {offered:?}");
    }
}

/// The log queries since the last look.
fn log_queries(proxy: &FaultProxy) -> u64 {
    let queries = proxy.stats().calls_by_method.get("eth_getLogs").copied().unwrap_or_default();
    proxy.reset();
    queries
}

#[tokio::test]
async fn a_second_look_scans_only_the_last_blocks_again() {
    let bench = Bench::start().await;
    bench.chain.rpc("anvil_mine", serde_json::json!(["0x12c"])).await.unwrap();
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.endpoint(&format!("url = \"{}\"", proxy.url()));
    // Narrow ranges, so that a scan from the start shows.
    proxy.set(FaultPlan::always(Fault::LogLimit(LogLimitStyle::Geth.limit(10, 10_000))));
    let recent = 64_u64.div_ceil(10) + 2;
    let first = bench.json(&["status"], 0).await;
    assert!(log_queries(&proxy) > 30);
    assert_eq!(bench.json(&["status"], 0).await, first);
    assert!(log_queries(&proxy) <= recent);
    for command in [&["audit", "--duties-span", "0s"][..], &["queue"], &["provider", "show"]] {
        bench.run(command).await;
        assert!(log_queries(&proxy) <= recent, "{command:?}");
    }
    for _ in 0..3 {
        bench.chain.play(Move::Mine).await.unwrap();
    }
    bench.json(&["status"], 0).await;
    assert!(log_queries(&proxy) <= recent + 1);
    // A provider that was not looked at before needs the whole past once, and then no more.
    bench.json(&["status", "--provider-id", "2"], 0).await;
    assert!(log_queries(&proxy) > 30);
    bench.json(&["status", "--provider-id", "2"], 0).await;
    bench.json(&["status"], 0).await;
    assert!(log_queries(&proxy) <= 2 * recent);
}

#[tokio::test]
async fn a_snapshot_takes_few_requests() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.endpoint(&format!("url = \"{}\"", proxy.url()));
    // Requests that go out together wait together, on a busy machine too.
    proxy.set(FaultPlan::always(Fault::Latency(Duration::from_millis(100))));
    for (when, most) in [("with an empty cache", 6), ("the second time", 5)] {
        proxy.reset();
        bench.json(&["status"], 0).await;
        let stats = proxy.stats();
        assert!(stats.http_requests <= most && stats.round_trips <= 4, "{when}: {stats:?}");
    }
}
