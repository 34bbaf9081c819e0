//! Governance: signals for payloads, and proposals.

use butler_core::domain::governance::ProposalState;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

families! {
    GOVERNANCE_ROUND: Gauge "butler_governance_round" ["network"] "" "The round of signals at the scrape's block.";
    GOVERNANCE_ROUND_END: Gauge "butler_governance_round_end_timestamp_seconds" ["network"] "seconds" "When that round ends.";
    GOVERNANCE_QUORUM: Gauge "butler_governance_quorum_signals" ["network"] "signals" "Signals in one round that make a payload submittable.";
    GOVERNANCE_SIGNALS: Gauge "butler_governance_signals" ["network"] "" "Signals in the current round for the payload that leads it; 0 when nobody signalled.";
    GOVERNANCE_PAYLOAD: Info "butler_governance_payload_info" ["network", "payload"] "" "The payload that leads the current round; absent when nobody signalled.";
    GOVERNANCE_SUBMITTABLE: Gauge "butler_governance_submittable_payloads" ["network"] "payloads" "Earlier rounds whose winner reached the quorum and can be made a proposal now.";
    GOVERNANCE_PROPOSALS: Gauge "butler_governance_proposals" ["network", "state": names::<ProposalState>] "" "The newest 32 proposals by state; every state is there.";
    GOVERNANCE_UNTIL: Gauge "butler_governance_proposal_state_until_timestamp_seconds" ["network", "state": names::<ProposalState>] "seconds" "When the next proposal leaves this state by time alone; absent for a state without proposals or without end.";
}
