//! The layers of butler-core hold: arrows point down only, and the domain decides without clock, file, socket or task.
//!
//! The sources are read as text, comments left out. `crate::` and `super::` paths, with their groups, are resolved to
//! the layer that they lead to. A layer that does not exist yet is skipped; a module that is in no table is not checked.

#![expect(clippy::expect_used, reason = "helpers of a test may fail it; clippy allows that in test functions only")]

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
    let code = without_comments(source);
    let paths = expanded_paths(&code);
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
        let said = IMPURE.split_whitespace().filter(|word| says(&text, word));
        found.extend(said.map(|word| format!("domain must not say `{word}`")));
        let imports = code.lines().filter_map(|line| {
            let line = line.trim_start();
            let path = line.strip_prefix("pub use ").or_else(|| line.strip_prefix("use "))?;
            path.trim_start_matches("::").split([':', ';', ' ']).next()
        });
        // A capital letter begins a type of this file, not a crate.
        let foreign = imports
            .filter(|name| !says(DOMAIN_CRATES, name) && name.starts_with(|first: char| first.is_ascii_lowercase()));
        found.extend(foreign.map(|name| format!("domain must not import from `{name}`")));
    }
    found
}

/// The source up to `//` of each line. A URL in a string is cut too, which hides nothing that matters here.
fn without_comments(source: &str) -> String {
    let lines = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether the text has the word, not as a part of a longer one.
fn says(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The words and signs that paths are made of; anything else is a sign of its own.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::<String>::new();
    let mut joined = false;
    for letter in code.chars() {
        match tokens.last_mut() {
            Some(last) if joined && is_word(letter) => last.push(letter),
            _ if letter.is_whitespace() => {}
            _ => tokens.push(letter.to_string()),
        }
        joined = is_word(letter);
    }
    tokens
}

/// Every path that starts with `crate`, `super` or `std`, with `{…}` groups written out.
fn expanded_paths(code: &str) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let starts = tokens.iter().enumerate().filter(|(at, token)| {
        let first = matches!(token.as_str(), "crate" | "super" | "std");
        first && at.checked_sub(1).and_then(|before| tokens.get(before)).is_none_or(|before| before != ":")
    });
    let mut paths = Vec::new();
    for (at, _) in starts {
        path_tree(&tokens, at, &[], &mut paths);
    }
    paths
}

/// Writes out the path at `at`, after `prefix`; answers where it ends.
fn path_tree(tokens: &[String], mut at: usize, prefix: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let token = |at: usize| tokens.get(at).map(String::as_str);
    let mut path = prefix.to_vec();
    loop {
        if token(at) == Some("{") {
            at += 1;
            while token(at).is_some_and(|token| token != "}") {
                let end = path_tree(tokens, at, &path, paths);
                // A sign that belongs to no path, such as a comma.
                at = end.max(at + 1);
            }
            return at + 1;
        }
        let Some(word) = token(at).filter(|token| token.chars().all(is_word)) else {
            break;
        };
        path.push(word.to_owned());
        at += 1;
        if token(at) != Some(":") || token(at + 1) != Some(":") {
            break;
        }
        at += 2;
    }
    if path.len() > prefix.len() {
        paths.push(path);
    }
    at
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
