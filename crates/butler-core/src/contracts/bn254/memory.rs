//! What was proven once, since an exporter reads the same files each minute. Only hashes are kept, of things that turned out to be public.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use ethers_core::utils::keccak256;

/// How many proofs are remembered.
const REMEMBERED: usize = 1 << 16;

/// Whether these bytes are proven; what was before is not proven again.
pub(super) fn remembered(bytes: &[u8], prove: impl FnOnce() -> bool) -> bool {
    if is_known(bytes) {
        return true;
    }
    let is_proven = prove();
    if is_proven {
        note(bytes);
    }
    is_proven
}

/// Whether these bytes were proven before.
pub(super) fn is_known(bytes: &[u8]) -> bool {
    known().contains(&keccak256(bytes))
}

/// Remembers that these bytes are proven.
pub(super) fn note(bytes: &[u8]) {
    let mut known = known();
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(keccak256(bytes));
}

fn known() -> MutexGuard<'static, HashSet<[u8; 32]>> {
    static PROVEN: OnceLock<Mutex<HashSet<[u8; 32]>>> = OnceLock::new();
    PROVEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}
