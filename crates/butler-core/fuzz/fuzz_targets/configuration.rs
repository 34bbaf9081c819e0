//! A configuration: the file, and after each NUL byte a variable `NAME=VALUE`. The reader opens files, so it gets one.
#![no_main]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::LazyLock;

use butler_core::config::{Config, ConfigError, ConfigFile, Sources};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// In memory where the system has such a folder.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    TempDir::new_in(folder).expect("a folder can be made")
});

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|byte| *byte == 0);
    let path = FOLDER.path().join("butler.toml");
    std::fs::write(&path, parts.next().unwrap_or_default()).expect("a file can be written");
    let variables = parts.filter_map(|part| {
        let at = part.iter().position(|byte| *byte == b'=')?;
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(&part[..at]), text(&part[at + 1..])))
    });
    let sources = Sources { file: ConfigFile::Required(path), variables: variables.collect(), ..Sources::default() };
    match Config::load(&sources) {
        Ok(config) => {
            let _ = (config.network(None).is_ok(), config.render());
        }
        Err(ConfigError::Faults(faults)) => {
            assert!(!faults.is_empty());
            for fault in faults {
                let text = fault.to_string();
                assert!(!text.contains(|character: char| character.is_control() && character != '\n'), "{text:?}");
            }
        }
        Err(error) => drop(error.to_string()),
    }
});
