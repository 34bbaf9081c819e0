//! Reading a configuration takes as long as it is: six times the file, about six times the time.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use butler_core::config::{Config, ConfigFile, Sources, Variables};
use butler_core::store::file::save_atomic;

/// A name, and the lines of one thing of that kind by its number.
type Kind = (&'static str, fn(usize) -> String);

/// The quickest of three readings, and how many values or faults there are.
fn reading(toml: &str) -> (Duration, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("butler.toml");
    save_atomic(&path, toml.as_bytes(), 0o600).unwrap();
    let variables: Variables = [("HOME", "/home/op")].into_iter().collect();
    let sources = Sources { file: ConfigFile::Required(path), variables, overrides: Vec::new() };
    let read = || {
        let began = Instant::now();
        let found = match Config::load(&sources) {
            Ok(config) => config.effective().len() + config.render().len() / 40,
            Err(error) => error.faults().len(),
        };
        (began.elapsed(), found)
    };
    (0..3).map(|_| read()).min().unwrap()
}

fn config(lines: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::from("[networks.mainnet]\nextra_attesters = [\n");
    for number in 1..=lines / 4 {
        writeln!(text, "    \"0x{number:040x}\",").unwrap();
    }
    text.push_str("]\n");
    for number in 0..lines {
        text.push_str(&line(number));
    }
    text
}

#[test]
fn the_time_grows_with_the_size_and_not_with_its_square() {
    let kinds: [Kind; 4] = [
        ("comments", |_| "# nothing is said here\n".to_owned()),
        ("endpoints", |number| format!("[[networks.mainnet.l1]]\nname = \"l{number}\"\nurl = \"http://127.0.0.1\"\n")),
        ("networks", |number| format!("[networks.n{number}]\npreset = \"mainnet\"\n")),
        ("unknown keys", |number| format!("unknown_{number} = 1\n")),
    ];
    for (kind, line) in kinds {
        let (small, few) = reading(&config(400, line));
        let (large, many) = reading(&config(2_400, line));
        assert!(few > 0 && many >= few, "{kind}");
        // Six times the size: a quadratic reader takes thirty-six times as long.
        assert!(large < small.max(Duration::from_millis(2)) * 20, "{kind}: {small:?} and {large:?}");
    }
}
