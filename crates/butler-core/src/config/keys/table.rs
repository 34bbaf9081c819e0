//! The keys themselves, section by section.

use super::channels;
use super::http::{HTTP, HTTP_TOO};
use super::keystores::KEYSTORES;
use super::pipelines::PIPELINES;
use super::policies::POLICIES;
use super::safe::SAFE;
use super::schema::Presence::{Computed, Default, Optional, Preset, Required};
use super::schema::{Group, Key, Shape, Subsection, key};
use super::signer::SIGNER;
use super::wanted::WANTED;
use super::ways::{AUTHORITIES, CREDITS, WAY};

/// The whole configuration.
pub static ROOT: Group = Group {
    doc: "Keys at the top of the file, before the first section.",
    keys: &[&[
        key(
            "default_network",
            "name",
            Optional,
            "The network of commands that are given none. Not needed when there is only one.",
        ),
        key(
            "cache_directory",
            "path",
            Computed("`$CACHE_DIRECTORY`, else `$XDG_CACHE_HOME/butler`, else `~/.cache/butler`"),
            "What can be fetched again is kept here.",
        ),
    ]],
    sections: &[
        Subsection { name: "networks", shape: Shape::Named, group: &NETWORK },
        Subsection { name: "exporter", shape: Shape::Single, group: &EXPORTER },
        Subsection { name: "watcher", shape: Shape::Single, group: &WATCHER },
        Subsection { name: "pipelines", shape: Shape::Named, group: &PIPELINES },
        Subsection { name: "log", shape: Shape::Single, group: &LOG },
    ],
};

static NETWORK: Group = Group {
    doc: "One network: a chain, its contracts, and what you run on it. Names are lower-case letters, digits, `-` and `_`, and begin with a letter.",
    keys: &[&[
        key("preset", "preset", Computed("the network's name, where a preset has it"), "Fills the chain id and the contracts' addresses. Known: `mainnet` and `testnet` (on Sepolia)."),
        key("chain_id", "integer", Preset, "The L1 chain's id. An endpoint of another chain is refused.").number("", 1, u64::MAX),
        key("aztec_registry", "address", Preset, "Aztec's registry, which names the canonical rollup."),
        key("staking_registry", "address", Preset, "The StakingRegistry that holds the providers' queues."),
        key("staking_registry_from_block", "integer", Preset, "The block of the StakingRegistry's creation; logs are read from here.").number("block", 0, u64::MAX),
        key("multicall3", "address", Default("0xcA11bde05977b3631167028862bE2a173976CA11"), "Multicall3, for reading many values at once. The default is its address on every public chain."),
        key("provider_ids", "provider id", Optional, "Your providers.").list(),
        key("provider_admins", "address", Optional, "Admins whose providers are looked up and added to `provider_ids`. Name the ids as well: then exporter and watcher begin also when somebody has taken an admin's place.").list(),
        key("key_files", "pattern", Optional, "Public key files of your servers. `*`, `?`, `[…]` and `**` match as in a shell; a pattern that matches nothing is an error.").list(),
        key("node_keystores", "pattern", Optional, "Keystores that your nodes themselves read, with whatever secrets they hold; patterns as in `key_files`. Only addresses are taken. The files must be yours or root's, and nobody else's to read.").list(),
        key("publisher_files", "path", Optional, "Files that list each server's publishers.").list(),
        key("extra_attesters", "address", Optional, "Attesters to follow although no key file has them.").list(),
        key("server_labels", "boolean", Default("true"), "Whether each server of the key files is a group of its own under the label `server:NAME`."),
        key("replicated_keys", "boolean", Default("false"), "Whether several servers run the same attesters on purpose. Otherwise that is reported."),
        key("minimum_ether_per_attester", "ether", Default("0.1"), "What a publisher should hold for each attester that it pays for."),
        key("minimum_ether_per_publisher", "ether", Default("0.2"), "What a publisher should hold at least that pays for any attester: gas can be dear."),
        key("coinbase_critical", "duration", Default("6h"), "A missing coinbase is a warning as soon as the key is staked, and critical this long before its earliest activation.").seconds(0, 31_536_000),
        key("coinbase_policy", "coinbase policy", Default("split"), "Which coinbase is right. `split`: the split of each attester's delegation. `own`: an address of your own, if you collect rewards yourself and pay your delegators."),
        key("log_range_blocks", "integer", Computed("learnt from the endpoint"), "The first width of a log query. It shrinks and grows with what the endpoint allows.").number("blocks", 1, 10_000_000),
        key("start_block", "integer", Optional, "The first block whose events the watcher plans from, on its first start. The watcher refuses to start without.").number("block", 0, 1_000_000_000_000),
        key("confirmations", "integer", Optional, "A block is final for the watcher when so many are newer. Without it the chain's finalized block is asked for, which every public Ethereum has.").number("blocks", 1, 1_000_000),
    ]],
    sections: &[
        Subsection { name: "l1", shape: Shape::List, group: &L1 },
        Subsection { name: "aztec_nodes", shape: Shape::List, group: &AZTEC_NODES },
        Subsection { name: "keystores", shape: Shape::List, group: &KEYSTORES },
        Subsection { name: "safe", shape: Shape::Single, group: &SAFE },
        Subsection { name: "signer", shape: Shape::Single, group: &SIGNER },
        Subsection { name: "wanted", shape: Shape::Single, group: &WANTED },
        Subsection { name: "hosts", shape: Shape::List, group: &HOSTS },
        Subsection { name: "labels", shape: Shape::List, group: &LABELS },
        Subsection { name: "providers", shape: Shape::List, group: &PROVIDERS },
    ],
};

static L1: Group = Group {
    doc: "An L1 JSON-RPC endpoint. The first that is healthy is used. Exactly one of `url`, `url_file`, `url_credential` and `url_env` is required.",
    keys: &[WAY, SIZES, AUTHORITIES, CREDITS],
    sections: &[],
};

static AZTEC_NODES: Group = Group {
    doc: "A JSON-RPC endpoint of one of your Aztec nodes. Exactly one of `url`, `url_file`, `url_credential` and `url_env` is required.",
    keys: &[
        WAY,
        SIZES,
        AUTHORITIES,
        &[
            key("server", "text", Optional, "The server, as the key files name it, whose keys this node runs."),
            key(
                "admin_url",
                "url",
                Optional,
                "The node's admin port, for the offences that it noted. The limits above hold for it too.",
            )
            .secret(),
            key("admin_url_file", "path", Optional, "A file that holds that URL."),
            key("admin_url_credential", "credential", Optional, "That URL as a systemd credential."),
            key("admin_url_env", "variable", Optional, "The environment variable that holds that URL."),
            key(
                "admin_api_key_file",
                "path",
                Optional,
                "A file that holds the admin port's API key, sent as `x-api-key`.",
            ),
            key("admin_api_key_credential", "credential", Optional, "That key as a systemd credential."),
            key("admin_api_key_env", "variable", Optional, "The environment variable that holds that key."),
        ],
    ],
    sections: &[],
};

static HOSTS: Group = Group {
    doc: "A machine of yours, checked as a stranger sees it. What is given is checked: `domain` with `ips` that the DNS agrees, `p2p_port` that it takes connections, `rpc_url` and `rpc_port` that an Aztec node answers there, `l1_url` that an L1 endpoint of the network's chain does.",
    keys: &[&[
        key("name", "text", Required, "The name in logs and metrics."),
        key("ips", "ip address", Optional, "All addresses of the machine.").list(),
        key(
            "domain",
            "domain name",
            Optional,
            "Its name, which must lead to these addresses and to no others, as this machine resolves it.",
        ),
        key("p2p_port", "integer", Optional, "The port of the peer-to-peer network, tried over TCP at every address.")
            .number("", 1, 65_535),
        key("rpc_url", "url", Optional, "The Aztec node's RPC over HTTPS, as others use it.").secret(),
        key(
            "rpc_port",
            "integer",
            Optional,
            "The port of the Aztec node's RPC over plain HTTP, tried at every address.",
        )
        .number("", 1, 65_535),
        key("l1_url", "url", Optional, "The L1 RPC of the machine.").secret(),
        key("l1_url_file", "path", Optional, "A file that holds that URL, in which a user and a password are allowed."),
        key("l1_url_credential", "credential", Optional, "That URL as a systemd credential."),
        key("l1_url_env", "variable", Optional, "The environment variable that holds that URL."),
        key("timeout", "duration", Default("5s"), "How long one check may take.").seconds(1, 60),
        key("ca_file", "path", Optional, "Certificate authorities (PEM) to trust beside the system's."),
    ]],
    sections: &[],
};

static PROVIDERS: Group = Group {
    doc: "What is set for one of your providers instead of what the network says.",
    keys: &[&[
        key("id", "provider id", Required, "The provider, one of `provider_ids` or of an admin in `provider_admins`."),
        key(
            "coinbase_policy",
            "coinbase policy",
            Optional,
            "Which coinbase is right for attesters of this provider, as above.",
        ),
    ]],
    sections: &[],
};

static LABELS: Group = Group {
    doc: "A group of your attesters under a label of your choice: figures are served for each group. An attester may be in several.",
    keys: &[&[
        key("label", "text", Required, "The label, such as `operator:kiln`. `server:` is for the servers' own labels."),
        key(
            "attesters",
            "address",
            Optional,
            "Attesters of the group. They are followed although no key file has them.",
        )
        .list(),
        key("servers", "text", Optional, "Servers, as the key files name them, with all of their attesters.").list(),
    ]],
    sections: &[],
};

/// How much an endpoint is asked for.
const SIZES: &[Key] = &[
    key("max_concurrency", "integer", Default("16"), "Requests at the same time.").number("requests", 1, 1024),
    key(
        "max_response_bytes",
        "integer",
        Default("16777216"),
        "A longer answer is refused, counted when it is unpacked. More than the default counts as the default.",
    )
    .number("bytes", 1024, 1_073_741_824),
    key("max_batch", "integer", Default("100"), "Calls in one JSON-RPC batch; 1 turns batches off.")
        .number("calls", 1, 10_000),
];

static EXPORTER: Group = Group {
    doc: "The exporter of metrics.",
    keys: &[
        &[
        key("enabled", "boolean", Default("true"), "Whether the exporter may start."),
        key("listen", "socket address", Default("127.0.0.1:9464"), "Where metrics are served."),
        key(
            "scrape_interval",
            "duration",
            Default("60s"),
            "Time between two snapshots of the chain, and between two looks at the nodes.",
        )
        .seconds(1, 86_400),
        key(
            "sentinel_interval",
            "duration",
            Default("2m"),
            "Time between two questions to the nodes' sentinels and admin ports.",
        )
        .seconds(1, 86_400),
        key("hosts_interval", "duration", Default("5m"), "Time between two checks of the hosts.").seconds(1, 86_400),
        key(
            "staleness",
            "duration",
            Computed("three scrape intervals, at least 5m"),
            "How long a reading is served that no later scrape replaced, from the beginning of its own. At least `scrape_interval`.",
        )
        .seconds(1, 604_800),
        key(
            "state_directory",
            "path",
            Computed("`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/butler`, else `~/.local/state/butler`"),
            "The attesters' last states, what the key files said last and what each server did of its duties are kept here, so that a change during a restart is counted, a file that cannot be read then ends no alarm, and the page's strips go on.",
        ),
        key(
            "textfile",
            "path",
            Optional,
            "A file that ends in `.prom`, for node_exporter's textfile collector. Written after each scrape.",
        ),
        key("otlp_url", "url", Optional, "Where the figures are pushed by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/metrics`. Needs a program that was built with the feature `otlp`.").secret(),
        key("otlp_interval", "duration", Default("60s"), "Time between two pushes.").seconds(1, 86_400),
        key("watcher_url", "url", Optional, "Where browsers find the watcher's page; the exporter's page links to it. Everybody who may see that page sees it, so it holds no secret."),
        key("public_url", "url", Optional, "Where people reach the exporter: `butler-cli rules` puts it before the path of each runbook. Everybody who gets an alert sees it, so it holds no secret."),
        key("slashing_interval", "duration", Default("60s"), "Time between two looks at the slashing rounds.")
            .seconds(1, 86_400),
        key("governance_interval", "duration", Default("5m"), "Time between two looks at governance.")
            .seconds(1, 86_400),
        key(
            "rewards_interval",
            "duration",
            Default("60s"),
            "Time between two computations of the own share of rewards.",
        )
        .seconds(1, 86_400),
        key(
            "read_private_keystores",
            "boolean",
            Default("false"),
            "Whether the exporter, too, may derive addresses from private keys and mnemonics that `node_keystores` hold. `butler-cli` always does.",
        ),
        ],
        HTTP,
    ],
    sections: &[],
};

static WATCHER: Group = Group {
    doc: "The watcher of the chain's logs.",
    keys: &[
        &[
        key("enabled", "boolean", Default("true"), "Whether the watcher may start."),
        key("listen", "socket address", Default("127.0.0.1:9465"), "Where its metrics are served."),
        key(
            "state_directory",
            "path",
            Computed("`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/butler`, else `~/.local/state/butler`"),
            "The journal. Never delete it: it says what was done.",
        ),
        key(
            "runtime_directory",
            "path",
            Computed("`$RUNTIME_DIRECTORY`, else `$XDG_RUNTIME_DIR/butler`, else `~/.local/state/butler`"),
            "The folder of the socket through which `butler-cli` asks the watcher. Nobody but the watcher's user may enter it, unless `readers` or `approvers` name others.",
        ),
        key("poll_interval", "duration", Default("12s"), "Time between two looks at the chain's head.")
            .seconds(1, 3600),
        key("dry_run", "boolean", Default("false"), "Plan and show actions, never execute one."),
        key("readers", "user", Optional, "Users, by name or number, who may ask the watcher through its socket, beside its own user and root.").list(),
        key("approvers", "user", Optional, "Users, by name or number, who may approve, reject, retry and drop actions; they may ask as well. Nobody may who is not named, root neither.").list(),
        key("approvals_needed", "integer", Default("1"), "How many of them must approve an action, each once.").number("persons", 1, 5),
        key("approval_expiry", "duration", Default("7d"), "How long an action waits for an approval, and how long an approval counts. Then it is parked.").seconds(1, 31_536_000),
        key("maintenance_windows", "time window", Optional, "When nothing is done that changes something, though it is planned, told and approved: each day from and to a time (`22:00-06:00`), or once between two moments (`2027-01-31T22:00:00Z/2027-02-01T04:00:00Z`), both in UTC.").list(),
        key("proposal_distance", "integer", Default("2"), "A node is not told to reload its keystore so many slots before or after a proposal of its own, unless the coinbase would be late; 0 where that does not matter.").number("slots", 0, 16),
        key("heartbeat_url", "url", Optional, "Asked with GET every `heartbeat_interval` while every network is followed. What waits there tells you when it is not.").secret(),
        key("heartbeat_url_file", "path", Optional, "A file that holds that URL."),
        key("heartbeat_url_credential", "credential", Optional, "That URL as a systemd credential."),
        key("heartbeat_url_env", "variable", Optional, "The environment variable that holds that URL."),
        key("heartbeat_interval", "duration", Default("1m"), "Time between two of these requests.").seconds(1, 86_400),
        ],
        HTTP_TOO,
    ],
    sections: &[
        Subsection { name: "policies", shape: Shape::Single, group: &POLICIES },
        Subsection { name: "webhooks", shape: Shape::List, group: &channels::WEBHOOKS },
        Subsection { name: "discord", shape: Shape::List, group: &channels::DISCORD },
        Subsection { name: "slack", shape: Shape::List, group: &channels::SLACK },
        Subsection { name: "telegram", shape: Shape::List, group: &channels::TELEGRAM },
        Subsection { name: "email", shape: Shape::List, group: &channels::EMAIL },
    ],
};

static LOG: Group = Group {
    doc: "What the daemons log, on stderr.",
    keys: &[&[
        key("level", "log level", Default("info"), "`error`, `warn`, `info`, `debug` or `trace`."),
        key(
            "format",
            "log format",
            Default("auto"),
            "`text` for people, `json` for machines; `auto` is `text` on a terminal, else `json`.",
        ),
    ]],
    sections: &[],
};
