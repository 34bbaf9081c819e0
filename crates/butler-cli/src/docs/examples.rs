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
    (
        "provider",
        &[
            ("Record, queue and delegations", "provider show"),
            ("Whose admin it is", "provider find 0x35b22e09Ee0390539439E24f06Da43D83f90e298"),
            ("What is wrong with keys", "provider add-keys key1_staker_output.json --dry-run"),
        ],
    ),
    ("provider show", &[("Record, queue and delegations", "provider show")]),
    ("provider find", &[("Whose admin it is", "provider find 0x35b22e09Ee0390539439E24f06Da43D83f90e298")]),
    (
        "provider create",
        &[(
            "Would it be taken, with a share of 5 %?",
            "provider create --admin 0x35b22e09Ee0390539439E24f06Da43D83f90e298 --take-rate 500 --rewards-recipient 0x35b22e09Ee0390539439E24f06Da43D83f90e298 --dry-run",
        )],
    ),
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
    ("transactions replace", &[("Offer more for what waits with nonce 7", "transactions replace 7 --max-fee 60")]),
    (
        "transactions sign",
        &[(
            "On a machine without network",
            "transactions sign plan.json --out signed.json --network mainnet --keystore key.json --password-file password",
        )],
    ),
    ("transactions broadcast", &[("Send it where there is one", "transactions broadcast signed.json")]),
    (
        "provider drip",
        &[(
            "Calldata that takes out all keys up to this one",
            "provider drip 0x35b22e09Ee0390539439E24f06Da43D83f90e298",
        )],
    ),
    (
        "provider set-take-rate",
        &[
            ("Calldata for a share of 5 %", "provider set-take-rate 500"),
            ("Proposed to the owners of the Safe that is the admin", "provider set-take-rate 500 --form safe_proposal"),
            ("Signed with the configured key and sent, once it was shown", "provider set-take-rate 500 --form signed"),
        ],
    ),
    (
        "provider set-recipient",
        &[(
            "A file for the Safe that is the admin",
            "provider set-recipient 0x35b22e09Ee0390539439E24f06Da43D83f90e298 --form safe_builder --out recipient.json",
        )],
    ),
    (
        "provider set-admin",
        &[("Calldata that names who may accept", "provider set-admin 0x35b22e09Ee0390539439E24f06Da43D83f90e298")],
    ),
    (
        "provider accept-admin",
        &[("As the one who was named", "provider accept-admin --from 0x35b22e09Ee0390539439E24f06Da43D83f90e298")],
    ),
    ("safe", &[("What waits for the owners of the admin", "safe proposals")]),
    (
        "safe proposals",
        &[
            ("What waits for the owners of the admin", "safe proposals"),
            ("The same of another Safe", "safe proposals --safe 0x35b22e09Ee0390539439E24f06Da43D83f90e298"),
        ],
    ),
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
    (
        "attester",
        &[(
            "Would these deposits be taken?",
            "attester deposit key1_staker_output.json --from 0x35b22e09Ee0390539439E24f06Da43D83f90e298 --dry-run",
        )],
    ),
    (
        "attester deposit",
        &[
            (
                "Would they be taken?",
                "attester deposit key1_staker_output.json --from 0x35b22e09Ee0390539439E24f06Da43D83f90e298 --dry-run",
            ),
            (
                "Calldata in a file",
                "attester deposit key1_staker_output.json --from 0x35b22e09Ee0390539439E24f06Da43D83f90e298 --out deposit.json",
            ),
        ],
    ),
    (
        "chain",
        &[("The rollup's figures now", "chain"), ("As they were at a block, as JSON", "chain --at 24300000 --json")],
    ),
    ("slashing", &[("Votes, offences and vetoes", "slashing"), ("As they stood at a block", "slashing --at 24300000")]),
    ("upgrade", &[("What a change of rollup asks for", "upgrade"), ("As it was at a block", "upgrade --at 24300000")]),
    (
        "doctor",
        &[
            ("Endpoints, nodes, hosts, files and contracts", "doctor"),
            ("Of one network, for a script", "doctor --network mainnet --json --quiet"),
        ],
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
    ("watcher", &[("How far it is", "watcher status")]),
    ("watcher status", &[("How far it is", "watcher status"), ("For a script", "watcher status --json --quiet")]),
    (
        "actions",
        &[
            ("What waits for an approval", "actions list --phase awaiting_approval"),
            ("One of them, by its key as it is listed", "actions show 3f9a12cd"),
            ("It is shown once more, and approved", "actions approve 3f9a12cd"),
        ],
    ),
    (
        "actions list",
        &[
            ("What waits for an approval", "actions list --phase awaiting_approval"),
            ("What is parked", "actions list --phase parked"),
        ],
    ),
    (
        "actions show",
        &[
            ("By its key as it is listed", "actions show 3f9a12cd"),
            ("With its whole key, and the hash that a decision names", "actions show 3f9a12cd --json"),
        ],
    ),
    (
        "actions approve",
        &[
            ("One, after it was shown and asked for", "actions approve 3f9a12cd"),
            (
                "Without a terminal: what `actions show --json` gave as `shown`",
                "actions approve 3f9a12cd --shown 9b1f2f5d6f6b5a0c6b1c1a57cbb3a3b6c8d2a2f2b0f6a2a9a3e4d5c6b7a8f901",
            ),
            ("All that wait of one kind", "actions approve --kind configure_coinbase"),
        ],
    ),
    ("actions reject", &[("One, with the reason for the history", "actions reject 3f9a12cd --reason ours-no-more")]),
    (
        "actions retry",
        &[
            ("One that is parked", "actions retry 3f9a12cd"),
            ("All that were parked for one reason", "actions retry --because 404"),
        ],
    ),
    (
        "actions drop",
        &[
            ("One that nobody wants any more", "actions drop 3f9a12cd"),
            ("Jobs that are parked for a week", "actions drop --pipeline blocks --older-than 7d"),
        ],
    ),
    ("actions history", &[("The first thousand lines", "actions history --limit 1000")]),
    ("actions export", &[("For whoever verifies it", "actions export --json")]),
    (
        "jobs",
        &[
            ("Every pipeline, with its queues", "jobs show"),
            ("No work of a job until it is resumed", "jobs pause blocks/prove"),
        ],
    ),
    (
        "jobs show",
        &[("One pipeline, with its queues", "jobs show --pipeline blocks"), ("A chart of each", "jobs show --mermaid")],
    ),
    ("jobs pause", &[("With the reason for the history", "jobs pause blocks/prove --reason maintenance")]),
    ("jobs resume", &[("Have it go on", "jobs resume blocks/prove")]),
    (
        "keystore",
        &[(
            "What ssh runs for the watcher's key",
            "keystore agent --folder /var/lib/aztec/keys --state /var/lib/butler-keystore",
        )],
    ),
    (
        "keystore agent",
        &[(
            "What ssh runs for the watcher's key",
            "keystore agent --folder /var/lib/aztec/keys --state /var/lib/butler-keystore",
        )],
    ),
    (
        "config",
        &[
            ("A commented file to begin with", "config init butler.toml"),
            ("What is wrong with it and with the key files", "config check"),
        ],
    ),
    ("config init", &[("Into the usual place", "config init butler.toml")]),
    ("config check", &[("Another file", "config check --config other.toml")]),
    ("config show", &[("Every value, and where it comes from", "config show"), ("As JSON", "config show --json")]),
    ("completions", &[("For bash", "completions bash")]),
    ("man", &[("All pages", "man --folder man1")]),
];
