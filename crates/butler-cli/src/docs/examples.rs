//! What to type: the examples of `--help` and of the manual pages. A test parses each of them.

/// The program.
pub(super) const NAME: &str = "butler-cli";

/// An example: what it is for, and the arguments.
pub(super) type Example = (&'static str, &'static str);

/// The examples of a command, which is named without the program.
pub(super) fn of(command: &str) -> &'static [Example] {
    EXAMPLES.iter().find(|(name, _)| *name == command).map(|(_, examples)| *examples).unwrap_or_default()
}

/// Every command that has examples.
pub(super) const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            ("Where every attester stands", "status"),
            (
                "Look at mainnet without a configuration",
                "--network mainnet --provider-id 4 --l1-url https://l1.example status",
            ),
            ("What is wrong, for a script", "audit --json --quiet"),
            ("Everything that can be checked from here", "doctor"),
        ],
    ),
    ("rules", &[("The alert rules, with links to their runbooks", "rules --runbook-base https://butler.example:9464")]),
    (
        "status",
        &[
            ("Attesters that need a coinbase", "status --state COINBASE_NEEDED"),
            ("One attester, by the first digits of its address", "status --attester 0x7d19"),
            ("What is wrong at one server", "status --server server-1 --attention"),
            ("As it was at a block", "status --at 24300000"),
        ],
    ),
    (
        "audit",
        &[("Fail on warnings, too", "audit --strict"), ("Without proposals and duties", "audit --duties-span 0s")],
    ),
    ("queue", &[("When the attesters that wait will be active", "queue")]),
    ("provider show", &[("Record, queue and delegations", "provider show")]),
    ("provider find", &[("Whose admin it is", "provider find 0x35b22e09Ee0390539439E24f06Da43D83f90e298")]),
    (
        "provider add-keys",
        &[
            ("What is wrong with keys, before anything is made", "provider add-keys key1_staker_output.json --dry-run"),
            (
                "A file for the Safe that is the admin",
                "provider add-keys key1_staker_output.json --form safe_builder --out add-keys.json",
            ),
        ],
    ),
    (
        "provider set-take-rate",
        &[
            ("Calldata for a share of 5 %", "provider set-take-rate 500"),
            ("Proposed to the owners of the Safe that is the admin", "provider set-take-rate 500 --form safe_proposal"),
        ],
    ),
    ("safe proposals", &[("What waits for the owners of the admin", "safe proposals")]),
    (
        "safe delete",
        &[("Take a proposal back", "safe delete 0x8f3c1a6e9d24b7705c1e5a0d6b38e4f2917c0ad45be86f13d2a97b60c4e5813f")],
    ),
    ("publishers", &[("What each publisher lacks, as JSON", "publishers --json")]),
    (
        "publishers fund",
        &[(
            "One batch, of at most half an ether",
            "publishers fund --from 0x35b22e09Ee0390539439E24f06Da43D83f90e298 --cap 0.5",
        )],
    ),
    ("events", &[("The delegations since a block", "events --name StakedWithProvider --from-block 24000000")]),
    (
        "proposals",
        &[
            ("The last day", "proposals"),
            ("Those that paid another coinbase, since November", "proposals --astray --from 2026-11-01T00:00:00Z"),
        ],
    ),
    ("duties", &[("One epoch", "duties --epoch 1234"), ("One group of attesters", "duties --label operator:kiln")]),
    (
        "backtest",
        &[(
            "What would have been said of two months",
            "backtest --from 2026-09-01T00:00:00Z --to 2026-11-01T00:00:00Z",
        )],
    ),
    (
        "actions list",
        &[
            ("What waits for an approval", "actions list --phase awaiting_approval"),
            ("What is parked", "actions list --phase parked"),
        ],
    ),
    ("actions approve", &[("All that wait of one kind", "actions approve --kind configure_coinbase")]),
    ("actions history", &[("The first thousand lines", "actions history --limit 1000")]),
    ("jobs show", &[("A chart of each pipeline", "jobs show --mermaid")]),
    ("config init", &[("Into the usual place", "config init butler.toml")]),
    ("config check", &[("Another file", "config check --config other.toml")]),
    ("completions", &[("For bash", "completions bash")]),
    ("man", &[("All pages", "man --folder man1")]),
];
