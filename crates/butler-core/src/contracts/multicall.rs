//! Multicall3's `aggregate3`: many reads in one `eth_call`.
//!
//! Every inner call may fail on its own. An inner call that ran out of gas looks like a revert without data, so the
//! caller must not believe such a failure before it asked again with fewer neighbours. Thousands of calls go through here
//! for one overview, so the two codecs work on words instead of token trees; a property holds them against ethers' own.

use std::borrow::Cow;

use ethers_core::abi::AbiEncode;
use ethers_core::types::{Address, Bytes};

use super::bindings::multicall3::GetEthBalanceCall;
use super::call::{Call, DecodeError, Target};
use super::words::{self, WORD, number};

/// Multicall3's address on every public chain.
pub const MULTICALL3: Address = ethers_core::types::H160([
    0xca, 0x11, 0xbd, 0xe0, 0x59, 0x77, 0xb3, 0x63, 0x11, 0x67, 0x02, 0x88, 0x62, 0xbe, 0x2a, 0x17, 0x39, 0x76, 0xca,
    0x11,
]);

/// `aggregate3((address,bool,bytes)[])`.
pub(super) const SELECTOR: [u8; 4] = [0x82, 0xad, 0x56, 0xcb];

/// How one inner call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It returned these bytes.
    Returned(Bytes),
    /// It failed with these bytes; none when it ran out of gas.
    Failed(Bytes),
}

/// Encodes calls into one `aggregate3` of the Multicall3 at `multicall3`; each may fail on its own.
#[must_use]
pub fn encode_aggregate<'a>(multicall3: Address, calls: impl IntoIterator<Item = &'a Call>) -> Bytes {
    // (address target, bool allowFailure, bytes callData)[]: an offset per call, then the calls.
    let (mut offsets, mut tuples) = (Vec::new(), Vec::new());
    for call in calls {
        offsets.push(tuples.len());
        let balance;
        let (target, data): (Address, &[u8]) = match &call.target {
            Target::Function { to, data } => (*to, data),
            Target::Balance(account) => {
                balance = GetEthBalanceCall { account: *account }.encode();
                (multicall3, &balance)
            }
        };
        tuples.extend([0; WORD - 20]);
        tuples.extend(target.as_bytes());
        tuples.extend(words::encoded(1));
        tuples.extend(words::encoded(3 * WORD));
        tuples.extend(words::encoded(data.len()));
        tuples.extend(data);
        tuples.resize(tuples.len().next_multiple_of(WORD), 0);
    }
    let mut encoded = Vec::with_capacity(SELECTOR.len() + (2 + offsets.len()) * WORD + tuples.len());
    encoded.extend(SELECTOR);
    encoded.extend(words::encoded(WORD));
    encoded.extend(words::encoded(offsets.len()));
    for offset in &offsets {
        encoded.extend(words::encoded(offsets.len() * WORD + offset));
    }
    encoded.extend(tuples);
    Bytes::from(encoded)
}

/// Decodes the answer of an `aggregate3` of `expected` calls.
///
/// # Errors
/// `Empty` where there is no Multicall3, `Nonsense` where its answer is not one.
pub fn decode_aggregate(data: &Bytes, expected: usize) -> Result<Vec<Outcome>, DecodeError> {
    const FUNCTION: Cow<'static, str> = Cow::Borrowed("aggregate3");
    if data.is_empty() {
        return Err(DecodeError::Empty { function: FUNCTION });
    }
    let outcomes = || {
        // (bool success, bytes returnData)[]: an offset per result, counted from behind the length.
        let list = number(data, 0)?;
        if number(data, list)? != expected {
            return None;
        }
        let head = list.checked_add(WORD)?;
        let (mut outcomes, mut total) = (Vec::with_capacity(expected), 2 * WORD);
        for index in 0..expected {
            let tuple = head.checked_add(number(data, head.checked_add(index.checked_mul(WORD)?)?)?)?;
            let bytes = tuple.checked_add(number(data, tuple.checked_add(WORD)?)?)?;
            let from = bytes.checked_add(WORD)?;
            let length = number(data, bytes)?;
            let to = from.checked_add(length)?;
            // Results that share bytes would be decoded to many times what was sent.
            total = total.checked_add(length)?.checked_add(4 * WORD)?;
            if to > data.len() || total > data.len() {
                return None;
            }
            let bytes = Bytes(data.0.slice(from..to));
            outcomes.push(match number(data, tuple)? {
                0 => Outcome::Failed(bytes),
                1 => Outcome::Returned(bytes),
                _ => return None,
            });
        }
        Some(outcomes)
    };
    outcomes().ok_or_else(|| {
        let problem = format!("not the results of {expected} calls in {} bytes", data.len());
        DecodeError::Nonsense { function: FUNCTION, problem }
    })
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::AbiDecode as _;
    use proptest::prelude::*;

    use super::*;
    use crate::contracts::bindings::multicall3::{Aggregate3Call, Aggregate3Return, Call3, CallResult};

    fn bytes() -> impl Strategy<Value = Bytes> {
        prop::collection::vec(any::<u8>(), 0..100).prop_map(Bytes::from)
    }

    proptest! {
        #[test]
        fn calls_are_encoded_as_ethers_encodes_them(calls in prop::collection::vec((any::<[u8; 20]>(), bytes()), 0..20)) {
            let ours: Vec<Call> = calls
                .iter()
                .map(|(to, data)| Call {
                    target: Target::Function { to: Address::from(*to), data: data.clone() },
                    function: "f".into(),
                    gas: 1,
                    limit: None,
                    is_optional: false,
                    goes_alone: false,
                    tells_by_reverting: false,
                })
                .collect();
            let theirs = calls.into_iter().map(|(to, call_data)| Call3 { target: to.into(), allow_failure: true, call_data });
            prop_assert_eq!(encode_aggregate(MULTICALL3, &ours).to_vec(), Aggregate3Call { calls: theirs.collect() }.encode());
        }

        #[test]
        fn results_are_decoded_as_ethers_encodes_them(results in prop::collection::vec((any::<bool>(), bytes()), 0..20)) {
            let encoded = Aggregate3Return(results.iter().cloned().map(|(success, return_data)| CallResult { success, return_data }).collect()).encode();
            prop_assert!(Aggregate3Return::decode(&encoded).is_ok());
            let decoded = decode_aggregate(&encoded.into(), results.len()).unwrap();
            let expected: Vec<_> = results.into_iter().map(|(success, data)| if success { Outcome::Returned(data) } else { Outcome::Failed(data) }).collect();
            prop_assert_eq!(decoded, expected);
        }

        #[test]
        fn results_that_share_their_bytes_are_not_believed(length in 32_usize..2000) {
            let one = CallResult { success: true, return_data: vec![7; length].into() };
            let mut encoded = Aggregate3Return(vec![one.clone(), one]).encode();
            prop_assert!(decode_aggregate(&encoded.clone().into(), 2).is_ok());
            // The second offset becomes the first.
            let (first, second) = (2 * WORD, 3 * WORD);
            encoded.copy_within(first..first + WORD, second);
            encoded.truncate(encoded.len() - length.next_multiple_of(WORD) - 3 * WORD);
            prop_assert!(decode_aggregate(&encoded.into(), 2).is_err());
        }

        #[test]
        fn no_answer_makes_the_decoder_panic(mut answer in prop::collection::vec(any::<u8>(), 0..300), zeros in 0_usize..300, expected in 0_usize..10) {
            for byte in answer.iter_mut().take(zeros) {
                *byte &= 0x43 * u8::from(*byte > 250);
            }
            let _ = decode_aggregate(&answer.into(), expected);
        }
    }
}
