//! Every kind of fault, with the whole message that a person reads.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::path::Path;

use butler_core::config::{Config, ConfigError, ConfigFile, Override, Sources, Variables};
use butler_core::store::file::save_atomic;

const BASE: &str = "[networks.mainnet]\nprovider_ids = [4]\n[[networks.mainnet.l1]]\nurl = \"http://127.0.0.1:8545\"\n";

struct Case {
    folder: tempfile::TempDir,
    sources: Sources,
}

fn case(toml: &[u8], variables: &[(&str, &str)]) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("butler.toml");
    save_atomic(&path, toml, 0o600).unwrap();
    let home = [("HOME", "/home/op"), ("PATH", "/bin")];
    let variables: Variables = home.iter().chain(variables).copied().collect();
    Case { folder, sources: Sources { file: ConfigFile::Required(path), variables, overrides: Vec::new() } }
}

fn told(error: &ConfigError, folder: &Path) -> String {
    let prefix = format!("{}/", folder.display());
    error.to_string().replace(&prefix, "")
}

/// The message of a configuration that must be refused.
fn refused(toml: impl AsRef<[u8]>, variables: &[(&str, &str)]) -> String {
    let case = case(toml.as_ref(), variables);
    match Config::load(&case.sources) {
        Err(error) => told(&error, case.folder.path()),
        Ok(config) => format!("ACCEPTED\n{}", config.render()),
    }
}

/// Messages of several files, each within the network `mainnet`.
fn refused_keys(lines: &[&str]) -> String {
    let each = lines.iter().map(|line| {
        let message = refused(format!("[networks.mainnet]\n{line}\n"), &[]);
        format!("{line}\n    {}\n", message.lines().skip(1).collect::<Vec<_>>().join("\n    "))
    });
    each.collect()
}

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
fn endpoints_have_one_url_and_one_way_in() {
    let endpoints = [
        "",
        "url = \"http://a\"\nurl_env = \"URL\"",
        "url = \"http://user:hunter2@a\"",
        "url = \"ws://a\"",
        "url = \"localhost:8545\"",
        "url = \"http://a\"\nbasic_user = \"me\"",
        "url = \"http://a\"\nbasic_password_env = \"GOOD\"",
        "url = \"http://a\"\nbearer_token_env = \"GOOD\"\nbasic_user = \"me\"\nbasic_password_env = \"GOOD\"",
        "url = \"http://a\"\nbearer_token_env = \"GOOD\"\nbearer_token_file = \"f\"",
        "url = \"http://a\"\nbearer_token_env = \"SPACED\"",
        "url = \"http://a\"\nbearer_token_env = \"NOT_SET\"",
        "url = \"http://a\"\nbearer_token_credential = \"../token\"",
        "url = \"http://a\"\nbearer_token_credential = \"token\"",
        "url_env = \"GOOD\"",
        "url_file = \"absent\"",
        "url_file = \"/dev/zero\"",
        "url_file = \"butler.toml/x\"",
        "url = \"http://a\"\ntimeout = \"0s\"\nmax_concurrency = 0\nmax_batch = 1000000\nmax_response_bytes = 1",
        "url = \"http://a\"\n[[networks.mainnet.l1]]\nurl = \"http://a:1\"",
    ];
    let variables = [("GOOD", "hunter2"), ("SPACED", "hunter2 x")];
    let messages = endpoints.iter().map(|endpoint| {
        let message = refused(format!("[networks.mainnet]\n[[networks.mainnet.l1]]\n{endpoint}\n"), &variables);
        message.lines().skip(1).collect::<Vec<_>>().join("\n")
    });
    let messages = messages.collect::<Vec<_>>().join("\n");
    assert!(!messages.contains("hunter2"));
    insta::assert_snapshot!(messages, @"
    butler.toml:2: networks.mainnet.l1[0]: this endpoint has no URL (hint: give `url`, or `url_file` when it holds a key)
    butler.toml:3: networks.mainnet.l1[0].url: given together with `url_env` (hint: keep one of them)
    butler.toml:3: networks.mainnet.l1[0].url: the URL holds a user or a password (hint: use `basic_user` with `basic_password_file`; a key in the path belongs in `url_file`)
    butler.toml:3: networks.mainnet.l1[0].url: expected an http or https URL, found another scheme (hint: logs are polled over HTTP, WebSockets are not used)
    butler.toml:3: networks.mainnet.l1[0].url: expected an http or https URL (hint: begin with http:// or https://)
    butler.toml:4: networks.mainnet.l1[0].basic_user: a user without a password (hint: give `basic_password_file`, `basic_password_credential` or `basic_password_env`)
    butler.toml:4: networks.mainnet.l1[0].basic_password_env: a password without `basic_user`
    butler.toml:4: networks.mainnet.l1[0].bearer_token_env: given together with `basic_user` (hint: keep one way to be let in)
    butler.toml:5: networks.mainnet.l1[0].bearer_token_file: given together with `bearer_token_env` (hint: keep one of them)
    butler.toml:4: networks.mainnet.l1[0].bearer_token_env: the token holds a space or a character that a header can not carry
    butler.toml:4: networks.mainnet.l1[0].bearer_token_env: the variable of this name is not set or empty
    butler.toml:4: networks.mainnet.l1[0].bearer_token_credential: expected the name of a credential, without a folder
    butler.toml:4: networks.mainnet.l1[0].bearer_token_credential: there are no credentials: CREDENTIALS_DIRECTORY is not set (hint: set LoadCredential= in the systemd unit)
    butler.toml:3: networks.mainnet.l1[0].url_env: in the place that it names: expected an http or https URL (hint: begin with http:// or https://)
    butler.toml:3: networks.mainnet.l1[0].url_file: there is no such file
    butler.toml:3: networks.mainnet.l1[0].url_file: this is not a regular file
    butler.toml:3: networks.mainnet.l1[0].url_file: the file can not be read: not a directory
    butler.toml:4: networks.mainnet.l1[0].timeout: expected a duration from 1s to 10m
    butler.toml:5: networks.mainnet.l1[0].max_concurrency: expected 1 to 1024 requests
    butler.toml:6: networks.mainnet.l1[0].max_batch: expected 1 to 10000 calls
    butler.toml:7: networks.mainnet.l1[0].max_response_bytes: expected 1024 to 1073741824 bytes
    butler.toml:2: networks.mainnet.l1: two endpoints have the name `a` (hint: give each endpoint a `name`)
    ");
}

#[test]
fn secret_files_are_checked() {
    let contents: [&[u8]; 5] = [b"", b"\n", b"a\0b", b"\xff", &[b'a'; 64 * 1024 + 1]];
    let messages = contents.iter().map(|content| {
        let toml = "[networks.mainnet]\n[[networks.mainnet.l1]]\nurl = \"http://a\"\nbearer_token_file = \"token\"\n";
        let case = case(toml.as_bytes(), &[]);
        save_atomic(&case.folder.path().join("token"), content, 0o600).unwrap();
        let message = told(&Config::load(&case.sources).unwrap_err(), case.folder.path());
        message.lines().skip(1).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(messages.collect::<Vec<_>>().join("\n"), @"
    butler.toml:4: networks.mainnet.l1[0].bearer_token_file: the file is empty
    butler.toml:4: networks.mainnet.l1[0].bearer_token_file: the file is empty
    butler.toml:4: networks.mainnet.l1[0].bearer_token_file: the file holds a NUL character
    butler.toml:4: networks.mainnet.l1[0].bearer_token_file: the file is not UTF-8
    butler.toml:4: networks.mainnet.l1[0].bearer_token_file: the file is longer than 65536 bytes (hint: name the file that holds only the secret)
    ");
}

#[test]
fn the_exporters_figures_must_fit_together() {
    let message = refused("[exporter]\nscrape_interval = \"10m\"\nstaleness = \"5m\"\n", &[]);
    assert!(message.contains("butler.toml:3: exporter.staleness: readings would vanish"), "{message}");
    let message = refused("[exporter]\ntextfile = \"butler.txt\"\nlisten = \"0.0.0.0:1\"\n", &[]);
    assert!(message.contains("butler.toml:2: exporter.textfile: node_exporter reads only files"), "{message}");
    assert!(message.contains("butler.toml:3: exporter.listen"), "{message}");
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

#[test]
fn an_admin_port_and_a_host_are_checked() {
    let node =
        |keys: &str| format!("[networks.mainnet]\n[[networks.mainnet.aztec_nodes]]\nurl = \"http://n\"\n{keys}\n");
    let host = |keys: &str| format!("[networks.mainnet]\n[[networks.mainnet.hosts]]\nname = \"h\"\n{keys}\n");
    let given = [("KEY", "s3cr3t"), ("BAD", "s3 cr3t"), ("URL", "ftp://s3cr3t")];
    let messages = [
        node("admin_url = \"nowhere\""),
        node("admin_url = \"http://n:8880\"\nadmin_url_env = \"URL\""),
        node("admin_url_env = \"URL\""),
        node("admin_api_key_env = \"KEY\""),
        node("admin_url = \"http://n:8880\"\nadmin_api_key_env = \"BAD\""),
        node("admin_url = \"http://n:8880\"\nadmin_api_key_env = \"KEY\"\nadmin_api_key_file = \"key\""),
        host(""),
        host("ips = []"),
        host("ips = [\"192.0.2.7:80\"]\np2p_port = 40400"),
        host("p2p_port = 40400"),
        host("ips = [\"192.0.2.7\"]\ndomain = \"https://x.example\""),
        host("rpc_url = \"http://x.example/s3cr3t\""),
        host("ips = [\"192.0.2.7\"]\nrpc_port = 65536"),
        host("l1_url_env = \"URL\""),
        "[networks.mainnet]\n[[networks.mainnet.hosts]]\nl1_url = \"http://x\"\n".to_owned(),
        host("l1_url = \"http://x\"\n[[networks.mainnet.hosts]]\nname = \"h\"\nl1_url = \"http://x\""),
    ];
    let messages = messages.iter().map(|toml| {
        let message = refused(toml, &given);
        assert!(!message.contains("s3cr3t") && !message.contains("s3 cr3t"), "{message}");
        message.lines().skip(1).collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(messages.collect::<Vec<_>>().join("\n"), @r#"
    butler.toml:4: networks.mainnet.aztec_nodes[0].admin_url: expected an http or https URL (hint: begin with http:// or https://)
    butler.toml:4: networks.mainnet.aztec_nodes[0].admin_url: given together with `admin_url_env` (hint: keep one of them)
    butler.toml:4: networks.mainnet.aztec_nodes[0].admin_url_env: in the place that it names: expected an http or https URL, found another scheme (hint: logs are polled over HTTP, WebSockets are not used)
    butler.toml:4: networks.mainnet.aztec_nodes[0].admin_api_key_env: a key without the admin port's URL (hint: give `admin_url`)
    butler.toml:5: networks.mainnet.aztec_nodes[0].admin_api_key_env: the key holds a space or a character that a header can not carry
    butler.toml:6: networks.mainnet.aztec_nodes[0].admin_api_key_file: given together with `admin_api_key_env` (hint: keep one of them)
    butler.toml:2: networks.mainnet.hosts[0]: nothing of this host is checked (hint: give `ips` with `domain`, `p2p_port` or `rpc_port`; or `rpc_url`; or `l1_url`)
    butler.toml:2: networks.mainnet.hosts[0]: nothing of this host is checked (hint: give `ips` with `domain`, `p2p_port` or `rpc_port`; or `rpc_url`; or `l1_url`)
    butler.toml:4: networks.mainnet.hosts[0].ips[0]: expected an IP address, version 4 or 6
    butler.toml:5: networks.mainnet.hosts[0].p2p_port: there is no address to compare or to try (hint: give `ips`)
    butler.toml:4: networks.mainnet.hosts[0].p2p_port: there is no address to compare or to try (hint: give `ips`)
    butler.toml:5: networks.mainnet.hosts[0].domain: expected a domain name such as "node-1.example.com"
    butler.toml:4: networks.mainnet.hosts[0].rpc_url: expected an https URL, found another scheme (hint: `rpc_port` checks the RPC over plain HTTP)
    butler.toml:5: networks.mainnet.hosts[0].rpc_port: expected 1 to 65535
    butler.toml:4: networks.mainnet.hosts[0].l1_url_env: in the place that it names: expected an http or https URL, found another scheme (hint: logs are polled over HTTP, WebSockets are not used)
    butler.toml:2: networks.mainnet.hosts[0].name: this key is required
    butler.toml:2: networks.mainnet.hosts: two hosts have the name `h` (hint: give each host a `name`)
    "#);
}

#[test]
fn an_admin_port_and_a_host_are_read() {
    let toml = "[networks.mainnet]\n[[networks.mainnet.aztec_nodes]]\nname = \"a\"\nurl = \"http://n\"\ntimeout = \"3s\"\n\
        admin_url_env = \"URL\"\nadmin_api_key_env = \"KEY\"\n[[networks.mainnet.hosts]]\nname = \"h\"\n\
        ips = [\"192.0.2.7\", \"2001:db8::7\"]\ndomain = \"node-1.example.com\"\np2p_port = 40400\n";
    let case = case(toml.as_bytes(), &[("KEY", "s3cr3t"), ("URL", "https://u:s3cr3t@n:8880/s3cr3t")]);
    let config = Config::load(&case.sources).unwrap();
    let network = config.network(None).unwrap();
    let admin = network.aztec_nodes[0].admin.as_ref().unwrap();
    assert_eq!((admin.endpoint.name.as_str(), admin.endpoint.timeout.as_secs()), ("a", 3));
    assert_eq!(admin.endpoint.url.expose().as_str(), "https://n:8880/s3cr3t");
    assert!(admin.endpoint.auth.is_some() && admin.api_key.is_some());
    let host = &network.hosts[0];
    assert_eq!((host.ips.len(), host.p2p_port, host.rpc_port), (2, Some(40400), None));
    let shown = format!("{config:?}{}", config.render());
    assert!(!shown.contains("s3cr3t"), "{shown}");
}
