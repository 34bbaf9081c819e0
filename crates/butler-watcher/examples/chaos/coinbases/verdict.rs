//! What lies in a round's folder, held against what may lie there: at the moment of a death, and after everything is over.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use butler_core::domain::action::{EffectKey, Phase};
use butler_watcher::journal::{Journal as _, Keeper, Op, Settings};
use butler_watcher::program::journal_directory;

use super::bench::{Bench, FILE, OTHER, SERVER, STATE};
use crate::judge::Tally;

/// What is wrong, by what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Something is gone that may be needed, or not whole.
    Lost,
    /// It was done more than once.
    Doubled,
    /// It never ends.
    Stuck,
    /// What is there does not fit together.
    Inconsistent,
    /// The watcher did not start again.
    RefusedOpen,
}

/// Everything that is wrong in one round.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<(Fault, String)>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault, what: impl Into<String>) {
        self.0.push((fault, what.into()));
    }

    fn unless(&mut self, holds: bool, fault: Fault, what: impl FnOnce() -> String) {
        if !holds {
            self.add(fault, what());
        }
    }

    pub(super) fn count(&self, tally: &mut Tally) {
        for (fault, _) in &self.0 {
            *match fault {
                Fault::Lost => &mut tally.lost,
                Fault::Doubled => &mut tally.doubled,
                Fault::Stuck => &mut tally.stuck,
                Fault::Inconsistent => &mut tally.inconsistent,
                Fault::RefusedOpen => &mut tally.refused_open,
            } += 1;
        }
    }
}

/// What there may be.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
    other: Vec<u8>,
    secrets: Vec<String>,
    /// Mode, user and group of the key files.
    rights: (u32, u32, u32),
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remains {
    /// The content of the key file.
    pub(super) content: Vec<u8>,
    /// It is another one after each write.
    pub(super) inode: u64,
    /// Old contents that are kept.
    pub(super) kept: usize,
    /// What only a writer at work may have.
    pub(super) left: Vec<String>,
}

impl Expected {
    /// Of rounds that begin with this folder. Without `new` the file must be the old one.
    pub(super) fn of(bench: &Bench, work: &Path, new: Option<&[u8]>) -> anyhow::Result<Self> {
        Ok(Self {
            old: bench.old.clone(),
            new: new.unwrap_or(&bench.old).to_vec(),
            other: bench.other.clone(),
            secrets: bench.secrets.clone(),
            rights: rights(&work.join(SERVER).join(FILE))?,
        })
    }

    /// Looks at a round's folder, of which `work` is the watcher's, and says what may not be at any moment. `is_taken` says that a node took
    /// what was written, so that nobody needs the old content.
    pub(super) fn look(
        &self,
        room: &Path,
        work: &Path,
        is_taken: bool,
        faults: &mut Faults,
    ) -> anyhow::Result<Remains> {
        let folder = work.join(SERVER);
        let path = folder.join(FILE);
        let content = std::fs::read(&path).unwrap_or_default();
        let is_whole = content == self.old || content == self.new;
        faults.unless(is_whole, Fault::Lost, || format!("{FILE} is neither the old nor the new one"));
        let is_other_whole = std::fs::read(folder.join(OTHER)).is_ok_and(|other| other == self.other);
        faults.unless(is_other_whole, Fault::Lost, || format!("{OTHER} is not what it was"));
        for name in [FILE, OTHER] {
            let now = rights(&folder.join(name)).ok();
            let is_same = now == Some(self.rights);
            faults.unless(is_same, Fault::Inconsistent, || format!("{name} has other rights: {now:?}"));
        }
        let mut left = Vec::new();
        for entry in folder.read_dir()? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name == format!("{FILE}.tmp") {
                left.push(name);
            } else if name != FILE && name != OTHER {
                faults.add(Fault::Inconsistent, format!("{name} lies beside the key file"));
            }
        }
        let mut kept = 0;
        for path in files(room)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_in_state = path.starts_with(work.join(STATE).join("keystores"));
            if is_in_state && name.ends_with(".before") {
                kept += 1;
                self.check_kept(&path, faults);
            } else if is_in_state && name.ends_with(".before.tmp") {
                left.push(name);
            } else if path.parent() != Some(folder.as_path()) {
                self.check_public(&path, faults);
            }
        }
        faults.unless(kept <= 1, Fault::Inconsistent, || format!("{kept} old contents are kept"));
        let is_restorable = content == self.old || is_taken || kept > 0;
        faults.unless(is_restorable, Fault::Lost, || {
            "the old content is kept nowhere, and no node took the new".to_owned()
        });
        let inode = path.metadata().map_or(0, |metadata| metadata.ino());
        Ok(Remains { content, inode, kept, left })
    }

    fn check_kept(&self, path: &Path, faults: &mut Faults) {
        let is_old = std::fs::read(path).is_ok_and(|kept| kept == self.old);
        faults.unless(is_old, Fault::Lost, || "what is kept is not the old content".to_owned());
        let is_private =
            rights(path).is_ok_and(|(mode, user, _)| mode == 0o600 && user == rustix::process::geteuid().as_raw());
        faults.unless(is_private, Fault::Inconsistent, || "what is kept is not private".to_owned());
    }

    /// That a file has no private key.
    fn check_public(&self, path: &Path, faults: &mut Faults) {
        let Ok(content) = std::fs::read(path) else { return };
        let text = String::from_utf8_lossy(&content);
        for secret in &self.secrets {
            let is_there = text.contains(secret) || text.contains(&secret.to_uppercase());
            faults.unless(!is_there, Fault::Inconsistent, || format!("a private key is in {}", path.display()));
        }
    }
}

impl Remains {
    /// That nothing is left over.
    pub(super) fn check_tidy(&self, faults: &mut Faults) {
        faults.unless(self.kept == 0, Fault::Inconsistent, || "the old content is still kept".to_owned());
        faults.unless(self.left.is_empty(), Fault::Inconsistent, || format!("left over: {:?}", self.left));
    }
}

/// Whether nothing of a change is left over.
pub(super) fn is_tidy(work: &Path) -> anyhow::Result<bool> {
    let left = [work.join(SERVER), work.join(STATE).join("keystores")].map(|folder| files(&folder));
    let is_left = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "tmp" || ending == "before");
    Ok(!left.into_iter().collect::<anyhow::Result<Vec<_>>>()?.iter().flatten().any(is_left))
}

/// That the journal is whole, and the action was done this often.
pub(super) fn check_journal(work: &Path, key: &EffectKey, times: u64, faults: &mut Faults) -> anyhow::Result<()> {
    let keeper = Keeper::open(&journal_directory(&work.join(STATE)), Settings::default())?;
    for what in keeper.verify()?.faults {
        faults.add(Fault::Inconsistent, format!("the journal is not whole: {what}"));
    }
    let (mut done, mut after) = (0, 0);
    loop {
        let lines = keeper.history(after, 1_000)?;
        let Some(last) = lines.last() else { break };
        after = last.line;
        let is_done = |op: &Op| matches!(op, Op::Finished(one) if one.phase == Phase::Done && one.key == *key);
        done += u64::try_from(lines.iter().filter(|line| is_done(&line.op)).count())?;
    }
    let fault = if done > times { Fault::Doubled } else { Fault::Lost };
    faults.unless(done == times, fault, || format!("it is done {done} times in the history, not {times}"));
    Ok(())
}

/// Mode, user and group.
fn rights(path: &Path) -> std::io::Result<(u32, u32, u32)> {
    let metadata = path.symlink_metadata()?;
    Ok((metadata.mode() & 0o7777, metadata.uid(), metadata.gid()))
}

/// Every regular file below a folder.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        // What a watcher removes meanwhile is not there.
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}
