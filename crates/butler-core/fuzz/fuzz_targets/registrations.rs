//! Bytes of a registration file. What cannot be read may be a keystore, so that no word of it is repeated.
#![no_main]

use butler_core::transaction::keys::file::{MOST_KEYS, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    match read(file) {
        Ok(keys) => assert!((1..=MOST_KEYS).contains(&keys.len())),
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() < 100 && !text.contains(char::is_control), "{text:?}");
        }
    }
});
