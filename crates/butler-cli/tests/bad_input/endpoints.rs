//! Endpoints that cannot be used, or that cannot answer.

use butler_testkit::devnet::{Chain, DevnetSpec, History, ensure};
use butler_testkit::proxy::{Authorization, Fault, FaultPlan, FaultProxy, PruneStyle, When};
use serde_json::Value;

use crate::bad_input::{behind_proxy, refused, told_off, with_key};
use crate::support::{Bench, PASSWORD, TOKEN, URL_KEY, butler, finish, shown};

#[tokio::test]
async fn a_malformed_url_is_refused() {
    let bench = Bench::start().await;
    let url = format!("htp:/127.0.0.1/v2/{URL_KEY}");
    bench.endpoint(&format!("url = \"{url}\""));
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: the configuration has 1 fault:
    butler.toml:15: networks.devnet.l1[0].url: expected an http or https URL (hint: begin with http:// or https://)
    ");
    bench.endpoint(&format!("url = \"http://butler:{PASSWORD}@127.0.0.1:1\""));
    insta::assert_snapshot!(refused(&bench, &["status"], 3).await, @r"
    error: the configuration has 1 fault:
    butler.toml:15: networks.devnet.l1[0].url: the URL holds a user or a password (hint: use `basic_user` with `basic_password_file`; a key in the path belongs in `url_file`)
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
async fn registries_that_do_not_belong_together_are_refused() {
    let bench = Bench::start().await;
    let registry = bench.oracle().contracts.registry_address;
    let other = "0x00000000000000000000000000000000000000a1";
    let rollup = bench.oracle().contracts.rollup_address;
    // Whatever it is asked, this registry answers with the rollup's address.
    let answer = format!("0x73{rollup:x}60005260206000f3");
    bench.chain.rpc("anvil_setCode", serde_json::json!([other, answer])).await.unwrap();
    bench.chain.mine().await.unwrap();
    bench.reconfigure(&shown(registry), &shown(other.parse().unwrap()));
    insta::assert_snapshot!(refused(&bench, &["status"], 6).await, @r"
    error: the StakingRegistry 0xa82fF9aFd8f496c3d6ac40E2a0F282E47488CFc9 stakes for the rollups of the Aztec Registry 0xB7f8BC63BbcaD18155201308C8f3540b07f84F5e, not of 0x00000000000000000000000000000000000000A1
    hint: compare both addresses in the configuration with those of the network
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
    hint: versions 2 to 6 of Aztec's contracts are supported
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
    let told = told_off(&bench, &["status", "--at", "50"], 4).await;
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
        assert_eq!(told_off(&archive, &["status", "--at", "50"], 4).await, told, "{style:?}");
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
    butler.toml:14: networks.devnet.l1[0]: the URL holds a user, and there is another way to be let in (hint: keep one way to be let in)
    ");
    // A variable works as well as a file.
    bench.endpoint("url_env = \"L1_URL\"");
    let ran = finish(butler(bench.folder.path()).env("L1_URL", &url).args(["status", "--json"])).await;
    assert_eq!(ran.json(), expected);
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
