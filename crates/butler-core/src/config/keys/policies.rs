//! The keys of what is to become of each kind of action.

use super::schema::Presence::Default;
use super::schema::{Group, Key, key};

const fn policy(kind: &'static str, doc: &'static str) -> Key {
    key(kind, "policy", Default("notify"), doc)
}

const fn writing(kind: &'static str, doc: &'static str) -> Key {
    key(kind, "policy", Default("approve"), doc)
}

/// `[watcher.policies]`.
pub(super) static POLICIES: Group = Group {
    doc: "What is to become of each kind of action. `off`: nothing, it is only kept in the history. `notify`: it is told. What changes something may also be done: `approve`, when a person approved it; `auto`, at once if two endpoints agree on its cause, else as `approve`.",
    keys: &[&[
        key(
            "configure_coinbase",
            "policy",
            Default("approve"),
            "A delegation took a key of yours: its node must get the split as its coinbase.",
        ),
        key(
            "reload_keystore",
            "policy",
            Default("approve"),
            "Attesters of yours proposed with other coinbases than their keystore names: its nodes must load it as it is.",
        ),
        writing(
            "add_keys",
            "The queue of a provider of yours does not last for long: keys of `keys_file` are proposed to its admin.",
        ),
        writing("create_provider", "There is no provider yet of the `admin` that is wanted: one is proposed to it."),
        writing(
            "set_take_rate",
            "A provider of yours has another share than `take_rate`: that one is proposed to its admin.",
        ),
        writing(
            "set_recipient",
            "The share of a provider of yours goes to somebody else than `rewards_recipient`: that one is proposed to its admin.",
        ),
        writing(
            "drip",
            "The front key of a queue of yours would burn a delegator's stake: to take it out is proposed to the admin.",
        ),
        writing(
            "accept_admin",
            "The `admin` that is wanted was named to become admin of a provider of yours: to accept is proposed to it.",
        ),
        writing(
            "fund_publishers",
            "Publishers of yours have less ether than they should: to send them some is proposed to `payer`.",
        ),
        policy(
            "proposal_changed",
            "A proposal to the owners of a Safe waits for them, waits for too long or cannot be executed, or was executed.",
        ),
        policy(
            "coinbase_proven",
            "A proposal of an attester of yours had the coinbase that it must have: the first one, and the first one after others.",
        ),
        policy(
            "coinbase_contradicted",
            "A proposal of an attester of yours had another coinbase than the one that it must have.",
        ),
        policy("approval_needed", "Something waits for a person's approval."),
        policy("keys_added", "Keys were added to a queue of yours."),
        policy("key_dripped", "The admin took a key out of a queue of yours."),
        policy("admin_change_begun", "Somebody was named to become admin of a provider of yours."),
        policy("admin_changed", "A provider of yours has another admin."),
        policy("take_rate_changed", "A provider of yours has another share."),
        policy("recipient_changed", "A provider of yours has another recipient."),
        policy("deposit_queued", "An attester of yours entered a rollup's entry queue."),
        policy("deposit_accepted", "An attester of yours was let in."),
        policy("deposit_refunded", "A deposit of an attester of yours was refused and refunded."),
        policy("queued_key_taken", "A key that waits in a queue of yours was registered by somebody else."),
        policy("slashed", "An attester of yours was slashed."),
        policy("exit_by_withdrawer", "The withdrawer of an attester of yours began its exit."),
        policy("exit_by_attester", "An attester of yours began its own exit."),
        policy("exit_finalized", "The exit of an attester of yours is over."),
        policy("rollup_changed", "Another rollup is the canonical one."),
        policy("slasher_changed", "A rollup that concerns you has another slasher."),
        policy("slashing_paused", "Slashing was switched off for a while."),
        policy("slash_vetoed", "The vetoer stopped a slash."),
        policy("condition_began", "Something that `audit` finds began to be wrong."),
        policy("condition_ended", "Something that was wrong no longer is."),
        key(
            "run_job",
            "policy",
            Default("approve"),
            "A job of a pipeline is to be done for an item. It holds for jobs that have no `policy` of their own; `auto` needs no endpoints here.",
        ),
    ]],
    sections: &[],
};
