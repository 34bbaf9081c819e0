//! The tree of a configuration: values with their origins, and the layers that it is made of.

use std::collections::BTreeMap;

use config::{ConfigError as LayerError, Map, Source, Value, ValueKind};

use super::fault::{Fault, Origin};

/// The most entries of a list that a variable or flag can reach.
const LONGEST_LIST: usize = 100;

/// A value and where it came from.
#[derive(Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) value: NodeValue,
}

/// A value as it was written.
#[derive(Clone, PartialEq)]
pub(crate) enum NodeValue {
    /// A gap in a list: an entry that nobody gave.
    Gap,
    /// What was found to be wrong, and reported, when the file was read.
    Reported,
    Boolean(bool),
    Integer(i64),
    Float,
    Text(String),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// Whether the value was given as text, which stands for any type.
    pub(crate) fn is_untyped(&self) -> bool {
        match self.origin {
            Origin::Variable(_) | Origin::Flag(_) => true,
            Origin::File { .. } | Origin::Preset(_) | Origin::Default | Origin::Configuration => false,
        }
    }

    /// The kind with its article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Gap | NodeValue::Reported => "nothing",
            NodeValue::Boolean(_) => "a boolean",
            NodeValue::Integer(_) => "an integer",
            NodeValue::Float => "a number with a decimal point",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Table(_) => "a section",
        }
    }
}

/// Origins and faults while the layers are built.
#[derive(Default)]
pub(crate) struct Notes {
    origins: Vec<Origin>,
    /// The file's sections by path: the crate drops the origin of what it merges.
    pub(crate) sections: BTreeMap<String, Origin>,
    pub(crate) faults: Vec<Fault>,
}

impl Notes {
    pub(crate) fn value(&mut self, origin: Origin, kind: impl Into<ValueKind>) -> Value {
        let index = self.origins.len().to_string();
        self.origins.push(origin);
        Value::new(Some(&index), kind)
    }

    /// Reports a value of the file and gives the mark that stands for it.
    pub(crate) fn reported(&mut self, origin: Origin, key: &str, what: &str, hint: Option<&str>) -> Value {
        self.fault(origin.clone(), key.to_owned(), what, hint);
        self.value(origin, 0_u64)
    }

    pub(crate) fn fault(&mut self, origin: Origin, key: String, what: impl Into<String>, hint: Option<&str>) {
        self.faults.push(Fault { origin, key, what: what.into(), hint: hint.map(str::to_owned) });
    }

    pub(super) fn origin(&self, value: &Value) -> Option<Origin> {
        let index: usize = value.origin()?.parse().ok()?;
        self.origins.get(index).cloned()
    }
}

/// One layer: values under paths such as `networks.mainnet.l1[0].url`, whose segments were checked.
#[derive(Debug, Clone)]
pub(crate) struct Layer(pub(crate) Vec<(String, Value)>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, LayerError> {
        Ok(self.0.iter().cloned().collect())
    }
}

/// Joins segments into the `config` crate's path syntax; a number is an index into a list.
///
/// `my_net` stands for the file's `my-net`, which a shell can not write in a variable's name.
pub(crate) fn checked_path(segments: &[&str], networks: &[String]) -> Option<String> {
    let mut path = String::new();
    for (position, segment) in segments.iter().enumerate() {
        let known =
            segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
        if segment.is_empty() || !known {
            return None;
        }
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            let index: usize = segment.parse().ok().filter(|index| *index < LONGEST_LIST && position > 0)?;
            path.push_str(&format!("[{index}]"));
            continue;
        }
        if position > 0 {
            path.push('.');
        }
        let is_network = position == 1 && segments.first() == Some(&"networks");
        let dashed = networks.iter().find(|name| is_network && name.replace('-', "_") == *segment);
        let exact = networks.iter().any(|name| name == segment);
        path.push_str(dashed.filter(|_| !exact).map_or(segment, String::as_str));
    }
    Some(path)
}
