//! What a node says at `/status`: a word before 5.2, since then JSON that also tells of its peer-to-peer side.
//!
//! It answers while everything else does not: in standby, and with an L1 that is gone. So it proves no health, and only what
//! the JSON tells is used.

use serde::Deserialize;

use crate::client::error::RpcFailure;

/// What a node says at `/status`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// Whether it calls itself well.
    pub is_ok: bool,
    /// Its peer-to-peer side; `None` for a node that does not tell.
    pub p2p: Option<P2pStatus>,
}

/// A node's peer-to-peer side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    components: Option<ComponentsText>,
}

#[derive(Deserialize)]
struct ComponentsText {
    p2p: Option<P2pStatus>,
}

/// Reads the answer. A node that is not well may say so with any status.
pub(super) fn read(http_status: u16, body: &[u8]) -> Result<NodeStatus, RpcFailure> {
    let is_success = (200..300).contains(&http_status);
    if let Ok(StatusText { ok, components }) = serde_json::from_slice(body) {
        return Ok(NodeStatus { is_ok: ok, p2p: components.and_then(|components| components.p2p) });
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
    fn a_web_page_is_none() {
        for text in ["<html>KEY</html>", "", "\"OK\"", "{}", "[]", "{\"ok\":\"yes\"}"] {
            let failure = read(200, text.as_bytes()).unwrap_err();
            assert!(matches!(&failure, RpcFailure::Malformed(words) if !words.contains("KEY")), "{text}: {failure:?}");
        }
        assert!(matches!(read(404, b"Not Found").unwrap_err(), RpcFailure::Http { status: 404, .. }));
    }
}
