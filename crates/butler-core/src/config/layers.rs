//! File, environment and flags laid over each other: one tree in which every value knows where it came from.
//!
//! The `config` crate does the laying. Its own sources are not used: they convert values, lose line numbers, read
//! `a[99999999]` in a variable's name as an order to allocate, and repeat secrets in errors. An origin travels through
//! the crate as an index into our list of origins.

use config::{Map, Value, ValueKind};

use super::environment::environment_layer;
use super::fault::{ConfigError, Fault, Origin, show_key};
use super::source::{ConfigFile, Override, OverrideValue, Sources};
use super::toml_file::file_layer;
use super::tree::{Layer, Node, NodeValue, Notes, checked_path};
use crate::store::file::{StoreError, load_bounded};

/// The largest configuration file.
pub(crate) const FILE_LIMIT: u64 = 1 << 20;
/// The tree and everything that was wrong on the way.
pub(crate) fn load_layers(sources: &Sources) -> Result<(Node, Vec<Fault>), ConfigError> {
    let mut notes = Notes::default();
    let file = match &sources.file {
        ConfigFile::None => None,
        ConfigFile::Required(path) | ConfigFile::IfPresent(path) => match load_bounded(path, FILE_LIMIT) {
            Ok(bytes) => Some(file_layer(path, &bytes, &mut notes)),
            Err(StoreError::Missing { .. }) if sources.file == ConfigFile::IfPresent(path.clone()) => None,
            Err(StoreError::Missing { path }) => return Err(ConfigError::Missing { path }),
            Err(error) => return Err(ConfigError::Unreadable(error)),
        },
    };
    let file = file.unwrap_or_else(|| Layer(Vec::new()));
    let names = network_names(&file);
    let environment = environment_layer(&sources.variables, &names, &mut notes);
    let mut builder = config::Config::builder().add_source(file).add_source(environment);
    for given in &sources.overrides {
        builder = builder.add_source(flag_layer(given, &names, &mut notes));
    }
    match builder.build() {
        Ok(built) => Ok((into_node(built.cache, "", &notes), notes.faults)),
        // The layers are built from checked parts; whatever the crate says may hold a value, so it is not repeated.
        Err(_) => {
            notes.fault(Origin::Configuration, String::new(), "the sources can not be laid over each other", None);
            Err(ConfigError::Faults(notes.faults))
        }
    }
}

fn network_names(file: &Layer) -> Vec<String> {
    let networks = file.0.iter().filter(|(key, _)| key == "networks");
    let tables = networks.filter_map(|(_, value)| match &value.kind {
        ValueKind::Table(table) => Some(table.keys().cloned()),
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_)
        | ValueKind::String(_)
        | ValueKind::Array(_) => None,
    });
    tables.flatten().collect()
}

fn flag_layer(given: &Override, networks: &[String], notes: &mut Notes) -> Layer {
    let origin = Origin::Flag(given.flag.clone());
    let segments: Vec<&str> = given.key.split('.').collect();
    let Some(path) = checked_path(&segments, networks) else {
        notes.fault(origin, show_key(&given.key), "unknown key", None);
        return Layer(Vec::new());
    };
    let value = match &given.value {
        OverrideValue::Text(text) => notes.value(origin, text.as_str()),
        OverrideValue::Urls(urls) => {
            let mut endpoints = Vec::new();
            for (index, url) in (1..).zip(urls) {
                let mut table: Map<String, Value> = Map::new();
                table.insert("url".to_owned(), notes.value(origin.clone(), url.as_str()));
                if urls.len() > 1 {
                    // Several may be of one host, which would give them one name.
                    table.insert("name".to_owned(), notes.value(origin.clone(), format!("l1-{index}")));
                }
                endpoints.push(notes.value(origin.clone(), table));
            }
            notes.value(origin, endpoints)
        }
    };
    Layer(vec![(path, value)])
}

fn into_node(value: Value, path: &str, notes: &Notes) -> Node {
    let origin = notes.sections.get(path).cloned().or_else(|| notes.origin(&value));
    let value = match value.kind {
        ValueKind::Nil => NodeValue::Gap,
        ValueKind::Boolean(boolean) => NodeValue::Boolean(boolean),
        ValueKind::I64(integer) => NodeValue::Integer(integer),
        // The layers hold no wider integers but the mark below: TOML has none.
        ValueKind::U64(_) => NodeValue::Reported,
        ValueKind::I128(_) | ValueKind::U128(_) | ValueKind::Float(_) => NodeValue::Float,
        ValueKind::String(text) => NodeValue::Text(text),
        ValueKind::Array(list) => {
            let items = list.into_iter().enumerate();
            NodeValue::List(items.map(|(index, item)| into_node(item, &format!("{path}[{index}]"), notes)).collect())
        }
        ValueKind::Table(table) => {
            let items = table.into_iter().map(|(key, item)| {
                let path = if path.is_empty() { show_key(&key) } else { format!("{path}.{}", show_key(&key)) };
                let node = into_node(item, &path, notes);
                (key, node)
            });
            NodeValue::Table(items.collect())
        }
    };
    // What variables and flags began has the origin of its first value.
    let origin = origin.or_else(|| first_origin(&value)).unwrap_or(Origin::Configuration);
    Node { origin, value }
}

fn first_origin(value: &NodeValue) -> Option<Origin> {
    let known = |node: &Node| -> Option<Origin> { (node.origin != Origin::Configuration).then(|| node.origin.clone()) };
    match value {
        NodeValue::List(list) => list.iter().find_map(known),
        NodeValue::Table(table) => table.values().find_map(known),
        NodeValue::Gap
        | NodeValue::Reported
        | NodeValue::Boolean(_)
        | NodeValue::Integer(_)
        | NodeValue::Float
        | NodeValue::Text(_) => None,
    }
}
