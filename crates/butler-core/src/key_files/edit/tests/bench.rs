//! A folder of keystores with an agent, and what tests ask of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use ethers_core::types::H256;
use sha2::{Digest as _, Sha256};

use super::samples::{RECIPIENT, address, key, split};
use crate::key_files::edit::{
    Answer, Ask, BoundEdit, Edit, Failure, FileName, FolderView, KeystoreAgent, Previewed, Request, Said, Setting, Wish,
};
use crate::store::private::save_private;

pub(crate) struct Bench {
    pub(crate) root: tempfile::TempDir,
}

/// A keystore with these attesters, by the numbers of their keys, and their coinbases as JSON.
pub(crate) fn keystore(validators: &[(usize, &str)]) -> String {
    let each = validators.iter().map(|(number, coinbase)| {
        format!(r#"{{"attester": "{}", {coinbase}"feeRecipient": "{RECIPIENT}"}}"#, key(*number))
    });
    format!("{{\"schemaVersion\": 1, \"validators\": [\n  {}\n]}}\n", each.collect::<Vec<_>>().join(",\n  "))
}

pub(crate) fn digest(content: &str) -> H256 {
    H256(Sha256::digest(content).into())
}

pub(crate) fn name(name: &str) -> FileName {
    FileName::try_from(name.to_owned()).unwrap()
}

/// A wish for the attester of that key, of whom nothing was said before.
pub(crate) fn wish(number: usize) -> Wish {
    Wish { attester: address(number), before: Setting::Absent, after: split(number).try_into().unwrap() }
}

impl Bench {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.keys()).unwrap();
        for (file, content) in files {
            bench.put(file, content);
        }
        bench
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.root.path().join("keys")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    pub(crate) fn put(&self, file: &str, content: &str) {
        save_private(&self.keys().join(file), content.as_bytes()).unwrap();
    }

    pub(crate) fn text(&self, file: &str) -> String {
        fs::read_to_string(self.keys().join(file)).unwrap()
    }

    pub(crate) fn mode(&self, file: &str, mode: u32) {
        fs::set_permissions(self.keys().join(file), Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn mode_of(&self, file: &str) -> u32 {
        self.keys().join(file).metadata().unwrap().mode() & 0o7777
    }

    /// What lies in the state folder but for its lock.
    pub(crate) fn kept(&self) -> Vec<String> {
        let entries = fs::read_dir(self.state()).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "agent.lock").collect()
    }

    /// Asks by way of text, as from elsewhere; the answer must say nothing of a key.
    pub(crate) fn ask(&self, ask: Ask) -> Said {
        let agent = KeystoreAgent::new(self.keys(), self.state());
        let answer = agent.answer_text(&serde_json::to_vec(&Request::new(ask)).unwrap());
        let text = serde_json::to_string(&answer).unwrap();
        let shown = format!("{text} {answer:?}");
        for number in 0..10 {
            assert!(!shown.contains(&key(number)[2..]) && !shown.contains("hunter2"), "{shown}");
        }
        let read: Answer = serde_json::from_str(&text).unwrap();
        assert_eq!(read, answer);
        read.said
    }

    pub(crate) fn look(&self) -> (FolderView, Vec<H256>) {
        let said = self.ask(Ask::Look);
        let Said::Looked { folder, backups, beside } = said else { panic!("{said:?}") };
        assert!(beside.is_empty(), "{beside:?}");
        (folder, backups)
    }

    pub(crate) fn edit(&self, file: &str, changes: Vec<Wish>) -> Edit {
        Edit { file: name(file), digest_before: digest(&self.text(file)), changes }
    }

    pub(crate) fn preview(&self, edits: Vec<Edit>) -> Vec<Previewed> {
        let said = self.ask(Ask::Preview { edits });
        let Said::Previewed { files, obstacles } = said else { panic!("{said:?}") };
        assert!(obstacles.is_empty(), "{obstacles:?}");
        files
    }

    /// The edits, bound to what they were previewed as.
    pub(crate) fn bound(&self, edits: Vec<Edit>) -> Vec<BoundEdit> {
        let previewed = self.preview(edits.clone());
        let bind = |(edit, previewed): (Edit, Previewed)| BoundEdit { edit, digest_after: previewed.digest_after };
        edits.into_iter().zip(previewed).map(bind).collect()
    }

    pub(crate) fn failure(&self, ask: Ask) -> Failure {
        let said = self.ask(ask);
        let Said::Failed { failure, written } = said else { panic!("{said:?}") };
        assert!(written.is_empty(), "{written:?}");
        failure
    }
}
