//! The batch of `MultiSendCallOnly`: calls one behind the other, packed without padding.

use ethers_core::abi::AbiEncode as _;
use ethers_core::types::{Address, Bytes, U256};
use thiserror::Error;

use crate::contracts::bindings::multi_send::MultiSendCall;
use crate::contracts::call::decode_return;
use crate::transaction::Call;

/// The most calls of one batch that are read.
pub const MOST_CALLS: usize = 1_000;
/// `multiSend(bytes)`.
const SELECTOR: [u8; 4] = [0x8d, 0x80, 0xff, 0x0a];
/// Bytes of an operation, an address, a value and a length.
const ADDRESS: usize = 20;
const WORD: usize = 32;

/// Bytes that are no batch of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoBatch {
    /// Not a call of `multiSend`, or not one whose parts add up.
    #[error("no batch of calls")]
    Malformed,
    /// It has a delegate call in it.
    #[error("a batch with a delegate call in it")]
    DelegateCall,
    /// It has more calls than are read.
    #[error("a batch of more than {MOST_CALLS} calls")]
    TooMany,
}

/// Calls as calldata of `multiSend`.
#[must_use]
pub fn encode_multi_send(calls: &[Call]) -> Bytes {
    let mut packed = Vec::new();
    for call in calls {
        let (mut value, mut length) = ([0; WORD], [0; WORD]);
        call.value.to_big_endian(&mut value);
        U256::from(call.data.len()).to_big_endian(&mut length);
        packed.push(0);
        packed.extend(call.to.as_bytes());
        packed.extend(value);
        packed.extend(length);
        packed.extend(call.data.iter());
    }
    MultiSendCall { transactions: packed.into() }.encode().into()
}

/// The calls of calldata of `multiSend`, as the contract takes them apart.
///
/// # Errors
/// See [`NoBatch`].
pub fn decode_multi_send(data: &[u8]) -> Result<Vec<Call>, NoBatch> {
    let arguments = data.strip_prefix(&SELECTOR).ok_or(NoBatch::Malformed)?;
    let packed: Bytes = decode_return("multiSend", arguments).map_err(|_| NoBatch::Malformed)?;
    let mut rest = packed.as_ref();
    let mut calls = Vec::new();
    while !rest.is_empty() {
        if calls.len() == MOST_CALLS {
            return Err(NoBatch::TooMany);
        }
        let (call, after) = first_call(rest)?;
        calls.push(call);
        rest = after;
    }
    Ok(calls)
}

fn first_call(packed: &[u8]) -> Result<(Call, &[u8]), NoBatch> {
    let (operation, rest) = packed.split_first().ok_or(NoBatch::Malformed)?;
    match operation {
        0 => {}
        1 => return Err(NoBatch::DelegateCall),
        _ => return Err(NoBatch::Malformed),
    }
    let (to, rest) = rest.split_first_chunk::<ADDRESS>().ok_or(NoBatch::Malformed)?;
    let (value, rest) = rest.split_first_chunk::<WORD>().ok_or(NoBatch::Malformed)?;
    let (length, rest) = rest.split_first_chunk::<WORD>().ok_or(NoBatch::Malformed)?;
    let length = u64::try_from(U256::from(*length)).ok().and_then(|length| usize::try_from(length).ok());
    let (data, after) = length.and_then(|length| rest.split_at_checked(length)).ok_or(NoBatch::Malformed)?;
    let call = Call { to: Address::from(*to), value: U256::from(*value), data: data.to_vec().into() };
    Ok((call, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_call() -> impl Strategy<Value = Call> {
        (any::<[u8; 20]>(), any::<[u8; 32]>(), prop::collection::vec(any::<u8>(), 0..100))
            .prop_map(|(to, value, data)| Call { to: to.into(), value: U256::from(value), data: data.into() })
    }

    proptest! {
        #[test]
        fn calls_are_read_as_they_were_written(calls in prop::collection::vec(any_call(), 0..6)) {
            prop_assert_eq!(decode_multi_send(&encode_multi_send(&calls)), Ok(calls));
        }

        #[test]
        fn whatever_is_cut_or_changed_is_read_or_refused(call in any_call(), cut in 0..300_usize, at in 0..300_usize, byte: u8) {
            let mut data = encode_multi_send(&[call]).to_vec();
            if let Some(place) = data.get_mut(at) {
                *place = byte;
            }
            data.truncate(cut);
            let _ = decode_multi_send(&data);
        }
    }

    #[test]
    fn a_delegate_call_in_a_batch_is_named() {
        let call = Call { to: Address::repeat_byte(1), value: U256::zero(), data: Bytes::new() };
        let honest = encode_multi_send(std::slice::from_ref(&call));
        for (operation, problem) in [(1, NoBatch::DelegateCall), (2, NoBatch::Malformed)] {
            let mut data = honest.to_vec();
            data[4 + 64] = operation;
            assert_eq!(decode_multi_send(&data), Err(problem));
        }
        assert_eq!(decode_multi_send(&[]), Err(NoBatch::Malformed));
        assert_eq!(decode_multi_send(&encode_multi_send(&vec![call; MOST_CALLS + 1])), Err(NoBatch::TooMany));
    }
}
