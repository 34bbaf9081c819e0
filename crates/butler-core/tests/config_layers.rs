//! What a configuration becomes: layers, defaults, presets, secrets, and what is shown of it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use butler_core::config::keys::{Group, Key, Presence, ROOT};
use butler_core::config::{Auth, Config, ConfigFile, Override, Sources, Variables, render_reference};
use butler_core::store::file::save_atomic;
use ethers_core::utils::to_checksum;
use secrecy::ExposeSecret;

fn variables(given: &[(&str, &str)]) -> Variables {
    [("HOME", "/home/op")].iter().chain(given).copied().collect()
}

fn load(toml: &str, given: &[(&str, &str)], overrides: Vec<Override>) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("butler.toml");
    save_atomic(&path, toml.as_bytes(), 0o600).unwrap();
    let sources = Sources { file: ConfigFile::Required(path), variables: variables(given), overrides };
    Config::load(&sources).unwrap_or_else(|error| panic!("{error}"))
}

fn workspace(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

#[test]
fn testnet_needs_no_file_either() {
    let overrides = vec![
        Override::text("default_network", "testnet", "--network"),
        Override::urls("networks.testnet.l1", vec!["http://127.0.0.1:8545".to_owned()], "--l1-url"),
    ];
    let sources = Sources { file: ConfigFile::None, variables: variables(&[]), overrides };
    let config = Config::load(&sources).unwrap();
    let network = config.network(None).unwrap();
    assert_eq!(network.chain_id, 11_155_111);
    let known = "0xC6EcC1832c8BF6a41c927BEb4E9ec610FBeDd1C2 0xA0BFb1B494FB49041e5c6e8c2C1BE09cD171c6Ba";
    let shown = [network.staking_registry, network.aztec_registry].map(|address| to_checksum(&address, None));
    assert_eq!(shown.join(" "), known);
}

#[test]
fn mainnet_needs_no_file() {
    let overrides = vec![
        Override::text("default_network", "mainnet", "--network"),
        Override::urls("networks.mainnet.l1", vec!["http://127.0.0.1:8545".to_owned()], "--l1-url"),
        Override::text("networks.mainnet.key_files", "keys/*.json", "--key-files"),
    ];
    let sources = Sources { file: ConfigFile::None, variables: variables(&[]), overrides };
    let config = Config::load(&sources).unwrap();
    let network = config.network(None).unwrap();
    assert_eq!((network.chain_id, network.staking_registry_from_block), (1, 23_083_526));
    assert_eq!(network.key_files, ["keys/*.json"]);
    insta::assert_snapshot!(config.render());
}

#[test]
fn flags_go_before_variables_and_variables_before_the_file() {
    let toml = "[networks.my-net]\npreset = \"mainnet\"\nprovider_ids = [4]\ncoinbase_critical = \"1h\"\n\
                [[networks.my-net.l1]]\nurl_file = \"not-there\"\nmax_batch = 5\n[log]\nlevel = \"warn\"\n";
    let given = [
        ("BUTLER__NETWORKS__MY_NET__L1__0__URL", "https://rpc.example.com/v2/hunter2"),
        ("BUTLER__NETWORKS__MY_NET__L1__1__URL", "http://127.0.0.1:8545"),
        ("BUTLER__NETWORKS__MY_NET__PROVIDER_IDS", "5, 6"),
        ("BUTLER__LOG__LEVEL", "debug"),
        ("BUTLER__LOG__FORMAT", ""),
    ];
    let config = load(toml, &given, vec![Override::text("log.level", "error", "--log-level")]);
    let network = config.network(Some("my-net")).unwrap();
    assert_eq!(network.provider_ids.iter().map(|id| id.get()).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(network.l1.iter().map(|l1| l1.max_batch).collect::<Vec<_>>(), [5, 100]);
    assert_eq!(network.l1[0].url.expose().path(), "/v2/hunter2");
    assert_eq!(config.log.level.as_str(), "error");
    assert!(!format!("{config:?}{}", config.render()).contains("hunter2"));
    assert!(!serde_json::to_string(&config.effective()).unwrap().contains("hunter2"));
}

#[test]
fn secrets_come_from_files_credentials_and_variables() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = folder.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let toml = "[networks.mainnet]\n\
        [[networks.mainnet.l1]]\nname = \"a\"\nurl_file = \"url\"\nbearer_token_credential = \"token\"\n\
        [[networks.mainnet.l1]]\nname = \"b\"\nurl_env = \"RPC\"\nbasic_user = \"me\"\nbasic_password_file = \"url\"\n";
    let write = |path: &Path, text: &str| save_atomic(path, text.as_bytes(), 0o600).unwrap();
    write(&folder.path().join("butler.toml"), toml);
    write(&folder.path().join("url"), "https://rpc.example.com/hunter2\n");
    write(&credentials.join("token"), "hunter3\r\n");
    let given = [("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()), ("RPC", "https://b.example.com/?k=hunter4")];
    let file = ConfigFile::Required(folder.path().join("butler.toml"));
    let config = Config::load(&Sources { file, variables: variables(&given), overrides: Vec::new() }).unwrap();
    let [a, b] = config.network(None).unwrap().l1.as_slice() else { panic!("two endpoints") };
    assert_eq!(a.url.expose().as_str(), "https://rpc.example.com/hunter2");
    assert!(matches!(&a.auth, Some(Auth::Bearer(token)) if token.expose_secret() == "hunter3"));
    assert_eq!(b.url.expose().query(), Some("k=hunter4"));
    let Some(Auth::Basic { user, password }) = &b.auth else { panic!("basic") };
    assert_eq!((user.as_str(), password.expose_secret()), ("me", "https://rpc.example.com/hunter2"));
    assert!(!format!("{config:?}{}", config.render()).contains("hunter"));
}

#[test]
fn directories_come_from_the_unit_then_the_session_then_home() {
    let cache = |given: &[(&str, &str)]| load("", given, Vec::new()).cache_directory.display().to_string();
    assert_eq!(cache(&[]), "/home/op/.cache/butler");
    assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), "/x/butler");
    assert_eq!(cache(&[("XDG_CACHE_HOME", "relative")]), "/home/op/.cache/butler");
    assert_eq!(cache(&[("XDG_CACHE_HOME", "/x"), ("CACHE_DIRECTORY", "/var/cache/a:/var/cache/b")]), "/var/cache/a");
    let watcher = load("[watcher]\nstate_directory = \"state\"\n", &[], Vec::new()).watcher;
    let directory = watcher.state_directory.unwrap();
    assert!(directory.is_absolute() && directory.ends_with("state"), "{directory:?}");
}

#[test]
fn a_folder_with_pattern_characters_is_taken_literally() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("a[b]*");
    std::fs::create_dir(&odd).unwrap();
    let toml = "[networks.mainnet]\nkey_files = [\"keys/*.json\", \"/abs/*.json\"]\n";
    save_atomic(&odd.join("butler.toml"), toml.as_bytes(), 0o600).unwrap();
    let file = ConfigFile::Required(odd.join("butler.toml"));
    let config = Config::load(&Sources { file, variables: variables(&[]), overrides: Vec::new() }).unwrap();
    let expected = format!("{}/a[[]b[]][*]/keys/*.json", folder.path().display());
    assert_eq!(config.network(None).unwrap().key_files, [expected.as_str(), "/abs/*.json"]);
}

#[test]
fn a_network_is_chosen_by_name_by_default_or_because_it_is_the_only_one() {
    let two = "[networks.mainnet]\n[networks.other]\npreset = \"mainnet\"\n";
    let config = load(two, &[], Vec::new());
    insta::assert_snapshot!(config.network(None).unwrap_err(), @"several networks are configured: mainnet, other (hint: choose with `--network`, or set `default_network`)");
    insta::assert_snapshot!(config.network(Some("x\n")).unwrap_err(), @r#"no network `x\u{a}` is configured (hint: known are mainnet, other)"#);
    assert_eq!(config.network(Some("other")).unwrap().name, "other");
    let config = load(&format!("default_network = \"other\"\n{two}"), &[], Vec::new());
    assert_eq!(config.network(None).unwrap().name, "other");
    insta::assert_snapshot!(load("", &[], Vec::new()).network(None).unwrap_err(), @"no network is configured (hint: name a preset with `--network mainnet`, or add a `[networks.…]` section)");
}

fn keys_of(group: &'static Group, path: &str) -> Vec<(String, &'static Key)> {
    let mut keys: Vec<_> = group.keys().map(|key| (format!("{path}{}", key.name), key)).collect();
    for section in group.sections {
        let name = match section.name {
            "networks" => "networks.mainnet",
            "pipelines" => "pipelines.blocks",
            "jobs" => "jobs.prove",
            name => name,
        };
        keys.extend(keys_of(section.group, &format!("{path}{name}.")));
    }
    keys
}

fn uncommented() -> toml::Table {
    let is_key = |line: &str| {
        if [
            "[[networks.mainnet.hosts]]",
            "[[networks.mainnet.keystores]]",
            "[[networks.mainnet.providers]]",
            "[networks.mainnet.safe]",
            "[networks.mainnet.signer]",
            "[networks.mainnet.wanted]",
            "[watcher.policies]",
        ]
        .contains(&line)
            || line.starts_with("[[watcher.") && line.ends_with("]]")
            || line.trim_start_matches('[').starts_with("pipelines.") && line.ends_with(']')
        {
            return true;
        }
        let name = line.split_once(" = ").map(|(name, _)| name);
        name.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
        })
    };
    let lines =
        Config::example().lines().map(|line| line.strip_prefix("# ").filter(|line| is_key(line)).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n").parse().unwrap()
}

fn find<'a>(value: &'a toml::Table, path: &str) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = value.get(first)?;
    let Some(rest) = rest else { return Some(value) };
    match value {
        toml::Value::Table(table) => find(table, rest),
        toml::Value::Array(items) => find(items.first()?.as_table()?, rest),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => None,
    }
}

#[test]
fn the_example_loads() {
    let config = load(Config::example(), &[], Vec::new());
    let network = config.network(None).unwrap();
    assert_eq!(network.l1[0].url.to_string(), "http://127.0.0.1:8545");
    assert_eq!(network.l1[0].timeout, Duration::from_secs(20));
}

#[test]
fn the_example_names_every_key_and_shows_the_defaults() {
    let example = uncommented();
    for (path, key) in keys_of(&ROOT, "") {
        // What all kinds of endpoint have is shown once, and so is what all chats have.
        let path = path.replace("watcher.slack.", "watcher.discord.");
        let lists =
            ["watcher.webhooks.", "watcher.discord.", "pipelines.blocks.beacons.", "pipelines.blocks.jobs.prove."];
        let own = lists.iter().find_map(|list| path.strip_prefix(list));
        let path = match own {
            Some(name) if find(&example, &path).is_none() => format!("networks.mainnet.l1.{name}"),
            Some(_) | None => path,
        };
        let endpoint = path.starts_with("networks.mainnet.aztec_nodes.")
            && key.name != "server"
            && !key.name.starts_with("admin_");
        let path = if endpoint { path.replace("aztec_nodes", "l1") } else { path };
        let value = find(&example, &path).unwrap_or_else(|| panic!("examples/butler.toml does not name {path}"));
        if let Presence::Default(text) = key.presence {
            let shown = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(integer) => integer.to_string(),
                toml::Value::Boolean(boolean) => boolean.to_string(),
                toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
                    panic!("{path} is a {}", value.type_str())
                }
            };
            assert_eq!(shown, text, "{path}");
        }
    }
}

#[test]
fn the_reference_page_is_current() {
    let (path, page) = (workspace("docs/configuration.md"), render_reference());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        save_atomic(&path, page.as_bytes(), 0o644).unwrap();
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(current == page, "docs/configuration.md is out of date: run this test with UPDATE_DOCS=1");
}

#[test]
fn every_key_of_the_release_before_is_still_known() {
    let page = render_reference();
    let (mut section, mut known) = ("", std::collections::BTreeSet::new());
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.trim_matches('`');
        } else if let Some(key) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) {
            known.insert(format!("{section} {key}"));
        }
    }
    let gone: Vec<_> = include_str!("golden/keys-0.1.0.txt").lines().filter(|key| !known.contains(*key)).collect();
    assert!(gone.is_empty(), "{gone:?}: an old name works for one release, with a warning that names the new one");
}

#[test]
fn secrets_that_others_can_read_are_told_and_nothing_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let open_folder = |mode: u32| std::fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    open_folder(0o711);
    let exposed = |url: &str, mode: u32| {
        let toml = format!(
            "[networks.mainnet]\n[[networks.mainnet.l1]]\nurl = \"{url}\"\n[exporter]\nbearer_token_file = \"token\"\nwatcher_url = \"https://butler.example.com/watcher/\"\n"
        );
        save_atomic(&folder.path().join("butler.toml"), toml.as_bytes(), mode).unwrap();
        save_atomic(&folder.path().join("token"), b"s3cr3t-token\n", mode).unwrap();
        let file = ConfigFile::Required(folder.path().join("butler.toml"));
        let config = Config::load(&Sources { file, variables: variables(&[]), overrides: Vec::new() }).unwrap();
        assert_eq!(config.secret_files(), [("exporter.bearer_token_file".to_owned(), folder.path().join("token"))]);
        config.exposed()
    };
    let found = exposed("https://rpc.example.com/v2/s3cr3t", 0o644);
    let [of_config, of_file] = found.as_slice() else { panic!("{found:?}") };
    assert!(of_file.why.contains("`exporter.bearer_token_file`") && of_file.hint.contains("token"), "{of_file:?}");
    assert!(of_config.why.contains("butler.toml") && of_config.why.contains("`networks.mainnet.l1[0].url`"));
    assert!(!format!("{found:?}").contains("s3cr3t"));
    assert!(exposed("https://rpc.example.com/v2/s3cr3t", 0o640).is_empty(), "a group is the operator's choice");
    // What hides nothing is no secret, wherever it stands.
    assert_eq!(exposed("http://127.0.0.1:8545", 0o644).len(), 1);
    open_folder(0o700);
    assert!(exposed("https://rpc.example.com/v2/s3cr3t", 0o644).is_empty(), "nobody else comes that far");
}
