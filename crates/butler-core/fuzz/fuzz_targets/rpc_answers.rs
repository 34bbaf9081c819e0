//! Bodies of JSON-RPC answers: single, batch, header. No failure may be more than a line, or repeat the endpoint's key.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use butler_core::client::error::RpcFailure;
use butler_core::client::http::HttpSettings;
use butler_core::client::logs::decode_header;
use butler_core::client::secrets::Secrets;
use butler_core::client::wire::{Request, decode_batch, decode_single};
use butler_core::runtime::clock::unix_now;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

const KEY: &str = "k3ysp4c3k3ysp4c3";

static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    let url = format!("https://rpc.example/v2/{KEY}").parse().expect("it is a URL");
    let timeout = Duration::from_secs(1);
    let (authorization, api_key, ca_file) = (None, None, None);
    let clock = unix_now;
    Secrets::of(&HttpSettings { url, authorization, api_key, timeout, max_response_bytes: 1 << 20, ca_file, clock })
});

fn check(failure: &RpcFailure) {
    let text = failure.to_string();
    assert!(!text.to_ascii_lowercase().contains(KEY), "the key is told");
    assert!(!text.chars().any(char::is_control) && text.chars().count() < 400, "more than a line: {text:?}");
    let _ = failure.kind().name();
}

fuzz_target!(|body: &[u8]| {
    let body = &Bytes::copy_from_slice(body);
    for method in ["eth_call", "eth_getLogs", "eth_getBlockByNumber"] {
        let request = Request { method, params: Bytes::from_static(b"[]") };
        match decode_single(&SECRETS, 1, &request, body) {
            Ok(result) => {
                if let Err(failure) = decode_header(result.get()) {
                    check(&failure);
                }
            }
            Err(failure) => check(&failure),
        }
        match decode_batch(&SECRETS, 1, &vec![request; 4], body) {
            Ok(answers) => {
                assert_eq!(answers.len(), 4);
                answers.iter().flat_map(|answer| answer.as_ref().err()).for_each(check);
            }
            Err(failure) => check(&failure),
        }
    }
});
