//! The keys of where the watcher tells people and programs.

use super::schema::Presence::{Computed, Default, Optional, Required};
use super::schema::{Group, Key, key};
use super::ways::{AUTHORITIES, HOOK, WAY};

pub(super) static WEBHOOKS: Group = Group {
    doc: "Where the watcher posts what it has to tell, as JSON. Exactly one of `url`, `url_file`, `url_credential` and `url_env` is required.",
    keys: &[
        WAY,
        AUTHORITIES,
        &[
            key(
                "secret_file",
                "path",
                Optional,
                "A file that holds a secret of at least 16 characters: with it every body is signed (`X-Butler-Signature`).",
            ),
            key("secret_credential", "credential", Optional, "That secret as a systemd credential."),
            key("secret_env", "variable", Optional, "The environment variable that holds that secret."),
        ],
    ],
    sections: &[],
};

pub(super) static DISCORD: Group = Group {
    doc: "A channel of Discord that the watcher tells, by its webhook URL. [notifications.md](notifications.md) says how people are told.",
    keys: &[HOOK, AUTHORITIES, MANNER],
    sections: &[],
};

pub(super) static SLACK: Group = Group {
    doc: "A channel of Slack that the watcher tells, by the URL of an incoming webhook.",
    keys: &[HOOK, AUTHORITIES, MANNER],
    sections: &[],
};

pub(super) static TELEGRAM: Group = Group {
    doc: "A chat of Telegram that the watcher tells by way of a bot. One of `token_file`, `token_credential` and `token_env` is required.",
    keys: &[
        &[
            key("name", "text", Required, "The name in logs and metrics."),
            key("token_file", "path", Optional, "A file that holds the bot's token."),
            key("token_credential", "credential", Optional, "That token as a systemd credential."),
            key("token_env", "variable", Optional, "The environment variable that holds that token."),
            key("chat_id", "text", Required, "The chat: a number, or `@name` of a public channel."),
            key(
                "api_url",
                "url",
                Default("https://api.telegram.org"),
                "Where the bot API is, for a server of one's own.",
            )
            .secret(),
            key("timeout", "duration", Default("20s"), "How long one request may take.").seconds(1, 600),
        ],
        AUTHORITIES,
        MANNER,
    ],
    sections: &[],
};

pub(super) static EMAIL: Group = Group {
    doc: "People to whom the watcher writes, by way of a mail server (SMTP).",
    keys: &[
        &[
            key("name", "text", Required, "The name in logs and metrics."),
            key("host", "text", Required, "The mail server."),
            key("port", "integer", Computed("465; 587 with `starttls`, 25 with `none`"), "Its port.")
                .number("", 1, 65_535),
            key(
                "tls",
                "mail encryption",
                Default("implicit"),
                "`implicit`: TLS from the first byte. `starttls`: TLS is asked for, and without it nothing is sent. `none`: only with a server that needs no password, or on this machine.",
            ),
            key("user", "text", Optional, "The user; needs one of the passwords below."),
            key("password_file", "path", Optional, "A file that holds the password."),
            key("password_credential", "credential", Optional, "The password as a systemd credential."),
            key("password_env", "variable", Optional, "The environment variable that holds the password."),
            key("from", "mail address", Required, "Whom letters come from."),
            key("to", "mail address", Optional, "Whom they go to; at least one.").list(),
            key("timeout", "duration", Default("20s"), "How long one letter may take.").seconds(1, 600),
        ],
        AUTHORITIES,
        MANNER,
    ],
    sections: &[],
};

/// How people want to be told.
const MANNER: &[Key] = &[
    key(
        "min_priority",
        "priority",
        Default("normal"),
        "What is less pressing is not told here: `urgent`, `high` or `normal`.",
    ),
    key(
        "messages_per_minute",
        "integer",
        Default("6"),
        "The most messages in a minute; what is more is told together.",
    )
    .number("", 1, 60),
    key(
        "quiet_hours",
        "hours",
        Optional,
        "A part of the day in UTC, such as `22:00-07:00`, in which only what is urgent is told. The rest is told together when it is over.",
    ),
    key(
        "template",
        "template",
        Optional,
        "How one thing is worded: text with `{priority}`, `{kind}`, `{why}`, `{until}`, `{chain}`, `{subject}`, `{key}` and `{seen}` in it.",
    ),
];
