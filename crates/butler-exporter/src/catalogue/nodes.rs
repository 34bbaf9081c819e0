//! Own Aztec nodes.

families! {
    NODE_UP: Gauge "butler_node_up" ["network", "node"] "" "Whether an Aztec node answers, and follows the configured chain and Aztec Registry.";
    NODE_READY: Gauge "butler_node_ready" ["network", "node"] "" "Whether an Aztec node calls itself ready; one whose L1 is gone does, too.";
    NODE_PROPOSED: Gauge "butler_node_proposed_block" ["network", "node"] "" "An Aztec node's newest proposed block.";
    NODE_PROVEN: Gauge "butler_node_proven_block" ["network", "node"] "" "An Aztec node's newest proven block.";
    NODE_FINALIZED: Gauge "butler_node_finalized_block" ["network", "node"] "" "An Aztec node's newest block that is finalized on L1.";
    NODE: Info "butler_node_info" ["network", "node", "version"] "" "The software of an Aztec node.";
}
