//! The contracts of each version, put where they are on every public chain: by the same factories, so that their addresses follow from their code.

use anyhow::ensure;
use ethers_core::types::{Address, H256};
use ethers_core::utils::{get_create2_address, hex};
use serde_json::json;

use super::SafePackages;
use crate::devnet::Chain;

/// The factory of 1.3.0, from before EIP-155, and Safe's own of later versions: the same code.
const FACTORIES: [&str; 2] =
    ["0x4e59b44847b379578588920cA78FbF26c0B4956C", "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7"];
const FACTORY_CODE: &str = "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";
/// Who deploys: any account would do.
pub(super) const DEPLOYER: Address = ethers_core::types::H160([0xde; 20]);

/// A version of the contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SafeRelease {
    /// 1.3.0.
    V1_3_0,
    /// 1.4.1.
    V1_4_1,
    /// 1.5.0.
    V1_5_0,
}

impl SafeRelease {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V1_3_0, Self::V1_4_1, Self::V1_5_0];

    /// As the contract says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_3_0 => "1.3.0",
            Self::V1_4_1 => "1.4.1",
            Self::V1_5_0 => "1.5.0",
        }
    }

    /// Package, singleton and factory of proxies.
    const fn artefacts(self) -> [&'static str; 3] {
        match self {
            Self::V1_3_0 => {
                ["safe-1-3-0", "GnosisSafe.sol/GnosisSafe", "proxies/GnosisSafeProxyFactory.sol/GnosisSafeProxyFactory"]
            }
            Self::V1_4_1 => ["safe-1-4-1", "Safe.sol/Safe", "proxies/SafeProxyFactory.sol/SafeProxyFactory"],
            Self::V1_5_0 => ["safe-1-5-0", "Safe.sol/Safe", "proxies/SafeProxyFactory.sol/SafeProxyFactory"],
        }
    }
}

/// Where the contracts of one version are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) singleton: Address,
    pub(super) factory: Address,
    pub(super) call_only: Address,
}

/// Puts them there, unless they are.
pub(super) async fn place(chain: &Chain, packages: &SafePackages, release: SafeRelease) -> anyhow::Result<Placed> {
    let [package, singleton, factory] = release.artefacts();
    let by = FACTORIES[usize::from(release != SafeRelease::V1_3_0)];
    chain.rpc("anvil_setCode", json!([by, FACTORY_CODE])).await?;
    let mut placed = Vec::new();
    for artefact in [singleton, factory, "libraries/MultiSendCallOnly.sol/MultiSendCallOnly"] {
        placed.push(create(chain, by.parse()?, packages.code(package, artefact)?).await?);
    }
    Ok(Placed { singleton: placed[0], factory: placed[1], call_only: placed[2] })
}

async fn create(chain: &Chain, factory: Address, code: Vec<u8>) -> anyhow::Result<Address> {
    let address = get_create2_address(factory, H256::zero(), &code);
    if chain.rpc("eth_getCode", json!([address, "latest"])).await? == "0x" {
        transact(chain, DEPLOYER, factory, &[H256::zero().as_bytes(), &code].concat()).await?;
        ensure!(chain.rpc("eth_getCode", json!([address, "latest"])).await? != "0x", "no contract at {address:?}");
    }
    Ok(address)
}

/// Sends data from any account; its receipt, of whatever status.
pub(super) async fn transact(
    chain: &Chain,
    from: Address,
    to: Address,
    data: &[u8],
) -> anyhow::Result<serde_json::Value> {
    chain.rpc("anvil_impersonateAccount", json!([from])).await?;
    chain.rpc("anvil_setBalance", json!([from, "0xde0b6b3a7640000"])).await?;
    let data = format!("0x{}", hex::encode(data));
    let transaction = json!({ "from": from, "to": to, "data": data, "gas": "0xb71b00" });
    let hash = chain.rpc("eth_sendTransaction", json!([transaction])).await?;
    let receipt = chain.receipt(&hash).await?;
    ensure!(receipt["status"] == "0x1", "a transaction to {to:?} reverted");
    Ok(receipt)
}
