//! The files of an operator who runs provider 1's validators on two servers: configuration, key files, publishers.
//!
//! Used by the tests of the programs and by the demo. The key files hold one mistake each kind: a wrong coinbase (A3), a
//! missing one on a staked key (A6), and a key that is not staked yet (A8).

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use ethers_core::{types::Address, utils::to_checksum};
use serde_json::{Value, json};

use super::{Attester, Oracle, write_file};

/// What [`example_files`] wrote.
#[derive(Clone, Debug)]
pub struct ExampleFiles {
    /// `butler.toml`.
    pub config: PathBuf,
    /// `keys/server-1.json`: A0, A1, A2 with their coinbases, A6 and A8 without.
    pub server_1: PathBuf,
    /// `keys/server-2.json`: A3 with a wrong coinbase, A4 and A7 with theirs, A5 and A9 without.
    pub server_2: PathBuf,
    /// `publishers.json`: a well funded one for server-1, a nearly dry one for server-2.
    pub publishers: PathBuf,
}

/// Writes the files into `directory`, for the devnet of `oracle` that answers at `url`.
///
/// On a large devnet server-1 runs the active attesters of provider 1 and server-2 those of provider 2, all with their
/// coinbases.
///
/// # Errors
/// When the oracle lacks a part of the story or a file cannot be written.
pub fn example_files(directory: &Path, oracle: &Oracle, url: &str) -> anyhow::Result<ExampleFiles> {
    let [rich, _, dry] = oracle.publishers.as_slice() else {
        anyhow::bail!("expected three publishers in the oracle");
    };
    let (provider_ids, [server_1, server_2]) =
        if oracle.attesters.contains_key("A0") { scenario(oracle)? } else { large(oracle) };
    let publishers = json!({ "server-1": [checksum(rich.address)], "server-2": [checksum(dry.address)] });
    let keystore = |validators: &[Validator<'_>], publisher: Address| {
        let validators: Vec<_> =
            validators.iter().map(|(key, coinbase)| validator(key, *coinbase, publisher)).collect();
        json!({ "schemaVersion": 1, "validators": validators })
    };

    let keys = directory.join("keys");
    fs::create_dir_all(&keys).with_context(|| format!("failed to create `{}`", keys.display()))?;
    let files = ExampleFiles {
        config: directory.join("butler.toml"),
        server_1: keys.join("server-1.json"),
        server_2: keys.join("server-2.json"),
        publishers: directory.join("publishers.json"),
    };
    write_file(&files.config, config(oracle, url, provider_ids).as_bytes())?;
    for (path, content) in [
        (&files.server_1, keystore(&server_1, rich.address)),
        (&files.server_2, keystore(&server_2, dry.address)),
        (&files.publishers, publishers),
    ] {
        write_file(path, format!("{content:#}\n").as_bytes())?;
    }
    Ok(files)
}

/// A key with the coinbase that its server has configured.
type Validator<'a> = (&'a Attester, Option<Address>);

fn scenario(oracle: &Oracle) -> anyhow::Result<(&'static str, [Vec<Validator<'_>>; 2])> {
    let coinbases = oracle.coinbases();
    let with = |name: &str, staked: &str| -> anyhow::Result<Validator<'_>> {
        let coinbase = coinbases.get(&oracle.attester(staked)?.address);
        Ok((oracle.attester(name)?, Some(*coinbase.with_context(|| format!("{staked} was never staked"))?)))
    };
    let without = |name: &str| anyhow::Ok((oracle.attester(name)?, None));
    let server_1 = vec![with("A0", "A0")?, with("A1", "A1")?, with("A2", "A2")?, without("A6")?, without("A8")?];
    // A3 has the coinbase of another attester.
    let server_2 = vec![with("A3", "A2")?, with("A4", "A4")?, without("A5")?, with("A7", "A7")?, without("A9")?];
    Ok(("[1]", [server_1, server_2]))
}

fn large(oracle: &Oracle) -> (&'static str, [Vec<Validator<'_>>; 2]) {
    let coinbases = oracle.coinbases();
    let server = |prefix: &str| {
        let ours = oracle.attesters.iter().filter(|(name, _)| name.starts_with(prefix));
        let staked = ours.map(|(_, key)| (key, coinbases.get(&key.address).copied()));
        staked.filter(|(_, coinbase)| coinbase.is_some()).collect()
    };
    ("[1, 2]", [server("P1-"), server("P2-")])
}

/// The configuration; paths in it are relative to its own folder.
fn config(oracle: &Oracle, url: &str, provider_ids: &str) -> String {
    format!(
        r#"default_network = "devnet"

[networks.devnet]
chain_id = {chain_id}
aztec_registry = "{aztec_registry}"
staking_registry = "{staking_registry}"
staking_registry_from_block = 0
provider_ids = {provider_ids}
key_files = ["keys/*.json"]
publisher_files = ["publishers.json"]
# Gas is cheap on this chain.
minimum_ether_per_publisher = "0"

[[networks.devnet.l1]]
url = "{url}"
"#,
        chain_id = oracle.chain_id,
        aztec_registry = checksum(oracle.contracts.registry_address),
        staking_registry = checksum(oracle.contracts.staking_registry_address),
    )
}

fn validator(attester: &Attester, coinbase: Option<Address>, publisher: Address) -> Value {
    let mut validator = json!({
        "attester": { "eth": checksum(attester.address), "bls": format!("{:#x}", attester.bls) },
        "feeRecipient": format!("{:#066x}", 1),
        "publisher": [checksum(publisher)],
    });
    if let Some(coinbase) = coinbase {
        validator["coinbase"] = checksum(coinbase).into();
    }
    validator
}

fn checksum(address: Address) -> String {
    to_checksum(&address, None)
}
