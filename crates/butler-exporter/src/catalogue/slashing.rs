//! Slashing: rounds of votes, what they decided about own attesters, and how far these are from ejection.

use butler_core::domain::slashing::{Blindness, SlasherRole, Stage};
use butler_core::metric_families as families;
use butler_core::text::closed::names;

families! {
    SLASHING_SUPPORTED: Gauge "butler_slashing_supported" ["network"] "" "Whether the canonical rollup slashes by tallied votes that are read (1). Where it does not (0), nothing else about votes is served; `butler_slashing_unreadable` says whether that is a blind spot.";
    SLASHING_UNREADABLE: Gauge "butler_slashing_unreadable" ["network", "reason": names::<Blindness>] "" "Whether some rollup that has own attesters has a slasher, or one before or after it, whose votes cannot be seen (or, `no_pause`, that does not say whether it is paused), by reason; every reason is there. Votes against own attesters are not noticed while one of the others is 1.";
    SLASHING_ENABLED: Gauge "butler_slashing_enabled" ["network"] "" "Whether slashes can be executed (1) or the vetoer has paused them (0); absent where the slasher does not say.";
    SLASHING_PAUSED_UNTIL: Gauge "butler_slashing_paused_until_timestamp_seconds" ["network"] "seconds" "When the vetoer's pause ends; absent when there is none.";
    SLASHING_QUORUM: Gauge "butler_slashing_quorum_votes" ["network"] "votes" "Votes in one round that decide a slash.";
    SLASHING_ROUND: Gauge "butler_slashing_round" ["network"] "" "The slashing round at the scrape's block.";
    SLASHING_ROUND_VOTES: Gauge "butler_slashing_round_votes" ["network"] "votes" "Votes that were cast in the current round, whomever they are against.";
    SLASHING_ROUND_END: Gauge "butler_slashing_round_end_timestamp_seconds" ["network"] "seconds" "When voting in the current round ends.";
    SLASHING_OPEN_ROUNDS: Gauge "butler_slashing_open_rounds" ["network"] "" "Rounds with votes that were not executed and still could be, or are still voted in.";
    SLASHING_ATTESTERS: Gauge "butler_slashing_attesters" ["network", "stage": names::<Stage>] "" "Own attesters that open rounds of any slasher have votes against, by their most urgent stage; every stage is there.";
    SLASHING_VOTES: Gauge "butler_slashing_attester_votes" ["network", "attester", "stage": names::<Stage>, "server"] "votes" "The most votes against an own attester in one round of its most urgent stage; absent without votes.";
    SLASHING_EXECUTABLE: Gauge "butler_slashing_executable_timestamp_seconds" ["network", "attester", "server"] "seconds" "From when a decided slash of an own attester can be executed: until then it can be vetoed; absent when none is decided.";
    SLASHING_EXPIRES: Gauge "butler_slashing_expires_timestamp_seconds" ["network", "attester", "server"] "seconds" "When no decided slash of an own attester can be executed any more.";
    SLASHING_AMOUNT: Gauge "butler_slashing_amount_tokens" ["network", "attester", "server"] "tokens" "What decided slashes will take from an own attester, in whole tokens of 18 decimals; vetoed ones are left out.";
    SLASHER_INFO: Gauge "butler_slasher_info" ["network", "version", "role": names::<SlasherRole>, "slasher", "proposer"] "" "1 for whoever may slash at a rollup that has own attesters, by the rollup's version and its role: the rollup's slasher, the one before while it may still slash, the one that waits to be installed; with the contract that counts its votes, empty where that cannot be read.";
    SLASHER_READABLE: Gauge "butler_slasher_readable" ["network", "version", "role": names::<SlasherRole>] "" "Whether the votes of that slasher can be read.";
    SLASHER_ROUND: Gauge "butler_slasher_round" ["network", "version", "role": names::<SlasherRole>] "" "The round of that slasher's votes at the scrape's block, counted by its own rollup's clock.";
    SLASHER_ROUND_VOTES: Gauge "butler_slasher_round_votes" ["network", "version", "role": names::<SlasherRole>] "votes" "Votes that were cast in that round, whomever they are against.";
    SLASHER_VOTES: Gauge "butler_slasher_attester_votes" ["network", "version", "role": names::<SlasherRole>, "attester", "stage": names::<Stage>, "server"] "votes" "The most votes against an own attester in one round of its most urgent stage, by that slasher's votes alone; absent without votes.";
    EJECTION_MARGIN: Gauge "butler_attester_ejection_margin_tokens" ["network", "attester", "server"] "tokens" "What an own attester can lose without being ejected; only for those with votes against them or with less than the full stake.";
    EJECTION_SLASHES: Gauge "butler_attester_ejection_margin_slashes" ["network", "attester", "server"] "slashes" "How many small slashes eject that attester: 1 means that the next one does.";
    ATTESTER_SLASHED: Gauge "butler_attester_slashed_tokens" ["network", "attester", "server"] "tokens" "What an own active attester lacks of the full stake.";
}
