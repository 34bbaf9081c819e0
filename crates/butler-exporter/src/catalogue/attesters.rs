//! Own attesters: where they stand, and what is wrong with them.

use butler_core::domain::attester::coinbase::Unverified;
use butler_core::domain::attester::duplicates::DuplicateKind;
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::attester::zombie::ZombieCause;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

use crate::catalogue::values::CountedJudgement;

families! {
    ATTESTERS: Gauge "butler_attesters" ["network", "state": names::<State>] "" "Own attesters by state; every state is there.";
    ATTESTERS_AT_POSITION: Gauge "butler_attesters_at_position" ["network", "position": names::<Position>] "" "Own attesters by position on chain; every position is there.";
    ZOMBIES: Gauge "butler_zombies" ["network", "cause": names::<ZombieCause>] "" "Own attesters that are zombies, by cause: slashed out, an exit that the attester began itself (since 6.0), or either after a slash; every cause is there.";
    TRANSITIONS: Counter "butler_transitions_total" ["network", "judgement": names::<CountedJudgement>] "" "Changes of state since the program started, by what the documented life cycle says of them.";
    COINBASE_MISSING: Gauge "butler_coinbase_missing" ["network", "attester", "server"] "" "1 for an attester that needs a coinbase and has none in any key file.";
    COINBASE_DEADLINE: Gauge "butler_coinbase_deadline_timestamp_seconds" ["network", "attester", "server"] "seconds" "When an attester without coinbase can be active: its earliest arrival, or the snapshot's block time when it is already; absent where the chain does not say.";
    COINBASE_WRONG: Gauge "butler_coinbase_wrong" ["network", "attester", "server"] "" "1 for an attester whose coinbase is not the split of its delegation, is the zero address, or differs among files where it is an own one.";
    COINBASE_UNVERIFIABLE: Gauge "butler_coinbase_unverifiable" ["network", "attester", "reason": Unverified::suspect_names, "server"] "" "1 for an attester on the rollup whose right coinbase is told by logs that the chain does not confirm, by reason; whatever its key file says is not judged. Not where its coinbase is told to be missing or zero: that finding speaks of the doubt.";
    DUPLICATES: Gauge "butler_duplicates" ["network", "kind": names::<DuplicateKind>] "" "Own keys that are in two places, by kind; every kind is there. Other providers' queues are read with every tenth scrape (`butler_other_provider_queues_timestamp_seconds`).";
    KEY_FILE_FAULTS: Gauge "butler_key_file_faults" ["network"] "" "What is wrong with key files, but for those whose last good content is kept (`butler_key_file_kept`); attesters that no other file names are unknown.";
}
