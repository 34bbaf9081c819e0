//! What a key in two places means.

use crate::domain::attester::duplicates::DuplicateKind as Twice;

/// What is wrong, in one sentence.
pub(super) fn meaning_of_duplicate(kind: Twice) -> &'static str {
    match kind {
        Twice::OwnQueueTwice => "Own queues hold the key twice: the second delegation to it will fail.",
        Twice::OwnQueueAndOtherQueue => "Another provider queued an own key too: who comes second fails.",
        Twice::OwnQueueAndEntryQueue
        | Twice::OwnQueueAndActiveSet
        | Twice::OwnQueueAndExiting
        | Twice::OwnQueueAndZombie
        | Twice::OwnQueueAndHistory => {
            "An own queue holds a key that is already staked, or was: the next delegation that takes it will be refunded."
        }
        Twice::OtherQueueTwice
        | Twice::OtherQueueAndEntryQueue
        | Twice::OtherQueueAndActiveSet
        | Twice::OtherQueueAndExiting
        | Twice::OtherQueueAndZombie
        | Twice::OtherQueueAndHistory => "The same in another provider's queue.",
        Twice::EntryQueueTwice
        | Twice::EntryQueueAndActiveSet
        | Twice::EntryQueueAndExiting
        | Twice::EntryQueueAndZombie
        | Twice::EntryQueueAndHistory => {
            "A deposit waits for a key that is already deposited, active, leaving or was active once: it fails at the flush, and its stake goes back."
        }
        Twice::ActiveSetTwice | Twice::ActiveSetAndExiting | Twice::ActiveSetAndZombie | Twice::ActiveSetAndHistory => {
            "The contract excludes that: the endpoint's answers contradict each other."
        }
        Twice::KeyFileTwice => "An attester is twice in one key file.",
        Twice::SeveralKeyFiles => {
            "An attester is in several key files, and `replicated_keys` is not set: two servers that attest with one key can be slashed."
        }
        Twice::ConflictingCoinbase => "Key files name different coinbases for one attester.",
        Twice::PartialCoinbase => "One key file names a coinbase for an attester, and another has it without any.",
        Twice::SharedPublisher => "Several servers have one publisher: they will use the same nonces.",
        Twice::SharedBlsKey => "Different attesters have one BLS key: only the first can be activated.",
    }
}
