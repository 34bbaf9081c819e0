//! The keys of pipelines and their jobs.

use super::schema::Presence::{Computed, Default, Optional, Required};
use super::schema::{Group, Key, Shape, Subsection, key};
use super::ways::{AUTHORITIES, WAY};

/// `[pipelines.NAME]`.
pub(super) static PIPELINES: Group = Group {
    doc: "Jobs that the watcher does once for each item that its trigger tells. [jobs.md](jobs.md) says how. A name has at most 32 lower-case letters, digits, `-` and `_`, and begins with a letter.",
    keys: &[&[
        key(
            "trigger",
            "trigger",
            Required,
            "What tells the items. `beacon_period`: periods of final epochs of the beacon chain. `l1_blocks`: final blocks of the network's chain. `l2_blocks`: blocks of Aztec. `cron`: a schedule. `after`: what another pipeline's job has done.",
        ),
        key("network", "name", Optional, "For `l1_blocks` and `l2_blocks`: the network, of which one is configured."),
        key(
            "tip",
            "tip",
            Default("finalized"),
            "For `l2_blocks`: up to which block there are items, `finalized` or `proven`.",
        ),
        key("step", "integer", Default("1"), "For blocks: how many are one item.").number("blocks", 1, 1_000_000),
        key(
            "from",
            "integer",
            Optional,
            "The first block or period. Required for `beacon_period`, `l1_blocks` and `l2_blocks`.",
        )
        .number("", 0, 1_000_000_000_000),
        key("epochs_per_period", "integer", Default("256"), "For `beacon_period`: epochs of a period.")
            .number("epochs", 1, 1_000_000),
        key("ahead", "integer", Default("1"), "For `beacon_period`: the item is so many periods after the final one.")
            .number("periods", 0, 1_000),
        key(
            "agreeing",
            "integer",
            Default("1"),
            "For `beacon_period`: an epoch is final when so many `beacons` say so.",
        )
        .number("", 1, 16),
        key(
            "schedule",
            "schedule",
            Optional,
            "For `cron`: minute, hour, day, month and weekday, such as `0 3 * * *`. A run that was missed is made up for once.",
        ),
        key("zone", "time zone", Default("UTC"), "For `cron`: the time zone of the schedule, such as `Europe/Berlin`."),
        key("pipeline", "pipeline", Optional, "For `after`: the other pipeline, which follows blocks or periods."),
        key("job", "job", Optional, "For `after`: its job. Items come in order, each when it is done there."),
        key("backlog", "integer", Default("100"), "So many items may be unfinished; then no new one is begun.")
            .number("items", 1, 10_000),
        key("poll_interval", "duration", Default("12s"), "Time between two questions to the trigger.")
            .seconds(1, 86_400),
        key(
            "folder",
            "path",
            Optional,
            "The folder of the artifacts, an absolute path. Required where a job has an `artifact`.",
        ),
    ]],
    sections: &[
        Subsection { name: "beacons", shape: Shape::List, group: &BEACONS },
        Subsection { name: "jobs", shape: Shape::Named, group: &JOBS },
    ],
};

static BEACONS: Group = Group {
    doc: "A beacon node's API. Exactly one of `url`, `url_file`, `url_credential` and `url_env` is required.",
    keys: &[WAY, AUTHORITIES],
    sections: &[],
};

static JOBS: Group = Group {
    doc: "A job of the pipeline: a `command` of this machine, or the work of a service at a `url`. An argument is text, or one value as a whole: `{item}`, `{first}`, `{last}`, `{previous}`, `{key}`, `{try}`, `{artifact}`, `{input.JOB}`, `{digest.JOB}`. No shell is between.",
    keys: &[ORDER, COMMAND, SERVICE, AUTHORITIES, RESULT],
    sections: &[],
};

const ORDER: &[Key] = &[
    key("after", "job", Optional, "Jobs of the same item that must be done before.").list(),
    key("ordered", "boolean", Default("false"), "Whether this job of the item before must be done before, too."),
    key("concurrency", "integer", Default("1"), "How many items are worked on at the same time.").number("", 1, 256),
    key(
        "priority",
        "priority",
        Default("normal"),
        "Which of what is due is taken first: `urgent`, `high` or `normal`.",
    ),
    key(
        "policy",
        "policy",
        Computed("`run_job` of `[watcher.policies]`"),
        "`auto`: it is done. `approve`: when a person approved it. `notify`: it is only told, and somebody else does it. `off`: not at all.",
    ),
    key("tries", "integer", Default("3"), "Tries before it is parked.").number("", 1, 1_000),
    key("retry_interval", "duration", Default("1m"), "Time between two tries.").seconds(1, 604_800),
    key("looks", "integer", Default("300"), "Looks after a try before it is parked.").number("", 1, 100_000),
    key("look_interval", "duration", Default("30s"), "Time between two looks.").seconds(1, 604_800),
    key(
        "deadline",
        "duration",
        Default("24h"),
        "How long after it was created a job may still be begun. Then it is parked.",
    )
    .seconds(1, 31_536_000),
];

const COMMAND: &[Key] = &[
    key(
        "command",
        "argument",
        Optional,
        "A program and its arguments. The program is an absolute path; it and its folders belong to root or the watcher's user, and nobody else may write there.",
    )
    .list(),
    key("environment", "text", Optional, "The variables that its programs get, and no others.").table(),
    key(
        "environment_files",
        "path",
        Optional,
        "Variables whose values are secrets, each in a file that only root and the watcher's user can read.",
    )
    .table(),
    key("timeout", "duration", Default("1h"), "How long a program may take.").seconds(1, 2_592_000),
    key("kill_grace", "duration", Default("30s"), "How long a program may take to end when it is told to.").seconds(0, 3_600),
    key("output_limit", "integer", Default("67108864"), "The most that a program may write to its output and errors.")
        .number("bytes", 1_024, 1_099_511_627_776),
];

const SERVICE: &[Key] = &[
    key("url", "url", Optional, "A service that does the job. Shown as scheme and host only.").secret(),
    key("url_file", "path", Optional, "A file that holds the URL, in which a user and a password are allowed."),
    key("url_credential", "credential", Optional, "The URL as a systemd credential."),
    key("url_env", "variable", Optional, "The environment variable that holds the URL."),
    key("bearer_token_file", "path", Optional, "A file that holds a bearer token."),
    key("bearer_token_credential", "credential", Optional, "The bearer token as a systemd credential."),
    key("bearer_token_env", "variable", Optional, "The environment variable that holds the bearer token."),
    key("basic_user", "text", Optional, "The user of basic authentication; needs one of the passwords below."),
    key("basic_password_file", "path", Optional, "A file that holds the password."),
    key("basic_password_credential", "credential", Optional, "The password as a systemd credential."),
    key("basic_password_env", "variable", Optional, "The environment variable that holds the password."),
    key("request_timeout", "duration", Default("20s"), "How long one request may take.").seconds(1, 3_600),
    key("submit", "service path", Optional, "Where work is posted to. Required with `url`."),
    key("body", "argument", Optional, "What is posted, as JSON.").table(),
    key("upload", "input", Optional, "The artifact that is posted instead of JSON, such as `input.JOB`."),
    key("id", "json pointer", Default("/id"), "Where the answer says what the service calls the work."),
    key(
        "status",
        "service path",
        Optional,
        "Where it is asked how the work stands, with `{id}` in it. Required with `url`.",
    ),
    key("state", "json pointer", Default("/status"), "Where that answer says it."),
    key("done", "text", Optional, "What it says when the work is done. Required with `url`.").list(),
    key("failed", "text", Optional, "What it says when the work failed.").list(),
    key("fetch", "service path", Optional, "Where the artifact is fetched from."),
];

const RESULT: &[Key] = &[
    key("artifact", "artifact path", Optional, "Where the artifact is, below `folder`: `{item}`, `{first}` or `{last}` stand in it."),
    key("artifact_limit", "integer", Default("1073741824"), "The most that an artifact, or an answer, may have.")
        .number("bytes", 1_024, 1_099_511_627_776),
    key(
        "verify",
        "argument",
        Optional,
        "A program that looks whether it is done, with its arguments: it ends with 0 where it is, with 1 where it is not, else nothing is known.",
    )
    .list(),
    key("textfile", "path", Optional, "A file of metrics of this job, for a node exporter."),
];
