//! A request to the watcher, as whoever reaches its socket posts it.
#![no_main]

use butler_core::control::{ControlRequest, PROTOCOL, REQUEST_LIMIT};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| match ControlRequest::read(input) {
    Ok(request) => {
        assert!(input.len() <= REQUEST_LIMIT && request.version == PROTOCOL);
        let text = serde_json::to_vec(&request).expect("a request can be written");
        assert_eq!(ControlRequest::read(&text).as_ref(), Ok(&request));
    }
    // A refusal is short and ours, and repeats nothing of what came.
    Err(why) => assert!(why.len() < 100 && why.is_ascii(), "{why}"),
});
