//! Every command of every runbook, and every command that a finding names, is one that this program takes; those that only read run on the devnet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use butler_cli::args::Arguments;
use butler_core::domain::findings::{Finding, FindingKind, Severity, Subject};
use clap::Parser as _;
use ethers_core::types::Address;

use crate::support::Bench;

/// What the words in capitals stand for here.
fn labels(attester: &str) -> [(&'static str, String); 10] {
    [
        ("NETWORK", "devnet"),
        ("ATTESTER", attester),
        ("PROVIDER", "1"),
        ("SERVER", "server-1"),
        ("KEY", "3f9a12cd"),
        ("KIND", "configure_coinbase"),
        ("FOLDER", "/srv/keystore"),
        ("STATE", "/srv/state"),
        ("CHANNEL", "ops"),
        // An epoch, since the devnet has a time of its own.
        ("TIME", "0"),
    ]
    .map(|(word, value)| (word, value.to_owned()))
}

/// Every page by its name.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/runbooks");
    let page = |path: PathBuf| {
        (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(|entry| page(entry.unwrap().path())).collect()
}

/// The commands of butler-cli in the runbooks, each with the pages that have it.
fn commands() -> BTreeMap<String, BTreeSet<String>> {
    let mut commands = BTreeMap::<String, BTreeSet<String>>::new();
    for (name, text) in pages() {
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            }
            let found: Vec<&str> = if is_code { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
            for command in found.into_iter().filter(|command| command.starts_with("butler-cli ")) {
                commands.entry(plain(command)).or_default().insert(name.clone());
            }
        }
    }
    commands
}

/// The command without what a shell makes of the rest.
fn plain(command: &str) -> String {
    let end = [" #", "  ", " |", " <", " >"].iter().filter_map(|mark| command.find(mark)).min();
    command.get(..end.unwrap_or(command.len())).unwrap().trim().to_owned()
}

fn words(command: &str, attester: &str) -> Vec<String> {
    let labels = labels(attester);
    let fill = |word: &str| {
        labels.iter().find(|(label, _)| *label == word).map_or_else(|| word.to_owned(), |(_, value)| value.clone())
    };
    command.split_whitespace().map(fill).collect()
}

#[test]
fn every_command_of_every_runbook_is_one_that_there_is() {
    let commands = commands();
    assert!(commands.len() > 25, "{commands:#?}");
    let refused: Vec<String> = commands
        .iter()
        .filter_map(|(command, pages)| {
            let error = Arguments::try_parse_from(words(command, &format!("{:#x}", Address::zero()))).err()?;
            Some(format!("{pages:?}: `{command}`: {error}"))
        })
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Whether a shell can read a command; what it says where it cannot.
fn read_by(shell: &str, command: &str) -> Result<(), String> {
    let ran = Command::new(shell).args(["-n", "-c", command]).output().unwrap();
    if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into_owned()) }
}

#[test]
fn every_command_of_every_runbook_can_be_read_by_a_plain_shell() {
    // Where there is no dash, `sh` is another shell, which may take more.
    let shells: Vec<&str> =
        ["dash", "sh"].into_iter().filter(|shell| Command::new(shell).args(["-c", ":"]).output().is_ok()).collect();
    assert!(shells.contains(&"sh"));
    let names = ["butler-", "curl ", "journalctl ", "systemctl ", "systemd-run ", "sed ", "openssl ", "echo "];
    let (mut read, mut refused) = (0, Vec::new());
    for (name, text) in pages() {
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
                continue;
            }
            let inline =
                || line.split('`').skip(1).step_by(2).filter(|part| names.iter().any(|name| part.starts_with(name)));
            let found: Vec<&str> = if is_code { vec![line] } else { inline().collect() };
            for command in found {
                let filled = words(command, &format!("{:#x}", Address::zero())).join(" ");
                for shell in &shells {
                    let told = read_by(shell, &filled);
                    refused.extend(told.err().map(|told| format!("{name}: {shell}: `{filled}`: {told}")));
                }
                read += 1;
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(read > 150, "{read}");
    if shells.contains(&"dash") {
        assert!(read_by("dash", "cat <<< x").is_err());
    }
}

#[test]
fn every_command_that_a_finding_names_is_one_that_there_is() {
    let mut tried = BTreeSet::new();
    for kind in FindingKind::all() {
        for subject in [Subject::Attester(Address::zero()), Subject::Network] {
            let finding = Finding::new(kind, Severity::Warning, subject, "it is so");
            let Some(command) = finding.command("devnet") else { continue };
            if let Some(rest) = command.strip_prefix("butler-cli ") {
                assert!(Arguments::try_parse_from(words(&command, "")).is_ok(), "{kind}: {command}");
                tried.insert(rest.to_owned());
            } else {
                assert!(command.starts_with("journalctl --unit butler-exporter "), "{kind}: {command}");
            }
        }
    }
    assert!(tried.len() > 10, "{tried:?}");
}

/// Whether a command needs nothing but the chain and the configuration, and changes nothing.
fn only_reads(command: &str) -> bool {
    let name = command.split_whitespace().find(|word| !word.starts_with('-') && *word != "butler-cli");
    name.is_some_and(|name| !["actions", "jobs", "watcher", "keystore"].contains(&name))
}

#[tokio::test]
async fn every_command_that_only_reads_runs_on_the_devnet() {
    let bench = Bench::start().await;
    let attester = bench.shown("A6");
    let found = commands();
    let read: Vec<&String> = found.keys().filter(|command| only_reads(command)).collect();
    assert!(read.len() > 15, "{read:?}");
    for some in read.chunks(4) {
        let runs = some.iter().map(|command| {
            let (bench, arguments) = (&bench, words(command, &attester));
            async move {
                let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
                (*command, bench.run(&arguments).await)
            }
        });
        for (command, run) in futures_util::future::join_all(runs).await {
            // The story of the devnet has faults, which some commands end with 5 for.
            assert!(matches!(run.code, 0 | 5), "`{command}` ended with {}: {}", run.code, run.stderr);
        }
    }
}
