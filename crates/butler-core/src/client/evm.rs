//! How the nodes of Ethereum say that a call reverted, or that the EVM gave up on it.
//!
//! Either is an answer of the contract, the same at every node, and no failure of the endpoint. A call that ran out of gas
//! or of time is neither: it may work when less is asked for.

/// What a message says that is a revert whatever stands around it; in lower case.
const REVERTS: &[&str] = &[
    // geth, Erigon, Besu, Reth, anvil
    "execution reverted",
    // Hardhat, Ganache
    "vm exception while processing transaction: revert",
    "transaction reverted",
    "reverted with",
    "reverted without",
    // Parity, OpenEthereum
    "reverted 0x",
    "the execution failed due to an exception",
];

/// Exceptions of the EVM, in lower case, letters and digits only: nodes write them apart, together or in capitals.
const EXCEPTIONS: &[&str] = &[
    "invalidopcode",
    "invalidfeopcode",
    "opcodenotfound",
    "undefinedinstruction",
    "badinstruction",
    "invalidinstruction",
    "invalidoperation",
    "invalidcode",
    "stackunderflow",
    "stackoverflow",
    "stacklimitreached",
    "outofstack",
    "stacktoodeep",
    "invalidjump",
    "badjumpdestination",
    "invalidjumpdestination",
    "writeprotection",
    "staticcallviolation",
    "mutablecallinstaticcontext",
    "statechangeduringstaticcall",
    "callnotallowedinsidestatic",
    "illegalstatechange",
    "returndataoutofbounds",
    "outofbounds",
    "outofoffset",
    "accessviolation",
    "maxcalldepthexceeded",
    "calldepth",
    "calltoodeep",
    "createcollision",
    "precompileerror",
    "precompilefailure",
];

/// What is no revert although the EVM was at work, letters and digits only.
const TOO_MUCH: &[&str] = &[
    "outofgas",
    "insufficientgas",
    "intrinsicgas",
    "gasrequiredexceeds",
    "gaslimit",
    "timeout",
    "timedout",
    "canceled",
    "cancelled",
];

/// Whether an error of `eth_call` says so. `message` and `data` are in lower case.
pub(super) fn is_revert(code: i64, message: &str, data: &str) -> bool {
    let both = [message, data];
    let begins = |text: &str| {
        let text = text.trim_start();
        ["revert", "err: revert", "error: revert", "vm execution error: revert"]
            .iter()
            .any(|word| text.starts_with(word))
    };
    if code == 3 || both.iter().any(|text| begins(text) || REVERTS.iter().any(|word| text.contains(word))) {
        return true;
    }
    let squeezed: String = both.iter().flat_map(|text| text.chars()).filter(char::is_ascii_alphanumeric).collect();
    if TOO_MUCH.iter().any(|word| squeezed.contains(word)) {
        return false;
    }
    // Nethermind and Parity have a code for whatever the EVM did not like.
    code == -32015
        || ["vmexecutionerror", "evmerror", "vmexception"].iter().any(|word| squeezed.contains(word))
        || EXCEPTIONS.iter().any(|word| squeezed.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverts_and_exceptions_of_every_client_are_reverts() {
        for (code, message, data) in [
            (3, "execution reverted", "0x"),
            (3, "execution reverted: rate limit", "0x08c379a0"),
            (-32000, "execution reverted", ""),
            (-32015, "VM execution error.", "err: revert (supplied gas 36000000)"),
            (-32015, "VM execution error.", "Reverted 0x08c379a0"),
            (-32015, "VM execution error.", "revert"),
            (-32015, "VM execution error.", "Bad instruction fe"),
            (-32015, "VM execution error.", "err: StackUnderflow"),
            (-32015, "revert", ""),
            (-32000, "Execution reverted", "0x"),
            (-32000, "Execution reverted (0x4e487b71)", ""),
            (-32603, "VM Exception while processing transaction: revert", ""),
            (-32603, "Error: VM Exception while processing transaction: reverted with reason string 'no'", ""),
            (-32603, "Error: Transaction reverted: function selector was not recognized", ""),
            (-32000, "The execution failed due to an exception.", "Reverted 0x"),
            (-32000, "invalid opcode: INVALID", ""),
            (-32000, "invalid opcode: opcode 0x5f not defined", ""),
            (-32000, "stack underflow (0 <=> 1)", ""),
            (-32000, "stack limit reached 1024 (1023)", ""),
            (-32000, "invalid jump destination", ""),
            (-32000, "BAD_JUMP_DESTINATION", ""),
            (-32000, "INVALID_OPERATION", ""),
            (-32000, "EVM error: InvalidFEOpcode", ""),
            (-32003, "EVM error OpcodeNotFound", ""),
            (-32000, "write protection", ""),
            (-32000, "return data out of bounds", ""),
        ] {
            assert!(
                is_revert(code, &message.to_ascii_lowercase(), &data.to_ascii_lowercase()),
                "{code} {message} {data}"
            );
        }
    }

    #[test]
    fn what_ran_out_of_something_or_never_ran_is_none() {
        for (code, message, data) in [
            (-32015, "VM execution error.", "out of gas"),
            (-32015, "VM execution error.", "OutOfGas"),
            (-32015, "VM execution error.", "canceled due to enabled timeout"),
            (-32000, "out of gas", ""),
            (-32003, "EVM error OutOfGas", ""),
            (-32000, "INSUFFICIENT_GAS", ""),
            (-32000, "execution aborted (timeout = 5s)", ""),
            (-32000, "header not found", ""),
            (-32603, "internal error", ""),
            (-32005, "rate limit", ""),
            (-32601, "method not found", ""),
        ] {
            assert!(
                !is_revert(code, &message.to_ascii_lowercase(), &data.to_ascii_lowercase()),
                "{code} {message} {data}"
            );
        }
    }
}
