//! The presets of public networks are held against the chain at the first contact: its id, and what answers at their addresses.

use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use serde_json::json;

use crate::bad_input::refused;
use crate::support::Bench;

/// Name, chain, Aztec's registry and the StakingRegistry, as Aztec publishes them.
const PUBLISHED: [(&str, u64, &str, &str); 2] = [
    ("mainnet", 1, "0x35b22e09Ee0390539439E24f06Da43D83f90e298", "0x042dF8f42790d6943F41C25C2132400fd727f452"),
    ("testnet", 11_155_111, "0xA0BFb1B494FB49041e5c6e8c2C1BE09cD171c6Ba", "0xC6EcC1832c8BF6a41c927BEb4E9ec610FBeDd1C2"),
];

#[tokio::test]
async fn a_preset_is_held_against_the_chain_at_the_first_contact() {
    let bench = Bench::start().await;
    let bare = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    for (name, chain_id, registry, staking_registry) in PUBLISHED {
        let misfit = format!("the preset `{name}`, for chain {chain_id}, does not fit the chain that is read");
        let url = bare.url();
        bench.write(
            "butler.toml",
            &format!("[networks.{name}]\nprovider_ids = [1]\n[[networks.{name}.l1]]\nurl = \"{url}\"\n"),
        );
        bare.rpc("anvil_setChainId", json!([31_337])).await.unwrap();
        let told = refused(&bench, &["status"], 6).await;
        assert!(told.contains(&format!("the endpoint is on chain 31337, not {chain_id}")), "{told}");
        assert!(told.contains(&misfit), "{told}");
        bare.rpc("anvil_setChainId", json!([chain_id])).await.unwrap();
        let told = refused(&bench, &["status"], 6).await;
        assert!(told.contains(&format!("no Aztec Registry answers at {registry}")) && told.contains(&misfit), "{told}");
        // Whatever it is asked, this registry answers with an address; the StakingRegistry is still not there.
        let answer = "0x7300000000000000000000000000000000000000a160005260206000f3";
        bare.rpc("anvil_setCode", json!([registry, answer])).await.unwrap();
        bare.rpc("evm_mine", json!([])).await.unwrap();
        let told = refused(&bench, &["status"], 6).await;
        let gone = format!("no StakingRegistry answers at {staking_registry}");
        assert!(told.contains(&gone) && told.contains(&misfit), "{told}");
        // One that takes its rollups from another registry does not belong to it.
        bare.rpc("anvil_setCode", json!([staking_registry, answer])).await.unwrap();
        bare.rpc("evm_mine", json!([])).await.unwrap();
        let told = refused(&bench, &["status"], 6).await;
        let other = "0x00000000000000000000000000000000000000A1";
        assert!(
            told.contains(&format!("stakes for the rollups of the Aztec Registry {other}, not of {registry}")),
            "{told}"
        );
        assert!(told.contains(&misfit), "{told}");
        // Who gives an address himself is not told of the preset.
        let own = format!("[networks.{name}]\nprovider_ids = [1]\naztec_registry = \"{registry}\"");
        bench.write("butler.toml", &format!("{own}\n[[networks.{name}.l1]]\nurl = \"{url}\"\n"));
        assert!(!refused(&bench, &["status"], 6).await.contains("preset"), "{told}");
    }
}
