//! The keys of the Safe that administers a provider.

use super::schema::Presence::{Computed, Default, Optional};
use super::schema::{Group, key};
use super::ways::AUTHORITIES;

/// `[networks.NAME.safe]`.
pub(super) static SAFE: Group = Group {
    doc: "Where transactions of a Safe are proposed, and by whom. [transactions.md](transactions.md#proposing-to-a-safe) says what is done there.",
    keys: &[
        &[
            key(
                "url",
                "url",
                Computed("Safe's own service, on Ethereum and Sepolia"),
                "The transaction service, up to where `/v2` begins: one of your own, say. Shown as scheme and host only.",
            )
            .secret(),
            key("url_file", "path", Optional, "A file that holds that URL."),
            key("url_credential", "credential", Optional, "That URL as a systemd credential."),
            key("url_env", "variable", Optional, "The environment variable that holds that URL."),
            key(
                "api_key_file",
                "path",
                Optional,
                "A file that holds the service's API key; it must be yours or root's, and nobody else's to read.",
            ),
            key("api_key_credential", "credential", Optional, "That key as a systemd credential."),
            key("api_key_env", "variable", Optional, "The environment variable that holds that key."),
            key(
                "proposer_keystore_file",
                "path",
                Optional,
                "The encrypted key (V3) of the account that proposes: a delegate, never an owner. It must be yours or root's, and nobody else's to read.",
            ),
            key("proposer_password_file", "path", Optional, "The file of that key's password, under the same rule."),
            key(
                "requests_per_month",
                "integer",
                Default("50000"),
                "The most requests to the service in a month (UTC): what a free API key has. Without a key, Safe's own service grants 5,000.",
            )
            .number("requests", 1, 1_000_000_000),
            key("stale_after", "duration", Default("7d"), "A proposal that waits for longer is called stale.")
                .seconds(60, 31_536_000),
            key("timeout", "duration", Default("20s"), "How long one request may take.").seconds(1, 600),
        ],
        AUTHORITIES,
    ],
    sections: &[],
};
