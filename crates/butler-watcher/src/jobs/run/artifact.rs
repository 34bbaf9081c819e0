//! Where an artifact is made, and how it gets to its place.
//!
//! It is made in a private folder beside its place, on the same file system. When its program has ended well it is looked at,
//! digested, synced and set aside as *ready*; when its check accepts it, it is renamed to its place. One that the check refuses is
//! kept in the private folder until the next one is, so that a person can look at it. Everything else that was made is removed.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256, digest};
use rustix::fs::{Mode, OFlags, openat, renameat};
use rustix::io::Errno;
use rustix::process::geteuid;
use thiserror::Error;

use super::task::hex;

/// Of a file, and never waiting for anybody.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Bytes that are digested at once.
const PIECE: usize = 256 * 1024;
/// Permissions of others than the owner, and among them those to write.
const OTHERS: u32 = 0o077;
const WRITABLE: u32 = 0o022;

/// An artifact that cannot be looked at, or brought to its place.
#[derive(Debug, Error)]
pub(super) enum ArtifactError {
    /// It is not one: to be made again.
    #[error("`{}` is no artifact: {why}", path.display())]
    Invalid {
        /// Where.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// Something is in its place, or in that of its folder, that a person must look at.
    #[error("`{}` is in the way: {why}", path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// The disk does not do it: again later.
    #[error("`{}` cannot be handled", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What is in an artifact's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing.
    Missing,
    /// A file.
    There {
        /// Its SHA-256.
        digest: [u8; 32],
    },
}

/// The place of an artifact, and the private folder beside it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    target: PathBuf,
    parent: PathBuf,
    private: PathBuf,
    name: String,
    limit: u64,
}

/// Looks at a file that is an artifact of at most `limit` bytes. Blocks for as long as it takes to read it.
pub(super) fn look_at(path: &Path, limit: u64) -> Result<Look, ArtifactError> {
    match rustix::fs::open(path, READ, Mode::empty()) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(Look::Missing),
        Err(Errno::LOOP) => Err(in_the_way(path, "it is a symbolic link")),
        Err(error) => Err(failed(path)(error.into())),
        Ok(file) => {
            let mut file = File::from(file);
            let metadata = file.metadata().map_err(failed(path))?;
            if !metadata.is_file() {
                return Err(in_the_way(path, "it is no file"));
            }
            if metadata.uid() != 0 && metadata.uid() != geteuid().as_raw() {
                return Err(in_the_way(path, "it belongs to another user"));
            }
            check_length(path, &metadata, limit)?;
            let digest = digest_of(path, &mut file, limit)?;
            Ok(Look::There { digest })
        }
    }
}

impl Place {
    /// The place at `target`; the private folder is named after the key.
    pub(super) fn new(target: &Path, key: &str, limit: u64) -> Result<Self, ArtifactError> {
        let name = target.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let (Some(parent), Some(name), true) = (target.parent(), name, target.is_absolute()) else {
            return Err(in_the_way(target, "it is not the whole path of a file"));
        };
        let key = hex(digest(&SHA256, key.as_bytes()).as_ref());
        let private = parent.join(format!(".butler-{}", key.get(..16).unwrap_or(&key)));
        Ok(Self { target: target.to_path_buf(), parent: parent.to_path_buf(), private, name, limit })
    }

    /// Where it belongs.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// The most bytes of it.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// What is in its place. Blocks.
    pub(super) fn look(&self) -> Result<Look, ArtifactError> {
        look_at(&self.target, self.limit)
    }

    /// What is ready to be brought there. Blocks.
    pub(super) fn ready(&self) -> Result<Look, ArtifactError> {
        look_at(&self.ready_path(), self.limit)
    }

    /// Where it is to be written.
    pub(super) fn draft_path(&self) -> PathBuf {
        self.private.join(self.draft_name())
    }

    /// A new file to write it to. Blocks.
    pub(super) fn draft(&self) -> Result<File, ArtifactError> {
        let folder = self.open()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&folder, self.draft_name(), flags, Mode::from_raw_mode(0o644));
        file.map(File::from).map_err(|error| failed(&self.draft_path())(error.into()))
    }

    /// Where it is when it is ready.
    pub(super) fn ready_path(&self) -> PathBuf {
        self.private.join(self.ready_name())
    }

    fn draft_name(&self) -> String {
        format!("draft-{}", self.name)
    }

    fn ready_name(&self) -> String {
        format!("ready-{}", self.name)
    }

    fn refused_name(&self) -> String {
        format!("refused-{}", self.name)
    }

    /// Makes the folders, and removes what an earlier try left there but one that was refused. Blocks.
    pub(super) fn prepare(&self) -> Result<(), ArtifactError> {
        make_folders(&self.parent)?;
        match DirBuilder::new().mode(0o700).create(&self.private) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&self.private)(error)),
            Ok(()) | Err(_) => {}
        }
        self.open()?;
        self.clear()
    }

    /// Removes what was made and is neither ready nor refused. Blocks.
    pub(super) fn clear(&self) -> Result<(), ArtifactError> {
        let kept = [self.ready_name(), self.refused_name()];
        for entry in self.private.read_dir().map_err(failed(&self.private))? {
            let entry = entry.map_err(failed(&self.private))?;
            if entry.file_name().to_str().is_some_and(|name| kept.iter().any(|kept| kept == name)) {
                continue;
            }
            let path = entry.path();
            let is_folder = entry.file_type().map_err(failed(&path))?.is_dir();
            let removed = if is_folder { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            removed.map_err(failed(&path))?;
        }
        Ok(())
    }

    /// Sets what was written aside as ready: a file of ours with one name, not empty and not too long. Blocks.
    pub(super) fn seal(&self) -> Result<[u8; 32], ArtifactError> {
        let path = self.draft_path();
        let folder = self.open()?;
        let mut file = match openat(&folder, self.draft_name(), READ, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Err(invalid(&path, "it was not written")),
            Err(Errno::LOOP) => return Err(invalid(&path, "it is a symbolic link")),
            Err(error) => return Err(failed(&path)(error.into())),
        };
        let metadata = file.metadata().map_err(failed(&path))?;
        if !metadata.is_file() {
            return Err(invalid(&path, "it is no file"));
        }
        if metadata.uid() != geteuid().as_raw() {
            return Err(invalid(&path, "it belongs to another user"));
        }
        if metadata.nlink() != 1 {
            return Err(invalid(&path, "it has more than one name"));
        }
        check_length(&path, &metadata, self.limit)?;
        let digest = digest_of(&path, &mut file, self.limit)?;
        let mode = Mode::from_raw_mode(metadata.mode() & 0o777 & !WRITABLE);
        rustix::fs::fchmod(&file, mode).map_err(|error| failed(&path)(error.into()))?;
        file.sync_all().map_err(failed(&path))?;
        let moved = renameat(&folder, self.draft_name(), &folder, self.ready_name());
        moved.map_err(|error| failed(&path)(error.into()))?;
        sync(&folder, &self.private)?;
        Ok(digest)
    }

    /// Brings what is ready to its place. Blocks.
    pub(super) fn promote(&self) -> Result<(), ArtifactError> {
        let folder = self.open()?;
        let parent = rustix::fs::open(&self.parent, FOLDER, Mode::empty());
        let parent = parent.map_err(|error| failed(&self.parent)(error.into()))?;
        match renameat(&folder, self.ready_name(), &parent, self.name.as_str()) {
            Ok(()) => {}
            Err(Errno::ISDIR | Errno::NOTEMPTY | Errno::EXIST) => {
                return Err(in_the_way(&self.target, "it is a folder"));
            }
            Err(error) => return Err(failed(&self.target)(error.into())),
        }
        sync(&parent, &self.parent)?;
        // Nobody needs it any more, and the next try of this item would empty it.
        let _ = std::fs::remove_dir_all(&self.private);
        Ok(())
    }

    /// Removes the private folder of what is done, which a kill left there. Blocks.
    pub(super) fn tidy(&self) -> Result<(), ArtifactError> {
        match std::fs::remove_dir_all(&self.private) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&self.private)(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Keeps what is ready for a person to look at, since its check refuses it. Blocks.
    pub(super) fn refuse(&self) -> Result<(), ArtifactError> {
        let folder = self.open()?;
        let moved = renameat(&folder, self.ready_name(), &folder, self.refused_name());
        moved.map_err(|error| failed(&self.private)(error.into()))
    }

    /// The private folder, which is ours alone.
    fn open(&self) -> Result<OwnedFd, ArtifactError> {
        let path = &self.private;
        let folder = match rustix::fs::open(path, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::LOOP | Errno::NOTDIR) => return Err(in_the_way(path, "it is no folder")),
            Err(error) => return Err(failed(path)(error.into())),
        };
        let stat = rustix::fs::fstat(&folder).map_err(|error| failed(path)(error.into()))?;
        if stat.st_uid != geteuid().as_raw() || stat.st_mode & OTHERS != 0 {
            return Err(in_the_way(path, "others can use it"));
        }
        Ok(folder)
    }
}

/// Makes a folder and those above it, so that they last.
fn make_folders(path: &Path) -> Result<(), ArtifactError> {
    if path.is_dir() {
        return Ok(());
    }
    let Some(above) = path.parent() else { return Err(in_the_way(path, "it is no folder")) };
    make_folders(above)?;
    match DirBuilder::new().mode(0o755).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(path)(error)),
        Ok(()) | Err(_) => {}
    }
    File::open(above).and_then(|folder| folder.sync_all()).map_err(failed(above))
}

fn sync(folder: &OwnedFd, path: &Path) -> Result<(), ArtifactError> {
    rustix::fs::fsync(folder).map_err(|error| failed(path)(error.into()))
}

fn check_length(path: &Path, metadata: &Metadata, limit: u64) -> Result<(), ArtifactError> {
    match metadata.len() {
        0 => Err(invalid(path, "it is empty")),
        length if length > limit => Err(invalid(path, TOO_LONG)),
        _ => Ok(()),
    }
}

const TOO_LONG: &str = "it is longer than it may be";

fn digest_of(path: &Path, file: &mut File, limit: u64) -> Result<[u8; 32], ArtifactError> {
    let (mut context, mut piece, mut length) = (Context::new(&SHA256), vec![0; PIECE], 0_u64);
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(path)(error)),
        };
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if length > limit {
            return Err(invalid(path, TOO_LONG));
        }
        context.update(piece.get(..read).unwrap_or_default());
    }
    <[u8; 32]>::try_from(context.finish().as_ref()).map_err(|_| invalid(path, "it has no digest"))
}

fn invalid(path: &Path, why: &'static str) -> ArtifactError {
    ArtifactError::Invalid { path: path.to_path_buf(), why }
}

fn in_the_way(path: &Path, why: &'static str) -> ArtifactError {
    ArtifactError::InTheWay { path: path.to_path_buf(), why }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> ArtifactError {
    let path = path.to_path_buf();
    move |source| ArtifactError::Io { path: path.clone(), source }
}
