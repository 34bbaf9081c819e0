//! A few instructions of the EVM, and how they become code.
//!
//! Only what `program` needs. There is no `PUSH0`, so that the code runs on chains of before 2023, too.

/// One line of a program.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line {
    /// An instruction without an operand.
    Do(u8),
    /// Pushes a number.
    Push(u16),
    /// Copies the value at that depth, 1 being the top.
    Copy(u8),
    /// Swaps the top with the value so many below it.
    Swap(u8),
    /// A place to jump to.
    At(Label),
    /// Jumps there.
    Go(Label),
    /// Jumps there unless the top is zero.
    GoIf(Label),
}

/// The places that are jumped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Next,
    Shape,
    Kind,
    Word,
    Raw,
    Call,
    Balance,
    After,
    Done,
}

pub(super) const ADD: Line = Line::Do(0x01);
pub(super) const SUB: Line = Line::Do(0x03);
pub(super) const LT: Line = Line::Do(0x10);
pub(super) const ISZERO: Line = Line::Do(0x15);
pub(super) const AND: Line = Line::Do(0x16);
pub(super) const OR: Line = Line::Do(0x17);
pub(super) const SHL: Line = Line::Do(0x1b);
pub(super) const SHR: Line = Line::Do(0x1c);
pub(super) const BALANCE: Line = Line::Do(0x31);
pub(super) const CALLDATALOAD: Line = Line::Do(0x35);
pub(super) const CALLDATASIZE: Line = Line::Do(0x36);
pub(super) const CALLDATACOPY: Line = Line::Do(0x37);
pub(super) const RETURNDATASIZE: Line = Line::Do(0x3d);
pub(super) const RETURNDATACOPY: Line = Line::Do(0x3e);
pub(super) const TIMESTAMP: Line = Line::Do(0x42);
pub(super) const NUMBER: Line = Line::Do(0x43);
pub(super) const POP: Line = Line::Do(0x50);
pub(super) const MLOAD: Line = Line::Do(0x51);
pub(super) const MSTORE: Line = Line::Do(0x52);
pub(super) const GAS: Line = Line::Do(0x5a);
pub(super) const CALL: Line = Line::Do(0xf1);
pub(super) const RETURN: Line = Line::Do(0xf3);

const JUMP: u8 = 0x56;
const JUMPI: u8 = 0x57;
const JUMPDEST: u8 = 0x5b;
const PUSH1: u8 = 0x60;
const PUSH2: u8 = 0x61;
const DUP1: u8 = 0x80;
const SWAP1: u8 = 0x90;

/// The code of these lines. A label that is nowhere is the place 0, which is none to jump to: the tests look for that.
pub(super) fn assemble(lines: &[Line]) -> Vec<u8> {
    let mut places = Vec::new();
    // Jumps are as long whatever they lead to, so the first time round finds the places.
    emit(lines, &mut places);
    emit(lines, &mut places)
}

fn emit(lines: &[Line], places: &mut Vec<(Label, u16)>) -> Vec<u8> {
    let mut code = Vec::new();
    for line in lines {
        match *line {
            Line::Do(instruction) => code.push(instruction),
            Line::Push(number) => match number.to_be_bytes() {
                [0, low] => code.extend([PUSH1, low]),
                [high, low] => code.extend([PUSH2, high, low]),
            },
            Line::Copy(depth) => code.push(DUP1 + depth - 1),
            Line::Swap(depth) => code.push(SWAP1 + depth - 1),
            Line::At(label) => {
                places.push((label, u16::try_from(code.len()).unwrap_or_default()));
                code.push(JUMPDEST);
            }
            Line::Go(label) => code.extend(jump(label, places, JUMP)),
            Line::GoIf(label) => code.extend(jump(label, places, JUMPI)),
        }
    }
    code
}

fn jump(label: Label, places: &[(Label, u16)], how: u8) -> [u8; 4] {
    let place = places.iter().find(|(known, _)| *known == label).map(|(_, place)| *place);
    let [high, low] = place.unwrap_or_default().to_be_bytes();
    [PUSH2, high, low, how]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_lead_forwards_and_backwards() {
        let lines = [Line::Push(300), Line::GoIf(Label::Done), Line::At(Label::Next), Line::Copy(2), Line::Swap(1)];
        let rest = [Line::Go(Label::Next), Line::At(Label::Done), Line::Push(7)];
        let code = assemble(&[&lines[..], &rest].concat());
        let expected =
            [&[PUSH2, 1, 44, PUSH2, 0, 14, JUMPI, JUMPDEST, 0x81, 0x90][..], &[PUSH2, 0, 7, JUMP, JUMPDEST, PUSH1, 7]];
        assert_eq!(code, expected.concat());
    }
}
