//! The text of an encrypted key. Whoever writes it decides what opening it costs, so that is bounded before a password is tried.
#![no_main]

use butler_core::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Some(fault) = fuzzing::encrypted_key(file) {
        let text = fault.to_string();
        assert!(text.len() < 100 && !text.contains(char::is_control), "{text:?}");
    }
});
