//! A page of Safe's transaction service, and what its transactions would do. Anybody may post there, and so write nearly all of it.
#![no_main]

use std::collections::BTreeSet;

use butler_core::contracts::safe::{SafeAccount, SafeVersion};
use butler_core::fuzzing;
use butler_core::transaction::permitted::Places;
use butler_core::transaction::safe::{
    contents_of, decode_multi_send, effect_of_origin, encode_multi_send, is_rejection,
};
use butler_core::transaction::wording::words_of;
use ethers_core::types::Address;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &[u8]| {
    let safe = SafeAccount { chain_id: 31_337, address: Address::repeat_byte(0x5a) };
    let places = Places {
        chain_id: safe.chain_id,
        staking_registry: Address::repeat_byte(1),
        rollup: Address::repeat_byte(2),
        staking_asset: Address::repeat_byte(3),
        funded: BTreeSet::from([Address::repeat_byte(4)]),
    };
    if let Ok(calls) = decode_multi_send(page) {
        let written = encode_multi_send(&calls);
        assert_eq!(decode_multi_send(&written).ok(), Some(calls));
    }
    for one in fuzzing::safe_page(page, &safe).unwrap_or_default() {
        assert_eq!(one.hash, one.transaction.hash(&safe), "its hash is its own");
        let _ = is_rejection(&one.transaction, safe.address);
        for version in [SafeVersion::V1_3_0, SafeVersion::V1_4_1, SafeVersion::V1_5_0] {
            let contents = contents_of(&one.transaction, version);
            let size = one.transaction.data.len();
            assert!(contents.calls.iter().map(|call| call.data.len()).sum::<usize>() <= size);
            for call in &contents.calls {
                let words = words_of(call, &places).unwrap_or_default();
                assert!(!words.contains(char::is_control), "{words:?}");
            }
        }
        if let Some(effect) = one.origin.as_deref().and_then(effect_of_origin) {
            let _ = effect.parse::<butler_core::domain::action::EffectKey>();
        }
    }
});
