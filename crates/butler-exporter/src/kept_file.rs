//! What the exporter keeps of one network over a restart, one file for each kind of it.
//!
//! A file is replaced as a whole. It is a memory and not a truth: without it what it holds begins anew. So no fault of it ends anything, and
//! a file that is not ours to read is moved aside and not written over.

use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

use butler_core::config::{Config, NetworkConfig};
use butler_core::store::memory::{Memory, NetworkSubject};
use butler_core::store::record::Record;

/// What is kept in a file.
pub trait Kept: Default {
    /// How it stands in the file.
    type Content: Record<Subject = NetworkSubject>;

    /// Its name in the file's name.
    const NAME: &'static str;
    /// What it is, for messages: a noun in the plural.
    const WHAT: &'static str;

    /// It, from what stood in the file.
    fn of(content: Self::Content) -> Self;

    /// It, as it is written.
    fn encode(&self, subject: &NetworkSubject) -> Vec<u8>;
}

/// The file of one network.
#[derive(Debug)]
pub struct KeptFile<K> {
    memory: Memory,
    /// What stands in it, as far as this process knows.
    saved: Mutex<Option<Vec<u8>>>,
    kept: PhantomData<fn(K)>,
}

impl<K: Kept> KeptFile<K> {
    /// The file of a network; `None` when there is no folder for it.
    #[must_use]
    pub fn of(config: &Config, network: &NetworkConfig) -> Option<Self> {
        let folder = config.exporter.scrape.state_directory.as_ref()?;
        let subject = NetworkSubject {
            network: network.name.clone(),
            chain_id: network.chain_id,
            staking_registry: network.staking_registry,
        };
        let path = folder.join(format!("exporter-{}-{}.json", network.name, K::NAME));
        Some(Self::new(Memory::new(path, subject, K::WHAT)))
    }

    fn new(memory: Memory) -> Self {
        Self { memory, saved: Mutex::default(), kept: PhantomData }
    }

    /// What the last run kept, nothing when there is nothing of use; what is wrong is told. Blocks.
    #[must_use]
    pub fn load(&self) -> K {
        let Some(content) = self.memory.load() else { return K::default() };
        let kept = K::of(content);
        *self.saved() = Some(kept.encode(self.memory.subject()));
        kept
    }

    /// Keeps it where it differs from what is kept. False when that failed, which is told. Blocks.
    pub fn save(&self, kept: &K) -> bool {
        let bytes = kept.encode(self.memory.subject());
        if self.saved().as_ref() == Some(&bytes) {
            return true;
        }
        let is_saved = self.memory.save(&bytes);
        // What stands there after a failure is not known.
        *self.saved() = is_saved.then_some(bytes);
        is_saved
    }

    fn saved(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fmt::Debug;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use butler_core::store::file::save_atomic;
    use ethers_core::types::Address;

    use super::*;

    pub(crate) fn file<K: Kept>(folder: &Path) -> KeptFile<K> {
        let subject = NetworkSubject {
            network: "devnet".to_owned(),
            chain_id: 31_337,
            staking_registry: Address::repeat_byte(7),
        };
        let path = folder.join(format!("state/exporter-devnet-{}.json", K::NAME));
        KeptFile::new(Memory::new(path, subject, K::WHAT))
    }

    /// What stands in `golden` is written and read as it always was.
    pub(crate) fn is_golden<K: Kept + PartialEq + Debug>(kept: &K, golden: &str) {
        let folder = tempfile::tempdir().unwrap();
        let file = file::<K>(folder.path());
        assert_eq!(std::str::from_utf8(&kept.encode(file.memory.subject())).unwrap(), golden);
        std::fs::create_dir(file.memory.path().parent().unwrap()).unwrap();
        save_atomic(file.memory.path(), golden.as_bytes(), 0o600).unwrap();
        assert_eq!(file.load(), *kept);
    }

    /// It comes back, and is written only when it changed.
    pub(crate) fn comes_back<K: Kept + PartialEq + Debug>(kept: &K) {
        let folder = tempfile::tempdir().unwrap();
        let first = file::<K>(folder.path());
        assert_eq!(first.load(), K::default());
        assert!(first.save(kept));
        let second = file::<K>(folder.path());
        assert_eq!(second.load(), *kept);
        for file in [first, second] {
            std::fs::remove_file(file.memory.path()).unwrap();
            assert!(file.save(kept) && !file.memory.path().exists());
            assert!(file.save(&K::default()) && file.memory.path().exists());
        }
    }

    /// Each of these is moved aside, and not written over.
    pub(crate) fn is_moved_aside<K: Kept + PartialEq + Debug>(kept: &K, contents: impl IntoIterator<Item = String>) {
        for content in contents {
            let folder = tempfile::tempdir().unwrap();
            let one = file::<K>(folder.path());
            std::fs::create_dir(one.memory.path().parent().unwrap()).unwrap();
            save_atomic(one.memory.path(), content.as_bytes(), 0o600).unwrap();
            assert_eq!(one.load(), K::default(), "{content:.200}");
            let aside = one.memory.path().with_extension("json.unusable");
            assert_eq!(std::fs::read(aside).unwrap().len(), content.len());
            assert!(one.save(kept));
            assert_eq!(file::<K>(folder.path()).load(), *kept);
        }
    }

    /// A folder that cannot be written is no more than a failure.
    pub(crate) fn fails_and_goes_on<K: Kept + PartialEq + Debug>(kept: &K) {
        let folder = tempfile::tempdir().unwrap();
        save_atomic(&folder.path().join("state"), b"a file", 0o600).unwrap();
        let file = file::<K>(folder.path());
        assert_eq!(file.load(), K::default());
        assert!(!file.save(kept) && !file.save(kept));
        std::fs::remove_file(folder.path().join("state")).unwrap();
        assert!(file.save(kept));
    }

    /// What others may change or have planted is not believed.
    pub(crate) fn believes_nobody_else<K: Kept + PartialEq + Debug>(kept: &K) {
        let folder = tempfile::tempdir().unwrap();
        let first = file::<K>(folder.path());
        assert!(first.save(kept));
        std::fs::set_permissions(first.memory.path(), std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(first.load(), K::default());
        let victim = folder.path().join("victim");
        save_atomic(&victim, b"precious", 0o600).unwrap();
        symlink(&victim, first.memory.path()).unwrap();
        let second = file::<K>(folder.path());
        assert!(second.load() == K::default() && second.save(kept));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert_eq!(std::fs::symlink_metadata(second.memory.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
