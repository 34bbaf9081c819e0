// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

import {SplitFactory, SplitParams} from "./SplitFactory.sol";

/// Stand-in for Aztec's StakingRegistry, which is in no npm package. Written for the local test chain from the public
/// interface: same functions, events, errors and queue rules (ids from 1, absolute queue indices from 1, no check of the
/// keys), none of the original's code. Never deploy it where value is at stake.

struct G1Point {
    uint256 x;
    uint256 y;
}

struct G2Point {
    uint256 x0;
    uint256 x1;
    uint256 y0;
    uint256 y1;
}

struct KeyStore {
    address attester;
    G1Point publicKeyG1;
    G2Point publicKeyG2;
    G1Point proofOfPossession;
}

interface IToken {
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function approve(address spender, uint256 amount) external returns (bool);
}

interface IRollupRegistry {
    function getRollup(uint256 version) external view returns (address);
}

interface IRollup {
    function getActivationThreshold() external view returns (uint256);
    function deposit(
        address attester,
        address withdrawer,
        G1Point memory publicKeyInG1,
        G2Point memory publicKeyInG2,
        G1Point memory proofOfPossession,
        bool moveWithLatestRollup
    ) external;
}

contract StakingRegistry {
    struct ProviderConfiguration {
        address providerAdmin;
        uint16 providerTakeRate;
        address providerRewardsRecipient;
    }

    struct Queue {
        mapping(uint128 index => KeyStore keyStore) entries;
        uint128 first;
        uint128 last;
    }

    event ProviderRegistered(
        uint256 indexed providerIdentifier, address indexed providerAdmin, uint16 indexed providerTakeRate
    );
    event AttestersAddedToProvider(uint256 indexed providerIdentifier, address[] attesters);
    event ProviderQueueDripped(uint256 indexed providerIdentifier, address indexed attester);
    event ProviderAdminUpdateInitiated(uint256 indexed providerIdentifier, address indexed newAdmin);
    event ProviderAdminUpdated(uint256 indexed providerIdentifier, address indexed newAdmin);
    event ProviderRewardsRecipientUpdated(uint256 indexed providerIdentifier, address indexed newRewardsRecipient);
    event ProviderTakeRateUpdated(uint256 indexed providerIdentifier, uint16 newTakeRate);
    event StakedWithProvider(
        uint256 indexed providerIdentifier,
        address indexed rollupAddress,
        address indexed attester,
        address coinbaseSplitContractAddress,
        address stakerImplementation
    );

    error StakingRegistry__ZeroAddress();
    error StakingRegistry__InvalidProviderIdentifier(uint256 providerIdentifier);
    error StakingRegistry__NotProviderAdmin();
    error StakingRegistry__UpdatedProviderAdminToSameAddress();
    error StakingRegistry__UpdatedProviderTakeRateToSameValue();
    error StakingRegistry__NotPendingProviderAdmin();
    error StakingRegistry__InvalidTakeRate(uint256 takeRate);
    error StakingRegistry__UnexpectedTakeRate(uint256 expected, uint256 got);
    error QueueIsEmpty();
    error QueueIndexOutOfBounds();

    uint256 internal constant BIPS = 10_000;

    IToken public immutable STAKING_ASSET;
    SplitFactory public immutable PULL_SPLIT_FACTORY;
    IRollupRegistry public immutable ROLLUP_REGISTRY;

    uint256 public nextProviderIdentifier = 1;
    mapping(uint256 providerIdentifier => ProviderConfiguration configuration) public providerConfigurations;
    mapping(uint256 providerIdentifier => Queue queue) public providerQueues;
    mapping(uint256 providerIdentifier => address providerAdmin) public pendingProviderAdmins;

    modifier onlyAdmin(uint256 id) {
        if (msg.sender != providerConfigurations[id].providerAdmin) revert StakingRegistry__NotProviderAdmin();
        _;
    }

    constructor(IToken stakingAsset, SplitFactory pullSplitFactory, IRollupRegistry rollupRegistry) {
        STAKING_ASSET = stakingAsset;
        PULL_SPLIT_FACTORY = pullSplitFactory;
        ROLLUP_REGISTRY = rollupRegistry;
    }

    function registerProvider(address admin, uint16 takeRate, address rewardsRecipient) external returns (uint256 id) {
        if (admin == address(0) || rewardsRecipient == address(0)) revert StakingRegistry__ZeroAddress();
        if (takeRate > BIPS) revert StakingRegistry__InvalidTakeRate(takeRate);
        id = nextProviderIdentifier++;
        providerConfigurations[id] = ProviderConfiguration(admin, takeRate, rewardsRecipient);
        providerQueues[id].first = 1;
        providerQueues[id].last = 1;
        emit ProviderRegistered(id, admin, takeRate);
    }

    function addKeysToProvider(uint256 id, KeyStore[] calldata keyStores) external onlyAdmin(id) {
        Queue storage queue = providerQueues[id];
        address[] memory attesters = new address[](keyStores.length);
        uint128 last = queue.last;
        for (uint256 i = 0; i < keyStores.length; i++) {
            attesters[i] = keyStores[i].attester;
            queue.entries[last++] = keyStores[i];
        }
        queue.last = last;
        emit AttestersAddedToProvider(id, attesters);
    }

    function dripProviderQueue(uint256 id, uint256 numberOfKeysToDrip) external onlyAdmin(id) {
        for (uint256 i = 0; i < numberOfKeysToDrip; i++) {
            emit ProviderQueueDripped(id, _dequeue(id).attester);
        }
    }

    function updateProviderAdmin(uint256 id, address newAdmin) external onlyAdmin(id) {
        if (newAdmin == address(0)) revert StakingRegistry__ZeroAddress();
        if (newAdmin == msg.sender) revert StakingRegistry__UpdatedProviderAdminToSameAddress();
        pendingProviderAdmins[id] = newAdmin;
        emit ProviderAdminUpdateInitiated(id, newAdmin);
    }

    function acceptProviderAdmin(uint256 id) external {
        if (msg.sender != pendingProviderAdmins[id]) revert StakingRegistry__NotPendingProviderAdmin();
        delete pendingProviderAdmins[id];
        providerConfigurations[id].providerAdmin = msg.sender;
        emit ProviderAdminUpdated(id, msg.sender);
    }

    function updateProviderRewardsRecipient(uint256 id, address newRewardsRecipient) external onlyAdmin(id) {
        if (newRewardsRecipient == address(0)) revert StakingRegistry__ZeroAddress();
        providerConfigurations[id].providerRewardsRecipient = newRewardsRecipient;
        emit ProviderRewardsRecipientUpdated(id, newRewardsRecipient);
    }

    function updateProviderTakeRate(uint256 id, uint16 newTakeRate) external onlyAdmin(id) {
        if (newTakeRate > BIPS) revert StakingRegistry__InvalidTakeRate(newTakeRate);
        if (newTakeRate == providerConfigurations[id].providerTakeRate) {
            revert StakingRegistry__UpdatedProviderTakeRateToSameValue();
        }
        providerConfigurations[id].providerTakeRate = newTakeRate;
        emit ProviderTakeRateUpdated(id, newTakeRate);
    }

    function stake(
        uint256 id,
        uint256 rollupVersion,
        address withdrawer,
        uint16 expectedTakeRate,
        address userRewardsRecipient,
        bool moveWithLatestRollup
    ) external {
        ProviderConfiguration memory provider = providerConfigurations[id];
        if (provider.providerAdmin == address(0)) revert StakingRegistry__InvalidProviderIdentifier(id);
        if (withdrawer == address(0) || userRewardsRecipient == address(0)) revert StakingRegistry__ZeroAddress();
        if (provider.providerTakeRate != expectedTakeRate) {
            revert StakingRegistry__UnexpectedTakeRate(expectedTakeRate, provider.providerTakeRate);
        }
        address rollup = ROLLUP_REGISTRY.getRollup(rollupVersion);
        KeyStore memory key = _dequeue(id);
        _deposit(IRollup(rollup), key, withdrawer, moveWithLatestRollup);
        address split = _createSplit(provider, userRewardsRecipient);
        emit StakedWithProvider(id, rollup, key.attester, split, msg.sender);
    }

    function getProviderQueueLength(uint256 id) external view returns (uint256) {
        return providerQueues[id].last - providerQueues[id].first;
    }

    function getFirstIndexInQueue(uint256 id) external view returns (uint128) {
        return providerQueues[id].first;
    }

    function getLastIndexInQueue(uint256 id) external view returns (uint128) {
        return providerQueues[id].last;
    }

    function getValueAtIndexInQueue(uint256 id, uint128 index) external view returns (KeyStore memory) {
        Queue storage queue = providerQueues[id];
        if (index < queue.first || index >= queue.last) revert QueueIndexOutOfBounds();
        return queue.entries[index];
    }

    function getActivationThreshold(uint256 rollupVersion) external view returns (uint256) {
        return IRollup(ROLLUP_REGISTRY.getRollup(rollupVersion)).getActivationThreshold();
    }

    /// The entry stays in storage, as in the original; it is only out of bounds from now on.
    function _dequeue(uint256 id) internal returns (KeyStore memory) {
        Queue storage queue = providerQueues[id];
        if (queue.first == queue.last) revert QueueIsEmpty();
        return queue.entries[queue.first++];
    }

    function _deposit(IRollup rollup, KeyStore memory key, address withdrawer, bool moveWithLatestRollup) internal {
        uint256 amount = rollup.getActivationThreshold();
        require(STAKING_ASSET.transferFrom(msg.sender, address(this), amount), "transfer failed");
        require(STAKING_ASSET.approve(address(rollup), amount), "approval failed");
        rollup.deposit(
            key.attester, withdrawer, key.publicKeyG1, key.publicKeyG2, key.proofOfPossession, moveWithLatestRollup
        );
    }

    function _createSplit(ProviderConfiguration memory provider, address userRewardsRecipient)
        internal
        returns (address)
    {
        address[] memory recipients = new address[](2);
        recipients[0] = provider.providerRewardsRecipient;
        recipients[1] = userRewardsRecipient;
        uint256[] memory allocations = new uint256[](2);
        allocations[0] = provider.providerTakeRate;
        allocations[1] = BIPS - provider.providerTakeRate;
        return PULL_SPLIT_FACTORY.createSplit(SplitParams(recipients, allocations, BIPS, 0), address(0), address(this));
    }
}
