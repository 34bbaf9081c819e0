//! The keys that say where something is and how to be let in, which several sections share.

use super::schema::Presence::{Computed, Default, Optional};
use super::schema::{Key, key};

/// Where an endpoint is, and how to be let in.
pub(super) const WAY: &[Key] = &[
    key("name", "text", Computed("the URL's host"), "The name in logs and metrics."),
    key("url", "url", Optional, "`http` or `https`. Shown as scheme and host only: a path often holds an API key.")
        .secret(),
    key("url_file", "path", Optional, "A file that holds the URL, in which a user and a password are allowed."),
    key(
        "url_credential",
        "credential",
        Optional,
        "The URL as a systemd credential: a file in `$CREDENTIALS_DIRECTORY`.",
    ),
    key("url_env", "variable", Optional, "The environment variable that holds the URL."),
    key("bearer_token_file", "path", Optional, "A file that holds a bearer token."),
    key("bearer_token_credential", "credential", Optional, "The bearer token as a systemd credential."),
    key("bearer_token_env", "variable", Optional, "The environment variable that holds the bearer token."),
    key("basic_user", "text", Optional, "The user of basic authentication; needs one of the passwords below."),
    key("basic_password_file", "path", Optional, "A file that holds the password."),
    key("basic_password_credential", "credential", Optional, "The password as a systemd credential."),
    key("basic_password_env", "variable", Optional, "The environment variable that holds the password."),
    key("timeout", "duration", Default("20s"), "How long one request may take.").seconds(1, 600),
];

/// Where something is that whoever knows its URL may use.
pub(super) const HOOK: &[Key] = &[
    key("name", "text", Computed("the URL's host"), "The name in logs and metrics."),
    key("url", "url", Optional, "`http` or `https`. Shown as scheme and host only: a path often holds an API key.")
        .secret(),
    key("url_file", "path", Optional, "A file that holds the URL, in which a user and a password are allowed."),
    key(
        "url_credential",
        "credential",
        Optional,
        "The URL as a systemd credential: a file in `$CREDENTIALS_DIRECTORY`.",
    ),
    key("url_env", "variable", Optional, "The environment variable that holds the URL."),
    key("timeout", "duration", Default("20s"), "How long one request may take.").seconds(1, 600),
];

/// Whom to trust.
pub(super) const AUTHORITIES: &[Key] =
    &[key("ca_file", "path", Optional, "Certificate authorities (PEM) to trust beside the system's.")];

/// What a provider charges.
pub(super) const CREDITS: &[Key] = &[
    key("credits_per_day", "integer", Optional, "What the provider's plan has for one day. The exporter scrapes less often when it spends more, and never stops. Each program counts what it spends itself, and the watcher never slows: it looks at the chain every `poll_interval`.")
        .number("credits", 1, 1_000_000_000_000),
    key("credits", "integer", Optional, "What a call costs, by its method, and of all others as `any`. Without it, an estimate of what large providers charge, such as 26 for `eth_call`; `{ any = 1 }` where a plan counts requests.")
        .number("credits", 0, 1_000_000)
        .table(),
];
