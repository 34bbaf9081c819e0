//! The keys of the account that signs on this machine.

use super::schema::Presence::{Default, Optional};
use super::schema::{Group, key};

/// `[networks.NAME.signer]`.
pub(super) static SIGNER: Group = Group {
    doc: "Whose transactions `butler-cli` signs itself, and what they may cost. [transactions.md](transactions.md#signing-here) says what is done there.",
    keys: &[&[
        key(
            "keystore_file",
            "path",
            Optional,
            "The encrypted key (V3) of the account that sends: a provider's admin, or who pays. It must be yours or root's, and nobody else's to read.",
        ),
        key("password_file", "path", Optional, "The file of that key's password, under the same rule."),
        key(
            "max_fee",
            "gwei",
            Default("100"),
            "The most that is offered for a unit of gas; nothing is signed while gas is dearer.",
        ),
        key("priority_fee", "gwei", Default("1"), "What of that is offered to whoever builds the block."),
        key("max_cost", "ether", Default("0.2"), "The most that all gas of one transaction may cost."),
    ]],
    sections: &[],
};
