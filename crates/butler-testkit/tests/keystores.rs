//! Every shape is a keystore that the node takes, with the attesters and coinbases that it says it has.

use std::{collections::BTreeMap, time::Duration};

use butler_testkit::{
    keystore_node::{KeystoreNode, Settings},
    keystores::{Shape, TestKeystore, address_of},
    order::Order,
    web3signer::FakeWeb3Signer,
};
use ethers_core::types::Address;
use tempfile::TempDir;

/// A signer that signs with every key of the keystore's.
async fn signer_with(shape: Shape) -> (FakeWeb3Signer, TestKeystore) {
    let signer = FakeWeb3Signer::start("signer", &Order::new()).await.unwrap();
    let keystore = shape.keystore(7, 3, &signer.url());
    signer.hold(&keystore.secrets_of_accounts()).unwrap();
    butler_testkit::rpc::Client::new(&format!("{}/reload", signer.url())).unwrap().post("".into()).await.unwrap();
    (signer, keystore)
}

/// The coinbase of each attester as the shape's documentation says it.
fn expected(shape: Shape, keystore: &TestKeystore) -> BTreeMap<Address, Address> {
    let mut coinbases = BTreeMap::new();
    for (block, attesters) in (7..).zip(&keystore.blocks) {
        for attester in attesters {
            let coinbase = match shape {
                Shape::V1Bare => *attester,
                Shape::V2Defaults => address_of(0),
                Shape::V1
                | Shape::V2Own
                | Shape::Shared
                | Shape::Encrypted
                | Shape::RemoteDefault
                | Shape::RemoteEach
                | Shape::Mnemonic => address_of(block),
            };
            coinbases.insert(*attester, coinbase);
        }
    }
    coinbases
}

#[tokio::test]
async fn a_node_takes_every_shape_with_the_attesters_that_it_lists() {
    for shape in Shape::ALL {
        let folder = TempDir::new().unwrap();
        let (_signer, keystore) = signer_with(shape).await;
        keystore.write(folder.path(), "keystore.json").unwrap();
        let settings = Settings { signer_patience: Duration::ZERO, ..Settings::of(folder.path()) };
        let node = KeystoreNode::start_with(settings).await.unwrap();
        assert_eq!(keystore.attesters().len(), 3, "{shape:?}");
        assert_eq!(node.coinbases(), expected(shape, &keystore), "{shape:?}");
    }
}

#[test]
fn every_secret_stands_in_the_text_and_no_key_is_missing_among_them() {
    for shape in Shape::ALL {
        let keystore = shape.keystore(1, 2, "http://127.0.0.1:9000");
        assert!(keystore.secrets.iter().all(|secret| keystore.text.contains(secret)), "{shape:?}");
        let longest = keystore.text.split('"').filter(|part| part.len() == 66 && !part.starts_with("0x00000000"));
        for key in longest {
            assert!(keystore.secrets.iter().any(|secret| secret == key), "{shape:?} {key}");
        }
    }
}
