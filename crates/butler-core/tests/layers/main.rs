//! The layers of butler-core hold: arrows point down only, and the domain decides without clock, file, socket or task.
//!
//! The sources are read as text, comments left out. `crate::` and `super::` paths, with their groups, are resolved to
//! the layer that they lead to. A layer that does not exist yet is skipped; a module that is in no table is not checked.

#![expect(clippy::expect_used, reason = "helpers of a test may fail it; clippy allows that in test functions only")]

mod graph;
mod source;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

/// What each layer may say after `crate::`, beside its own name.
const LAYERS: [(&str, &[&str]); 11] = [
    ("text", &[]),
    ("domain", &["text"]),
    ("runtime", &[]),
    ("contracts", &["domain", "text"]),
    ("store", &["domain", "text"]),
    ("config", &["domain", "store", "text"]),
    ("key_files", &["config", "domain", "store", "text"]),
    ("client", &["contracts", "domain", "runtime", "text"]),
    ("snapshot", &["client", "store", "contracts", "domain", "runtime", "text"]),
    ("fuzzing", &["snapshot", "client", "key_files", "domain"]),
    ("network", &["snapshot", "client", "key_files", "config", "store", "contracts", "domain", "runtime", "text"]),
];

/// What the domain must not say, as whole words.
const IMPURE: &str = "async await tokio SystemTime Instant::now std::fs std::net std::io std::env \
    std::thread std::process hyper tracing unsafe";

/// Crates that the domain may import from; the last two in its tests.
const DOMAIN_CRATES: &str = "std core serde thiserror ethers_core crate super self proptest insta";

/// Every breach in one source file. `modules` is its path below the crate, such as `["domain", "view"]`.
fn breaches(layer: &str, modules: &[&str], source: &str) -> Vec<String> {
    let code = source::code(source);
    let paths: Vec<Vec<String>> = source::paths(&code).into_iter().map(|path| path.parts).collect();
    let allowed = LAYERS.iter().find_map(|(name, below)| (*name == layer).then_some(*below)).unwrap_or_default();
    let mut found = Vec::new();
    for path in &paths {
        let target = match path.first().map(String::as_str) {
            Some("crate") => path.get(1),
            // In a file `n` modules deep, the n-th `super` is the crate.
            Some("super") => {
                let up = path.iter().take_while(|part| *part == "super").count();
                path.get(up).filter(|_| up >= modules.len())
            }
            _ => None,
        };
        if let Some(target) = target.filter(|target| *target != layer && !allowed.contains(&target.as_str())) {
            found.push(format!("{layer} must not know `{target}`: {}", path.join("::")));
        }
    }
    if layer == "domain" {
        let flat = paths.iter().map(|path| path.join("::"));
        let text: String = flat.chain([code.clone()]).collect::<Vec<_>>().join("\n");
        let said = IMPURE.split_whitespace().filter(|word| source::says(&text, word));
        found.extend(said.map(|word| format!("domain must not say `{word}`")));
        let imports = code.lines().filter_map(|line| {
            let line = line.trim_start();
            let path = line.strip_prefix("pub use ").or_else(|| line.strip_prefix("use "))?;
            path.trim_start_matches("::").split([':', ';', ' ']).next()
        });
        // A capital letter begins a type of this file, not a crate.
        let foreign = imports.filter(|name| {
            !source::says(DOMAIN_CRATES, name) && name.starts_with(|first: char| first.is_ascii_lowercase())
        });
        found.extend(foreign.map(|name| format!("domain must not import from `{name}`")));
    }
    found
}

/// Every Rust file of a layer, whether it is a folder or one file.
fn files_of(source: &Path, layer: &str) -> Vec<PathBuf> {
    let mut files = Vec::from([source.join(format!("{layer}.rs"))]);
    files.retain(|file| file.exists());
    let mut folders = vec![source.join(layer)];
    while let Some(folder) = folders.pop().filter(|folder| folder.exists()) {
        for entry in fs::read_dir(&folder).expect("a layer's folder is readable") {
            let path = entry.expect("a layer's folder is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn arrows_point_down_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut domain_files = 0;
    for (layer, _) in LAYERS {
        for file in files_of(&source, layer) {
            let text = fs::read_to_string(&file).expect("a source file is readable");
            let below = file.strip_prefix(&source).expect("the file is below src").with_extension("");
            let modules: Vec<&str> = below
                .iter()
                .map(|part| part.to_str().expect("source paths are text"))
                .filter(|part| *part != "mod")
                .collect();
            let breaches = breaches(layer, &modules, &text);
            found.extend(breaches.into_iter().map(|breach| format!("{}: {breach}", below.display())));
            domain_files += usize::from(layer == "domain");
        }
    }
    assert!(domain_files > 10, "the domain was found");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn planted_breaches_are_found() {
    let planted = [
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
        ("domain", "use crate::{domain::view, client::Client};"),
        ("domain", "fn f() { crate::error::exit() }"),
        ("domain", "use super::super::config::Network;"),
        ("contracts", "use crate::client::Client;"),
        ("config", "use crate::client;"),
        ("store", "use crate::client::Client;"),
        ("client", "use crate::{domain::ids, snapshot};"),
        ("client", "use crate::config::Network;"),
        ("runtime", "use crate::domain::ids::ProviderId;"),
        ("runtime", "use crate::{\n    domain::ids,\n};"),
        ("snapshot", "use crate::http::Server;"),
    ];
    for (layer, source) in planted {
        let found = breaches(layer, &[layer, "planted"], source);
        assert!(!found.is_empty(), "{layer}: {source}");
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
        ("snapshot", "use crate::client::Client;\nuse super::reads;"),
        ("runtime", "use std::process::ExitCode;"),
        ("config", "use crate::store::file::load_bounded;"),
    ];
    for (layer, source) in allowed {
        let found = breaches(layer, &[layer, "planted"], source);
        assert_eq!(found, Vec::<String>::new(), "{layer}: {source}");
    }
    let deeper = breaches("client", &["client", "rpc", "batch"], "use super::super::endpoint;");
    assert_eq!(deeper, Vec::<String>::new(), "two up is still the client");
}

#[test]
fn show() {
    for krate in ["butler-core", "butler-exporter", "butler-cli", "butler-testkit", "xtask"] {
        let tree = tree::Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(krate));
        let imports = tree.imports();
        let circles = graph::circles(&imports);
        println!("{krate}: {} circles", circles.len());
        for circle in circles {
            println!("  {}", circle.iter().map(|m| m.join("::")).collect::<Vec<_>>().join(" "));
        }
        let folders = graph::between_folders(&imports);
        for circle in graph::circles(&folders) {
            println!("  folders {}", circle.iter().map(|m| m.join("::")).collect::<Vec<_>>().join(" "));
        }
        let chain = graph::longest_chain(&folders);
        println!("  floors {}: {}", chain.len(), chain.iter().map(|m| m.join("::")).collect::<Vec<_>>().join(" > "));
        for file in tree.files.values().filter(|f| f.lines > 300) {
            println!("  {} {}", file.lines, file.path.display());
        }
    }
}
