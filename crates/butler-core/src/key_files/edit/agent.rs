//! Who answers questions about one folder of keystores, on the machine where these lie.
//!
//! Each question begins with the folder as it is now; nothing is remembered but backups. A file is changed in this order: its old
//! content is kept, the file is replaced as a whole, read back, and answered. So a killed agent leaves the old file or the new one,
//! and the same question asked again ends the work.

use std::path::PathBuf;

use ethers_core::types::H256;

use super::backups::{Backups, backup_id};
use super::failure::{Failure, Misunderstood, Refused};
use super::keystores::Keystores;
use super::names::FileName;
use super::obstacle::Verdict;
use super::planned::Planned;
use super::protocol::{ANSWER_LIMIT, Answer, Applied, Ask, BoundEdit, Edit, PROTOCOL, Request, Said};
use super::view::FolderView;
use crate::store::dumps::forbid_dumps;

/// Answers questions about one folder. Blocks.
#[derive(Debug, Clone)]
pub struct KeystoreAgent {
    folder: PathBuf,
    state: PathBuf,
}

/// What went wrong, and what was written before.
struct Halted {
    failure: Failure,
    written: Vec<FileName>,
}

impl From<Failure> for Halted {
    fn from(failure: Failure) -> Self {
        Self { failure, written: Vec::new() }
    }
}

impl KeystoreAgent {
    /// Of the keystores in `folder`, with an own folder `state` for backups, which is this folder's alone. It is made when it is needed.
    #[must_use]
    pub fn new(folder: PathBuf, state: PathBuf) -> Self {
        Self { folder, state }
    }

    /// Answers a question as it came.
    #[must_use]
    pub fn answer_text(&self, text: &[u8]) -> Answer {
        match Request::read(text) {
            Ok(request) => self.answer(&request),
            Err(why) => failed(Failure::Misunderstood(why).into()),
        }
    }

    /// Answers a question. From then on this process makes no core dump.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Answer {
        if request.version != PROTOCOL {
            let why = Misunderstood::Version { spoken: PROTOCOL };
            return failed(Failure::Misunderstood(why).into());
        }
        let said = match &request.ask {
            Ask::Look => self.look(),
            Ask::Preview { edits } => self.preview(edits),
            Ask::Apply { edits } => self.apply(edits),
            Ask::Restore { file, digest_written, digest_before } => {
                self.restore(file, *digest_written, *digest_before).map_err(Halted::from)
            }
            Ask::Finish { backups } => self.finish(backups),
        };
        match said {
            Ok(said) => bounded(Answer { version: PROTOCOL, said }),
            Err(halted) => failed(halted),
        }
    }

    /// Looks at the folder, and at what keeps this user from changing those of its files that have validators. Nothing is written, in the
    /// agent's own folder neither. From then on this process makes no core dump.
    ///
    /// # Errors
    /// The first thing that is in the way.
    pub fn examine(&self) -> Result<FolderView, Failure> {
        forbid_dumps().map_err(|_| Failure::never(Refused::Dumps))?;
        let keystores = Keystores::open(&self.folder)?;
        let view = keystores.view(&[])?;
        for file in view.files.iter().filter(|file| !file.validators.is_empty()) {
            keystores.check_rights(&file.name, file.mode)?;
        }
        Ok(view)
    }

    fn open(&self) -> Result<(Keystores, Backups), Failure> {
        forbid_dumps().map_err(|_| Failure::never(Refused::Dumps))?;
        let keystores = Keystores::open(&self.folder)?;
        Ok((keystores, Backups::open(&self.state, &self.folder)?))
    }

    fn look(&self) -> Result<Said, Halted> {
        let (keystores, backups) = self.open()?;
        let beside = keystores.sweep()?;
        Ok(Said::Looked { folder: keystores.view(&[])?, backups: backups.list()?, beside })
    }

    fn preview(&self, edits: &[Edit]) -> Result<Said, Halted> {
        let (keystores, _) = self.open()?;
        let planned = keystores.plan(edits.iter())?;
        let obstacles = keystores.check(&planned)?;
        let files = planned.iter().map(Planned::shown).collect::<Result<_, Failure>>()?;
        Ok(Said::Previewed { files, obstacles })
    }

    fn apply(&self, edits: &[BoundEdit]) -> Result<Said, Halted> {
        let (keystores, backups) = self.open()?;
        let _writing = backups.lock()?;
        let mut waiting = Vec::new();
        for edit in edits {
            if !keystores.is_at(&edit.edit.file, edit.digest_after)? {
                waiting.push(edit);
            }
        }
        Keystores::check_question(edits.iter().map(|edit| &edit.edit))?;
        let planned = keystores.plan(waiting.iter().map(|edit| &edit.edit))?;
        for (planned, edit) in planned.iter().zip(&waiting) {
            planned.check(edit.digest_after)?;
        }
        let mut obstacles = keystores.check(&planned)?;
        obstacles.retain(|obstacle| obstacle.kind.verdict() == Verdict::Refuses);
        if !obstacles.is_empty() && !planned.is_empty() {
            return Err(Failure::never(Refused::Folder { obstacles }).into());
        }
        let mut applied = Vec::new();
        for BoundEdit { edit, digest_after: digest } in edits {
            let written = || applied.iter().map(|applied: &Applied| applied.file.clone()).collect();
            let planned = planned.iter().find(|planned| planned.file == edit.file);
            let done = match planned {
                Some(planned) => write(&keystores, &backups, planned, *digest),
                None => keystores.settle(&edit.file),
            };
            done.map_err(|failure| Halted { failure, written: written() })?;
            let was_already = planned.is_none();
            applied.push(Applied { file: edit.file.clone(), digest: *digest, was_already });
        }
        Ok(Said::Applied { files: applied })
    }

    fn restore(&self, file: &FileName, written: H256, before: H256) -> Result<Said, Failure> {
        let (keystores, backups) = self.open()?;
        let _writing = backups.lock()?;
        let id = backup_id(file, before);
        let was_already = keystores.is_at(file, before)?;
        if was_already {
            keystores.settle(file)?;
        } else {
            if !keystores.is_at(file, written)? {
                return Err(keystores.conflict(file));
            }
            let content = backups.read(id, before)?.ok_or_else(|| Failure::refused(file, Refused::NoBackup))?;
            keystores.replace(file, written, &content, before)?;
        }
        backups.drop(id)?;
        Ok(Said::Restored { was_already })
    }

    fn finish(&self, ids: &[H256]) -> Result<Said, Halted> {
        let (_, backups) = self.open()?;
        let _writing = backups.lock()?;
        let mut removed = 0;
        for id in ids {
            removed += usize::from(backups.drop(*id)?);
        }
        Ok(Said::Finished { removed })
    }
}

/// Keeps the old content and writes the new one.
fn write(keystores: &Keystores, backups: &Backups, planned: &Planned, after: H256) -> Result<(), Failure> {
    let id = backup_id(&planned.file, planned.before);
    backups.keep(id, &planned.old, planned.before)?;
    let written = keystores.replace(&planned.file, planned.before, &planned.edited.content, after);
    // Where the old content is still in its place nobody needs it twice.
    if written.is_err() && keystores.is_at(&planned.file, planned.before).unwrap_or(false) {
        backups.drop(id)?;
    }
    written
}

fn failed(Halted { failure, written }: Halted) -> Answer {
    Answer { version: PROTOCOL, said: Said::Failed { failure, written } }
}

/// An answer that can be sent.
fn bounded(answer: Answer) -> Answer {
    let is_short = serde_json::to_vec(&answer).is_ok_and(|text| text.len() <= ANSWER_LIMIT);
    if is_short { answer } else { failed(Failure::never(Refused::TooMuch).into()) }
}
