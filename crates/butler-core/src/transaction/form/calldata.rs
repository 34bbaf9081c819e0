//! Each call as JSON, for any wallet.

use serde_json::{Value, json};

use crate::domain::block::BlockRef;
use crate::text::address::checksummed;
use crate::transaction::plan::Plan;

/// The version of this form.
const VERSION: u32 = 1;

pub(super) fn of(plan: &Plan, block: &BlockRef) -> Value {
    let from = checksummed(&plan.from()).to_string();
    let transactions = plan.steps().iter().map(|step| {
        json!({
            "description": step.says,
            "from": from,
            "to": checksummed(&step.call.to).to_string(),
            "value": step.call.value.to_string(),
            "data": step.call.data,
        })
    });
    json!({
        "version": VERSION,
        "chain_id": plan.places().chain_id,
        "change": plan.change().name(),
        "effect": plan.key().as_str(),
        "planned_at_block": block.number,
        "transactions": transactions.collect::<Vec<_>>(),
    })
}
