// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// Stands in for a newer version of a contract: takes its place and its storage, answers as the contract that was there
/// (whose code was moved to `inner`), but lacks the functions that the newer version dropped and has those that it added.
contract Facade {
    address private immutable INNER;
    address private immutable ADDED;
    /// Eight selectors to a word, filled up with zeros.
    bytes32 private immutable GONE;
    bytes32 private immutable NEW_FIRST;
    bytes32 private immutable NEW_SECOND;

    constructor(address inner, address added, bytes32 gone, bytes32[2] memory selectors) {
        INNER = inner;
        ADDED = added;
        GONE = gone;
        NEW_FIRST = selectors[0];
        NEW_SECOND = selectors[1];
    }

    fallback() external payable {
        if (holds(GONE)) {
            // As a contract answers that has no such function: without a reason.
            assembly {
                revert(0, 0)
            }
        }
        address target = holds(NEW_FIRST) || holds(NEW_SECOND) ? ADDED : INNER;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if done { return(0, returndatasize()) }
            revert(0, returndatasize())
        }
    }

    function holds(bytes32 selectors) private pure returns (bool) {
        for (uint256 i = 0; i < 8; i++) {
            bytes4 selector = bytes4(selectors << (32 * i));
            if (selector != 0 && selector == msg.sig) return true;
        }
        return false;
    }
}
