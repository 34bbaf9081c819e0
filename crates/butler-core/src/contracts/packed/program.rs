//! The program, as assembly: it reads calls one after another, makes them, and writes down how they ended.
//!
//! Memory: the target at 0, the end of the arguments at 32, the selector in the last four bytes before 96, the arguments
//! from there, the results behind. On the stack stay the place of the next result and that in the calldata. It cannot
//! revert, keeps nothing, and is called for no value; contracts that it calls may call it back to no effect.

use std::sync::OnceLock;

use super::assembly::*;

/// Where the arguments of a call begin in memory.
pub(super) const ARGUMENTS: u16 = 96;
const SELECTOR_AT: u16 = ARGUMENTS - 4;
const TARGET_AT: u16 = 0;
const END_AT: u16 = 32;
const SELECTOR_WORD_AT: u16 = 64;

/// The program's code.
#[must_use]
pub fn program() -> &'static [u8] {
    static CODE: OnceLock<Vec<u8>> = OnceLock::new();
    CODE.get_or_init(|| assemble(LINES))
}

use Line::{At, Copy, Go, GoIf, Push, Swap};

/// What stands on the stack after a line is written behind it, the top last. `out` is the place in memory of the next result, `in` that of
/// the next byte of calldata, `flags` the byte before a call.
#[rustfmt::skip]
const LINES: &[Line] = &[
    // The first four bytes say where there is room for the results.
    Push(0), CALLDATALOAD, Push(224), SHR,                                    // room
    NUMBER, Push(192), SHL, TIMESTAMP, Push(128), SHL, OR, Copy(2), MSTORE,   // room
    Push(16), ADD, Push(4),                                                   // out in

    At(Label::Next),                                                          // out in
    CALLDATASIZE, Copy(2), LT, ISZERO, GoIf(Label::Done),
    Copy(1), CALLDATALOAD, Push(248), SHR,                                    // out in flags
    Swap(1), Push(1), ADD,                                                    // out flags in
    Copy(2), Push(1), AND, ISZERO, GoIf(Label::Shape),
    // A target of its own.
    Copy(1), CALLDATALOAD, Push(96), SHR, Push(TARGET_AT), MSTORE,
    Push(20), ADD,

    At(Label::Shape),                                                         // out flags in
    Copy(2), Push(2), AND, ISZERO, GoIf(Label::Kind),
    // A selector of its own, and how many words follow it.
    Copy(1), CALLDATALOAD, Push(224), SHR, Push(SELECTOR_WORD_AT), MSTORE,
    Copy(1), Push(4), ADD, CALLDATALOAD, Push(240), SHR,                      // out flags in words
    Push(5), SHL, Push(ARGUMENTS), ADD, Push(END_AT), MSTORE,
    Push(6), ADD,

    At(Label::Kind),                                                          // out flags in
    Copy(2), Push(4), AND, GoIf(Label::Balance),
    Copy(2), Push(8), AND, GoIf(Label::Raw),
    Push(ARGUMENTS),                                                          // out flags in at

    // Each word is a number of bytes and these bytes, the zeros before them left out.
    At(Label::Word),                                                          // out flags in at
    Push(END_AT), MLOAD, Copy(2), LT, ISZERO, GoIf(Label::Call),
    Swap(1), Copy(1), Push(1), ADD,                                           // out flags at in in+1
    Swap(1), CALLDATALOAD, Push(248), SHR,                                    // out flags at in+1 n
    Copy(2), CALLDATALOAD, Copy(2), Push(3), SHL, Push(256), SUB, SHR,        // out flags at in+1 n word
    Copy(4), MSTORE,                                                          // out flags at in+1 n
    ADD, Swap(1), Push(32), ADD, Go(Label::Word),                             // out flags in at

    // Selector and arguments as they are, behind four bytes of length.
    At(Label::Raw),                                                           // out flags in
    Copy(1), CALLDATALOAD, Push(224), SHR, Swap(1), Push(4), ADD,             // out flags n in
    Copy(2), Copy(2), Push(SELECTOR_AT), CALLDATACOPY,                        // out flags n in
    Copy(2), ADD, Swap(1), Push(SELECTOR_AT), ADD,                            // out flags in end

    At(Label::Call),                                                          // out flags in end
    Push(SELECTOR_AT), Swap(1), SUB,                                          // out flags in size
    Push(0), Push(0), Copy(3), Push(SELECTOR_AT), Push(0),
    Push(TARGET_AT), MLOAD, GAS, CALL,                                        // out flags in size success
    Push(248), SHL, RETURNDATASIZE, Push(224), SHL, OR,                       // out flags in size head
    Copy(5), MSTORE, POP,                                                     // out flags in
    RETURNDATASIZE, Push(0), Copy(5), Push(4), ADD, RETURNDATACOPY,           // out flags in
    Swap(2), Push(4), ADD, RETURNDATASIZE, ADD,                               // in flags out

    At(Label::After),                                                         // in flags out
    Swap(1), POP, Swap(1), Go(Label::Next),                                   // out in

    At(Label::Balance),                                                       // out flags in
    Push(1), Push(248), SHL, Push(32), Push(224), SHL, OR, Copy(4), MSTORE,
    Push(TARGET_AT), MLOAD, BALANCE, Copy(4), Push(4), ADD, MSTORE,           // out flags in
    Swap(2), Push(36), ADD, Go(Label::After),                                 // in flags out

    At(Label::Done),                                                          // out in
    POP, Push(0), CALLDATALOAD, Push(224), SHR,                               // out room
    Swap(1), Copy(2), Swap(1), SUB, Swap(1), RETURN,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_jump_leads_to_a_place_of_the_program() {
        for line in LINES {
            if let Go(label) | GoIf(label) = line {
                let places = LINES.iter().filter(|line| matches!(line, At(known) if known == label)).count();
                assert_eq!(places, 1, "{label:?}");
            }
        }
        assert!(program().len() < 300, "{} bytes go with every pack", program().len());
    }
}
