//! Looks at ABI-encoded bytes before they are decoded: may they become more than they are?
//!
//! Arrays are places in the data, and nothing keeps many of them from naming the same place: a few megabytes of offsets
//! decode to terabytes. What contracts encode has a word of its own for each value, so that is demanded here.

use ethers_core::abi::ParamType;

const WORD: usize = 32;

/// Whether the values of these types, read from `data`, take no more words and bytes than `data` has. Data that ends too soon
/// passes: the decoder finds that out without harm.
pub(super) fn is_bounded(types: &[ParamType], data: &[u8]) -> bool {
    let mut walk = Walk { words: data.len() / WORD, bytes: data.len(), is_over: false };
    walk.all(types.iter(), data, 0);
    !walk.is_over
}

struct Walk {
    words: usize,
    bytes: usize,
    is_over: bool,
}

impl Walk {
    /// Goes through values that stand side by side; where they end, or `None` where the data does.
    fn all<'k>(&mut self, types: impl Iterator<Item = &'k ParamType>, data: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        for kind in types {
            at = self.one(kind, data, at)?;
        }
        Some(at)
    }

    fn one(&mut self, kind: &ParamType, data: &[u8], at: usize) -> Option<usize> {
        let after = at.checked_add(WORD)?;
        match kind {
            ParamType::Address
            | ParamType::Int(_)
            | ParamType::Uint(_)
            | ParamType::Bool
            | ParamType::FixedBytes(_) => {
                data.get(at..after)?;
                self.take(0)?;
                Some(after)
            }
            ParamType::Bytes | ParamType::String => {
                let place = number(data, at)?;
                self.take(number(data, place)?)?;
                Some(after)
            }
            ParamType::Array(inner) => {
                let place = number(data, at)?;
                let length = number(data, place)?;
                self.take(0)?;
                let tail = data.get(place.checked_add(WORD)?..)?;
                self.all(std::iter::repeat_n(inner.as_ref(), length), tail, 0)?;
                Some(after)
            }
            ParamType::FixedArray(inner, length) => {
                let inner = std::iter::repeat_n(inner.as_ref(), *length);
                self.group(inner, kind.is_dynamic(), data, at)
            }
            ParamType::Tuple(types) => self.group(types.iter(), kind.is_dynamic(), data, at),
        }
    }

    fn group<'k>(
        &mut self,
        types: impl Iterator<Item = &'k ParamType>,
        is_dynamic: bool,
        data: &[u8],
        at: usize,
    ) -> Option<usize> {
        if !is_dynamic {
            return self.all(types, data, at);
        }
        self.take(0)?;
        let tail = data.get(number(data, at)?..)?;
        self.all(types, tail, 0)?;
        at.checked_add(WORD)
    }

    /// Takes a word, and so many bytes; `None` when there are no more of them.
    fn take(&mut self, bytes: usize) -> Option<()> {
        match (self.words.checked_sub(1), self.bytes.checked_sub(bytes)) {
            (Some(words), Some(bytes)) => {
                (self.words, self.bytes) = (words, bytes);
                Some(())
            }
            _ => {
                self.is_over = true;
                None
            }
        }
    }
}

/// The number in the word at `at`; `None` beyond the end, and beyond what the decoder takes for a place.
fn number(data: &[u8], at: usize) -> Option<usize> {
    let (high, low) = data.get(at..at.checked_add(WORD)?)?.split_at(WORD - 4);
    let low = u32::from_be_bytes(low.try_into().ok()?);
    high.iter().all(|byte| *byte == 0).then(|| usize::try_from(low).ok())?
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::{Token, encode};
    use ethers_core::types::{Address, U256};
    use proptest::prelude::*;

    use super::*;

    fn word(number: usize) -> [u8; WORD] {
        let mut word = [0; WORD];
        U256::from(number).to_big_endian(&mut word);
        word
    }

    /// `address[][]` whose inner arrays are all the same one.
    fn bomb(outer: usize, inner: usize) -> Vec<u8> {
        let mut data = [word(WORD), word(outer)].concat();
        for _ in 0..outer {
            data.extend(word(outer * WORD));
        }
        data.extend(word(inner));
        data.resize(data.len() + inner * WORD, 0);
        data
    }

    #[test]
    fn arrays_that_share_their_place_are_refused_at_once() {
        let lists = ParamType::Array(Box::new(ParamType::Array(Box::new(ParamType::Address))));
        assert!(is_bounded(std::slice::from_ref(&lists), &bomb(1, 100)));
        assert!(!is_bounded(std::slice::from_ref(&lists), &bomb(2, 100)));
        assert!(!is_bounded(std::slice::from_ref(&lists), &bomb(100_000, 100_000)));
        let texts = ParamType::Array(Box::new(ParamType::Bytes));
        assert!(!is_bounded(&[texts], &bomb(1000, 3200)));
    }

    fn token() -> impl Strategy<Value = (ParamType, Token)> {
        let address = any::<[u8; 20]>().prop_map(|bytes| (ParamType::Address, Token::Address(Address::from(bytes))));
        let number = any::<u64>().prop_map(|number| (ParamType::Uint(256), Token::Uint(number.into())));
        let bytes = prop::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| (ParamType::Bytes, Token::Bytes(bytes)));
        prop_oneof![address, number, bytes].prop_recursive(3, 40, 5, |inner| {
            let array = (inner.clone(), 0_usize..5).prop_map(|((kind, token), length)| {
                (ParamType::Array(Box::new(kind)), Token::Array(vec![token; length]))
            });
            let fixed = (inner.clone(), 1_usize..5).prop_map(|((kind, token), length)| {
                (ParamType::FixedArray(Box::new(kind), length), Token::FixedArray(vec![token; length]))
            });
            let tuple = prop::collection::vec(inner, 1..4).prop_map(|members| {
                let (types, tokens) = members.into_iter().unzip();
                (ParamType::Tuple(types), Token::Tuple(tokens))
            });
            prop_oneof![array, fixed, tuple]
        })
    }

    proptest! {
        #[test]
        fn whatever_a_contract_encodes_is_bounded(members in prop::collection::vec(token(), 1..4)) {
            let (types, tokens): (Vec<_>, Vec<_>) = members.into_iter().unzip();
            prop_assert!(is_bounded(&types, &encode(&tokens)));
        }

        #[test]
        fn no_bytes_make_it_panic(members in prop::collection::vec(token(), 1..4), data in prop::collection::vec(0_u8..70, 0..400)) {
            let types: Vec<_> = members.into_iter().map(|(kind, _)| kind).collect();
            let _ = is_bounded(&types, &data);
        }
    }
}
