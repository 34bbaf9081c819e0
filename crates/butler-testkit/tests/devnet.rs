//! The devnet: it starts, says what its oracle says, and dies with its owner.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use butler_testkit::devnet::{Chain, DevnetSpec, History, Status, ensure, example_files};
use ethers_core::{
    abi::{ParamType, decode},
    types::U256,
    utils::{hex, id, to_checksum},
};
use serde_json::{Value, json};

async fn call(
    chain: &Chain,
    to: ethers_core::types::Address,
    signature: &str,
    argument: Option<[u8; 32]>,
    block: Value,
) -> anyhow::Result<Vec<u8>> {
    let mut data = id(signature).to_vec();
    data.extend(
        argument
            .unwrap_or_default()
            .iter()
            .take(if argument.is_some() { 32 } else { 0 }),
    );
    let transaction =
        json!({ "to": to_checksum(&to, None), "data": format!("0x{}", hex::encode(data)) });
    let answer = chain.rpc("eth_call", json!([transaction, block])).await?;
    Ok(hex::decode(answer.as_str().unwrap()).unwrap())
}

#[tokio::test]
async fn the_chain_says_what_the_oracle_says() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap())
        .await
        .unwrap();
    let oracle = chain.oracle().unwrap();
    assert_eq!(chain.block_number().await.unwrap(), oracle.block.number);
    assert_eq!(chain.timestamp().await.unwrap(), oracle.block.timestamp);
    let rollup = oracle.contracts.rollup_address;
    for (name, attester) in &oracle.attesters {
        let mut word = [0; 32];
        word[12..].copy_from_slice(attester.address.as_bytes());
        let status = call(
            &chain,
            rollup,
            "getStatus(address)",
            Some(word),
            json!("latest"),
        )
        .await
        .unwrap();
        let status = decode(&[ParamType::Uint(8)], &status)
            .unwrap()
            .remove(0)
            .into_uint()
            .unwrap();
        let expected = match attester.status {
            Status::None => 0,
            Status::Validating => 1,
            Status::Zombie => 2,
            Status::Exiting => 3,
        };
        assert_eq!(status, U256::from(expected), "{name}");
    }
    assert_eq!(
        oracle.coinbases().len(),
        7,
        "A0 to A4, A6 and A7 were staked"
    );
}

#[tokio::test]
async fn only_an_archive_answers_about_the_past() {
    let state = ensure(&DevnetSpec::scenario()).unwrap();
    let recent = Chain::start(&state).await.unwrap();
    let rollup = recent.oracle().unwrap().contracts.rollup_address;
    let error = call(
        &recent,
        rollup,
        "getActiveAttesterCount()",
        None,
        json!("0x32"),
    )
    .await
    .unwrap_err();
    assert!(
        format!("{error:#}").contains("BlockOutOfRangeError"),
        "{error:#}"
    );
    let archive = Chain::start_with(&state, History::Archive, None)
        .await
        .unwrap();
    let count = call(
        &archive,
        rollup,
        "getActiveAttesterCount()",
        None,
        json!("0x32"),
    )
    .await
    .unwrap();
    assert_eq!(U256::from_big_endian(&count), U256::zero());
}

#[tokio::test]
async fn a_bare_chain_has_no_contracts() {
    let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap())
        .await
        .unwrap();
    assert_eq!(chain.block_number().await.unwrap(), 0);
    chain.mine().await.unwrap();
    assert_eq!(chain.block_number().await.unwrap(), 1);
    assert!(chain.oracle().is_err());
}

#[tokio::test]
async fn a_dropped_chain_is_gone() {
    let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap())
        .await
        .unwrap();
    let address = chain.url().trim_start_matches("http://").to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(chain);
    assert!(std::net::TcpStream::connect(&address).is_err());
}

#[tokio::test]
async fn the_example_files_fit_the_story() {
    let oracle = ensure(&DevnetSpec::scenario()).unwrap().oracle().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let files = example_files(directory.path(), &oracle, "http://127.0.0.1:1").unwrap();
    let config = std::fs::read_to_string(files.config).unwrap();
    assert!(config.contains("chain_id = 31337"), "{config}");
    let keys: Value = serde_json::from_slice(&std::fs::read(files.server_2).unwrap()).unwrap();
    let coinbases = oracle.coinbases();
    let coinbase = |index: usize| {
        keys["validators"][index]["coinbase"]
            .as_str()
            .map(|text| text.parse().unwrap())
    };
    assert_ne!(
        coinbase(0),
        Some(coinbases[&oracle.attesters["A3"].address])
    );
    assert_eq!(
        coinbase(1),
        Some(coinbases[&oracle.attesters["A4"].address])
    );
    assert_eq!(coinbase(2), None);
}
