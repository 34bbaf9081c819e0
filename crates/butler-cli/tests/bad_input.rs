//! Input that cannot be used: the message, the exit code, nothing on stdout, nothing left behind, and no secret shown.
//!
//! Each case runs twice, the second time with `-vvv`; the harness searches every output for the secrets that are in play.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use butler_testkit::devnet::{Chain, DevnetSpec, History, Move, ensure};
use butler_testkit::proxy::{Authorization, Fault, FaultPlan, FaultProxy, PruneStyle, When};
use serde_json::{Value, json};
use support::{Bench, PASSWORD, PRIVATE_KEY, TOKEN, URL_KEY, butler, finish, program, run_in, shown};

/// A URL with a key in its path and another in its query, as providers hand them out.
fn with_key(url: &str) -> String {
    format!("{url}/v2/{URL_KEY}?apikey={URL_KEY}")
}

/// Runs a command that must fail, quietly and loudly; gives what a person is told.
async fn refused(bench: &Bench, arguments: &[&str], code: i32) -> String {
    let before = bench.listing();
    let ran = bench.run(arguments).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.stderr);
    let loud = bench.run(&[arguments, &["-vvv"]].concat()).await;
    assert_eq!((loud.code, loud.stdout.as_str()), (code, ""), "{}", loud.stderr);
    assert_eq!(bench.listing(), before);
    ran.told(bench.folder.path())
}

/// A bench whose only endpoint is a proxy, reached by a URL that holds keys.
async fn behind_proxy(bench: &Bench) -> FaultProxy {
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.write("l1-url", &with_key(&proxy.url()));
    bench.endpoint("url_file = \"l1-url\"");
    proxy
}

#[tokio::test]
async fn a_malformed_url_is_refused() {
    let bench = Bench::start().await;
    let url = format!("htp:/127.0.0.1/v2/{URL_KEY}");
    bench.endpoint(&format!("url = \"{url}\""));
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: the configuration has 1 fault:
    butler.toml:13: networks.devnet.l1[0].url: expected an http or https URL (hint: begin with http:// or https://)
    ");
    bench.endpoint(&format!("url = \"http://butler:{PASSWORD}@127.0.0.1:1\""));
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: the configuration has 1 fault:
    butler.toml:13: networks.devnet.l1[0].url: the URL holds a user or a password (hint: use `basic_user` with `basic_password_file`; a key in the path belongs in `url_file`)
    ");
    let bench = Bench::start().await;
    insta::assert_snapshot!(refused(&bench, &["status", "--l1-url", &url], 3).await, @r"
    error: the configuration has 1 fault:
    flag --l1-url: networks.devnet.l1[0].url: expected an http or https URL (hint: begin with http:// or https://)
    ");
    insta::assert_snapshot!(refused(&bench, &["status", "--l1-url", &with_key("http://127.0.0.1"), "--l1-url", &url], 3).await, @r"
    error: the configuration has 1 fault:
    flag --l1-url: networks.devnet.l1[1].url: expected an http or https URL (hint: begin with http:// or https://)
    ");
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let bench = Bench::start().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    bench.write("l1-url", &with_key(&format!("http://127.0.0.1:{port}")));
    bench.endpoint("url_file = \"l1-url\"");
    insta::assert_snapshot!(refused(&bench, &["status"], 4).await, @r"
    error: failed to read the chain
      because eth_getBlockByNumber failed at 127.0.0.1
      because no connection
      because client error (Connect)
      because tcp connect error
      because Connection refused (os error 111)
    hint: is the endpoint up, and is its host and port right?
    ");
}

#[tokio::test]
async fn an_unknown_certificate_authority_is_refused_until_it_is_named() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start_tls(bench.chain.url()).await.unwrap();
    bench.write("l1-url", &with_key(&proxy.url()));
    bench.endpoint("url_file = \"l1-url\"");
    insta::assert_snapshot!(refused(&bench, &["status"], 4).await, @r"
    error: failed to read the chain
      because eth_getBlockByNumber failed at 127.0.0.1
      because TLS handshake failed
      because client error (Connect)
      because invalid peer certificate: UnknownIssuer
    hint: is the certificate valid for that host? an own authority goes into `ca_file`
    ");
    bench.endpoint(&format!("url_file = \"l1-url\"\nca_file = \"{}\"", proxy.ca_pem_path().unwrap().display()));
    bench.json(&["status"], 0).await;
}

#[tokio::test]
async fn an_authority_file_without_certificates_is_refused() {
    let bench = Bench::start().await;
    bench.write("ca.pem", "nothing\n");
    bench.endpoint(&format!("url = \"https://127.0.0.1:1/{URL_KEY}\"\nca_file = \"ca.pem\""));
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: failed to set up the endpoint `127.0.0.1`
      because failed to read certificate authorities from `ca.pem`: no certificate in it
    ");
    bench.endpoint(&format!("url = \"https://127.0.0.1:1/{URL_KEY}\"\nca_file = \"none.pem\""));
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: failed to set up the endpoint `127.0.0.1`
      because failed to read certificate authorities from `none.pem`: I/O error: No such file or directory (os error 2)
    ");
}

#[tokio::test]
async fn an_endpoint_of_another_chain_is_refused() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    proxy.set(FaultPlan::always(Fault::WrongChain(1)));
    insta::assert_snapshot!(refused(&bench, &["status"], 6).await, @r"
    error: failed to read the chain
      because eth_getBlockByNumber failed at 127.0.0.1
      because the endpoint is on chain 1, not 31337
    hint: is this the URL of the right network? compare it with `chain_id`
    ");
}

#[tokio::test]
async fn an_address_without_code_is_refused() {
    let bench = Bench::start().await;
    let bare = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    insta::assert_snapshot!(refused(&bench, &["status", "--l1-url", bare.url()], 6).await, @r"
    error: no Aztec Registry answers at 0xB7f8BC63BbcaD18155201308C8f3540b07f84F5e
      because `getCanonicalRollup` answered with no data: no contract there, or one without this function
    hint: compare the addresses in the configuration with those of the network, and the block with when the contract was deployed
    ");
    let nobody = shown(bench.oracle().account("stranger").unwrap());
    let registry = shown(bench.oracle().contracts.staking_registry_address);
    bench.reconfigure(&registry, &nobody);
    insta::assert_snapshot!(refused(&bench, &["status"], 6).await, @r"
    error: no StakingRegistry answers at 0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f
      because `nextProviderIdentifier` answered with no data: no contract there, or one without this function
    hint: compare the addresses in the configuration with those of the network, and the block with when the contract was deployed
    ");
    bench.reconfigure(&nobody, &registry);
    bench.reconfigure(&shown(bench.oracle().contracts.registry_address), &nobody);
    insta::assert_snapshot!(refused(&bench, &["chain"], 6).await, @r"
    error: no Aztec Registry answers at 0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f
      because `getCanonicalRollup` answered with no data: no contract there, or one without this function
    hint: compare the addresses in the configuration with those of the network, and the block with when the contract was deployed
    ");
}

#[tokio::test]
async fn a_contract_that_lacks_a_getter_is_of_an_unsupported_version() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    // Multicall3 is elsewhere, so that the proxy sees each call.
    bench.configure("multicall3 = \"0x00000000000000000000000000000000000000ca\"");
    // getEpochDuration()
    proxy.set(FaultPlan::always(Fault::RevertCalls("0x5d3ea8f1".to_owned())));
    insta::assert_snapshot!(refused(&bench, &["status"], 6).await, @r"
    error: the rollup at 0x322813Fd9A801c5507c9de605d63CEA4f2CE6c44 does not answer `getEpochDuration`: this version of it is not supported
    hint: versions 2 to 5 of Aztec's contracts are supported
    ");
    // getLocalEjectionThreshold() is newer than the oldest version that is supported.
    proxy.set(FaultPlan::always(Fault::RevertCalls("0xe09e424e".to_owned())));
    assert_eq!(bench.json(&["chain"], 0).await["rollup"]["local_ejection_threshold"], Value::Null);
}

#[tokio::test]
async fn a_provider_that_does_not_exist_is_refused() {
    let bench = Bench::start().await;
    insta::assert_snapshot!(refused(&bench, &["status", "--provider-id", "77"], 6).await, @r"
    error: provider 77 is not registered
    hint: `butler-cli provider find ADDRESS` finds providers by their addresses
    ");
    let nobody = shown(bench.oracle().account("stranger").unwrap());
    bench.configure(&format!("provider_admins = [\"{nobody}\"]"));
    insta::assert_snapshot!(refused(&bench, &["status"], 6).await, @r"
    error: no provider has the admin 0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f
    hint: `butler-cli provider find ADDRESS` finds providers by their addresses
    ");
}

#[tokio::test]
async fn a_node_without_history_is_asked_for_an_old_block() {
    let bench = Bench::start().await;
    let told = refused(&bench, &["status", "--at", "50"], 4).await;
    insta::assert_snapshot!(told, @r"
    error: failed to read the chain
      because eth_call failed at 127.0.0.1
      because the endpoint has no state for that block any more
    hint: old blocks need an archive node; leave out `--at`, or add an archive endpoint
    ");

    let archive = Bench::with_history(History::Archive).await;
    let proxy = behind_proxy(&archive).await;
    for style in [PruneStyle::Geth, PruneStyle::Reth, PruneStyle::Erigon, PruneStyle::Nethermind] {
        proxy.set(FaultPlan::always(Fault::PruneHistory { keep: 10, style }));
        assert_eq!(refused(&archive, &["status", "--at", "50"], 4).await, told, "{style:?}");
        archive.json(&["chain", "--at", "80"], 0).await;
        std::fs::remove_dir_all(archive.path(".cache")).unwrap();
    }
    insta::assert_snapshot!(refused(&archive, &["status", "--at", "5000"], 4).await, @r"
    error: failed to read the chain
      because eth_getBlockByNumber failed at 127.0.0.1
      because the endpoint does not know the block
    hint: the block does not exist, or not yet at this endpoint
    ");
}

#[tokio::test]
async fn a_protected_endpoint_lets_in_by_token_password_or_url() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    proxy.require(Some(Authorization::Bearer(TOKEN.to_owned())));
    insta::assert_snapshot!(refused(&bench, &["status"], 4).await, @r"
    error: failed to read the chain
      because eth_getBlockByNumber failed at 127.0.0.1
      because HTTP 401: not authorized
    hint: the endpoint wants a key: see `url_file` and `bearer_token_file` in docs/configuration.md
    ");
    bench.write("token", &format!("{TOKEN}\n"));
    bench.endpoint("url_file = \"l1-url\"\nbearer_token_file = \"token\"");
    let expected = bench.json(&["status"], 0).await;

    proxy.require(Some(Authorization::Basic { user: "butler".to_owned(), password: PASSWORD.to_owned() }));
    // The wrong kind of credential is as good as none.
    std::fs::remove_dir_all(bench.path(".cache")).unwrap();
    refused(&bench, &["status"], 4).await;
    bench.write("password", PASSWORD);
    bench.endpoint("url_file = \"l1-url\"\nbasic_user = \"butler\"\nbasic_password_file = \"password\"");
    assert_eq!(bench.json(&["status"], 0).await, expected);

    let url = with_key(&proxy.url()).replace("http://", &format!("http://butler:{PASSWORD}@"));
    bench.write("l1-url", &url);
    bench.endpoint("url_file = \"l1-url\"");
    assert_eq!(bench.json(&["status"], 0).await, expected);
    bench.endpoint("url_file = \"l1-url\"\nbearer_token_file = \"token\"");
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: the configuration has 1 fault:
    butler.toml:12: networks.devnet.l1[0]: the URL holds a user, and there is another way to be let in (hint: keep one way to be let in)
    ");
    // A variable works as well as a file.
    bench.endpoint("url_env = \"L1_URL\"");
    let ran = finish(butler(bench.folder.path()).env("L1_URL", &url).args(["status", "--json"])).await;
    assert_eq!(ran.json(), expected);
}

/// The same key file with a private key where the address belongs.
fn plant_private_key(bench: &Bench) {
    bench.edit("keys/server-1.json", |keys| {
        keys["validators"][0]["attester"]["eth"] = json!(format!("0x{PRIVATE_KEY}"));
    });
}

#[tokio::test]
async fn a_private_key_in_a_key_file_refuses_the_file_and_is_never_shown() {
    let bench = Bench::start().await;
    plant_private_key(&bench);
    let ran = bench.run(&["status", "-vvv", "--json"]).await;
    assert_eq!(ran.code, 0);
    assert_eq!(ran.json()["key_file_faults"].as_array().unwrap().len(), 1);
    // A8 is still in the provider's queue; its server is not known any more.
    let row =
        ran.json()["attesters"].as_array().unwrap().iter().find(|row| row["address"] == bench.shown("A8")).cloned();
    assert_eq!(row.unwrap()["servers"], json!([]));
    insta::assert_snapshot!(bench.run(&["status"]).await.told(bench.folder.path()), @r"
    warning: keys/server-1.json: validators[0].attester.eth: holds a private key; the whole file is refused (hint: use the file of public keys; the butler never needs a private key)
    ");

    let report = bench.json(&["audit", "-vvv"], 5).await;
    assert!(report["findings"].as_array().unwrap().iter().any(|finding| finding["kind"] == "key_file"), "{report:#}");
    let check = bench.json(&["config", "check", "-vvv"], 3).await;
    assert_eq!(check["passed"], false);
    assert_eq!(check["faults"].as_array().unwrap().len(), 1);
    for command in
        [&["publishers"][..], &["doctor"], &["queue"], &["provider", "show"], &["events"], &["config", "show"]]
    {
        bench.run(&[command, &["-vvv"]].concat()).await;
    }
}

#[tokio::test]
async fn private_keys_passwords_and_mnemonics_are_found_wherever_they_are() {
    let bench = Bench::start().await;
    let secrets = [
        json!({ "validators": [{ "attester": format!("0x{PRIVATE_KEY}") }] }),
        json!({ "validators": [{ "attester": { "eth": PRIVATE_KEY } }] }),
        json!({ "validators": [{ "attester": bench.shown("A0"), "publisher": [format!("0x{PRIVATE_KEY}")] }] }),
        json!({ "validators": [{ "attester": bench.shown("A0"), "coinbase": format!("0x{PRIVATE_KEY}") }] }),
        json!({ "validators": [{ "attester": { "path": "k", "password": PASSWORD } }] }),
        json!({ "validators": [], "mnemonic": PASSWORD }),
        json!({ format!("0x{PRIVATE_KEY}"): [] }),
    ];
    for content in secrets {
        bench.write("keys/server-3.json", &content.to_string());
        let check = bench.json(&["config", "check", "-vvv"], 3).await;
        assert_eq!(check["faults"].as_array().unwrap().len(), 1, "{content}: {check:#}");
        let ran = bench.run(&["status", "-vvv"]).await;
        assert_eq!(ran.code, 0, "{content}: {}", ran.stderr);
        assert!(ran.stderr.contains("keys/server-3.json"), "{content}: {}", ran.stderr);
    }
}

/// What `config check` says about a file in the place of `keys/server-3.json`, while `status` goes on.
async fn key_file_fault(bench: &Bench) -> String {
    let check = bench.run(&["config", "check"]).await;
    assert_eq!((check.code, check.stderr.as_str()), (3, ""));
    let status = bench.run(&["status"]).await;
    assert_eq!(status.code, 0);
    let told = status.told(bench.folder.path());
    let fault = told.strip_prefix("warning: ").unwrap().to_owned();
    let found = check.stdout.replace(&format!("{}/", bench.folder.path().display()), "");
    assert_eq!(found.trim_end(), format!("{fault}1 fault"));
    fault
}

#[tokio::test]
async fn a_key_file_of_100_megabytes_is_not_read() {
    let bench = Bench::start().await;
    File::create(bench.path("keys/server-3.json")).unwrap().set_len(100 << 20).unwrap();
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json: 104857600 bytes long, more than the limit of 16777216
    ");
}

#[tokio::test]
async fn a_key_twice_in_one_object_is_refused() {
    let bench = Bench::start().await;
    let attester = bench.shown("A0");
    let text = format!("{{\"validators\": [\n  {{\"attester\": \"{attester}\",\n   \"attester\": \"{attester}\"}}]}}");
    bench.write("keys/server-3.json", &text);
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json:3: validators[0].attester: this key occurs twice (hint: keep one of them)
    ");
}

#[tokio::test]
async fn zero_is_no_coinbase() {
    let bench = Bench::start().await;
    let validator = json!({ "attester": bench.shown("A0"), "coinbase": format!("0x{}", "0".repeat(40)) });
    bench.write("keys/server-3.json", &json!({ "validators": [validator] }).to_string());
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json: validators[0].coinbase: coinbase is the zero address (hint: remove the key until it is known)
    ");
}

#[tokio::test]
async fn a_key_file_that_cannot_be_read_is_a_fault_and_nobody_waits_for_it() {
    let bench = Bench::start().await;
    let path = bench.path("keys/server-3.json");
    symlink("nowhere.json", &path).unwrap();
    insta::assert_snapshot!(key_file_fault(&bench).await, @"keys/server-3.json: there is no such file");
    std::fs::remove_file(&path).unwrap();
    let made = program("mkfifo", bench.folder.path()).arg(&path).env("PATH", "/usr/bin:/bin").status().await.unwrap();
    assert!(made.success());
    insta::assert_snapshot!(key_file_fault(&bench).await, @"keys/server-3.json: this is not a regular file");
    std::fs::remove_file(&path).unwrap();
    bench.write("keys/server-3.json", "");
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json: the file is empty (hint: write it again, or leave it out)
    ");
    std::fs::remove_file(&path).unwrap();
    bench.reconfigure("key_files = [\"keys/*.json\"]", "key_files = [\"keys/*.json\", \"other/*.json\"]");
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    other/*.json: this pattern matches no file (hint: correct it, or remove it)
    ");
}

#[tokio::test]
async fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    let bench = Bench::start().await;
    bench.configure("staking_regsitry = \"0x00\"\nsurprise = 1");
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: the configuration has 2 faults:
    butler.toml:8: networks.devnet.staking_regsitry: unknown key (hint: did you mean `staking_registry`?)
    butler.toml:9: networks.devnet.surprise: unknown key
    ");
    let check = bench.run(&["config", "check"]).await;
    assert_eq!((check.code, check.stderr.as_str()), (3, ""));
    insta::assert_snapshot!(check.stdout.replace(&format!("{}/", bench.folder.path().display()), ""), @r"
    butler.toml:8: networks.devnet.staking_regsitry: unknown key (hint: did you mean `staking_registry`?)
    butler.toml:9: networks.devnet.surprise: unknown key
    2 faults
    ");
}

#[tokio::test]
async fn a_configuration_that_is_missing_or_not_a_file_is_refused() {
    let bench = Bench::start().await;
    insta::assert_snapshot!(refused(&bench, &["--config", "none.toml", "status"], 3).await, @r"
    error: there is no configuration file `none.toml` (hint: write one with `butler-cli config init`)
    ");
    insta::assert_snapshot!(refused(&bench, &["--config", "keys", "status"], 3).await, @r"
    error: cannot load the configuration
      because `keys` is not a regular file
    ");
    symlink("nowhere.toml", bench.path("dangling.toml")).unwrap();
    insta::assert_snapshot!(refused(&bench, &["--config", "dangling.toml", "status"], 3).await, @r"
    error: there is no configuration file `dangling.toml` (hint: write one with `butler-cli config init`)
    ");
    let made = program("mkfifo", bench.folder.path()).arg("fifo").env("PATH", "/usr/bin:/bin").status().await.unwrap();
    assert!(made.success());
    insta::assert_snapshot!(refused(&bench, &["--config", "fifo", "config", "check"], 3).await, @r"
    error: cannot load the configuration
      because `fifo` is not a regular file
    ");
    bench.write("broken.toml", &format!("default_network = \"{TOKEN}\n"));
    insta::assert_snapshot!(refused(&bench, &["--config", "broken.toml", "status"], 3).await, @r#"
    error: the configuration has 1 fault:
    broken.toml:1:39: this is not TOML: invalid basic string, expected `"`
    "#);
}

#[tokio::test]
async fn without_a_configuration_a_network_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_in(folder.path(), &["status"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    insta::assert_snapshot!(ran.stderr, @r"
    error: no network is configured (hint: name a preset with `--network mainnet`, or add a `[networks.…]` section)
    ");
    let ran = run_in(folder.path(), &["--network", "mainnet", "status"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    insta::assert_snapshot!(ran.stderr, @r"
    error: network `mainnet` has no L1 endpoint
    hint: give one with `--l1-url URL`, or add a [[networks.mainnet.l1]] section to the configuration
    ");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn of_several_networks_one_must_be_chosen() {
    let bench = Bench::start().await;
    bench.reconfigure("default_network = \"devnet\"\n", "[networks.mainnet]\nprovider_ids = [4]\n");
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: several networks are configured: devnet, mainnet (hint: choose with `--network`, or set `default_network`)
    ");
    insta::assert_snapshot!(refused(&bench, &["--network", "testnet", "status"], 3).await, @r"
    error: the configuration has 1 fault:
    flag --network: default_network: there is no network of this name (hint: add its section, or name a preset)
    ");
    bench.json(&["--network", "devnet", "chain"], 0).await;
    let ran = finish(butler(bench.folder.path()).env("BUTLER_NETWORK", "devnet").args(["chain", "--json"])).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[tokio::test]
async fn a_network_without_an_endpoint_is_refused() {
    let bench = Bench::start().await;
    bench.reconfigure("[[networks.devnet.l1]]", "[[networks.devnet.aztec_nodes]]");
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: network `devnet` has no L1 endpoint
    hint: give one with `--l1-url URL`, or add a [[networks.devnet.l1]] section to the configuration
    ");
    bench.json(&["--l1-url", bench.chain.url(), "status"], 0).await;
}

#[tokio::test]
async fn usage_errors_are_told_apart_from_all_others() {
    let bench = Bench::start().await;
    for arguments in [
        &["frobnicate"][..],
        &["status", "--nonsense"],
        &["status", "--state", "SLEEPING"],
        &["status", "--position", "in_bed"],
        &["status", "--attester", "0x12"],
        &["status", "--at", "yesterday"],
        &["status", "--provider-id", "0"],
        &["provider", "find"],
        &["provider", "find", "nobody"],
        &["events", "--from-block", "-1"],
        &["completions", "tcsh"],
        &[],
    ] {
        let before = bench.listing();
        let ran = bench.run(arguments).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.is_empty());
        assert_eq!(bench.listing(), before);
    }
    insta::assert_snapshot!(bench.run(&["status", "--state", "SLEEPING"]).await.stderr, @r"
    error: invalid value 'SLEEPING' for '--state <STATE>': expected one of NEW, IN_STAKING_PROVIDER_QUEUE, COINBASE_NEEDED, IN_STAKING_QUEUE, ACTIVE, NO_LONGER_ACTIVE

    For more information, try '--help'.
    ");
    let help = bench.run(&["--help"]).await;
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    assert!(help.stdout.contains("Usage:"));
}

#[tokio::test]
async fn config_init_never_overwrites() {
    let bench = Bench::start().await;
    insta::assert_snapshot!(refused(&bench, &["config", "init"], 6).await, @r"
    error: `butler.toml` exists
    hint: it is left as it is; name another file
    ");
    symlink("nowhere.toml", bench.path("dangling.toml")).unwrap();
    refused(&bench, &["config", "init", "dangling.toml"], 6).await;
    refused(&bench, &["config", "init", "keys"], 6).await;
    insta::assert_snapshot!(refused(&bench, &["config", "init", "no/such/folder.toml"], 7).await, @r"
    error: cannot write `no/such/folder.toml`; the old content is unchanged
      because entity not found
    ");
    let ran = bench.run(&["config", "init", "new.toml"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert_eq!(bench.run(&["config", "init", "-"]).await.stdout, bench.read("new.toml"));
}

/// The command line of a shell that does `prepare` and then becomes `butler-cli status --json`.
fn shell(bench: &Bench, prepare: &str) -> tokio::process::Command {
    let mut command = program("sh", bench.folder.path());
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args([
        "-c",
        &format!("{prepare}; exec \"$0\" \"$@\""),
        env!("CARGO_BIN_EXE_butler-cli"),
        "status",
        "--json",
    ]);
    command
}

#[tokio::test]
async fn a_full_disk_costs_the_ledger_and_not_the_result() {
    let bench = Bench::start().await;
    let mount = "mkdir -p cache && mount -t tmpfs -o size=64k none cache";
    let unshare = |script: String| {
        let mut command = program("unshare", bench.folder.path());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CACHE_DIRECTORY", bench.path("cache"));
        command.args(["--map-root-user", "--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_butler-cli")]);
        command
    };
    if !unshare(mount.to_owned()).status().await.is_ok_and(|status| status.success()) {
        // Containers often forbid it; the limit below is what they have instead.
        return;
    }
    let fill = "cat /dev/zero >cache/fill 2>/dev/null";
    let run = "\"$0\" status --json; code=$?; ls -A cache >&2; exit $code";
    let ran = finish(&mut unshare(format!("{mount}; {fill}; {run}"))).await;
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    insta::assert_snapshot!(ran.told(bench.folder.path()), @r"
    warning: the result is complete, but the ledger could not be kept for next time: cannot write `cache/devnet-ledger.json`: no space left; the old content is unchanged
      because No space left on device (os error 28)
    hint: make room there, or set `cache_directory` to a folder that can be written
    fill
    ");
    assert_eq!(ran.json(), bench.json(&["status"], 0).await);
}

#[tokio::test]
async fn a_limit_on_the_length_of_files_costs_the_ledger_and_not_the_result() {
    let bench = Bench::start().await;
    let before = bench.listing();
    let ran = finish(&mut shell(&bench, "trap '' XFSZ; ulimit -f 0")).await;
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    insta::assert_snapshot!(ran.told(bench.folder.path()), @r"
    warning: the result is complete, but the ledger could not be kept for next time: cannot write `.cache/butler/devnet-ledger.json`; the old content is unchanged
      because File too large (os error 27)
    hint: make room there, or set `cache_directory` to a folder that can be written
    ");
    let files = |listing: std::collections::BTreeMap<_, u64>| -> Vec<_> {
        listing.into_iter().filter(|(path, _): &(std::path::PathBuf, u64)| path.is_file()).collect()
    };
    assert_eq!(files(bench.listing()), files(before));
    assert_eq!(ran.json(), bench.json(&["status"], 0).await);
}

#[tokio::test]
async fn a_folder_in_the_ledgers_place_costs_the_ledger_and_not_the_result() {
    let bench = Bench::start().await;
    std::fs::create_dir_all(bench.path(".cache/butler/devnet-ledger.json")).unwrap();
    let ran = bench.run(&["status", "--json"]).await;
    assert_eq!(ran.code, 7);
    insta::assert_snapshot!(ran.told(bench.folder.path()), @r"
     WARN the ledger is scanned anew: `.cache/butler/devnet-ledger.json` is not a regular file
    warning: the result is complete, but the ledger could not be kept for next time: `.cache/butler/devnet-ledger.json` is not a regular file
    hint: make room there, or set `cache_directory` to a folder that can be written
    ");
    std::fs::remove_dir(bench.path(".cache/butler/devnet-ledger.json")).unwrap();
    assert_eq!(ran.json(), bench.json(&["status"], 0).await);
}

#[tokio::test]
async fn a_result_that_cannot_be_written_is_a_local_failure() {
    let bench = Bench::start().await;
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ran = finish(butler(bench.folder.path()).args(["status"]).stdout(Stdio::from(full))).await;
    assert_eq!(ran.code, 7);
    insta::assert_snapshot!(ran.stderr, @r"
    error: failed to write the result
      because No space left on device (os error 28)
    ");
}

#[tokio::test]
async fn a_reader_that_went_away_is_no_failure() {
    let bench = Bench::start().await;
    for arguments in
        [&["events"][..], &["events", "--json"], &["--help"], &["config", "show"], &["completions", "zsh"], &["man"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = finish(butler(bench.folder.path()).args(arguments).stdout(Stdio::from(writer))).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    }
    let script = format!("set -o pipefail; '{}' events | head -1", env!("CARGO_BIN_EXE_butler-cli"));
    let ran = finish(program("bash", bench.folder.path()).env("PATH", "/usr/bin:/bin").args(["-c", &script])).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout.lines().count(), 1);
}

const LEDGER: &str = ".cache/butler/devnet-ledger.json";

#[tokio::test]
async fn a_damaged_ledger_is_scanned_anew() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    let expected = bench.json(&["status"], 0).await;
    let good = bench.read(LEDGER);
    let half = &good[..good.len() / 2];
    let deep = "[".repeat(100_000);
    for damaged in ["", "{}", "null", half, "\u{0}\u{0}\u{0}", deep.as_str()] {
        bench.write(LEDGER, damaged);
        proxy.reset();
        let ran = bench.run(&["status", "--json"]).await;
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.json(), expected);
        assert!(ran.stderr.contains("the ledger is scanned anew"), "{}", ran.stderr);
        assert_eq!(bench.read(LEDGER), good);
        assert!(proxy.stats().calls_by_method["eth_getLogs"] > 0);
    }
    std::fs::remove_file(bench.path(LEDGER)).unwrap();
    symlink("nowhere", bench.path(LEDGER)).unwrap();
    let ran = bench.run(&["status", "--json"]).await;
    assert_eq!(ran.json(), expected, "a link that leads nowhere");
}

#[tokio::test]
async fn a_ledger_of_another_chain_contract_or_version_is_not_used() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    let expected = bench.json(&["status"], 0).await;
    let good = bench.read(LEDGER);
    let changes: [fn(&mut Value); 4] = [
        |ledger| ledger["key"]["chain_id"] = json!(1),
        |ledger| ledger["key"]["staking_registry"] = json!(format!("0x{}", "11".repeat(20))),
        |ledger| ledger["version"] = json!(2),
        |ledger| ledger["anchors"][0]["hash"] = json!(format!("0x{}", "22".repeat(32))),
    ];
    for change in changes {
        bench.edit(LEDGER, |ledger| {
            change(ledger);
            ledger["delegations"] = json!([]);
        });
        proxy.reset();
        assert_eq!(bench.json(&["status"], 0).await, expected);
        assert_eq!(bench.read(LEDGER), good);
        assert!(proxy.stats().calls_by_method["eth_getLogs"] > 0);
    }
}

/// What a run without any ledger says.
async fn fresh(bench: &Bench) -> Value {
    let folder = bench.path("fresh");
    let ran =
        finish(butler(bench.folder.path()).env("CACHE_DIRECTORY", &folder).args(["provider", "show", "--json"])).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    std::fs::remove_dir_all(folder).unwrap();
    ran.json()
}

#[tokio::test]
async fn delegations_that_a_reorg_took_away_are_forgotten() {
    let bench = Bench::start().await;
    let delegations = |report: &Value| report["providers"][0]["delegations"].as_array().unwrap().len();
    let show: &[&str] = &["provider", "show"];
    bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let before = bench.json(show, 0).await;
    assert_eq!(delegations(&before), 8);
    bench.chain.play(Move::Mine).await.unwrap();
    bench.chain.play(Move::Reorg { depth: 2 }).await.unwrap();
    let ran = bench.run(&["provider", "show", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(delegations(&ran.json()), 7);
    assert_eq!(ran.json(), fresh(&bench).await);
    insta::assert_snapshot!(ran.stderr, @r"
     WARN the chain differs from the ledger's last blocks: dropping what came after the last that agrees
    ");

    // The same key is taken again, in another block: it is in the ledger once.
    bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let after = bench.json(show, 0).await;
    assert_eq!(delegations(&after), 8);
    assert_eq!(after, fresh(&bench).await);
    assert_eq!(bench.run(&["provider", "show"]).await.stderr, "");
}

#[tokio::test]
async fn a_ledger_of_a_chain_that_went_another_way_is_reconciled() {
    let bench = Bench::start().await;
    for action in [Move::Stake { provider: 1 }, Move::Stake { provider: 1 }] {
        bench.chain.play(action).await.unwrap();
    }
    bench.json(&["provider", "show"], 0).await;
    // The same history up to the scenario's end, and then empty blocks.
    let other = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    for _ in 0..5 {
        other.play(Move::Mine).await.unwrap();
    }
    bench.endpoint(&format!("url = \"{}\"", other.url()));
    let report = bench.json(&["provider", "show"], 0).await;
    assert_eq!(report["providers"][0]["delegations"].as_array().unwrap().len(), 7);
    assert_eq!(report, fresh(&bench).await);
}

/// Fails where the output of a command is nothing but silence.
async fn talks(folder: &Path, arguments: &[&str]) {
    let ran = run_in(folder, arguments).await;
    assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty(), "{arguments:?}");
}

#[tokio::test]
async fn no_secret_is_shown_by_any_command_whatever_the_endpoint_does() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    bench.write("password", PASSWORD);
    bench.endpoint(
        "name = \"own\"\nurl_file = \"l1-url\"\nbasic_user = \"butler\"\nbasic_password_file = \"password\"\n\
         timeout = \"1s\"\n\n[[networks.devnet.aztec_nodes]]\nurl_file = \"l1-url\"\ntimeout = \"1s\"",
    );
    plant_private_key(&bench);
    let upstream = format!("upstream https://rpc.example/{URL_KEY} says no");
    let status = |code| Fault::Status { code, retry_after: None, body: upstream.clone() };
    let faults =
        [None, Some(status(500)), Some(status(403)), Some(Fault::NotJson), Some(Fault::Close), Some(Fault::WrongId)];
    let address = bench.shown("A0");
    let commands: [&[&str]; 11] = [
        &["status"],
        &["queue"],
        &["audit"],
        &["provider", "show"],
        &["provider", "find", &address],
        &["publishers"],
        &["chain"],
        &["events"],
        &["doctor"],
        &["config", "check"],
        &["config", "show"],
    ];
    for fault in faults {
        let name = format!("{fault:?}");
        proxy.set(fault.map_or_else(FaultPlan::none, FaultPlan::always));
        if name != "None" {
            // All commands fail the same way; the doctor goes on.
            talks(bench.folder.path(), &["status", "-vvv"]).await;
            talks(bench.folder.path(), &["doctor", "-vvv", "--json"]).await;
            continue;
        }
        for command in commands {
            talks(bench.folder.path(), &[command, &["-vvv"]].concat()).await;
            talks(bench.folder.path(), &[command, &["-vvv", "--json"]].concat()).await;
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_recovers_costs_a_retry_and_not_the_command() {
    let bench = Bench::start().await;
    let proxy = behind_proxy(&bench).await;
    let expected = bench.json(&["status"], 0).await;
    let broken = Fault::Status { code: 502, retry_after: None, body: String::new() };
    proxy.set(FaultPlan::none().with(broken, When::First(1)).with(Fault::Truncate, When::Nth(3)));
    assert_eq!(bench.json(&["status"], 0).await, expected);
}
