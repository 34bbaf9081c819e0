//! Samples: values of families under their labels.

use super::family::Family;

/// One value with the values of its family's labels, but for `network`, which comes first and is added when it is served.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Whose value it is.
    pub family: &'static Family,
    /// Values of the labels after `network`.
    pub labels: Vec<String>,
    /// The value.
    pub value: f64,
}

impl Sample {
    /// A sample of the process as a whole, with all labels of its family.
    #[must_use]
    pub fn own<const N: usize>(family: &'static Family, labels: [&str; N], value: f64) -> Self {
        debug_assert_eq!(family.labels.len(), N, "labels of {}", family.name);
        Self { family, labels: labels.map(str::to_owned).into(), value }
    }
}

/// The readings of one scrape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings(pub Vec<Sample>);

impl Readings {
    /// Adds a sample.
    pub fn push<const N: usize>(&mut self, family: &'static Family, labels: [String; N], value: f64) {
        debug_assert_eq!(family.labels.len(), N + 1, "labels of {}", family.name);
        self.0.push(Sample { family, labels: labels.into(), value });
    }

    /// The value under these labels, for tests and the page.
    #[must_use]
    pub fn get(&self, family: &Family, labels: &[&str]) -> Option<f64> {
        self.0.iter().find(|sample| sample.family == family && sample.labels == labels).map(|sample| sample.value)
    }
}

/// 1 for true.
#[must_use]
pub fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// A whole number; exact up to 2^53.
#[must_use]
pub fn number(value: u64) -> f64 {
    let half = |bits: u64| f64::from(u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX));
    half(value >> 32) * 4_294_967_296.0 + half(value)
}

/// A count; exact up to 2^53.
#[must_use]
pub fn count(value: usize) -> f64 {
    number(u64::try_from(value).unwrap_or(u64::MAX))
}
