//! How a daemon is served, and to whom.

use super::schema::Presence::{Default, Optional};
use super::schema::{Key, key};

/// The keys, where their meaning is told.
pub(super) const HTTP: &[Key] = &[
    key(
        "tls_certificate_file",
        "path",
        Optional,
        "A certificate with its chain (PEM). With it, and one of the keys below, only HTTPS is served. Replaced files are taken over by themselves.",
    ),
    key(
        "tls_key_file",
        "path",
        Optional,
        "The certificate's private key (PEM). Nobody but the exporter should be able to read it.",
    ),
    key("tls_key_credential", "credential", Optional, "That key as a systemd credential."),
    key(
        "basic_users_file",
        "path",
        Optional,
        "Users and bcrypt hashes of their passwords, one `name:$2b$…` a line, as `htpasswd -B` writes them. Every request must come from one of them, or bring the token.",
    ),
    key("bearer_token_file", "path", Optional, "A file that holds the bearer token that every request must bring."),
    key("bearer_token_credential", "credential", Optional, "That token as a systemd credential."),
    key("bearer_token_env", "variable", Optional, "The environment variable that holds that token."),
    key(
        "insecure",
        "boolean",
        Default("false"),
        "Whether an address that others can reach may be served without a token or users.",
    ),
    key(
        "host_names",
        "domain name",
        Optional,
        "Names beside `localhost` that a request may give as `Host` where neither a token nor users are asked for. Another one is refused, so that no web page reads what is served. At an address that is not one of loopback this begins with the first name here, and a request may also give any IP address.",
    )
    .list(),
];

/// The same keys for another daemon.
pub(super) const HTTP_TOO: &[Key] = &{
    let mut keys = [key("", "", Optional, ""); HTTP.len()];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = Key { doc: "As in `[exporter]`.", ..HTTP[index] };
        index += 1;
    }
    keys
};
