//! Whatever the sources hold: no panic, and no value of theirs in an error or in what is shown.

use butler_core::config::keys::{Group, ROOT, Shape};
use butler_core::config::{Config, ConfigFile, Override, Sources, Variables};
use butler_core::store::file::save_atomic;
use proptest::prelude::*;

const SECRET: &str = "s3cr3t";

/// Every key with its section's header and the beginning of its variable.
fn keys(group: &'static Group, header: &str, path: &str) -> Vec<(String, String, &'static str)> {
    let mut found: Vec<_> =
        group.keys().map(|key| (header.to_owned(), format!("{path}{}", key.name), key.name)).collect();
    for section in group.sections {
        let name = header.trim_matches(['[', ']']);
        let name = if name.is_empty() { section.name.to_owned() } else { format!("{name}.{}", section.name) };
        let path = format!("{path}{}", section.name);
        found.extend(match section.shape {
            Shape::Single => keys(section.group, &format!("[{name}]"), &format!("{path}.")),
            Shape::Named => keys(section.group, &format!("[{name}.mainnet]"), &format!("{path}.mainnet.")),
            Shape::List => keys(section.group, &format!("[[{name}]]"), &format!("{path}.0.")),
        });
    }
    found
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("\"{SECRET}\"")),
        Just(format!("[\"{SECRET}\", 1]")),
        Just(format!("{{ x = \"{SECRET}\" }}")),
        Just(format!("\"https://rpc.example.com/{SECRET}?k={SECRET}\"")),
        Just(format!("\"https://{SECRET}@rpc.example.com\"")),
        Just(format!("'''\n{SECRET}\n{SECRET}'''")),
        Just(format!("\"{SECRET}")),
        Just(SECRET.to_owned()),
        Just("\"24h\"".to_owned()),
        Just("1".to_owned()),
        Just("true".to_owned()),
        Just("1979-05-27".to_owned()),
        "[ -~]{0,12}",
    ]
}

fn load(toml: &[u8], variables: Vec<(String, String)>, overrides: Vec<Override>) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("butler.toml");
    save_atomic(&path, toml, 0o600).unwrap();
    let variables: Variables = variables.into_iter().chain([("HOME".to_owned(), "/home/op".to_owned())]).collect();
    let sources = Sources { file: ConfigFile::Required(path), variables, overrides };
    Config::load(&sources).map_err(|error| format!("{error}\n{error:?}\n{sources:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_error_repeats_a_value(
        lines in prop::collection::vec((any::<prop::sample::Index>(), value()), 0..6),
        given in prop::collection::vec((any::<prop::sample::Index>(), value()), 0..4),
        flags in prop::collection::vec((any::<prop::sample::Index>(), value()), 0..2),
    ) {
        let known = keys(&ROOT, "", "");
        let mut lines: Vec<_> = lines.iter().map(|(index, value)| (index.get(&known), value)).collect();
        lines.sort_by_key(|((header, _, _), _)| header.clone());
        let mut toml = String::new();
        let mut current = "";
        for ((header, _, key), value) in lines {
            if header != current {
                toml.push_str(&format!("{header}\n"));
                current = header;
            }
            toml.push_str(&format!("{key} = {value}\n"));
        }
        let variable = |path: &str| format!("BUTLER__{}", path.to_uppercase().replace('.', "__"));
        let given = given.iter().map(|(index, value)| (variable(&index.get(&known).1), value.trim_matches('"').to_owned()));
        let given = given.map(|(name, value)| (name, value.replace('\0', ""))).collect();
        let flags = flags.iter().map(|(index, value)| Override::text(&index.get(&known).1, value.trim_matches('"'), "--set"));
        if let Err(error) = load(toml.as_bytes(), given, flags.collect()) {
            prop_assert!(!error.contains(SECRET), "{error}\n---\n{toml}");
        }
    }

    #[test]
    fn arbitrary_bytes_and_variables_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "(\\[[a-z.\"\\[\\]]{0,20}\\]|[a-z0-9_.\"]{1,12} ?= ?[\\[\\]{},0-9a-z\"'.-]{0,12}|\n){0,20}",
        names in prop::collection::vec(("BUTLER_{1,3}[A-Z0-9_\\[\\].-]{0,30}", "[ -~]{0,20}"), 0..6),
    ) {
        let _ = load(&bytes, names.clone(), Vec::new());
        let _ = load(text.as_bytes(), names, Vec::new());
    }

    #[test]
    fn what_is_shown_has_no_secret(path in "[a-z0-9/]{0,10}", query in "[a-z=&]{0,10}", port in prop::option::of(1_u16..)) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = format!("https://rpc.example.com{port}/{path}{SECRET}?{query}{SECRET}");
        let toml = format!("[networks.mainnet]\n[[networks.mainnet.l1]]\nurl = \"{url}\"\nbearer_token_env = \"TOKEN\"\n\
            [[networks.mainnet.aztec_nodes]]\nurl_env = \"NODE\"\nbasic_user = \"u\"\nbasic_password_env = \"TOKEN\"\n");
        let given = vec![("TOKEN".to_owned(), SECRET.to_owned()), ("NODE".to_owned(), url)];
        let config = load(toml.as_bytes(), given, Vec::new()).map_err(TestCaseError::fail)?;
        let shown = format!("{}{config:?}{:?}", config.render(), config.effective());
        prop_assert!(!shown.contains(SECRET), "{shown}");
        prop_assert!(shown.contains("rpc.example.com"));
    }
}
