//! Configurations and command lines that cannot be used.

use std::os::unix::fs::symlink;

use crate::bad_input::refused;
use crate::support::{Bench, TOKEN, butler, finish, program, run_in};

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
    insta::assert_snapshot!(refused(&bench, &["--network", "nowhere", "status"], 2).await, @r"
    error: there is no network `nowhere`
    hint: there are: devnet, mainnet, testnet
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
        &["status", "--attester", "0xzz"],
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
    error: invalid value 'SLEEPING' for '--state <STATE>'
      [possible values: NEW, IN_STAKING_PROVIDER_QUEUE, COINBASE_NEEDED, IN_STAKING_QUEUE, ACTIVE, NO_LONGER_ACTIVE]

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
