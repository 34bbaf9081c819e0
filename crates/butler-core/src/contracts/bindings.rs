//! Types that `abigen` makes from the ABI files in `abi/`, one module per contract.
//!
//! A module per contract keeps structs of one name apart (`G1Point` is in three of them).

macro_rules! contract {
    ($(#[$doc:meta])* $module:ident, $name:ident, $path:literal) => {
        $(#[$doc])*
        #[allow(
            clippy::all,
            clippy::allow_attributes,
            clippy::as_conversions,
            clippy::use_self,
            clippy::wildcard_enum_match_arm,
            missing_docs,
            missing_debug_implementations,
            unreachable_pub,
            rust_2018_idioms,
            reason = "generated code"
        )]
        pub mod $module {
            ethers_contract::abigen!($name, $path);
        }
    };
}

contract!(
    /// Aztec's rollup (`Rollup`, aztec-l1 contracts v2 to v5).
    rollup, Rollup, "./abi/Rollup.json"
);
contract!(
    /// The governance staking escrow (`GSE`).
    gse, Gse, "./abi/Gse.json"
);
contract!(
    /// Aztec's registry of rollup versions (`Registry`).
    aztec_registry, AztecRegistry, "./abi/AztecRegistry.json"
);
contract!(
    /// The registry of staking providers (`StakingRegistry`).
    staking_registry, StakingRegistry, "./abi/StakingRegistry.json"
);
contract!(
    /// A reward split (`PullSplit`, 0xSplits v2), which is an attester's coinbase.
    pull_split, PullSplit, "./abi/PullSplit.json"
);
contract!(
    /// The factory of reward splits (`PullSplitFactory`, 0xSplits v2).
    split_factory, SplitFactory, "./abi/SplitFactory.json"
);
contract!(
    /// Multicall3, at the same address on every public chain.
    multicall3, Multicall3, "./abi/Multicall3.json"
);
contract!(
    /// The rollup's slasher (`Slasher`).
    slasher, Slasher, "./abi/Slasher.json"
);
contract!(
    /// The proposer that tallies slashing votes (`TallySlashingProposer`).
    tally_slashing_proposer, TallySlashingProposer, "./abi/TallySlashingProposer.json"
);
contract!(
    /// Aztec's governance (`Governance`), which votes on proposals and executes them.
    governance, Governance, "./abi/Governance.json"
);
contract!(
    /// Where block proposers signal for payloads (`GovernanceProposer`).
    governance_proposer, GovernanceProposer, "./abi/GovernanceProposer.json"
);
contract!(
    /// The escape hatch, in whose epochs no committee has a duty (`EscapeHatch`, the same in 4.1.2, 5.1.0 and a nightly of 6).
    escape_hatch, EscapeHatch, "./abi/EscapeHatch.json"
);
contract!(
    /// The rollup's events about checkpoints (`IRollupCore`, the same in 4.1.2, 5.1.0 and a nightly of 6): apart, since there are
    /// over a thousand a day.
    rollup_checkpoints, RollupCheckpoints, "./abi/RollupCheckpoints.json"
);
contract!(
    /// A Safe (`GnosisSafe` 1.3.0, `Safe` 1.4.1 and 1.5.0), as far as a proposer asks it.
    safe, Safe, "./abi/Safe.json"
);
contract!(
    /// What a Safe calls to make several calls at once (`MultiSendCallOnly`, the same in 1.3.0, 1.4.1 and 1.5.0).
    multi_send, MultiSend, "./abi/MultiSend.json"
);
contract!(
    /// A token (`IERC20` with OpenZeppelin's errors), such as the one that is staked.
    erc20, Erc20, "./abi/Erc20.json"
);
