//! Money: publishers and rewards.

use butler_core::metric_families as families;

families! {
    PUBLISHER_BALANCE: Gauge "butler_publisher_balance_ether" ["network", "publisher"] "ether" "What a publisher holds.";
    PUBLISHER_REQUIRED: Gauge "butler_publisher_required_ether" ["network", "publisher"] "ether" "What a publisher should hold, by its attesters.";
    PUBLISHER_TOP_UP: Gauge "butler_publisher_top_up_ether" ["network", "publisher"] "ether" "What a publisher lacks.";
    PUBLISHER_LOAD: Gauge "butler_publisher_load_attesters" ["network", "publisher"] "attesters" "How many attesters a publisher pays for; shared ones count in parts.";
    PUBLISHER_RUNWAY: Gauge "butler_publisher_runway_seconds" ["network", "publisher"] "seconds" "How long a publisher's balance lasts at the rate at which it spent in the last day, or since the program started; absent for the first half hour and while nothing is spent.";
    REWARDS_PENDING: Gauge "butler_rewards_pending_tokens" ["network", "coinbase"] "tokens" "Sequencer rewards that wait for a coinbase, in whole tokens of 18 decimals.";
    REWARDS_OWN: Gauge "butler_rewards_pending_own_share_tokens" ["network", "provider"] "tokens" "An own provider's part of the rewards that wait for the coinbases of its delegations, by the split of each; what was claimed into a split and not distributed is not in it. Absent while one of its splits is not confirmed.";
    UNCONFIRMED_SPLITS: Gauge "butler_provider_unconfirmed_coinbases" ["network", "provider"] "coinbases" "Coinbases of an own provider's delegations whose split the chain does not confirm.";
    FORMER_RECIPIENTS: Gauge "butler_provider_former_recipient_coinbases" ["network", "provider"] "coinbases" "Coinbases whose split pays an own provider's part to somebody who is not its rewards recipient now; a split cannot be changed.";
}
