// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

interface IGse {
    function getLatestRollup() external view returns (address);
    function getGovernance() external view returns (address);
    function effectiveBalanceOf(address rollup, address attester) external view returns (uint256);
    function getWithdrawer(address attester) external view returns (address);
    function withdraw(address attester, uint256 amount) external returns (uint256, bool, uint256);
}

interface IGovernance {
    struct Configuration {
        uint256 lockDelay;
        uint256 lockAmount;
        uint256 votingDelay;
        uint256 votingDuration;
        uint256 executionDelay;
        uint256 gracePeriod;
        uint256 quorum;
        uint256 requiredYeaMargin;
        uint256 minimumVotes;
    }

    function governanceProposer() external view returns (address);
    function getConfiguration() external view returns (Configuration memory);
}

interface IInstance {
    function getInstance() external view returns (address);
    function owner() external view returns (address);
    function getActiveAttesterCount() external view returns (uint256);
    function getTargetCommitteeSize() external view returns (uint256);
}

/// A stand-in for what the rollups of 5 and 6 add: the slow change of the slasher, and exits that attesters begin. It is called
/// by `Facade`, so it runs on the rollup's storage and as the rollup. Signatures and events are the originals'; the rules are
/// written anew.
contract RollupAdditions {
    struct Exit {
        uint256 withdrawalId;
        uint256 amount;
        uint256 exitableAt;
        address recipientOrWithdrawer;
        bool isRecipient;
        bool exists;
    }

    /// The beginning of the rollup's own storage of stakes.
    struct Staking {
        address stakingAsset;
        address slasher;
        uint96 localEjectionThreshold;
        address gse;
        uint32 exitDelay;
        mapping(address => Exit) exits;
    }

    struct Additions {
        address pendingSlasher;
        uint256 pendingFrom;
        address legacySlasher;
        uint256 legacyUntil;
        /// When the attesters' exits began.
        uint256[] exitTimes;
        /// One attester in so many may leave within a window; the originals have 20.
        uint256 divisor;
    }

    struct LimitState {
        uint256 window;
        uint256 validatorCount;
        uint256 committeeSize;
        uint256 used;
        uint256 allowance;
        bool canExit;
    }

    event PendingSlasherQueued(address indexed slasher, uint256 readyAt);
    event PendingSlasherCancelled(address indexed slasher);
    event LegacySlasherAuthorized(address indexed slasher, uint256 until);
    event SlasherUpdated(address indexed oldSlasher, address indexed newSlasher);
    event WithdrawInitiatedByAttester(
        address indexed attester, address indexed withdrawer, uint256 amount, uint256 withdrawalId
    );

    error Staking__NoPendingSlasher();
    error Staking__SlasherNotReady(uint256 readyAt);
    error Staking__NotAttester(address attester, address caller);
    error Staking__NotLatestRollup(address rollup, address latest);
    error Staking__NotCanonical(address rollup);
    error Staking__AttesterExitLimitExceeded(uint256 used, uint256 allowance);
    error Staking__AttesterExitPoolTooSmall(uint256 left, uint256 committeeSize);
    error Staking__NothingToExit(address attester);
    error Staking__AlreadyExiting(address attester);

    function getSlasherExecutionDelay() public pure returns (uint256) {
        return 60 days;
    }

    function getLegacySlasherDrainWindow() public pure returns (uint256) {
        return 30 days;
    }

    function getPendingSlasher() external view returns (address, uint256) {
        return (additions().pendingSlasher, additions().pendingFrom);
    }

    function getLegacySlasher() external view returns (address, uint256) {
        return (additions().legacySlasher, additions().legacyUntil);
    }

    function queueSetSlasher(address slasher) external {
        require(msg.sender == IInstance(address(this)).owner(), "not the owner");
        Additions storage store = additions();
        store.pendingSlasher = slasher;
        store.pendingFrom = block.timestamp + getSlasherExecutionDelay();
        emit PendingSlasherQueued(slasher, store.pendingFrom);
    }

    function cancelSetSlasher() external {
        require(msg.sender == IInstance(address(this)).owner(), "not the owner");
        Additions storage store = additions();
        if (store.pendingSlasher == address(0)) revert Staking__NoPendingSlasher();
        emit PendingSlasherCancelled(store.pendingSlasher);
        (store.pendingSlasher, store.pendingFrom) = (address(0), 0);
    }

    function finalizeSetSlasher() external {
        Additions storage store = additions();
        if (store.pendingSlasher == address(0)) revert Staking__NoPendingSlasher();
        if (store.pendingFrom > block.timestamp) revert Staking__SlasherNotReady(store.pendingFrom);
        address old = staking().slasher;
        (store.legacySlasher, store.legacyUntil) = (old, block.timestamp + getLegacySlasherDrainWindow());
        staking().slasher = store.pendingSlasher;
        (store.pendingSlasher, store.pendingFrom) = (address(0), 0);
        emit LegacySlasherAuthorized(old, store.legacyUntil);
        emit SlasherUpdated(old, staking().slasher);
    }

    function getAttesterExitWindow() public view returns (uint256) {
        IGovernance governance = IGovernance(IGse(staking().gse).getGovernance());
        IGovernance.Configuration memory configuration = governance.getConfiguration();
        return configuration.votingDelay / 5 + configuration.votingDuration + configuration.executionDelay;
    }

    function getAttesterExitLimitState() public view returns (LimitState memory state) {
        Additions storage store = additions();
        state.window = getAttesterExitWindow();
        state.validatorCount = IInstance(address(this)).getActiveAttesterCount();
        state.committeeSize = IInstance(address(this)).getTargetCommitteeSize();
        for (uint256 i = store.exitTimes.length; i > 0; i--) {
            if (store.exitTimes[i - 1] + state.window > block.timestamp) state.used++;
        }
        uint256 divisor = store.divisor == 0 ? 20 : store.divisor;
        state.allowance = state.validatorCount == 0 ? 0 : (state.validatorCount - 1) / divisor;
        state.canExit = state.used < state.allowance && state.validatorCount > state.committeeSize;
    }

    function initiateWithdrawByAttester(address attester) external {
        if (msg.sender != attester) revert Staking__NotAttester(attester, msg.sender);
        Staking storage store = staking();
        IGse gse = IGse(store.gse);
        address latest = gse.getLatestRollup();
        if (latest != address(this)) revert Staking__NotLatestRollup(address(this), latest);
        IInstance proposer = IInstance(IGovernance(gse.getGovernance()).governanceProposer());
        if (proposer.getInstance() != address(this)) revert Staking__NotCanonical(address(this));
        if (store.exits[attester].exists) revert Staking__AlreadyExiting(attester);
        uint256 balance = gse.effectiveBalanceOf(address(this), attester);
        if (balance == 0) revert Staking__NothingToExit(attester);
        LimitState memory state = getAttesterExitLimitState();
        if (state.used >= state.allowance) revert Staking__AttesterExitLimitExceeded(state.used, state.allowance);
        if (state.validatorCount <= state.committeeSize) {
            revert Staking__AttesterExitPoolTooSmall(state.validatorCount - 1, state.committeeSize);
        }
        address withdrawer = gse.getWithdrawer(attester);
        (uint256 amount,, uint256 withdrawalId) = gse.withdraw(attester, balance);
        store.exits[attester] = Exit(withdrawalId, amount, block.timestamp + store.exitDelay, withdrawer, false, true);
        additions().exitTimes.push(block.timestamp);
        emit WithdrawInitiatedByAttester(attester, withdrawer, amount, withdrawalId);
    }

    /// Not the originals': a small devnet would let nobody leave.
    function standInExitDivisor(uint256 divisor) external {
        additions().divisor = divisor;
    }

    function staking() private pure returns (Staking storage store) {
        bytes32 slot = keccak256("aztec.core.staking.storage");
        assembly {
            store.slot := slot
        }
    }

    function additions() private pure returns (Additions storage store) {
        bytes32 slot = keccak256("butler.stand-in.additions");
        assembly {
            store.slot := slot
        }
    }
}
