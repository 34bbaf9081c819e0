//! What a node says at `/status`: a word before 5.2, since then JSON that also tells of its peer-to-peer side.
//!
//! It answers while everything else does not: in standby, and with an L1 that is gone. So it proves no health; that a node calls
//! itself, or a component of it, not well is its word, and believed.

use serde::Deserialize;
use serde_json::Value;

use super::answers::Number;

use crate::client::error::RpcFailure;

/// What a node says at `/status`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// Whether it calls itself and every component of it well.
    pub is_ok: bool,
    /// Its peer-to-peer side; `None` for a node that does not tell.
    pub p2p: Option<P2pStatus>,
}

/// A node's peer-to-peer side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct P2pStatus {
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// Whether the node is content with it.
    pub healthy: Option<bool>,
    /// How many peers it has.
    pub connected_peers: Option<u64>,
}

#[derive(Deserialize)]
struct StatusText {
    ok: bool,
    #[serde(default)]
    components: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct P2pText {
    enabled: Option<bool>,
    healthy: Option<bool>,
    connected_peers: Option<Number>,
}

/// What a server says of itself that answers without a body of its own, as nodes before 5.2 do: by status.
const UNWELL: [(u16, &str); 2] = [(500, "internal server error"), (503, "service unavailable")];

/// Reads the answer. A node that is not well may say so with any status.
pub(super) fn read(http_status: u16, body: &[u8]) -> Result<NodeStatus, RpcFailure> {
    let is_success = (200..300).contains(&http_status);
    if let Ok(StatusText { ok, components }) = serde_json::from_slice(body) {
        let is_sick = |component: &Value| component.get("healthy") == Some(&Value::Bool(false));
        let is_any_sick = match &components {
            Value::Object(named) => named.values().any(is_sick),
            Value::Array(list) => list.iter().any(is_sick),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        };
        return Ok(NodeStatus { is_ok: ok && !is_any_sick, p2p: p2p(&components) });
    }
    let words = str::from_utf8(body).map(str::trim).unwrap_or_default();
    let is_bare = |words_of: &str| words.is_empty() || words.eq_ignore_ascii_case(words_of);
    if UNWELL.iter().any(|(status, words_of)| *status == http_status && is_bare(words_of)) {
        return Ok(NodeStatus { is_ok: false, p2p: None });
    }
    if is_success && body.trim_ascii().eq_ignore_ascii_case(b"ok") {
        return Ok(NodeStatus { is_ok: true, p2p: None });
    }
    // Whatever else stands there may be anybody's words.
    Err(if is_success {
        RpcFailure::Malformed("the answer to /status is none of an Aztec node".to_owned())
    } else {
        RpcFailure::Http { status: http_status, text: "no status of an Aztec node".to_owned() }
    })
}

/// What the components tell of the peer-to-peer side, by name or in a list of such as have one.
fn p2p(components: &Value) -> Option<P2pStatus> {
    let text = match components {
        Value::Array(list) => list.iter().find(|one| one.get("name").and_then(Value::as_str) == Some("p2p")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => components.get("p2p"),
    };
    let P2pText { enabled, healthy, connected_peers } = P2pText::deserialize(text?).ok()?;
    Some(P2pStatus { enabled, healthy, connected_peers: connected_peers.map(|peers| peers.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_or_json_is_a_status() {
        assert_eq!(read(200, b"OK").unwrap(), NodeStatus { is_ok: true, p2p: None });
        let text = br#"{"ok":true,"components":{"p2p":{"healthy":true,"enabled":true,"connectedPeers":12}}}"#;
        let p2p = P2pStatus { enabled: Some(true), healthy: Some(true), connected_peers: Some(12) };
        assert_eq!(read(200, text).unwrap(), NodeStatus { is_ok: true, p2p: Some(p2p) });
        let text = br#"{"ok":false,"components":{"p2p":{"healthy":false,"enabled":false},"l1":{"x":[]}},"more":1}"#;
        let p2p = P2pStatus { enabled: Some(false), healthy: Some(false), connected_peers: None };
        assert_eq!(read(503, text).unwrap(), NodeStatus { is_ok: false, p2p: Some(p2p) });
        assert_eq!(read(200, br#"{"ok":true}"#).unwrap(), NodeStatus { is_ok: true, p2p: None });
    }

    #[test]
    fn who_says_that_anything_of_it_is_sick_is_not_well() {
        let well = |status, text: &str| read(status, text.as_bytes()).map(|status| status.is_ok).ok();
        let sick = r#"{"ok":true,"components":{"p2p":{"healthy":true,"enabled":true},"archiver":{"healthy":false}}}"#;
        assert_eq!((well(200, sick), well(503, &sick.replace("true,\"c", "false,\"c"))), (Some(false), Some(false)));
        assert_eq!(well(200, r#"{"ok":true,"components":[{"name":"p2p","healthy":false}]}"#), Some(false));
        assert_eq!(well(200, r#"{"ok":true,"components":null}"#), Some(true));
        // Before 5.2, what a server says by itself.
        assert_eq!((well(500, "Internal Server Error"), well(503, "")), (Some(false), Some(false)));
        assert_eq!([well(502, "Bad Gateway"), well(500, "<html>"), well(404, "")], [None; 3]);
    }

    #[test]
    fn what_it_tells_of_peers_is_read_however_the_rest_looks() {
        let p2p = |text: &str| read(200, text.as_bytes()).unwrap().p2p;
        let off = P2pStatus { enabled: Some(false), healthy: None, connected_peers: Some(0) };
        assert_eq!(p2p(r#"{"ok":true,"components":{"p2p":{"enabled":false,"connectedPeers":"0"}}}"#), Some(off));
        let off = P2pStatus { connected_peers: None, ..off };
        assert_eq!(p2p(r#"{"ok":true,"components":[{"name":"x"},{"name":"p2p","enabled":false}]}"#), Some(off));
        assert_eq!(p2p(r#"{"ok":true,"components":{"p2p":{"enabled":"no"}}}"#), None);
    }

    #[test]
    fn a_web_page_is_none() {
        for text in ["<html>KEY</html>", "", "\"OK\"", "{}", "[]", "{\"ok\":\"yes\"}"] {
            let failure = read(200, text.as_bytes()).unwrap_err();
            assert!(matches!(&failure, RpcFailure::Malformed(words) if !words.contains("KEY")), "{text}: {failure:?}");
        }
        assert!(matches!(read(404, b"Not Found").unwrap_err(), RpcFailure::Http { status: 404, .. }));
    }
}
