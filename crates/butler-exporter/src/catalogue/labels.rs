//! Groups of own attesters under the operator's labels.

use butler_core::domain::attester::state::State;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

families! {
    LABELLED_ATTESTERS: Gauge "butler_labelled_attesters" ["network", "label", "state": names::<State>] "" "Own attesters under a label by state; every label has every state.";
    LABELLED_MISSING: Gauge "butler_labelled_coinbases_missing" ["network", "label"] "" "Attesters under a label that need a coinbase and have none in any key file.";
    LABELLED_WRONG: Gauge "butler_labelled_coinbases_wrong" ["network", "label"] "" "Attesters under a label whose coinbase is not the split of their delegation.";
}
