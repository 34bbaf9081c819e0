//! Every kind of fault, with the whole message that a person reads.

use butler_core::config::{Config, ConfigFile, Override, Sources};
use butler_core::store::file::save_atomic;

use crate::config_case::*;

#[test]
fn wrong_types_are_not_converted() {
    insta::assert_snapshot!(refused_keys(&[
        "chain_id = 3.9",
        "chain_id = \"3\"",
        "chain_id = true",
        "chain_id = -1",
        "chain_id = 0",
        "chain_id = 99999999999999999999",
        "chain_id = 1979-05-27",
        "chain_id = [1]",
        "chain_id = { x = 1 }",
        "replicated_keys = 1",
        "replicated_keys = \"true\"",
        "coinbase_critical = 24",
        "coinbase_critical = \"24\"",
        "coinbase_critical = \"1 fortnight\"",
        "coinbase_critical = \"1ns\"",
        "minimum_ether_per_attester = 0.1",
        "minimum_ether_per_attester = \"-1\"",
        "minimum_ether_per_attester = \"0.1234567890123456789\"",
        "provider_ids = 4",
        "provider_ids = \"4\"",
        "provider_ids = [0]",
        "provider_ids = [4, \"5\"]",
        "provider_ids = [4, 4]",
        "log_range_blocks = 0",
        "preset = \"mainet\"",
        "preset = \"sepolia\"",
    ]), @r#"
    chain_id = 3.9
        butler.toml:2: networks.mainnet.chain_id: expected an integer of at least 0, found a number with a decimal point
    chain_id = "3"
        butler.toml:2: networks.mainnet.chain_id: expected an integer of at least 0, found text (hint: remove the quotes)
    chain_id = true
        butler.toml:2: networks.mainnet.chain_id: expected an integer of at least 0, found a boolean
    chain_id = -1
        butler.toml:2: networks.mainnet.chain_id: expected an integer of at least 0
    chain_id = 0
        butler.toml:2: networks.mainnet.chain_id: expected at least 1
    chain_id = 99999999999999999999
        butler.toml:2: networks.mainnet.chain_id: not an integer of at most 63 bits
    chain_id = 1979-05-27
        butler.toml:2: networks.mainnet.chain_id: no key holds a date (hint: write text in quotes)
    chain_id = [1]
        butler.toml:2: networks.mainnet.chain_id: expected an integer of at least 0, found a list
    chain_id = { x = 1 }
        butler.toml:2: networks.mainnet.chain_id: expected an integer of at least 0, found a section
    replicated_keys = 1
        butler.toml:2: networks.mainnet.replicated_keys: expected true or false, found an integer
    replicated_keys = "true"
        butler.toml:2: networks.mainnet.replicated_keys: expected true or false, found text (hint: remove the quotes)
    coinbase_critical = 24
        butler.toml:2: networks.mainnet.coinbase_critical: expected a duration such as "90s", "12h" or "1h 30m", found an integer (hint: put it in quotes)
    coinbase_critical = "24"
        butler.toml:2: networks.mainnet.coinbase_critical: expected a duration such as "90s", "12h" or "1h 30m" (hint: add the unit)
    coinbase_critical = "1 fortnight"
        butler.toml:2: networks.mainnet.coinbase_critical: expected a duration such as "90s", "12h" or "1h 30m"
    coinbase_critical = "1ns"
        butler.toml:2: networks.mainnet.coinbase_critical: expected a duration such as "90s", "12h" or "1h 30m"
    minimum_ether_per_attester = 0.1
        butler.toml:2: networks.mainnet.minimum_ether_per_attester: expected an amount of ether as decimal text such as "0.1", at most 18 decimals, found a number with a decimal point (hint: put it in quotes)
    minimum_ether_per_attester = "-1"
        butler.toml:2: networks.mainnet.minimum_ether_per_attester: expected an amount of ether as decimal text such as "0.1", at most 18 decimals
    minimum_ether_per_attester = "0.1234567890123456789"
        butler.toml:2: networks.mainnet.minimum_ether_per_attester: expected an amount of ether as decimal text such as "0.1", at most 18 decimals
    provider_ids = 4
        butler.toml:2: networks.mainnet.provider_ids: expected a list, found an integer (hint: write [ … ])
    provider_ids = "4"
        butler.toml:2: networks.mainnet.provider_ids: expected a list, found text (hint: write [ … ])
    provider_ids = [0]
        butler.toml:2: networks.mainnet.provider_ids[0]: expected a provider id, an integer of at least 1
    provider_ids = [4, "5"]
        butler.toml:2: networks.mainnet.provider_ids[1]: expected a provider id, an integer of at least 1, found text (hint: remove the quotes)
    provider_ids = [4, 4]
        butler.toml:2: networks.mainnet.provider_ids: 4 occurs twice
    log_range_blocks = 0
        butler.toml:2: networks.mainnet.log_range_blocks: expected 1 to 10000000 blocks
    preset = "mainet"
        butler.toml:2: networks.mainnet.preset: there is no such preset (hint: did you mean `mainnet`?)
    preset = "sepolia"
        butler.toml:2: networks.mainnet.preset: there is no such preset (hint: known: mainnet, testnet)
    "#);
}

#[test]
fn addresses_are_verified() {
    insta::assert_snapshot!(refused_keys(&[
        "staking_registry = \"0x042dF8f42790d6943F41C25C2132400fd727f45\"",
        "staking_registry = \"0x042DF8f42790d6943F41C25C2132400fd727f452\"",
        "staking_registry = \"0x0000000000000000000000000000000000000000\"",
        "staking_registry = 0x042d",
        "extra_attesters = [\"0xe6fe1c71a70faea4c4bdf41a00221faea55315ffbfaecb8e6ab50deec8efd8a1\"]",
    ]), @r#"
    staking_registry = "0x042dF8f42790d6943F41C25C2132400fd727f45"
        butler.toml:2: networks.mainnet.staking_registry: expected an address of 0x and 40 hex digits
    staking_registry = "0x042DF8f42790d6943F41C25C2132400fd727f452"
        butler.toml:2: networks.mainnet.staking_registry: the address has a wrong checksum, so at least one digit or letter case is wrong (hint: copy the address again from its source)
    staking_registry = "0x0000000000000000000000000000000000000000"
        butler.toml:2: networks.mainnet.staking_registry: the zero address is not allowed here (hint: remove the key if there is none)
    staking_registry = 0x042d
        butler.toml:2: networks.mainnet.staking_registry: expected an address of 0x and 40 hex digits, found an integer (hint: put it in quotes)
    extra_attesters = ["0xe6fe1c71a70faea4c4bdf41a00221faea55315ffbfaecb8e6ab50deec8efd8a1"]
        butler.toml:2: networks.mainnet.extra_attesters[0]: expected an address of 0x and 40 hex digits, found 32 bytes, the length of a private key (hint: if it is a private key, take it out of here and replace it)
    "#);
}

#[test]
fn paths_and_patterns_are_taken_literally() {
    insta::assert_snapshot!(refused_keys(&[
        "key_files = [\"~/keys/*.json\"]",
        "key_files = [\"$HOME/keys/*.json\"]",
        "key_files = [\"keys/[.json\"]",
        "key_files = [\"\"]",
        "key_files = \"keys/*.json\"",
        "publisher_files = [\"a\\u0000b\"]",
    ]), @r#"
    key_files = ["~/keys/*.json"]
        butler.toml:2: networks.mainnet.key_files[0]: `~` is not expanded here (hint: write the whole path)
    key_files = ["$HOME/keys/*.json"]
        butler.toml:2: networks.mainnet.key_files[0]: variables are not expanded here (hint: write the whole path)
    key_files = ["keys/[.json"]
        butler.toml:2: networks.mainnet.key_files[0]: the pattern is wrong at character 6: invalid range pattern
    key_files = [""]
        butler.toml:2: networks.mainnet.key_files[0]: expected a path or pattern
    key_files = "keys/*.json"
        butler.toml:2: networks.mainnet.key_files: expected a list, found text (hint: write [ … ])
    publisher_files = ["a\u0000b"]
        butler.toml:2: networks.mainnet.publisher_files[0]: expected a path
    "#);
}

#[test]
fn unknown_keys_are_named_with_what_was_meant() {
    let toml = "defaut_network = \"mainnet\"\nverbose = true\n[network.mainnet]\n[networks.mainnet]\nchainid = 1\n\
                \"a\\nb\" = 1\n[[networks.mainnet.l1]]\nurl = \"http://a\"\nbearer_token = \"hunter2\"\n\
                [exporter]\nlisten_address = \"x\"\n";
    insta::assert_snapshot!(refused(toml, &[]), @r#"
    the configuration has 7 faults:
    butler.toml:1: defaut_network: unknown key (hint: did you mean `default_network`?)
    butler.toml:2: verbose: unknown key
    butler.toml:3: network: unknown key (hint: did you mean `networks`?)
    butler.toml:5: networks.mainnet.chainid: unknown key (hint: did you mean `chain_id`?)
    butler.toml:6: networks.mainnet.a\u{a}b: unknown key
    butler.toml:9: networks.mainnet.l1[0].bearer_token: unknown key (hint: did you mean `bearer_token_file`?)
    butler.toml:11: exporter.listen_address: unknown key (hint: did you mean `listen`?)
    "#);
}

#[test]
fn all_faults_of_all_sources_are_reported_at_once() {
    let toml = "[networks.mainnet]\nchain_id = \"1\"\n[exporter]\nlisten = \"localhost\"\n[log]\nlevel = \"INFO\"\n";
    let variables = [("BUTLER__WATCHER__DRY_RUN", "yes"), ("BUTLER__NOPE", "1"), ("BUTLER_LOG_LEVEL", "debug")];
    insta::assert_snapshot!(refused(toml, &variables), @r#"
    the configuration has 6 faults:
    butler.toml:2: networks.mainnet.chain_id: expected an integer of at least 0, found text (hint: remove the quotes)
    butler.toml:4: exporter.listen: expected an IP address and a port such as "127.0.0.1:9464"
    butler.toml:6: log.level: expected error, warn, info, debug or trace
    variable BUTLER_LOG_LEVEL: this variable is not read (hint: separate by two underscores: BUTLER__LOG__LEVEL)
    variable BUTLER__NOPE: nope: unknown key
    variable BUTLER__WATCHER__DRY_RUN: watcher.dry_run: expected true or false
    "#);
}

#[test]
fn text_of_the_environment_is_read_strictly() {
    let variables = [
        ("BUTLER__NETWORKS__MAINNET__CHAIN_ID", "3.9"),
        ("BUTLER__NETWORKS__MAINNET__STAKING_REGISTRY_FROM_BLOCK", "00123"),
        ("BUTLER__NETWORKS__MAINNET__REPLICATED_KEYS", "True"),
        ("BUTLER__NETWORKS__MAINNET__PROVIDER_IDS", "4,,x"),
        ("BUTLER__NETWORKS__MAINNET__L1__0__MAX_BATCH", "+3"),
        ("BUTLER__NETWORKS__MAINNET__L1__2__URL", "http://b"),
        ("BUTLER__NETWORKS__MAINNET__AZTEC_NODES", "http://b"),
        ("BUTLER__NETWORKS__MAINNET__COINBASE_CRITICAL__X", "1h"),
        ("BUTLER__EXPORTER", "on"),
    ];
    insta::assert_snapshot!(refused(BASE, &variables), @r#"
    the configuration has 10 faults:
    variable BUTLER__NETWORKS__MAINNET__CHAIN_ID: networks.mainnet.chain_id: expected an integer of at least 0
    variable BUTLER__NETWORKS__MAINNET__STAKING_REGISTRY_FROM_BLOCK: networks.mainnet.staking_registry_from_block: expected an integer of at least 0
    variable BUTLER__NETWORKS__MAINNET__PROVIDER_IDS: networks.mainnet.provider_ids[1]: expected a provider id, an integer of at least 1
    variable BUTLER__NETWORKS__MAINNET__PROVIDER_IDS: networks.mainnet.provider_ids[2]: expected a provider id, an integer of at least 1
    variable BUTLER__NETWORKS__MAINNET__L1__2__URL: networks.mainnet.l1[1]: this entry is missing (hint: number the entries from 0 without gaps)
    variable BUTLER__NETWORKS__MAINNET__L1__0__MAX_BATCH: networks.mainnet.l1[0].max_batch: expected an integer of at least 0
    variable BUTLER__NETWORKS__MAINNET__AZTEC_NODES: networks.mainnet.aztec_nodes: expected a list of sections, found text (hint: number them, as in BUTLER__NETWORKS__MAINNET__AZTEC_NODES__0__URL)
    variable BUTLER__NETWORKS__MAINNET__REPLICATED_KEYS: networks.mainnet.replicated_keys: expected true or false
    variable BUTLER__NETWORKS__MAINNET__COINBASE_CRITICAL__X: networks.mainnet.coinbase_critical: expected a duration such as "90s", "12h" or "1h 30m", found a section
    variable BUTLER__EXPORTER: exporter: expected a section, found text
    "#);
}

#[test]
fn variables_that_match_nothing_are_faults() {
    let variables = [
        ("BUTLER__", "1"),
        ("BUTLER__LOG__", "1"),
        ("BUTLER__LOG__LEVELS", "info"),
        ("BUTLER__NETWORKS__MAINNET__L1__99999999999__URL", "http://b"),
        ("BUTLER__NETWORKS__MAINNET__L1__0__URL[4294967296]", "http://b"),
        ("BUTLER__LOG__LEVEL", "info"),
        ("BUTLER__LOG__level", "debug"),
        ("butler__log__format", "json"),
        ("BUTLER_NETWORKS__MAINNET__CHAIN_ID", "1"),
        ("BUTLER_AGENT_HOST", "not ours"),
        ("BUTLER_CONFIG", "/etc/butler.toml"),
        ("BUTLER__EXPORTER__LISTEN", ""),
    ];
    insta::assert_snapshot!(refused(BASE, &variables), @"
    the configuration has 8 faults:
    variable BUTLER_NETWORKS__MAINNET__CHAIN_ID: this variable is not read (hint: separate by two underscores: BUTLER__NETWORKS__MAINNET__CHAIN_ID)
    variable BUTLER__: this variable names no key (hint: BUTLER__ and the key's parts, joined by two underscores, such as BUTLER__LOG__LEVEL)
    variable BUTLER__LOG__: this variable names no key (hint: BUTLER__ and the key's parts, joined by two underscores, such as BUTLER__LOG__LEVEL)
    variable BUTLER__LOG__level: contradicts variable BUTLER__LOG__LEVEL (hint: keep one of them)
    variable BUTLER__NETWORKS__MAINNET__L1__0__URL[4294967296]: this variable names no key (hint: BUTLER__ and the key's parts, joined by two underscores, such as BUTLER__LOG__LEVEL)
    variable BUTLER__NETWORKS__MAINNET__L1__99999999999__URL: this variable names no key (hint: BUTLER__ and the key's parts, joined by two underscores, such as BUTLER__LOG__LEVEL)
    variable butler__log__format: this variable is not read (hint: write BUTLER in capital letters)
    variable BUTLER__LOG__LEVELS: log.levels: unknown key (hint: did you mean `level`?)
    ");
}

#[test]
fn a_syntax_error_has_file_line_and_column() {
    let cases = [
        "[networks.mainnet]\nprovider_ids = [4\n",
        "a = \"hunter2\n",
        "[log]\nlevel = \"info\"\nlevel = \"hunter2\"\n",
        "[log]\nlevel = hunter2\n",
        "[log]\nlevel = \"\\q hunter2\"\n",
        "[log]\n[log]\n",
        "x = 0x\n",
        "\0",
    ];
    let messages: Vec<_> = cases.iter().map(|toml| refused(toml, &[])).collect();
    assert!(!messages.join("\n").contains("hunter2"));
    insta::assert_snapshot!(messages.join("\n"), @r#"
    the configuration has 1 fault:
    butler.toml:2:18: this is not TOML: unclosed array, expected `]`
    the configuration has 1 fault:
    butler.toml:1:13: this is not TOML: invalid basic string, expected `"`
    the configuration has 1 fault:
    butler.toml:3:1: this is not TOML: duplicate key
    the configuration has 1 fault:
    butler.toml:2:9: this is not TOML: string values must be quoted, expected literal string
    the configuration has 1 fault:
    butler.toml:2:11: this is not TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
    the configuration has 1 fault:
    butler.toml:2:2: this is not TOML: duplicate key
    the configuration has 1 fault:
    butler.toml:1: x: unknown key
    the configuration has 1 fault:
    butler.toml:1:2: this is not TOML: key with no value, expected `=`
    "#);
    insta::assert_snapshot!(refused(b"[log]\nlevel = \"\xff\"\n", &[]), @"
    the configuration has 1 fault:
    butler.toml:2: the file is not UTF-8 (hint: save it as UTF-8 without other encodings)
    ");
}

#[test]
fn files_that_can_not_be_a_configuration_are_refused() {
    let case = case(b"", &[]);
    let load = |file| told(&Config::load(&Sources { file, ..case.sources.clone() }).unwrap_err(), case.folder.path());
    let chain = |file| {
        let error = Config::load(&Sources { file, ..case.sources.clone() }).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        cause.replace(&case.folder.path().display().to_string(), "DIR")
    };
    let missing = case.folder.path().join("none.toml");
    insta::assert_snapshot!(load(ConfigFile::Required(missing.clone())), @"there is no configuration file `none.toml` (hint: write one with `butler-cli config init`)");
    assert!(Config::load(&Sources { file: ConfigFile::IfPresent(missing), ..case.sources.clone() }).is_ok());
    insta::assert_snapshot!(chain(ConfigFile::Required(case.folder.path().to_path_buf())), @"`DIR` is not a regular file");
    let big = case.folder.path().join("big.toml");
    save_atomic(&big, &vec![b'#'; (1 << 20) + 1], 0o600).unwrap();
    insta::assert_snapshot!(chain(ConfigFile::IfPresent(big)), @"`DIR/big.toml` is 1048577 bytes long, more than the limit of 1048576");
}

#[test]
fn every_file_that_the_configuration_depends_on_is_named_good_or_bad() {
    let toml = "[networks.mainnet]\nkey_files = [\"keys/*.json\"]\n\
                [[networks.mainnet.l1]]\nurl_file = \"url\"\nbearer_token_credential = \"token\"\nca_file = \"ca.pem\"\n";
    let case = case(toml.as_bytes(), &[("CREDENTIALS_DIRECTORY", "/run/credentials/x")]);
    let mut files = std::collections::BTreeSet::new();
    assert!(Config::load_noting(&case.sources, &mut files).is_err());
    let path = |name: &str| case.folder.path().join(name);
    let expected = [path("butler.toml"), path("ca.pem"), path("url"), "/run/credentials/x/token".into()];
    assert_eq!(files, expected.into());
}

#[test]
fn networks_need_names_and_contracts() {
    let toml = "default_network = \"devnet\"\n[networks.dev-net]\n[networks.Bad]\npreset = \"mainnet\"\n";
    insta::assert_snapshot!(refused(toml, &[]), @"
    the configuration has 6 faults:
    butler.toml:1: default_network: there is no network of this name (hint: did you mean `dev-net`?)
    butler.toml:2: networks.dev-net.chain_id: this key is required where no preset has it (hint: or name a `preset`)
    butler.toml:2: networks.dev-net.aztec_registry: this key is required where no preset has it (hint: or name a `preset`)
    butler.toml:2: networks.dev-net.staking_registry: this key is required where no preset has it (hint: or name a `preset`)
    butler.toml:2: networks.dev-net.staking_registry_from_block: this key is required where no preset has it (hint: or name a `preset`)
    butler.toml:3: networks.Bad: a network's name is lower-case letters, digits, `-` and `_`, and begins with a letter
    ");
    insta::assert_snapshot!(refused("networks = 3\n[log]\n", &[]), @"
    the configuration has 1 fault:
    butler.toml:1: networks: expected a section, found an integer
    ");
    insta::assert_snapshot!(refused("[networks]\nmainnet = 3\n", &[("HOME", "relative")]), @"
    the configuration has 2 faults:
    configuration: cache_directory: this key is required: none of CACHE_DIRECTORY, XDG_CACHE_HOME and HOME is set to a full path
    butler.toml:2: networks.mainnet: expected a section, found an integer
    ");
}

#[test]
fn flags_are_named_in_faults() {
    let mut case = case(BASE.as_bytes(), &[]);
    case.sources.overrides = vec![
        Override::text("networks.mainnet.l1.0.timeout", "1 parsec", "--timeout"),
        Override::text("networks.mainnet.nope", "1", "--set"),
        Override::text("no way", "1", "--set"),
        Override::urls("networks.mainnet.l1", vec!["hunter2".to_owned()], "--l1-url"),
    ];
    let message = told(&Config::load(&case.sources).unwrap_err(), case.folder.path());
    insta::assert_snapshot!(message, @"
    the configuration has 3 faults:
    flag --set: no way: unknown key
    flag --set: networks.mainnet.nope: unknown key
    flag --l1-url: networks.mainnet.l1[0].url: expected an http or https URL (hint: begin with http:// or https://)
    ");
}
