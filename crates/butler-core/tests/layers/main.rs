//! The house holds: arrows point down only, nobody imports itself by way of others, what decides knows no clock, file, socket or
//! task, and every folder and crate is known.
//!
//! The sources are read as text, comments and tests left out; paths are followed to the file that has what they name. The rules
//! stand in `rules.rs`. `cargo test -p butler-core --test layers -- --nocapture` prints what was found.

#![expect(clippy::expect_used, reason = "helpers of a test may fail it; clippy allows that in test functions only")]

mod graph;
mod rules;
mod source;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rules::{CRATES, Crate, FENCES, IMPURE, MOST_LINES, PURE, PURE_CRATES};
use source::says;
use tree::{Module, Tree};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tree(krate: &Crate) -> Tree {
    Tree::read(&crates().join(krate.name))
}

fn named(modules: &[Module], between: &str) -> String {
    modules.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(between)
}

/// Every import of one file that leads where its folder must not look.
fn breaches(krate: &Crate, module: &[&str], code: &str) -> Vec<String> {
    let module: Module = module.iter().map(|part| (*part).to_owned()).collect();
    let folder = module.first().map(String::as_str).unwrap_or_default();
    let known = krate.folders.iter().find(|(name, _)| *name == folder);
    let allowed: Vec<&str> = known.map(|(_, below)| below.split_whitespace().collect()).unwrap_or_default();
    let mut found = Vec::new();
    for path in source::paths(code) {
        let Some(absolute) = Tree::absolute(&module, &path) else { continue };
        let Some(target) = absolute.first().filter(|target| *target != folder) else { continue };
        // The crate's root has nothing but folders and macros.
        let is_macro = absolute.len() == 1 && !krate.folders.iter().any(|(folder, _)| folder == target);
        if !is_macro && !allowed.contains(&target.as_str()) {
            found.push(format!("{folder} must not know `{target}`: {}", path.parts.join("::")));
        }
    }
    if PURE.contains(&(krate.name, folder)) {
        found.extend(impurities(folder, code));
    }
    let fences = FENCES.iter().filter(|(fenced, path, _)| *fenced == krate.name && says_path(code, path));
    found.extend(fences.map(|(fenced, path, why)| format!("{fenced} must not use `{path}`: {why}")));
    found
}

fn says_path(code: &str, path: &str) -> bool {
    let spelled = code.match_indices(path).any(|(at, _)| {
        let before = code.get(..at).and_then(|code| code.chars().next_back());
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':')
            && code.get(at + path.len()..).is_some_and(|rest| rest.starts_with("::"))
    });
    let grouped = path.split_once("::").is_some_and(|(krate, name)| {
        code.match_indices(&format!("{krate}::{{")).any(|(at, _)| {
            code.get(at..).and_then(|code| code.split(';').next()).is_some_and(|import| says(import, name))
        })
    });
    spelled || grouped
}

fn impurities(folder: &str, code: &str) -> Vec<String> {
    let flat = source::paths(code).into_iter().map(|path| path.parts.join("::"));
    let text: String = flat.chain([code.to_owned()]).collect::<Vec<_>>().join("\n");
    let said = IMPURE.split_whitespace().filter(|word| says(&text, word));
    let mut found: Vec<String> = said.map(|word| format!("{folder} must not say `{word}`")).collect();
    let imports = code.lines().filter_map(|line| {
        let line = line.trim_start();
        let path = line.strip_prefix("pub use ").or_else(|| line.strip_prefix("use "))?;
        path.trim_start_matches("::").split([':', ';', ' ']).next()
    });
    // A capital letter begins a type of this file, not a crate.
    let foreign =
        imports.filter(|name| !says(PURE_CRATES, name) && name.starts_with(|first: char| first.is_ascii_lowercase()));
    found.extend(foreign.map(|name| format!("{folder} must not import from `{name}`")));
    found
}

#[test]
fn arrows_point_down_only() {
    let mut found = Vec::new();
    for krate in &CRATES {
        for (module, file) in tree(krate).files.iter().filter(|(module, _)| !module.is_empty()) {
            let module: Vec<&str> = module.iter().map(String::as_str).collect();
            let breaches = breaches(krate, &module, &file.code);
            found.extend(breaches.into_iter().map(|breach| format!("{}: {breach}", file.path.display())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_crate_and_every_folder_is_known() {
    let entries = std::fs::read_dir(crates()).expect("the crates are readable");
    let crates: BTreeSet<String> = entries
        .map(|entry| entry.expect("the crates are readable"))
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(crates, CRATES.iter().map(|krate| krate.name.to_owned()).collect(), "crates in rules.rs");
    for krate in &CRATES {
        let there = tree(krate).files.into_keys().filter_map(|module| module.into_iter().next());
        let there: BTreeSet<String> = there.collect();
        let known: BTreeSet<String> = krate.folders.iter().map(|(folder, _)| (*folder).to_owned()).collect();
        let unknown: Vec<&String> = there.difference(&known).collect();
        assert!(unknown.is_empty(), "rules.rs does not know these folders of {}: {unknown:?}", krate.name);
        for (folder, below) in krate.folders {
            let unknown = below.split_whitespace().find(|below| !known.contains(*below));
            assert_eq!(unknown, None, "{folder} of {}", krate.name);
        }
    }
}

#[test]
fn every_file_of_tests_is_part_of_a_program() {
    let mut forgotten = Vec::new();
    for krate in &CRATES {
        let folder = crates().join(krate.name);
        let manifest = read(&folder.join("Cargo.toml"));
        let Ok(entries) = std::fs::read_dir(folder.join("tests")) else { continue };
        let program = read(&folder.join("tests/main.rs"));
        let names = entries.map(|entry| entry.expect("the folder is readable").path()).filter(|path| {
            path.extension().is_some_and(|extension| extension == "rs")
                || ["mod.rs", "main.rs"].iter().any(|file| path.join(file).exists())
        });
        for name in names {
            let stem = name.file_stem().expect("a name").to_string_lossy();
            let is_part = program.lines().any(|line| line == format!("mod {stem};"))
                || manifest.contains(&format!("path = \"tests/{stem}.rs\""))
                || manifest.contains(&format!("path = \"tests/{stem}/main.rs\""));
            if !is_part {
                forgotten.push(name);
            }
        }
    }
    assert!(forgotten.is_empty(), "its tests never run: {forgotten:?} (hint: name it in tests/main.rs)");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the file is readable")
}

#[test]
fn nobody_imports_itself_and_the_house_is_low() {
    let mut wrong = Vec::new();
    for krate in &CRATES {
        let tree = tree(krate);
        let imports = tree.imports();
        let folders = graph::between_folders(&imports);
        let circles = [graph::circles(&imports), graph::circles(&folders)].concat();
        let chain = graph::longest_chain(&folders);
        let name = krate.name;
        println!("{name}: {} circles, {} floors: {}", circles.len(), chain.len(), named(&chain, " > "));
        for circle in &circles {
            println!("  circle: {}", named(circle, ", "));
            for from in circle {
                let within = |to: &&Module| circle.contains(to);
                for to in imports.get(from).into_iter().flatten().filter(within) {
                    println!("    {} imports from {}", from.join("::"), to.join("::"));
                }
            }
        }
        if circles.len() > krate.circles {
            let circles: Vec<String> = circles.iter().map(|circle| named(circle, ", ")).collect();
            wrong.push(format!("{name} has circles: {}", circles.join("; ")));
        }
        if chain.len() > krate.floors {
            wrong.push(format!("{name} stands on {} floors, more than {}", chain.len(), krate.floors));
        }
        let lines = || tree.files.values().map(|file| file.lines);
        println!(
            "  {} files, {} lines, {} files over 300 lines",
            lines().count(),
            lines().sum::<usize>(),
            lines().filter(|lines| *lines > 300).count()
        );
        let long = tree.files.values().filter(|file| file.lines > MOST_LINES);
        let long: Vec<String> = long.map(|file| format!("{} ({})", file.path.display(), file.lines)).collect();
        if long.len() > krate.long {
            wrong.push(format!("longer than {MOST_LINES} lines: {}", long.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn planted(krate: &str, folder: &str, source: &str) -> Vec<String> {
    let krate = CRATES.iter().find(|known| known.name == krate).expect("a known crate");
    breaches(krate, &[folder, "planted"], &source::code(source))
}

#[test]
fn planted_breaches_are_found() {
    let planted_in_core = [
        ("domain", "pub async fn fetch() {}"),
        ("domain", "let now = SystemTime::now();"),
        ("domain", "let now = std::time::Instant::now();"),
        ("domain", "use std::{collections::BTreeMap, fs};"),
        ("domain", "use std::{\n    fmt,\n    io::{self, Write},\n};"),
        ("domain", "std::net::TcpStream::connect(x)"),
        ("domain", "tokio::spawn(work)"),
        ("domain", "tracing::info!(\"x\");"),
        ("domain", "use hyper::Body;"),
        ("domain", "use futures_util::StreamExt;"),
        ("domain", "use crate::client::Client;"),
        ("domain", "use crate::{domain::attester::view, client::Client};"),
        ("domain", "fn f() { crate::error::exit() }"),
        ("domain", "use super::super::config::Network;"),
        ("contracts", "use crate::client::Client;"),
        ("config", "use crate::client;"),
        ("store", "use crate::client::Client;"),
        ("client", "use crate::{domain::ids, chain};"),
        ("client", "use crate::config::Network;"),
        ("runtime", "use crate::domain::ids::ProviderId;"),
        ("runtime", "use crate::{\n    domain::ids,\n};"),
        ("chain", "use crate::http::Server;"),
        ("daemon", "use crate::domain::ids::ProviderId;"),
        ("daemon", "use crate::client::http::HttpPeer;"),
    ];
    for (folder, source) in planted_in_core {
        assert!(!planted("butler-core", folder, source).is_empty(), "{folder}: {source}");
    }
    for (krate, folder, source) in [
        ("butler-exporter", "page", "use crate::scrapers::l1;"),
        ("butler-exporter", "catalogue", "use crate::{readings, slots::Slots};"),
        ("butler-exporter", "scrapers", "use ethers_signers::LocalWallet;"),
        ("butler-cli", "view", "use crate::gather::gather;"),
        ("butler-cli", "commands", "use butler_core::daemon::http::server::serve;"),
        ("butler-cli", "commands", "use butler_core::{config, daemon};"),
        ("butler-watcher", "plan", "use tokio::time::sleep;"),
        ("butler-watcher", "plan", "use crate::journal::Journal;"),
    ] {
        assert!(!planted(krate, folder, source).is_empty(), "{krate} {folder}: {source}");
    }
}

#[test]
fn what_is_allowed_is_not_found() {
    let allowed = [
        ("domain", "//! Nothing here is async, and std::fs is far away."),
        ("domain", "use std::collections::{BTreeMap, BTreeSet};\nuse super::ids::ProviderId;"),
        ("domain", "use crate::domain::samples::{address, view};"),
        ("domain", "let asynchronous = awaited(super::view::x);"),
        ("contracts", "use crate::domain::{ids, view};"),
        ("client", "use crate::{contracts::x, domain::y, runtime::{a, b}};"),
        ("client", "use tokio::net::TcpStream;"),
        ("chain", "use crate::client::Client;\nuse super::reads;"),
        ("runtime", "use std::process::ExitCode;"),
        ("config", "use crate::store::file::load_bounded;"),
    ];
    for (folder, source) in allowed {
        assert_eq!(planted("butler-core", folder, source), Vec::<String>::new(), "{folder}: {source}");
    }
    let core = &CRATES[0];
    let deeper = breaches(core, &["client", "rpc", "batch"], "use super::super::endpoint;");
    assert_eq!(deeper, Vec::<String>::new(), "two up is still the client");
}

#[test]
fn circles_and_floors_are_counted() {
    let module = |name: &str| vec![name.to_owned()];
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = graph::Graph::new();
        for (from, to) in edges {
            graph.entry(module(from)).or_default().insert(module(to));
            graph.entry(module(to)).or_default();
        }
        graph
    };
    let circle = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]);
    assert_eq!(graph::circles(&circle), [vec![module("a"), module("b"), module("c")]]);
    let tower = graph(&[("a", "b"), ("b", "d"), ("a", "c"), ("c", "b")]);
    assert!(graph::circles(&tower).is_empty());
    assert_eq!(named(&graph::longest_chain(&tower), " "), "a c b d");
}
