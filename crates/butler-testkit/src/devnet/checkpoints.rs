//! Checkpoints of the rollup without a sequencer: written where the contract keeps the heads of its chain.

use anyhow::Context as _;
use ethers_core::utils::{hex, keccak256};
use serde_json::json;

use super::Chain;

/// Where the rollup keeps the heads of its chain: pending in the upper half, proven in the lower.
const TIPS: &str = "aztec.stf.storage";

impl Chain {
    /// Moves the canonical rollup of the devnet on: as many checkpoints, all proven.
    ///
    /// # Errors
    /// When the chain has no oracle, or a call fails.
    pub async fn set_checkpoints(&self, checkpoints: u64) -> anyhow::Result<()> {
        let rollup = self.oracle().context("the chain has no oracle")?.contracts.rollup_address;
        let value = format!("0x{checkpoints:032x}{checkpoints:032x}");
        let slot = format!("0x{}", hex::encode(keccak256(TIPS)));
        self.rpc("anvil_setStorageAt", json!([rollup, slot, value])).await?;
        self.rpc("evm_mine", json!([])).await?;
        Ok(())
    }
}
