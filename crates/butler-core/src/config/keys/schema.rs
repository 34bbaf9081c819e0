//! What a key and a section of keys are.

/// What stands in for a key that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The key must be given.
    Required,
    /// Absence has a meaning of its own.
    Optional,
    /// This text is read as if it had been given.
    Default(&'static str),
    /// A value found out at start, described here.
    Computed(&'static str),
    /// The network's preset has it; required where there is no preset.
    Preset,
}

/// The allowed range, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// Whatever the type allows.
    Any,
    /// Least and greatest number.
    Number(u64, u64),
    /// Shortest and longest duration in milliseconds.
    Milliseconds(u64, u64),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The name within its section.
    pub name: &'static str,
    /// The name of its type, or of its elements' type.
    pub kind: &'static str,
    /// Whether it is a list.
    pub list: bool,
    /// Whether it is a table of such values under names that the operator chooses.
    pub table: bool,
    /// What stands in for it.
    pub presence: Presence,
    /// The allowed range.
    pub bounds: Bounds,
    /// The unit of a bare number; empty where the type says it.
    pub unit: &'static str,
    /// Whether its value is hidden by `config show`.
    pub secret: bool,
    /// What it means.
    pub doc: &'static str,
}

/// How often a section occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Once: `[exporter]`.
    Single,
    /// Under names that the operator chooses: `[networks.mainnet]`.
    Named,
    /// As a list: `[[networks.mainnet.l1]]`.
    List,
}

/// A section within a group.
#[derive(Debug, Clone, Copy)]
pub struct Subsection {
    /// The name within its parent.
    pub name: &'static str,
    /// How often it occurs.
    pub shape: Shape,
    /// What it holds.
    pub group: &'static Group,
}

/// The keys of a section and the sections below it.
#[derive(Debug)]
pub struct Group {
    /// What the section is for.
    pub doc: &'static str,
    /// Its keys.
    pub keys: &'static [&'static [Key]],
    /// What is below it.
    pub sections: &'static [Subsection],
}

impl Group {
    /// All keys of the group, in the order of the reference page.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().flat_map(|keys| keys.iter())
    }

    /// The key with this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }

    /// The section with this name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&'static Subsection> {
        self.sections.iter().find(|section| section.name == name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys().map(|key| key.name).chain(self.sections.iter().map(|section| section.name))
    }
}

pub(super) const fn key(name: &'static str, kind: &'static str, presence: Presence, doc: &'static str) -> Key {
    Key { name, kind, list: false, table: false, presence, bounds: Bounds::Any, unit: "", secret: false, doc }
}

impl Key {
    pub(super) const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    pub(super) const fn table(self) -> Self {
        Self { table: true, ..self }
    }

    pub(super) const fn number(self, unit: &'static str, least: u64, greatest: u64) -> Self {
        Self { unit, bounds: Bounds::Number(least, greatest), ..self }
    }

    pub(super) const fn seconds(self, least: u64, greatest: u64) -> Self {
        Self { bounds: Bounds::Milliseconds(least * 1000, greatest * 1000), ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
}
