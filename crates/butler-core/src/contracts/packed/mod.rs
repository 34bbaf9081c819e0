//! Many reads in one `eth_call` of a program of ours, which a state override puts at an address that nobody has.
//!
//! `aggregate3` spends 448 hex digits on a call of one argument, nearly all of them zeros; here it is as few as 44, for a call says
//! only what is not as in the call before. The program answers number and time of the block that it ran in, then each call's end
//! and bytes, in order and without a place that two could share. What it promises is what Multicall3 does: every call may
//! fail on its own, and one that ran out of gas looks like a revert without data.

mod assembly;
mod program;

use std::borrow::Cow;

use ethers_core::types::{Address, Bytes, H160};

pub use self::program::program;
use super::call::{Call, DecodeError, Target};
use super::multicall::Outcome;

/// Where the program stands while a call lasts. Letters, so that it is known again in an endpoint's logs; no key leads to it.
pub const ADDRESS: Address = H160(*b"butler's packed call");

const WORD: usize = 32;
const SELECTOR: usize = 4;
/// Number and time of the block, eight bytes each.
const HEAD: usize = 16;

/// What stands in the byte before each call: a target of its own.
const TARGET: u8 = 1;
/// A selector and a number of words of its own.
const SHAPE: u8 = 2;
/// Not a call: the balance of the target.
const BALANCE: u8 = 4;
/// Selector and arguments follow as they are, behind their length.
const RAW: u8 = 8;

/// What the program answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// Number of the block in which it ran.
    pub number: u64,
    /// That block's time.
    pub timestamp: u64,
    /// How each call ended.
    pub outcomes: Vec<Outcome>,
}

/// Packs calls for the program.
#[must_use]
pub fn encode<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Bytes {
    let mut writer = Writer { bytes: vec![0; SELECTOR], target: None, shape: None, longest: 0 };
    for call in calls {
        match &call.target {
            Target::Function { to, data } => match words(data) {
                Some((shape, arguments)) => writer.words(*to, shape, arguments),
                None => writer.raw(*to, data),
            },
            Target::Balance(account) => writer.head(*account, BALANCE),
        }
    }
    writer.finish()
}

/// A selector, and how many words stand behind it.
type Shape = ([u8; SELECTOR], u16);

/// The arguments of a call, where they are whole words.
fn words(data: &[u8]) -> Option<(Shape, &[u8])> {
    let (selector, arguments) = data.split_first_chunk()?;
    let count = u16::try_from(arguments.len() / WORD).ok()?;
    arguments.len().is_multiple_of(WORD).then_some(((*selector, count), arguments))
}

/// Calldata in the making, and what the program will remember at its end.
struct Writer {
    bytes: Vec<u8>,
    target: Option<Address>,
    shape: Option<Shape>,
    /// The most bytes of arguments of one call.
    longest: usize,
}

impl Writer {
    fn head(&mut self, target: Address, flags: u8) {
        let is_new = self.target.replace(target) != Some(target);
        self.bytes.push(if is_new { flags | TARGET } else { flags });
        if is_new {
            self.bytes.extend(target.as_bytes());
        }
    }

    fn words(&mut self, to: Address, shape: Shape, arguments: &[u8]) {
        let is_new = self.shape.replace(shape) != Some(shape);
        self.head(to, if is_new { SHAPE } else { 0 });
        if is_new {
            self.bytes.extend(shape.0);
            self.bytes.extend(shape.1.to_be_bytes());
        }
        for word in arguments.chunks(WORD) {
            let zeros = word.iter().take_while(|byte| **byte == 0).count();
            let rest = word.get(zeros..).unwrap_or_default();
            self.bytes.push(u8::try_from(rest.len()).unwrap_or(u8::MAX));
            self.bytes.extend(rest);
        }
        self.longest = self.longest.max(arguments.len());
    }

    fn raw(&mut self, to: Address, data: &[u8]) {
        self.head(to, RAW);
        self.bytes.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.bytes.extend(data);
        // It lies where the selector was.
        self.shape = None;
        self.longest = self.longest.max(data.len());
    }

    /// Says at the beginning where in memory there is room for the results.
    fn finish(mut self) -> Bytes {
        let room = usize::from(program::ARGUMENTS) + self.longest.next_multiple_of(WORD);
        let room = u32::try_from(room).unwrap_or(u32::MAX).to_be_bytes();
        for (byte, value) in self.bytes.iter_mut().zip(room) {
            *byte = value;
        }
        Bytes::from(self.bytes)
    }
}

/// Takes the answer to `expected` calls apart.
///
/// # Errors
/// `Empty` where the program did not stand, `Nonsense` where its answer is not one.
pub fn decode(data: &Bytes, expected: usize) -> Result<Results, DecodeError> {
    const FUNCTION: Cow<'static, str> = Cow::Borrowed("packed calls");
    if data.is_empty() {
        return Err(DecodeError::Empty { function: FUNCTION });
    }
    results(data, expected).ok_or_else(|| {
        let problem = format!("not the results of {expected} calls in {} bytes", data.len());
        DecodeError::Nonsense { function: FUNCTION, problem }
    })
}

fn results(data: &Bytes, expected: usize) -> Option<Results> {
    let (number, rest) = data.split_first_chunk()?;
    let (timestamp, _) = rest.split_first_chunk()?;
    let (mut at, mut outcomes) = (HEAD, Vec::with_capacity(expected));
    for _ in 0..expected {
        // Whether it succeeded, and three bytes of length.
        let (head, _) = data.get(at..)?.split_first_chunk::<4>()?;
        let from = at.checked_add(head.len())?;
        let [end, length @ ..] = *head;
        let [high, middle, low] = length;
        at = from.checked_add(usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?)?;
        let bytes = Bytes(data.0.get(from..at).map(|_| data.0.slice(from..at))?);
        outcomes.push(match end {
            0 => Outcome::Failed(bytes),
            1 => Outcome::Returned(bytes),
            _ => return None,
        });
    }
    let (number, timestamp) = (u64::from_be_bytes(*number), u64::from_be_bytes(*timestamp));
    (at == data.len()).then_some(Results { number, timestamp, outcomes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(to: u8, data: &[u8]) -> Call {
        let target = Target::Function { to: Address::repeat_byte(to), data: data.to_vec().into() };
        let (is_optional, goes_alone, tells_by_reverting) = (false, false, false);
        Call { target, function: "f".into(), gas: 1, limit: None, is_optional, goes_alone, tells_by_reverting }
    }

    fn word(number: u64) -> [u8; WORD] {
        ethers_core::types::H256::from_low_u64_be(number).0
    }

    #[test]
    fn a_call_says_only_what_is_not_as_before() {
        let view = |n| call(7, &[&[1, 2, 3, 4][..], &word(n)].concat());
        let two = encode(&[view(1), view(0x1234), Call::balance(Address::repeat_byte(7)), view(0)]);
        let first = [&[0, 0, 0, 0x80, TARGET | SHAPE][..], &[7; 20], &[1, 2, 3, 4, 0, 1, 1, 1]].concat();
        assert_eq!(two.to_vec(), [&first[..], &[0, 2, 0x12, 0x34, BALANCE, 0, 0]].concat());
        let odd = encode(&[view(1), call(7, &[9]), view(1)]);
        let shape = [1, 2, 3, 4, 0, 1, 1, 1];
        assert_eq!(odd.to_vec(), [&first[..], &[RAW, 0, 0, 0, 1, 9, SHAPE], &shape].concat());
    }

    #[test]
    fn results_are_taken_in_order_and_to_the_last_byte() {
        let head = [7_u64.to_be_bytes(), 84_u64.to_be_bytes()].concat();
        let whole = [&head[..], &[1, 0, 0, 2, 5, 6], &[0, 0, 0, 0]].concat();
        let outcomes = vec![Outcome::Returned(vec![5, 6].into()), Outcome::Failed(Bytes::new())];
        assert_eq!(decode(&whole.clone().into(), 2).unwrap(), Results { number: 7, timestamp: 84, outcomes });
        assert!(matches!(decode(&Bytes::new(), 2), Err(DecodeError::Empty { .. })));
        for cut in 1..whole.len() {
            assert!(decode(&whole[..cut].to_vec().into(), 2).is_err(), "{cut} bytes");
        }
        assert!(decode(&[&whole[..], &[0]].concat().into(), 2).is_err(), "more than was asked for");
        assert!(decode(&whole.clone().into(), 1).is_err() && decode(&whole.into(), 3).is_err());
        assert!(decode(&[&head[..], &[2, 0, 0, 0]].concat().into(), 1).is_err(), "neither end");
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_decoder_panic(answer in prop::collection::vec(any::<u8>(), 0..300), expected in 0_usize..10) {
            let _ = decode(&answer.into(), expected);
        }
    }
}
