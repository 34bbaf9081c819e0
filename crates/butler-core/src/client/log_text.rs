//! A log as JSON, read in one pass: hex goes straight into the bytes that it stands for.
//!
//! A first scan reads megabytes of logs, and most of that are digits. Only what somebody looks at is taken; a place in the
//! transaction, and whatever an endpoint adds, is skipped.

use std::fmt;

use ethers_core::types::{Address, Bytes, H256, Log, U64, U256};
use ethers_core::utils::hex;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::text::fixed::{Fixed, digits};

/// What is read of a log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogText {
    address: Fixed<20>,
    topics: Vec<Fixed<32>>,
    data: Data,
    #[serde(default)]
    block_hash: Option<Fixed<32>>,
    #[serde(default)]
    block_number: Option<U64>,
    #[serde(default)]
    transaction_hash: Option<Fixed<32>>,
    #[serde(default)]
    log_index: Option<U256>,
    #[serde(default)]
    removed: Option<bool>,
}

impl From<LogText> for Log {
    fn from(text: LogText) -> Self {
        Self {
            address: Address::from(text.address.0),
            topics: text.topics.into_iter().map(|topic| H256(topic.0)).collect(),
            data: text.data.0,
            block_hash: text.block_hash.map(|hash| H256(hash.0)),
            block_number: text.block_number,
            transaction_hash: text.transaction_hash.map(|hash| H256(hash.0)),
            log_index: text.log_index,
            removed: text.removed,
            ..Self::default()
        }
    }
}

/// Any number of bytes.
pub(super) struct Data(pub(super) Bytes);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Data;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes in hex")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                let bytes = hex::decode(digits(text).map_err(E::custom)?).map_err(|_| E::custom("not bytes in hex"))?;
                Ok(Data(bytes.into()))
            }
        }

        deserializer.deserialize_str(Digits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<Log> {
        serde_json::from_str::<LogText>(json).ok().map(Log::from)
    }

    proptest! {
        #[test]
        fn a_log_is_read_as_ethers_reads_it(
            address in any::<[u8; 20]>(),
            topics in prop::collection::vec(any::<[u8; 32]>(), 0..5),
            data in prop::collection::vec(any::<u8>(), 0..100),
            hashes in prop::option::of(any::<[[u8; 32]; 2]>()),
            numbers in prop::option::of(any::<(u64, u64)>()),
            removed in any::<Option<bool>>(),
        ) {
            let log = Log {
                address: address.into(),
                topics: topics.into_iter().map(H256).collect(),
                data: data.into(),
                block_hash: hashes.map(|hashes| H256(hashes[0])),
                transaction_hash: hashes.map(|hashes| H256(hashes[1])),
                block_number: numbers.map(|numbers| numbers.0.into()),
                log_index: numbers.map(|numbers| numbers.1.into()),
                removed,
                ..Log::default()
            };
            let text = serde_json::to_string(&log).unwrap();
            prop_assert_eq!(read(&text), Some(log.clone()));
            let more = text.replacen('{', r#"{"transactionIndex":"0x1","blockTimestamp":"0x5","logType":[{}],"#, 1);
            prop_assert_eq!(read(&more), Some(log));
        }
    }

    #[test]
    fn what_is_missing_too_long_or_no_hex_is_no_log() {
        let log = |address: &str, data: &str| format!(r#"{{"address":"{address}","topics":[],"data":"{data}"}}"#);
        let address = format!("0x{}", "1A".repeat(20));
        assert!(read(&log(&address, "0x")).is_some());
        assert!(read(&log(&address.replace("0x", "\\u0030x"), "0xaB")).is_some(), "written otherwise");
        for (address, data) in [
            (&*address, ""),
            (&address, "0xa"),
            (&address, "0xgg"),
            (&address, "0x0x"),
            (&address[..40], "0x"),
            (&address[2..], "0x"),
            (&format!("{address}00"), "0x"),
            (&format!("0x{address}"), "0x"),
        ] {
            assert!(read(&log(address, data)).is_none(), "{address} {data}");
        }
        for text in [r#"{"topics":[],"data":"0x"}"#, "{}", "[]", r#"{"address":null,"topics":[],"data":"0x"}"#] {
            assert!(read(text).is_none(), "{text}");
        }
        let nulls = log(&address, "0x").replace('}', r#","blockHash":null,"blockNumber":null,"removed":null}"#);
        assert_eq!(read(&nulls).unwrap().block_hash, None);
    }
}
