//! The rollup, its entry queue, and own providers.

use butler_core::domain::attester::position::Position;
use butler_core::domain::capability::Capability;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

use crate::catalogue::values::Tip;

families! {
    ACTIVE_ATTESTERS: Gauge "butler_active_attesters" ["network"] "" "Active attesters of the rollup, everybody's.";
    EPOCH: Gauge "butler_epoch" ["network"] "" "The rollup's epoch at the snapshot's block.";
    ROLLUP_CHECKPOINT: Gauge "butler_rollup_checkpoint" ["network", "tip": names::<Tip>] "" "The rollup's newest checkpoint on L1, by tip; absent where an older rollup does not say.";
    ROLLUP_VERSION: Gauge "butler_canonical_rollup_version" ["network"] "" "Version of the rollup that Aztec's registry has as the canonical one; it changes with a cut-over.";
    FORMER_ATTESTERS: Gauge "butler_former_rollup_attesters" ["network", "version", "position": names::<Position>] "" "Own attesters at a rollup that is not canonical any more, by its version and their position there; absent for one that holds nothing.";
    FORMER_REWARDS: Gauge "butler_former_rollup_rewards" ["network", "version"] "" "Sequencer rewards that wait for own coinbases at a rollup that is not canonical any more, in whole tokens; absent for one that holds nothing.";
    FORMER_DUTIES: Gauge "butler_former_rollup_duties_end_timestamp_seconds" ["network", "version"] "seconds" "When the last committee ends that a rollup sampled before it ceased to be the canonical one: until then own attesters have duties there; absent afterwards.";
    FORMER_UNREAD: Gauge "butler_former_rollup_unread" ["network", "version"] "" "1 for a rollup that is not canonical any more and lacks a function, so that it is not known what it holds.";
    CAPABILITY_MISSING: Gauge "butler_capability_missing" ["network", "version", "capability": names::<Capability>] "" "1 for something that is expected of a rollup that does what it does, or of a contract that all rollups share, and is not there in a form that is known; by the rollup's version, the canonical one's for those contracts. Absent where nothing is missing.";
    SLASHER_PENDING: Gauge "butler_slasher_pending_timestamp_seconds" ["network", "version", "slasher"] "seconds" "From when anybody may install the slasher that governance queued for a rollup; absent where none waits.";
    SLASHER_LEGACY: Gauge "butler_slasher_legacy_until_timestamp_seconds" ["network", "version", "slasher"] "seconds" "Until when the slasher before may still slash at a rollup; absent when that is over, and where there is none.";
    EXIT_DELAY: Gauge "butler_exit_delay_seconds" ["network", "version"] "seconds" "How long a rollup keeps a stake that begins to leave now; it can be slashed until then.";
    WITHDRAWAL_DELAY: Gauge "butler_withdrawal_delay_seconds" ["network"] "seconds" "How long governance keeps a stake that begins to leave now: both delays must be over. Absent where governance does not say.";
    EXIT_WINDOW: Gauge "butler_attester_exit_window_seconds" ["network", "version"] "seconds" "The window in which exits count that attesters began themselves; absent where they cannot.";
    EXITS_USED: Gauge "butler_attester_exits_used" ["network", "version"] "" "Exits within that window that attesters began themselves, everybody's.";
    EXITS_ALLOWED: Gauge "butler_attester_exits_allowance" ["network", "version"] "" "How many such exits there may be within that window, with as many validators as there are now.";
    EXIT_POSSIBLE: Gauge "butler_attester_exit_possible" ["network", "version"] "" "Whether one more attester may begin its exit itself now, as the rollup says.";
    ENTRY_QUEUE_LENGTH: Gauge "butler_entry_queue_length" ["network"] "" "Deposits in the rollup's entry queue, everybody's.";
    ENTRY_QUEUE_OWN: Gauge "butler_entry_queue_own" ["network"] "" "Own deposits in the entry queue.";
    ENTRY_QUEUE_FLUSH_SIZE: Gauge "butler_entry_queue_flush_size" ["network"] "" "The most deposits that one epoch lets in; 0 while the rollup waits for its first set.";
    ENTRY_QUEUE_AVAILABLE: Gauge "butler_entry_queue_available_flushes" ["network"] "" "What is left of this epoch's allowance.";
    ENTRY_QUEUE_NEXT: Gauge "butler_entry_queue_own_next_arrival_timestamp_seconds" ["network"] "seconds" "The earliest moment at which the next own deposit can be let in; absent when none waits.";
    ENTRY_QUEUE_LAST: Gauge "butler_entry_queue_own_last_arrival_timestamp_seconds" ["network"] "seconds" "The earliest moment at which the last own deposit can be let in; absent when none waits.";
    PROVIDER_QUEUE_LENGTH: Gauge "butler_provider_queue_length" ["network", "provider"] "" "Keys in an own provider's queue.";
    PROVIDER_TAKE_RATE: Gauge "butler_provider_take_rate_ratio" ["network", "provider"] "ratio" "An own provider's share of future rewards, 0 to 1.";
    PROVIDER_ADMIN_CHANGE: Gauge "butler_provider_admin_change_pending" ["network", "provider"] "" "Whether somebody was offered the admin's role of an own provider and has not accepted it.";
    PROVIDER_DELEGATION_RATE: Gauge "butler_provider_delegations_per_second" ["network", "provider"] "" "Delegations to an own provider over the last 30 days, or over the time since its hundredth last or first one when that is shorter, but over a day at least; absent below three delegations in 30 days.";
    PROVIDER_RUNWAY: Gauge "butler_provider_runway_seconds" ["network", "provider"] "seconds" "How long the keys of an own provider's queue last at that rate; absent without a rate.";
    OTHER_QUEUES_KEYS: Gauge "butler_other_provider_queue_keys" ["network"] "" "Keys in the queues of other providers that own keys are compared with; absent before they were read, and when that was more than an hour ago.";
    OTHER_QUEUES_TIMESTAMP: Gauge "butler_other_provider_queues_timestamp_seconds" ["network"] "seconds" "The time of the block at which the queues of other providers were read last: with every tenth scrape.";
    PROVIDER_DELEGATIONS: Gauge "butler_provider_delegations" ["network", "provider"] "" "Delegations to an own provider so far.";
}
