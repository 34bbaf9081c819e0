//! Registration files of keys.

use ethers_core::types::U256;
use serde_json::json;

use super::KeyStore;

/// A registration file as Aztec's tool writes it: proofs are not padded.
#[must_use]
pub fn registrations(keys: &[KeyStore]) -> String {
    let padded = |number: U256| format!("{number:#066x}");
    let list = keys.iter().map(|key| {
        json!({
            "attester": key.attester,
            "publicKeyG1": { "x": padded(key.g1["x"]), "y": padded(key.g1["y"]) },
            "publicKeyG2": {
                "x0": padded(key.g2["x0"]), "x1": padded(key.g2["x1"]),
                "y0": padded(key.g2["y0"]), "y1": padded(key.g2["y1"]),
            },
            "proofOfPossession": { "x": format!("{:#x}", key.pop["x"]), "y": key.pop["y"].to_string() },
        })
    });
    json!(list.collect::<Vec<_>>()).to_string()
}
