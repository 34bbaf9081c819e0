//! Families of metrics: name, type, labels, unit, help. A name here is the name that Prometheus stores, with its unit and
//! suffix. A label whose values are a closed set names what lists them: `"state": names::<State>`.

/// Declares families as statics, and the slice of them.
#[macro_export]
macro_rules! metric_families {
    (@values) => { None };
    (@values $values:path) => { Some($values) };
    ($($constant:ident: $kind:ident $name:literal [$($label:literal $(: $values:path)?),*] $unit:literal $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $constant: $crate::daemon::telemetry::metrics::family::Family =
                $crate::daemon::telemetry::metrics::family::Family {
                    name: $name,
                    kind: $crate::daemon::telemetry::metrics::family::Kind::$kind,
                    labels: &[$($crate::daemon::telemetry::metrics::family::Label {
                        name: $label,
                        values: $crate::metric_families!(@values $($values)?),
                    }),*],
                    unit: $unit,
                    help: $help,
                };
        )*
        /// The families of this subject, in the order in which they are served.
        pub static FAMILIES: &[&$crate::daemon::telemetry::metrics::family::Family] = &[$(&$constant),*];
    };
}

/// What a family's values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows while the process lives; the name ends in `_total`.
    Counter,
    /// Counts by size, with their sum; served as `_bucket`, `_sum` and `_count`.
    Histogram,
    /// Always 1, and its labels say something; the name ends in `_info`.
    Info,
    /// Served once more under the name of an earlier release, whose type the name can not have any more.
    Unknown,
}

impl Kind {
    /// The name that the documentation uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What the name of such a family ends in.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Gauge | Self::Histogram | Self::Unknown => "",
            Self::Counter => "_total",
            Self::Info => "_info",
        }
    }
}

/// One label of a family.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Lists the values that it can have, where these are a closed set.
    pub values: Option<fn() -> Vec<&'static str>>,
}

impl Label {
    /// Whether it can have that value.
    #[must_use]
    pub fn allows(&self, value: &str) -> bool {
        self.values.is_none_or(|values| values().contains(&value))
    }
}

/// One family.
#[derive(Debug)]
pub struct Family {
    /// The name that Prometheus stores.
    pub name: &'static str,
    /// What its values mean.
    pub kind: Kind,
    /// Its labels, in the order in which values are given.
    pub labels: &'static [Label],
    /// Its unit, which the name holds too; empty where there is none.
    pub unit: &'static str,
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// No two families share a name.
impl PartialEq for Family {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Family {}

impl Family {
    /// The name without what an encoder adds: unit, `_total`, `_info`.
    #[must_use]
    pub fn stem(&self) -> &'static str {
        let name = self.name.strip_suffix(self.kind.suffix()).unwrap_or(self.name);
        if self.unit.is_empty() {
            return name;
        }
        name.strip_suffix(self.unit).and_then(|name| name.strip_suffix('_')).unwrap_or(name)
    }

    /// Whether these can be the values of the last labels.
    pub(super) fn allows(&self, values: &[String]) -> bool {
        self.labels.iter().rev().zip(values.iter().rev()).all(|(label, value)| label.allows(value))
    }

    /// Whether a series of that name is one of the family's.
    #[must_use]
    pub fn has_series(&self, name: &str) -> bool {
        match self.kind {
            Kind::Gauge | Kind::Counter | Kind::Info | Kind::Unknown => name == self.name,
            Kind::Histogram => name.strip_prefix(self.name).is_some_and(|suffix| HISTOGRAM_SERIES.contains(&suffix)),
        }
    }
}

/// What the series of a histogram end in.
const HISTOGRAM_SERIES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Every family of a program by subject, in the order in which they are served.
#[derive(Debug, Clone, Copy)]
pub struct Families(pub &'static [&'static [&'static Family]]);

impl Families {
    /// The families one by one.
    pub fn all(self) -> impl Iterator<Item = &'static Family> + Clone {
        self.0.iter().copied().flatten().copied()
    }
}
