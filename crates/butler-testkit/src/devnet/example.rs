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

use super::{Oracle, write_file};

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

/// Writes the files into `directory`, for the small scenario that answers at `url`.
///
/// # Errors
/// When the oracle is not the scenario's or a file cannot be written.
pub fn example_files(directory: &Path, oracle: &Oracle, url: &str) -> anyhow::Result<ExampleFiles> {
    let [rich, _, dry] = oracle.publishers.as_slice() else {
        anyhow::bail!("expected three publishers in the oracle");
    };
    let coinbases = oracle.coinbases();
    let staked = |name: &str| -> anyhow::Result<Option<Address>> {
        let address = oracle.attester(name)?.address;
        Ok(Some(
            *coinbases
                .get(&address)
                .with_context(|| format!("{name} was never staked"))?,
        ))
    };
    let keystore =
        |publisher: Address, validators: Vec<(&str, Option<Address>)>| -> anyhow::Result<Value> {
            let validators = validators
                .into_iter()
                .map(|(name, coinbase)| validator(oracle, name, coinbase, publisher))
                .collect::<anyhow::Result<Vec<_>>>()?;
            Ok(json!({ "schemaVersion": 1, "validators": validators }))
        };
    let server_1 = keystore(
        rich.address,
        vec![
            ("A0", staked("A0")?),
            ("A1", staked("A1")?),
            ("A2", staked("A2")?),
            ("A6", None),
            ("A8", None),
        ],
    )?;
    let wrong = staked("A2")?;
    let server_2 = keystore(
        dry.address,
        vec![
            ("A3", wrong),
            ("A4", staked("A4")?),
            ("A5", None),
            ("A7", staked("A7")?),
            ("A9", None),
        ],
    )?;
    let publishers =
        json!({ "server-1": [checksum(rich.address)], "server-2": [checksum(dry.address)] });

    let keys = directory.join("keys");
    fs::create_dir_all(&keys).with_context(|| format!("failed to create `{}`", keys.display()))?;
    let files = ExampleFiles {
        config: directory.join("butler.toml"),
        server_1: keys.join("server-1.json"),
        server_2: keys.join("server-2.json"),
        publishers: directory.join("publishers.json"),
    };
    write_file(&files.config, config(oracle, url).as_bytes())?;
    for (path, content) in [
        (&files.server_1, server_1),
        (&files.server_2, server_2),
        (&files.publishers, publishers),
    ] {
        write_file(path, format!("{content:#}\n").as_bytes())?;
    }
    Ok(files)
}

/// The configuration; paths in it are relative to its own folder.
fn config(oracle: &Oracle, url: &str) -> String {
    format!(
        r#"default_network = "devnet"

[networks.devnet]
chain_id = {chain_id}
aztec_registry = "{aztec_registry}"
staking_registry = "{staking_registry}"
staking_registry_from_block = 0
provider_ids = [1]
key_files = ["keys/*.json"]
publisher_files = ["publishers.json"]

[[networks.devnet.l1]]
url = "{url}"
"#,
        chain_id = oracle.chain_id,
        aztec_registry = checksum(oracle.contracts.registry_address),
        staking_registry = checksum(oracle.contracts.staking_registry_address),
    )
}

fn validator(
    oracle: &Oracle,
    name: &str,
    coinbase: Option<Address>,
    publisher: Address,
) -> anyhow::Result<Value> {
    let attester = oracle.attester(name)?;
    let mut validator = json!({
        "attester": { "eth": checksum(attester.address), "bls": format!("{:#x}", attester.bls) },
        "feeRecipient": format!("{:#066x}", 1),
        "publisher": [checksum(publisher)],
    });
    if let Some(coinbase) = coinbase {
        validator["coinbase"] = checksum(coinbase).into();
    }
    Ok(validator)
}

fn checksum(address: Address) -> String {
    to_checksum(&address, None)
}
