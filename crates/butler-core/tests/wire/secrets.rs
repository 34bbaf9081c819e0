//! Nothing that a peer is let in with appears anywhere, although the other side repeats it in every way that it can.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use butler_core::client::aztec_node::{AztecNode, OffenceRange};
use butler_core::client::endpoint::EndpointSettings;
use butler_core::client::host::l1_chain_id;
use butler_core::client::http::HttpSettings;
use butler_core::client::jsonrpc::{Dialect, JsonRpcPeer};
use butler_core::client::l1::{BlockTag, L1Client, Policy};
use butler_core::client::logs::LogFilter;
use butler_core::contracts::call::Call;
use butler_core::contracts::multicall::MULTICALL3;
use butler_core::domain::block::BlockRef;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::report::Chain;
use ethers_core::types::Address;

use crate::wire::raw::{RawRequest, RawServer, Reply};

/// What was planted; each is looked for as it is, in lower case, and in base64.
const PLANTED: [&str; 5] =
    ["p4th-s3cr3t-91", "qu3ry+s3cr3t/92", "t0k3n.s3cr3t-93", "p4ss:w0rd@s3cr3t", "adm1n-k3y-s3cr3t"];

fn settings(server: &RawServer, with_basic: bool) -> HttpSettings {
    let pair = STANDARD.encode(format!("op3rat0r:{}", PLANTED[3]));
    let authorization = if with_basic { format!("Basic {pair}") } else { format!("Bearer {}", PLANTED[2]) };
    HttpSettings {
        url: format!("http://{}/v2/{}/rpc?key=qu3ry%2Bs3cr3t%2F92&v=1", server.address, PLANTED[0]).parse().unwrap(),
        authorization: Some(authorization.into()),
        api_key: Some(PLANTED[4].into()),
        timeout: Duration::from_secs(5),
        max_response_bytes: 1 << 20,
        ca_file: None,
        clock: unix_now,
    }
}

/// Everything of a request that a server may repeat, and what it may make of it.
fn echoes(seen: &RawRequest) -> Vec<String> {
    let target = seen.head.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut pieces: Vec<String> = target.split(['/', '?', '&', '=']).map(ToOwned::to_owned).collect();
    for line in seen.head.lines().skip(1) {
        if let Some((_, value)) = line.split_once(": ") {
            pieces.push(value.to_owned());
            pieces.extend(value.split(' ').map(ToOwned::to_owned));
            let decoded = value.split(' ').filter_map(|part| STANDARD.decode(part).ok());
            pieces.extend(decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    pieces.push(target);
    pieces.push(seen.head.replace("\r\n", " | "));
    pieces.retain(|piece| piece.len() > 3);
    let decode = |text: &String| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let encode =
        |text: &String| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let forms = pieces.iter().flat_map(|piece| {
        let half = piece.get(..piece.len() * 2 / 3).unwrap_or(piece).to_owned();
        [
            piece.clone(),
            decode(piece),
            encode(piece),
            piece.to_ascii_uppercase(),
            STANDARD.encode(piece),
            URL_SAFE_NO_PAD.encode(decode(piece)),
            format!("{}{piece}", "x".repeat(190)),
            half,
        ]
    });
    forms.collect()
}

/// The ways of answering with a text.
fn replies(seen: &RawRequest, text: &str) -> Vec<Reply> {
    let id = seen.ids().first().copied().unwrap_or_default();
    let quoted = serde_json::Value::from(text);
    let json = |body: String| Reply::of("200 OK", "content-type: application/json\r\n", body.as_bytes());
    let header: String = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let host: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    let mut all: Vec<Reply> = [-32000_i64, -32601, -32005, 429, 3, -32015, 4444]
        .into_iter()
        .map(|code| json(format!(r#"{{"id":{id},"error":{{"code":{code},"message":{quoted}}}}}"#)))
        .collect();
    all.extend([
        json(format!(r#"{{"id":{id},"error":{{"code":-32000,"message":"unauthorized","data":{quoted}}}}}"#)),
        json(format!(r#"{{"id":{id},"error":{{"code":{quoted},"message":{{"m":{quoted}}}}}}}"#)),
        json(format!(r#"{{"id":null,"error":{quoted}}}"#)),
        json(format!(r#"{{"id":{quoted},"result":1}}"#)),
        json(format!(r#"{{"id":{id},"result":{quoted}}}"#)),
        json(format!(r#"{{"id":{id},"result":{{"nodeVersion":{quoted},"l1ChainId":1,"rollupVersion":1,"l1ContractAddresses":{{"rollupAddress":"{0}","registryAddress":"{0}"}}}}}}"#, "0x0000000000000000000000000000000000000001")),
        json(format!("{{{quoted}")),
        Reply::of("200 OK", "content-type: text/html\r\n", format!("<html><title>{text}</title>{text}").as_bytes()),
        Reply::of("404 Not Found", "", text.as_bytes()),
        Reply::of("500 Oh", "", format!("{{\"error\":{quoted},\"url\":\"https://h.example/{header}\"}}").as_bytes()),
        Reply::of(&format!("502 {header}"), &format!("x-echo: {header}\r\nretry-after: {header}\r\n"), text.as_bytes()),
        Reply::of("302 Found", &format!("location: https://{host}.example/{header}\r\n"), b""),
        Reply::of("301 Moved", &format!("location: {header}\r\n"), text.as_bytes()),
        Reply::of("200 OK", &format!("content-encoding: {header}\r\n"), b"{}"),
        Reply { first: format!("HTTP/9.9 {header}\r\n\r\n").into_bytes(), ..Reply::default() },
        Reply { first: format!("{text}\r\n\r\n").into_bytes(), ..Reply::default() },
    ]);
    all
}

/// Collects what is logged at every level.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shown<T: Debug, E: std::error::Error + 'static>(what: Result<T, E>) -> String {
    match what {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{error}\n{error:?}\n{}", Chain(&error)),
    }
}

fn assert_clean(text: &str, told_by: &str) {
    let lower = text.to_ascii_lowercase();
    for secret in PLANTED {
        let decoded = secret.to_ascii_lowercase();
        let encoded = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        for form in [decoded.clone(), encoded.to_ascii_lowercase()] {
            assert!(!lower.contains(&form), "{form} is in {text}\ntold by {told_by}");
        }
        // Whatever is long enough to be tried.
        for piece in decoded.as_bytes().windows(9) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!lower.contains(piece), "{piece} is in {text}\ntold by {told_by}");
        }
        for form in [STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)] {
            let form = form.trim_end_matches('=');
            let form = &form[..form.len() - 1];
            assert!(!text.contains(form), "{form} is in {text}\ntold by {told_by}");
        }
    }
    for piece in text.split_whitespace() {
        assert!(piece.len() < 400, "unbounded text: {piece}");
    }
}

#[tokio::test]
async fn no_planted_secret_is_ever_shown_at_any_level() {
    let logged = Logged::default();
    let writer = logged.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let turn = Arc::new(Mutex::new(0_usize));
    let (said, count) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(1_usize)));
    let server = {
        let (turn, said, count) = (Arc::clone(&turn), Arc::clone(&said), Arc::clone(&count));
        RawServer::start(move |seen| {
            let echoes = echoes(seen);
            let ways = replies(seen, "").len();
            *count.lock().unwrap() = echoes.len() * ways;
            let turn = *turn.lock().unwrap();
            let text = echoes.get(turn / ways).cloned().unwrap_or_default();
            *said.lock().unwrap() = format!("{text} in way {}", turn % ways);
            replies(seen, &text).swap_remove(turn % ways)
        })
        .await
    };
    for with_basic in [false, true] {
        let settings = settings(&server, with_basic);
        let endpoint = EndpointSettings {
            name: "echo".to_owned(),
            http: settings.clone(),
            max_concurrency: 4,
            max_batch: 10,
            log_range_blocks: 10,
            multicall3: MULTICALL3,
            credits: butler_core::domain::credits::CreditPlan::default(),
        };
        let policy = Policy { rounds: 1, patience: Duration::ZERO };
        let client = L1Client::new(1, std::slice::from_ref(&endpoint), policy).unwrap();
        let node = AztecNode::new("echo", &settings).unwrap();
        let peer = JsonRpcPeer::new(&settings, Dialect::Ethereum).unwrap();
        assert_clean(&format!("{settings:?} {endpoint:?} {client:?} {node:?} {peer:?}"), "their own forms");
        let block = BlockRef { number: 1, hash: [1; 32].into(), timestamp: 1 };
        let filter = LogFilter { addresses: vec![Address::repeat_byte(1)], topics: Vec::new() };
        // The first exchange tells how many there are.
        *turn.lock().unwrap() = 0;
        let _ = l1_chain_id(&peer).await;
        let all = *count.lock().unwrap();
        assert!(all > 1000, "{all}");
        let mut hidden = 0;
        // Every seventh, so that each way and each text have their turn.
        for at in (usize::from(with_basic)..all).step_by(7) {
            *turn.lock().unwrap() = at;
            let mut text = shown(l1_chain_id(&peer).await);
            match at % 4 {
                0 => text.push_str(&shown(client.head(BlockTag::Latest, &[]).await)),
                1 => text.push_str(&shown(client.calls(&block, &[Call::balance(Address::repeat_byte(1))]).await)),
                2 => text.push_str(&shown(client.block_logs(&filter, &[1], &BTreeSet::new()).await)),
                _ => text.push_str(&shown(node.node_info().await)),
            }
            if at % 16 == 3 {
                text.push_str(&shown(node.current_fees().await));
                text.push_str(&shown(node.l2_tips().await));
                text.push_str(&shown(node.validators_stats(&BTreeSet::new()).await));
                text.push_str(&shown(node.slash_offences(OffenceRange::All).await));
            }
            let told_by = said.lock().unwrap().clone();
            assert_clean(&text, &told_by);
            hidden += text.matches("<hidden>").count();
            let log = std::mem::take(&mut *logged.0.lock().unwrap());
            assert_clean(&String::from_utf8_lossy(&log), &told_by);
        }
        assert!(hidden > 500, "{hidden} echoes were shown");
    }
}
