//! The methods that are called, each with every name that a version of the node has for it.

/// Declares the methods.
macro_rules! methods {
    ($($method:ident: $($name:literal),+;)*) => {
        /// A method of the node.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum NodeMethod { $($method,)* }

        impl NodeMethod {
            const ALL: &[Self] = &[$(Self::$method,)*];
            /// How many there are.
            pub(super) const COUNT: usize = Self::ALL.len();

            /// Its names, the most frequent first.
            pub(super) fn names(self) -> &'static [&'static str] {
                match self {
                    $(Self::$method => &[$($name),+],)*
                }
            }
        }
    };
}

methods! {
    NodeInfo: "node_getNodeInfo", "aztec_getNodeInfo";
    IsReady: "node_isReady", "aztec_isReady";
    L2Tips: "node_getL2Tips", "node_getChainTips", "aztec_getChainTips", "aztec_getL2Tips";
    Peers: "p2p_getPeers", "node_getPeers", "aztec_getPeers";
    WorldState: "node_getWorldStateSyncStatus", "aztec_getWorldStateSyncStatus";
    CurrentFees: "node_getCurrentMinFees", "aztec_getCurrentMinFees", "node_getCurrentBaseFees";
    ValidatorsStats: "node_getValidatorsStats", "aztec_getValidatorsStats";
    Settings: "nodeAdmin_getConfig", "aztecAdmin_getConfig";
    SlashOffences: "nodeAdmin_getSlashOffenses", "aztecAdmin_getSlashOffenses";
    ReloadKeystore: "nodeAdmin_reloadKeystore", "aztecAdmin_reloadKeystore";
}

impl NodeMethod {
    /// Its place among all.
    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|method| *method == self).unwrap_or_default()
    }
}
