//! What stands in the way of a reload of a folder of keystores.
//!
//! A node reads all of its files or none. What it would refuse is told before it is asked, and so is what it would take and
//! should not; where only the node can know, that is said.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::names::{FileName, Remark};
use crate::key_files::fault::{FaultKind, FileFault};
use crate::key_files::merge::KeyFileNotice;

/// What an obstacle means for a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The node refuses all files and goes on with what it read before; started anew it would not come up.
    Refuses,
    /// The node takes it, and does harm with it.
    Harms,
    /// Only the node can know.
    Unknown,
}

/// A kind of obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObstacleKind {
    /// A file is no JSON, or too large to be looked at.
    Broken,
    /// A file has what the schema of keystores does not have, or lacks what it must have.
    Schema,
    /// A `*.json` is something else than a keystore.
    NotAKeystore,
    /// A folder, pipe or device is named like a keystore.
    NotAFile,
    /// There is no keystore at all.
    Empty,
    /// Keystores of both schemas lie together.
    SchemasMixed,
    /// Several keystores have a prover.
    SeveralProvers,
    /// An account is an address, and nothing says where to sign for it.
    SignerMissing,
    /// Two validators have the same attester.
    DuplicateAttester,
    /// No file has a validator: the node runs none, and only a restart brings them back.
    NoValidators,
    /// A validator has the zero address as its coinbase: its proposals fail.
    ZeroCoinbase,
    /// A file cannot be read here.
    Unreadable,
    /// A link is named like a keystore; it is not followed here.
    Link,
    /// An encrypted key that a file names is not found, or not read, on this machine.
    EncryptedKey,
    /// A file's name could hold a part of a key, so it is not repeated and the file is not changed.
    Name,
}

impl ObstacleKind {
    /// What it means for a reload.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Broken
            | Self::Schema
            | Self::NotAKeystore
            | Self::NotAFile
            | Self::Empty
            | Self::SchemasMixed
            | Self::SeveralProvers
            | Self::SignerMissing
            | Self::DuplicateAttester => Verdict::Refuses,
            Self::NoValidators | Self::ZeroCoinbase => Verdict::Harms,
            Self::Unreadable | Self::Link | Self::EncryptedKey | Self::Name => Verdict::Unknown,
        }
    }
}

/// One obstacle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obstacle {
    /// What it is.
    pub kind: ObstacleKind,
    /// The file, where it is one.
    pub file: Option<FileName>,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The place within the file and what is wrong there, in words of this program.
    pub what: Remark,
}

impl Obstacle {
    pub(super) fn new(kind: ObstacleKind, file: Option<&FileName>, what: &str) -> Self {
        Self { kind, file: file.cloned(), line: None, what: Remark::of(what) }
    }

    /// What a fault of a file means; `None` where it means nothing by itself.
    pub(super) fn of_fault(fault: FileFault, file: &FileName) -> Option<Self> {
        let kind = match fault.kind {
            // That matters only when no other file names anybody.
            FaultKind::NamesNobody => return None,
            FaultKind::Syntax => ObstacleKind::Broken,
            FaultKind::ZeroCoinbase => ObstacleKind::ZeroCoinbase,
            FaultKind::NotKeys => ObstacleKind::NotAKeystore,
            FaultKind::Entry if fault.is_local() => ObstacleKind::EncryptedKey,
            FaultKind::Entry | FaultKind::Format | FaultKind::Secret | FaultKind::BlsDiffers => ObstacleKind::Schema,
            FaultKind::Pattern
            | FaultKind::Missing
            | FaultKind::NoAccess
            | FaultKind::NoDescriptors
            | FaultKind::Stale
            | FaultKind::LinkLoop
            | FaultKind::Unreadable
            | FaultKind::NotOurs => ObstacleKind::Unreadable,
        };
        let told = fault.of_file(Path::new(""));
        let what = if told.place.is_empty() { told.what } else { format!("{}: {}", told.place, told.what) };
        Some(Self { line: told.line, ..Self::new(kind, Some(file), &what) })
    }

    /// What files mean together.
    pub(super) fn of_notice(notice: &KeyFileNotice) -> Option<Self> {
        let of = |kind, file: &str, what: &str| {
            Some(Self::new(kind, (!file.is_empty()).then(|| FileName::shown(file)).as_ref(), what))
        };
        match notice {
            KeyFileNotice::SchemasMixed { .. } => {
                of(ObstacleKind::SchemasMixed, "", "keystores of both schemas lie together")
            }
            KeyFileNotice::SeveralProvers { .. } => {
                of(ObstacleKind::SeveralProvers, "", "several keystores have a `prover`")
            }
            KeyFileNotice::SignerMissing { file, .. } => {
                of(ObstacleKind::SignerMissing, file, "accounts are addresses, and no file names a remote signer")
            }
            KeyFileNotice::NotAKeystore { file, kind } => {
                of(ObstacleKind::NotAKeystore, file, &format!("this is {kind}"))
            }
            KeyFileNotice::FundingAccountDropped { .. }
            | KeyFileNotice::DefaultsLeak { .. }
            | KeyFileNotice::ServerWithoutKeys { .. }
            | KeyFileNotice::BlsUnproven { .. } => None,
        }
    }
}
