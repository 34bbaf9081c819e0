// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// Stand-in for the 0xSplits v2 PullSplitFactory that Aztec's StakingRegistry calls in `stake()`.
/// Written for the local test chain. It has the same `createSplit` entry point and the same events in the same order (the
/// split's `SplitUpdated`, then the factory's `SplitCreated`), but distributes nothing.

struct SplitParams {
    address[] recipients;
    uint256[] allocations;
    uint256 totalAllocation;
    uint16 distributionIncentive;
}

interface IBalance {
    function balanceOf(address account) external view returns (uint256);
}

/// Stand-in for a PullSplit wallet: immutable, known only by the hash of its parameters.
contract Split {
    event SplitUpdated(SplitParams split);

    bytes32 public immutable splitHash;
    address public immutable owner;

    constructor(SplitParams memory params, address initialOwner) {
        splitHash = keccak256(abi.encode(params));
        owner = initialOwner;
        emit SplitUpdated(params);
    }

    /// The second value is what the real split keeps in the 0xSplits warehouse; there is none here.
    function getSplitBalance(address token) external view returns (uint256 splitBalance, uint256 warehouseBalance) {
        splitBalance = token.code.length == 0 ? address(this).balance : IBalance(token).balanceOf(address(this));
        warehouseBalance = 0;
    }
}

contract SplitFactory {
    event SplitCreated(address indexed split, SplitParams splitParams, address owner, address creator, uint256 nonce);

    error LengthMismatch();
    error TotalMismatch();

    uint256 public nextNonce;

    function createSplit(SplitParams calldata splitParams, address owner, address creator)
        external
        returns (address split)
    {
        if (splitParams.recipients.length != splitParams.allocations.length) revert LengthMismatch();
        uint256 total = 0;
        for (uint256 i = 0; i < splitParams.allocations.length; i++) {
            total += splitParams.allocations[i];
        }
        if (total != splitParams.totalAllocation) revert TotalMismatch();
        split = address(new Split(splitParams, owner));
        emit SplitCreated(split, splitParams, owner, creator, nextNonce++);
    }
}
