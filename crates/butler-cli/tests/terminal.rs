//! How the program talks with people: names that are almost right, what is said on stderr, times, completions, whole lines.

use std::path::Path;

use butler_core::store::file::save_atomic;

use crate::support::{Bench, Ran, butler, finish, offered, program, run_in};

async fn with(bench: &Bench, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    finish(butler(bench.folder.path()).envs(variables.iter().copied()).args(arguments)).await
}

fn told(bench: &Bench, ran: &Ran) -> String {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    ran.told(bench.folder.path())
}

#[tokio::test]
async fn names_that_are_almost_right_are_told_with_what_there_is() {
    let bench = Bench::start().await;
    // The first digits, and what a narrow table shows.
    let a3 = bench.shown("A3");
    for name in [a3[..6].to_lowercase(), format!("{}…{}", &a3[..6], &a3[38..]), a3.to_lowercase()] {
        let report = bench.json(&["status", "--attester", &name], 0).await;
        assert_eq!(report["attesters"].as_array().unwrap().len(), 1, "{name}");
        assert_eq!(report["attesters"][0]["address"], a3, "{name}");
    }
    let report = bench.json(&["duties", "--attester", &a3[..6]], 0).await;
    assert!(report["attesters"].as_array().unwrap().iter().all(|one| one["attester"] == a3), "{report:#}");

    insta::assert_snapshot!(told(&bench, &bench.run(&["status", "--attester", "0xfffff"]).await), @r"
    error: no attester that is followed is `0xfffff`
    hint: key files, provider queues, delegations and `extra_attesters` say who is followed; `butler-cli status` lists them; `proposals`, `duties` and `backtest` look up anybody with `--all`
    ");
    // Whoever is not followed is not by a whole address, either; where strangers are looked up one is.
    let stranger = "0XCA11BDE05977B3631167028862BE2A173976CA11";
    for command in ["status", "proposals", "duties", "backtest"] {
        let told = told(&bench, &bench.run(&[command, "--attester", stranger]).await);
        let expected = "error: no attester that is followed is `0xcA11bde05977b3631167028862bE2a173976CA11`\nhint: ";
        assert!(told.starts_with(expected), "{command}: {told}");
    }
    let report = bench.json(&["duties", "--all", "--attester", stranger], 0).await;
    assert_eq!(report["attesters"], serde_json::json!([]));
    let several = told(&bench, &bench.run(&["duties", "--attester", "0x9"]).await);
    assert!(
        several.starts_with("error: `0x9` may be 2 attesters\nhint: give more digits; there are: 0x9"),
        "{several}"
    );
    insta::assert_snapshot!(told(&bench, &bench.run(&["status", "--server", "sever-1"]).await), @r"
    error: there is no server `sever-1`
    hint: did you mean `server-1`? there are: server-1, server-2
    ");
    insta::assert_snapshot!(told(&bench, &bench.run(&["status", "--network", "mainet"]).await), @r"
    error: there is no network `mainet`
    hint: did you mean `mainnet`? there are: devnet, mainnet, testnet
    ");
    let state = told(&bench, &bench.run(&["status", "--state", "COINBASE_NEDED"]).await);
    assert!(state.contains("COINBASE_NEEDED") && state.contains("tip: a similar value exists"), "{state}");
    let wrong = told(&bench, &bench.run(&["provider", "find", "0xca11bde05977b3631167028862bE2a173976CA11"]).await);
    assert!(
        wrong.contains("wrong checksum") && !wrong.contains("0xcA11bde05977b3631167028862bE2a173976CA11"),
        "{wrong}"
    );
}

#[tokio::test]
async fn quiet_says_nothing_but_why_it_failed() {
    let bench = Bench::start().await;
    bench.write("keys/broken.json", "{");
    let loud = bench.run(&["status"]).await;
    assert!(loud.code == 0 && loud.stderr.contains("warning: "), "{}", loud.stderr);
    let quiet = bench.run(&["status", "--quiet"]).await;
    assert_eq!((quiet.code, quiet.stderr.as_str(), quiet.stdout), (0, "", loud.stdout));
    // A server whose file cannot be read is there.
    assert_eq!(bench.json(&["status", "--server", "broken"], 0).await["attesters"], serde_json::json!([]));
    let failed = bench.run(&["status", "-q", "--server", "nobody"]).await;
    assert!(failed.code == 2 && failed.stderr.starts_with("error: "), "{}", failed.stderr);
}

#[tokio::test]
async fn times_are_in_utc_unless_the_machines_zone_is_asked_for_and_json_stays() {
    let bench = Bench::start().await;
    let zone = [("TZ", "<-03>3")];
    let (utc, local) = (with(&bench, &zone, &["audit"]).await, with(&bench, &zone, &["audit", "--local"]).await);
    assert!(utc.stdout.contains("2026-01-05 02:11 UTC") && !utc.stdout.contains("-03:00"), "{}", utc.stdout);
    assert!(local.stdout.contains("2026-01-04 23:11 -03:00") && !local.stdout.contains(" UTC"), "{}", local.stdout);
    let json = with(&bench, &zone, &["audit", "--json"]).await;
    assert_eq!(with(&bench, &zone, &["audit", "--json", "--local"]).await.stdout, json.stdout);
}

#[tokio::test]
async fn a_pipe_gets_whole_lines_and_no_colour() {
    let bench = Bench::start().await;
    let ran = finish(butler(bench.folder.path()).env_remove("COLUMNS").args(["audit"])).await;
    let (a3, coinbase) = (bench.shown("A3"), "the delegation's split is 0x");
    let is_whole = |line: &str| line.starts_with("ERROR") && line.contains(&a3) && line.contains(coinbase);
    assert!(ran.stdout.lines().any(is_whole) && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    let painted = with(&bench, &[("COLUMNS", "80"), ("NO_COLOR", "1")], &["status", "--color", "always"]).await.stdout;
    assert!(painted.contains('\u{1b}') && painted.contains("not shown: "), "{painted}");
}

#[tokio::test]
async fn shells_are_offered_states_and_the_names_of_the_configuration() {
    let bench = Bench::start().await;
    bench.configure("server_labels = true");
    let folder = bench.folder.path();
    for (words, expected) in [
        (&["butler-cli", "status", "--state", "COIN"][..], &["COINBASE_NEEDED"][..]),
        (&["butler-cli", "status", "--network", ""], &["devnet", "mainnet", "testnet"]),
        (&["butler-cli", "status", "--server", "s"], &["server-1", "server-2"]),
        (&["butler-cli", "status", "--network", "mainnet", "--server", "s"], &[]),
        (&["butler-cli", "duties", "--label", ""], &["server:server-1", "server:server-2"]),
        (&["butler-cli", "--config", "none.toml", "status", "--server", "s"], &[]),
        (&["butler-cli", "actions", "list", "--phase", "p"], &["parked", "planned"]),
        (&["butler-cli", "prov"], &["provider"]),
    ] {
        let mut found = offered(folder, words).await;
        found.sort();
        assert_eq!(found, expected, "{words:?}");
    }
    bench.write("butler.toml", "nonsense");
    assert_eq!(offered(folder, &["butler-cli", "status", "--server", "s"]).await, [""; 0]);
    assert_eq!(offered(folder, &["butler-cli", "status", "--network", "m"]).await, ["mainnet"]);
}

/// Has bash complete the last of some words as it was typed, and prints each answer, and the words that bash reads it as.
const COMPLETED: &str = r#"
compopt() { :; }
eval "$(butler-cli completions bash)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
current=${COMP_WORDS[COMP_CWORD]}
case $current in [\'\"]*) quote=${current:0:1} current=${current:1} ;; [:=]) current= ;; esac
_butler_cli butler-cli "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
for reply in "${COMPREPLY[@]}"; do
    eval "words=($quote$reply$quote)"
    echo "${#words[@]} ${words[0]}"
done
"#;

#[tokio::test]
async fn bash_is_offered_words_that_it_reads_as_they_are_meant() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["$(touch pwned)", "*", "a\"b", "it's", "my server", "pay$HOME"];
    std::fs::create_dir(folder.path().join("keys")).unwrap();
    for name in names {
        save_atomic(&folder.path().join(format!("keys/{name}.json")), b"{}", 0o600).unwrap();
    }
    let config = "[networks.mainnet]\nkey_files = [\"keys/*.json\"]\nserver_labels = true\n";
    save_atomic(&folder.path().join("butler.toml"), config.as_bytes(), 0o600).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_butler-cli")).parent().unwrap();
    for (typed, meant) in [
        (&["status", "--server", ""][..], &names[..]),
        (&["status", "--server", "my\\ s"], &["my server"]),
        (&["status", "--server", "\"my s"], &["my server"]),
        (&["status", "--server", "'my s"], &["my server"]),
        (&["status", "--server", "\"pay"], &["pay$HOME"]),
        (&["status", "--server", "'it"], &["it's"]),
        // As bash takes words apart.
        (&["status", "--network", "=", "m"], &["mainnet"]),
        (&["duties", "--label", "server", ":", "my"], &["my server"]),
        (&["status", "--network", "main\\net", "--server", "pay"], &["pay$HOME"]),
        (&["prov"], &["provider"]),
    ] {
        let path = format!("{}:/usr/bin:/bin", programs.display());
        let mut bash = program("bash", folder.path());
        bash.env("PATH", path).args(["-c", COMPLETED, "bash", "butler-cli"]).args(typed);
        let ran = finish(&mut bash).await;
        let mut read: Vec<&str> = ran.stdout.lines().collect();
        read.sort_unstable();
        assert_eq!(read, meant.iter().map(|word| format!("1 {word}")).collect::<Vec<_>>(), "{typed:?}: {}", ran.stderr);
    }
    assert!(!folder.path().join("pwned").exists());
}

#[tokio::test]
async fn what_cannot_be_written_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["status", "--help"], &["--version"], &["completions", "bash"], &["man"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = finish(butler(folder.path()).args(arguments).stdout(full)).await;
        assert!(ran.code == 7 && ran.stderr.contains("failed to write"), "{arguments:?}: {ran:?}");
    }
}

#[tokio::test]
async fn the_configuration_is_shown_in_lines_that_fit() {
    let folder = tempfile::tempdir().unwrap();
    save_atomic(&folder.path().join("butler.toml"), b"[networks.mainnet]\n", 0o600).unwrap();
    let shown = async |columns: &str| {
        let ran = finish(butler(folder.path()).env("COLUMNS", columns).args(["config", "show"])).await;
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let (narrow, wide) = (shown("80").await, shown("200").await);
    assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
    assert!(narrow.contains("\n# preset mainnet\nstaking_registry = ") && !wide.contains("\n# "), "{narrow}");
}

#[tokio::test]
async fn help_stands_in_groups_and_shows_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let help = run_in(folder.path(), &["--help"]).await.stdout;
    for part in ["See:\n  status", "Check:\n  audit", "Act:\n  actions", "Connection:\n", "Output:\n", "Examples:\n"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    let help = run_in(folder.path(), &["status", "--help"]).await.stdout;
    assert!(help.contains("Selection:\n") && help.contains("butler-cli status --attester 0x7d19"), "{help}");
    let page = run_in(folder.path(), &["man"]).await.stdout;
    for section in ["EXAMPLES", "FILES", "\"EXIT STATUS\"", "ENVIRONMENT"] {
        assert!(page.contains(&format!(".SH {section}")), "{section}: {page}");
    }
}
