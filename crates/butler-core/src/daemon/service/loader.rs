//! Reading a configuration, and knowing which files it depends on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::{Config, ConfigError, ConfigFile, Sources, Variables};
use crate::store::watch::{Marks, look};

/// How often a configuration is read whose list of files keeps changing.
const READINGS: usize = 3;

/// Why a configuration is not taken.
#[derive(Debug, Error)]
pub enum LoadError {
    /// It has faults, or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It has none, and there is nothing to run.
    #[error("{0}")]
    Refused(String),
}

/// Why a program cannot run under a configuration without faults; `None` when it can.
pub type Refusal = fn(&Config) -> Option<String>;

/// Reads the configuration, and knows which files it depends on.
#[derive(Debug, Clone)]
pub struct Loader {
    sources: Sources,
    refusal: Refusal,
    files: BTreeSet<PathBuf>,
    marks: Marks,
}

impl Loader {
    /// Of this file, with the variables of the process.
    #[must_use]
    pub fn new(file: PathBuf, refusal: Refusal) -> Self {
        let files = BTreeSet::from([file.clone()]);
        let sources =
            Sources { file: ConfigFile::Required(file), variables: Variables::of_process(), overrides: Vec::new() };
        Self { sources, refusal, files, marks: Marks::new() }
    }

    /// The files that the configuration depends on, as of the last reading.
    pub(super) fn files(&self) -> &BTreeSet<PathBuf> {
        &self.files
    }

    /// How these files looked before the last reading.
    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Reads it. Blocks.
    ///
    /// # Errors
    /// It has faults, cannot be read, or is refused.
    pub fn load(&mut self) -> Result<Config, LoadError> {
        let mut result = self.load_once();
        for _ in 1..READINGS {
            // What was read before its file was looked at may have changed in between.
            if self.marks.keys().eq(&self.files) {
                break;
            }
            result = self.load_once();
        }
        let config = result?;
        (self.refusal)(&config).map_or(Ok(config), |why| Err(LoadError::Refused(why)))
    }

    fn load_once(&mut self) -> Result<Config, ConfigError> {
        self.marks = look(&self.files);
        let mut files = BTreeSet::new();
        let result = Config::load_noting(&self.sources, &mut files);
        self.files = files;
        result
    }
}
