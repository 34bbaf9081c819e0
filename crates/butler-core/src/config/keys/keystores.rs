//! The keys of keystores that the watcher may change.

use super::schema::Presence::{Default, Optional, Required};
use super::schema::{Group, key};

/// `[[networks.NAME.keystores]]`.
pub(super) static KEYSTORES: Group = Group {
    doc: "A keystore that the watcher may change, one for each server: the coinbase of a delegation is written there, once a person approved it, and the server's nodes reload it. Exactly one of `folder` and `command` is required, and a node of this `server` with an `admin_url`.",
    keys: &[&[
        key("server", "text", Required, "The server, as its nodes and its key files name it."),
        key(
            "folder",
            "path",
            Optional,
            "The folder that the node reads as `KEY_STORE_DIRECTORY`, local or mounted. An absolute path.",
        ),
        key(
            "command",
            "text",
            Optional,
            "A program and its arguments, word by word, that answers as `butler-cli keystore agent` does on the server: over ssh, say. The program is an absolute path, and no shell is between.",
        )
        .list(),
        key("web3signer_url", "url", Optional, "The server's web3signer, which reloads its keys before the nodes do.")
            .secret(),
        key("web3signer_url_file", "path", Optional, "A file that holds that URL."),
        key("web3signer_url_credential", "credential", Optional, "That URL as a systemd credential."),
        key("web3signer_url_env", "variable", Optional, "The environment variable that holds that URL."),
        key("timeout", "duration", Default("20s"), "How long one look at it, or one change, may take.").seconds(1, 600),
    ]],
    sections: &[],
};
