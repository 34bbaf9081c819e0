//! The keys of what is wanted of a provider and its publishers.

use super::schema::Presence::{Default, Optional};
use super::schema::{Group, key};

/// `[networks.NAME.wanted]`.
pub(super) static WANTED: Group = Group {
    doc: "What is wanted of your providers and publishers. Where the chain has something else, the watcher plans it and, once a person approved it, proposes it to the owners of the Safe that sends it. [transactions.md](transactions.md#what-the-watcher-proposes) says when.",
    keys: &[&[
        key("admin", "address", Optional, "The Safe that is to be the admin: it accepts where it was named. Nothing is proposed to another admin."),
        key("create_provider", "boolean", Default("false"), "Whether a provider with `admin`, `take_rate` and `rewards_recipient` is proposed where that admin has none."),
        key("take_rate", "integer", Optional, "The share of future delegations.").number("basis points", 0, 10_000),
        key("rewards_recipient", "address", Optional, "Who receives that share."),
        key("keys_file", "path", Optional, "A registration file of prepared keys (`…_staker_output.json`), of which the first that pass all checks are added to a queue that is short. It is public."),
        key("keys_runway", "duration", Default("14d"), "A queue that lasts for less at the observed pace of delegations gets keys, and so does one of fewer than 5 keys.").seconds(3600, 31_536_000),
        key("keys_at_once", "integer", Default("10"), "How many keys one proposal adds at most.").number("keys", 1, 50),
        key("drip_bad_keys", "boolean", Default("false"), "Whether keys at the front of a queue that would burn a delegator's stake are taken out."),
        key("payer", "address", Optional, "The Safe that sends ether to publishers that have less than they should, but for those whose nodes fund themselves."),
        key("fund_cap", "ether", Default("1"), "The most that one proposal sends to all of them together."),
        key("fund_floor", "ether", Optional, "Only publishers with less than this get any; without it, those with less than they should have."),
        key("fund_fill", "integer", Default("150"), "What a publisher that gets any has afterwards, of what it should have.").number("hundredths", 100, 1000),
        key("look_interval", "duration", Default("5m"), "Time between two looks at the chain whether a proposal was executed.").seconds(1, 86_400),
        key("service_interval", "duration", Default("1h"), "Time between two questions to the service about proposals that wait.").seconds(1, 604_800),
    ]],
    sections: &[],
};
