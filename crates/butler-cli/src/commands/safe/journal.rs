//! What was proposed from here, written down before it is sent, and how many requests of the month are used.

use std::fs::File;
use std::path::{Path, PathBuf};

use butler_core::client::safe::{PreparedProposal, RequestBudget};
use butler_core::contracts::safe::SafeAccount;
use butler_core::domain::action::EffectKey;
use butler_core::store::file::StoreError;
use butler_core::store::private::lock_private;
use butler_core::store::record::{Format, Record, load_record, save_record};
use butler_core::transaction::safe::KeptProposal;
use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use crate::error::SafeFault;

/// The Safe that a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    chain_id: u64,
    safe: Address,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    subject: Subject,
    budget: Option<RequestBudget>,
    proposals: Vec<Kept>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    effect: EffectKey,
    proposal: PreparedProposal,
    has_arrived: bool,
}

impl Record for Content {
    type Subject = Subject;

    const FORMAT: Format = Format { what: "a file of proposals", version: 1, limit: 64 << 20 };

    fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// The file of one Safe, which no other command has at the same time.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    content: Content,
    /// Held until the journal goes.
    _lock: File,
}

impl Journal {
    /// Opens the file of a Safe in that folder. Blocks.
    pub(super) fn open(folder: &Path, safe: &SafeAccount) -> Result<Self, SafeFault> {
        let SafeAccount { chain_id, address } = *safe;
        let path = folder.join(format!("safe-{chain_id}-{address:?}.json"));
        let lock = lock_private(&path.with_extension("lock")).map_err(SafeFault::NotKept)?.ok_or(SafeFault::Busy)?;
        let subject = Subject { chain_id, safe: address };
        let content = match load_record(&path, &subject) {
            Ok(content) => content,
            Err(error) if error.is_missing() => {
                Content { version: Content::FORMAT.version, subject, budget: None, proposals: Vec::new() }
            }
            Err(error) => return Err(SafeFault::Journal(error)),
        };
        Ok(Self { path, content, _lock: lock })
    }

    /// The month's requests so far, under that limit.
    pub(super) fn budget(&self, per_month: u64) -> RequestBudget {
        self.content.budget.map_or(RequestBudget::new(per_month), |budget| budget.with_limit(per_month))
    }

    /// What was proposed from here.
    pub(super) fn kept(&self) -> Vec<KeptProposal> {
        let kept = |one: &Kept| {
            let Kept { effect, proposal, has_arrived } = one.clone();
            KeptProposal { effect, proposal, has_arrived }
        };
        self.content.proposals.iter().map(kept).collect()
    }

    /// The proposal with that hash.
    pub(super) fn proposal(&self, hash: H256) -> Option<&PreparedProposal> {
        self.content.proposals.iter().map(|one| &one.proposal).find(|one| one.hash == hash)
    }

    /// Forgets what has a nonce below this one, which is final.
    pub(super) fn forget_below(&mut self, nonce: u64) {
        self.content.proposals.retain(|one| one.proposal.nonce >= nonce);
    }

    /// Writes a proposal down, before its first byte leaves. Blocks.
    pub(super) fn note(&mut self, effect: EffectKey, proposal: PreparedProposal) -> Result<(), SafeFault> {
        self.content.proposals.retain(|one| one.proposal.hash != proposal.hash);
        self.content.proposals.push(Kept { effect, proposal, has_arrived: false });
        self.save()
    }

    /// The service was seen to have it.
    pub(super) fn arrived(&mut self, hash: H256) {
        for one in self.content.proposals.iter_mut().filter(|one| one.proposal.hash == hash) {
            one.has_arrived = true;
        }
    }

    /// Keeps all of it, with the requests that are used. Blocks.
    pub(super) fn keep(&mut self, budget: RequestBudget) -> Result<(), SafeFault> {
        self.content.budget = Some(budget);
        self.save()
    }

    fn save(&self) -> Result<(), SafeFault> {
        let bytes = serde_json::to_vec(&self.content)
            .map_err(|error| SafeFault::NotKept(StoreError::Write { path: self.path.clone(), source: error.into() }))?;
        save_record(&self.path, &bytes).map_err(SafeFault::NotKept)
    }
}
