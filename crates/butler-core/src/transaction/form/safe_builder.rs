//! The file of Safe's Transaction Builder, version 1.0, with the checksum that it verifies when it reads one.

use ethers_core::utils::{hex, keccak256};
use serde_json::{Map, Value, json};

use crate::domain::block::BlockRef;
use crate::text::address::checksummed;
use crate::transaction::plan::Plan;

/// The version of the builder whose files these are like.
const BUILDER: &str = "1.16.5";

pub(super) fn of(plan: &Plan, block: &BlockRef) -> Value {
    let transactions = plan.steps().iter().map(|step| {
        json!({
            "to": checksummed(&step.call.to).to_string(),
            "value": step.call.value.to_string(),
            "data": step.call.data,
            "contractMethod": null,
            "contractInputsValues": null,
        })
    });
    let says: Vec<&str> = plan.steps().iter().map(|step| step.says.as_str()).collect();
    let mut file = json!({
        "version": "1.0",
        "chainId": plan.places().chain_id.to_string(),
        // In milliseconds; the block's time, so that the same plan is the same file.
        "createdAt": block.timestamp.saturating_mul(1000),
        "meta": {
            "name": plan.key().as_str(),
            "description": says.join("; "),
            "txBuilderVersion": BUILDER,
            "createdFromSafeAddress": checksummed(&plan.from()).to_string(),
            "createdFromOwnerAddress": "",
        },
        "transactions": transactions.collect::<Vec<_>>(),
    });
    let checksum = checksum(&file);
    if let Some(meta) = file.get_mut("meta").and_then(Value::as_object_mut) {
        meta.insert("checksum".to_owned(), checksum.into());
    }
    file
}

/// The checksum of a file without one: the hash of all that it says but its name, in an order that does not depend on the file's.
fn checksum(file: &Value) -> String {
    let mut nameless = file.clone();
    if let Some(meta) = nameless.get_mut("meta").and_then(Value::as_object_mut) {
        meta.insert("name".to_owned(), Value::Null);
    }
    format!("0x{}", hex::encode(keccak256(in_order(&nameless))))
}

/// Lists as JSON has them; of an object its sorted names as a list, then each value and a comma.
fn in_order(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(in_order).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => object(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn object(members: &Map<String, Value>) -> String {
    let mut names: Vec<&String> = members.keys().collect();
    names.sort();
    let values: String = names.iter().filter_map(|name| members.get(*name)).map(|one| in_order(one) + ",").collect();
    format!("{{{}{values}}}", Value::from(names.iter().map(|name| name.as_str()).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Value {
        json!({
            "version": "1.0",
            "chainId": "1",
            "createdAt": 1_700_000_000_000_u64,
            "meta": {
                "name": "Transactions Batch",
                "description": "",
                "txBuilderVersion": "1.16.5",
                "createdFromSafeAddress": "0x0000000000000000000000000000000000000001",
                "createdFromOwnerAddress": ""
            },
            "transactions": [{
                "to": "0x0000000000000000000000000000000000000002",
                "value": "0",
                "data": "0x",
                "contractMethod": null,
                "contractInputsValues": null
            }]
        })
    }

    #[test]
    fn what_is_hashed_is_in_the_order_of_names_and_has_no_name() {
        let value = json!({ "b": [1, "x"], "a": { "d": null, "c": true } });
        assert_eq!(in_order(&value), r#"{["a","b"]{["c","d"]true,null,},[1,"x"],}"#);
    }

    #[test]
    fn the_checksum_is_that_of_the_builder() {
        // Computed by the builder's own function, with another implementation of the hash.
        assert_eq!(checksum(&file()), EXPECTED);
    }

    #[test]
    fn the_name_does_not_count_and_everything_else_does() {
        let mut named = file();
        named["meta"]["name"] = "another".into();
        assert_eq!(checksum(&named), EXPECTED);
        for (path, value) in [("/chainId", "2"), ("/meta/description", "x"), ("/transactions/0/value", "1")] {
            let mut changed = file();
            *changed.pointer_mut(path).unwrap() = value.into();
            assert_ne!(checksum(&changed), EXPECTED, "{path}");
        }
    }

    const EXPECTED: &str = "0x155644fb4f497875861348b8ac88e117581e464942e809e0c9e32c1e38f7a88c";
}
