//! The sections below a section: single, named, or in a list.

use super::fault::show_key;
use super::keys::{Group, Shape};
use super::layers::{Node, NodeValue};
use super::reader::Section;
use super::setting::Problem;

impl Section<'_> {
    /// Reports an entry that is not a section. Its keys are not read, so that one mistake gives one fault.
    fn expect_section(&self, path: &str, node: &Node) -> bool {
        match &node.value {
            NodeValue::Table(_) => return true,
            NodeValue::Reported => {}
            NodeValue::Gap => {
                let hint = "number the entries from 0 without gaps".to_owned();
                self.fault_at(node.origin.clone(), path, "this entry is missing", Some(hint));
            }
            NodeValue::Boolean(_)
            | NodeValue::Integer(_)
            | NodeValue::Float
            | NodeValue::Text(_)
            | NodeValue::List(_) => {
                self.fault_at(node.origin.clone(), path, format!("expected a section, found {}", node.kind()), None);
            }
        }
        false
    }

    /// The section below with this name.
    pub(crate) fn single(&self, name: &str) -> Self {
        let group = self.below(name, Shape::Single);
        let node = self.node(name).filter(|node| self.expect_section(name, node));
        Self::new(self.reader, node, group, self.path_of(name))
    }

    /// The sections below `name` by their own names.
    pub(crate) fn named(&self, name: &str) -> Vec<(String, Self)> {
        let group = self.below(name, Shape::Named);
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let (true, NodeValue::Table(table)) = (self.expect_section(name, node), &node.value) else {
            return Vec::new();
        };
        let path = self.path_of(name);
        let whole = table.iter().filter(|(own, node)| self.expect_section(&format!("{name}.{}", show_key(own)), node));
        let sections = whole.map(|(own, node)| {
            (own.clone(), Self::new(self.reader, Some(node), group, format!("{path}.{}", show_key(own))))
        });
        sections.collect()
    }

    /// The sections of a list.
    pub(crate) fn sections(&self, name: &str) -> Vec<Self> {
        let group = self.below(name, Shape::List);
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let path = self.path_of(name);
        let NodeValue::List(items) = &node.value else {
            let problem = Problem::new(format!("expected a list of sections, found {}", node.kind()));
            let variable = format!("number them, as in BUTLER__{}__0__URL", path.to_uppercase().replace('.', "__"));
            self.fault(name, problem.hint(if node.is_untyped() { variable } else { format!("write [[{path}]]") }));
            return Vec::new();
        };
        let whole = items.iter().enumerate().filter(|(index, item)| {
            // A gap has no origin; whoever numbered the next entry has made it.
            let next = items.iter().skip(*index).find(|item| item.value != NodeValue::Gap);
            let origin = next.map_or(&item.origin, |next| &next.origin).clone();
            self.expect_section(&format!("{name}[{index}]"), &Node { origin, value: item.value.clone() })
        });
        whole.map(|(index, item)| Self::new(self.reader, Some(item), group, format!("{path}[{index}]"))).collect()
    }

    fn below(&self, name: &str, shape: Shape) -> &'static Group {
        let section = self.group.section(name);
        debug_assert!(section.is_some_and(|section| section.shape == shape), "unknown section {name}");
        section.map_or(self.group, |section| section.group)
    }
}
