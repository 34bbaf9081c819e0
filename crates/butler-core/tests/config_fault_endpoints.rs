//! Faults of endpoints, hosts, admin ports and secret files, with the whole message that a person reads.

use butler_core::config::Config;
use butler_core::store::file::save_atomic;

use crate::config_case::*;

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

#[test]
fn a_token_that_no_header_can_carry_lets_nobody_in_and_is_refused() {
    let toml = "[exporter]\nbearer_token_env = \"TWO\"\n[watcher]\nbearer_token_env = \"TWO\"\n";
    let message = refused(toml, &[("TWO", "aaaaaaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbbbbbbb")]);
    let what = "bearer_token_env: the token holds a character that a header can not carry";
    assert_eq!(message.matches(what).count(), 2, "{message}");
    assert!(!message.contains("aaaa") && !message.contains("bbbb"), "{message}");
}
