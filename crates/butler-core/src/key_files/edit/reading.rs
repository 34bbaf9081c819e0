//! A keystore as a node reads it, before it is changed.

use std::path::Path;

use super::error::EditError;
use super::setting::Setting;
use super::view::ValidatorView;
use crate::key_files::accounts::Mode;
use crate::key_files::content::{Content, FileKind, Validator};
use crate::key_files::fault::FileFault;
use crate::key_files::format::{read_content, unwanted};
use crate::key_files::json::{self, Json};
use crate::key_files::sources::PrivateKeys;

/// How keystores are read here: addresses are derived from keys, since a validator is known by its attester.
const MODE: Mode = Mode::Node(PrivateKeys::Derive);

/// A file's JSON, and what it says.
pub(super) struct Reading {
    pub(super) json: Json,
    /// `None` when it is no key file.
    pub(super) content: Option<Content>,
}

impl Reading {
    /// Reads a file that lies at `path`, which is needed for the encrypted keys that it names, and for nothing else; with what is
    /// wrong with it.
    ///
    /// # Errors
    /// It is no JSON that a node would read.
    pub(super) fn of(bytes: &[u8], path: &Path) -> Result<(Self, Vec<FileFault>), FileFault> {
        let json = json::parse(bytes, unwanted(MODE))?;
        let mut faults = Vec::new();
        let content = read_content(&json, path, MODE, &mut faults);
        Ok((Self { json, content }, faults))
    }

    /// What it says as a keystore.
    pub(super) fn keystore(&self) -> Result<&Content, EditError> {
        let keystore = self.content.as_ref().filter(|content| content.kind == FileKind::Keystore);
        // A node asks for the number of the schema.
        keystore.filter(|content| content.schema.is_some()).ok_or(EditError::NotAKeystore { line: None })
    }

    /// Its validators as they are shown; who pays for them is not known from one file.
    pub(super) fn validators(&self) -> Vec<ValidatorView> {
        let keystore = self.content.iter().filter(|content| content.kind == FileKind::Keystore);
        let validators = keystore.flat_map(|content| &content.validators);
        let view = |validator: &Validator| ValidatorView {
            index: validator.index,
            attesters: validator.keys.iter().map(|(attester, _)| *attester).collect(),
            is_single: self.is_single(validator),
            coinbase: self.setting(validator),
            publishers: Vec::new(),
        };
        validators.map(view).collect()
    }

    /// What its top says for validators that have no coinbase.
    pub(super) fn top(&self) -> Setting {
        self.content.as_ref().map_or(Setting::Absent, |content| Setting::of(&self.json, content.coinbase))
    }

    /// A validator as it is written.
    pub(super) fn written(&self, index: usize) -> Option<&Json> {
        match self.json.get("validators") {
            Some(Json::List(validators)) => validators.get(index),
            Some(_) | None => None,
        }
    }

    /// What a validator says of its coinbase.
    pub(super) fn setting(&self, validator: &Validator) -> Setting {
        self.written(validator.index).map_or(Setting::Illegible, |written| Setting::of(written, validator.coinbase))
    }

    /// Whether a validator stands for one attester, now and later.
    pub(super) fn is_single(&self, validator: &Validator) -> bool {
        let attester = self.written(validator.index).and_then(|written| written.get("attester"));
        let is_list_of_several = matches!(attester, Some(Json::List(items)) if items.len() != 1);
        // A folder of encrypted keys stands for as many as are put there.
        validator.keys.len() == 1 && !is_list_of_several && validator.folders.keys.is_empty()
    }
}
