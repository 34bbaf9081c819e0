//! What a node would load from the folder of its keystore: what a person approves of a reload that changes nothing.

use ethers_core::types::H256;
use ethers_core::utils::keccak256;
use serde::{Deserialize, Serialize};

/// The most files that are named.
pub const FILES_SHOWN: usize = 16;
/// Told apart from the digest of a file.
const DOMAIN: &[u8] = b"butler keystore content 1\0";

/// The files of a keystore as they were when somebody looked. Any change of any of them makes another one of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeystoreContent {
    /// Keccak-256 of the names and digests of all files.
    pub digest: H256,
    /// How many files there are.
    pub count: usize,
    /// The first of them by name; [`FILES_SHOWN`] at most.
    pub files: Vec<KeystoreFile>,
}

/// One file of a keystore.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeystoreFile {
    /// The file's name in the keystore's folder.
    pub name: String,
    /// SHA-256 of what it says.
    pub digest: H256,
}

impl KeystoreContent {
    /// That of these files, in whatever order they come.
    #[must_use]
    pub fn of(mut files: Vec<KeystoreFile>) -> Self {
        files.sort();
        let mut text = DOMAIN.to_vec();
        for file in &files {
            text.extend_from_slice(file.name.as_bytes());
            // No name of a file has it.
            text.push(0);
            text.extend_from_slice(file.digest.as_bytes());
        }
        let (digest, count) = (H256(keccak256(text)), files.len());
        files.truncate(FILES_SHOWN);
        Self { digest, count, files }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, byte: u8) -> KeystoreFile {
        KeystoreFile { name: name.to_owned(), digest: H256::repeat_byte(byte) }
    }

    #[test]
    fn a_content_is_that_of_all_its_files_whatever_their_order_and_however_many_are_named() {
        let of = |files: &[KeystoreFile]| KeystoreContent::of(files.to_vec());
        let two = of(&[file("a", 1), file("b", 2)]);
        assert_eq!(two, of(&[file("b", 2), file("a", 1)]));
        for other in [&[file("a", 1)][..], &[file("a", 1), file("b", 3)], &[file("a", 2), file("b", 1)], &[]] {
            assert_ne!(two.digest, of(other).digest, "{other:?}");
        }
        let many: Vec<_> = (0..40).map(|index| file(&format!("{index:02}"), 1)).collect();
        let mut other = many.clone();
        other[39].digest = H256::zero();
        let (many, other) = (of(&many), of(&other));
        assert_eq!((many.count, many.files.len()), (40, FILES_SHOWN));
        assert!(many.files == other.files && many.digest != other.digest);
    }
}
