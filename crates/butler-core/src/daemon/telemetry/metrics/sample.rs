//! Samples: values of families under their labels.

use std::sync::Arc;

use super::family::Family;

/// One value with the values of its family's labels, but for `network`, which comes first and is added when it is served.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Whose value it is.
    pub family: &'static Family,
    /// Values of the labels after `network`.
    pub labels: Vec<String>,
    /// The value; the sum of a histogram.
    pub value: f64,
    /// The counts of a histogram, and of nothing else.
    pub buckets: Option<Arc<[Bucket]>>,
}

/// What a histogram counted between the end of the bucket before and its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// The largest value that is counted here; infinite in the last bucket.
    pub end: f64,
    /// How often.
    pub count: u64,
}

impl Sample {
    /// A sample of the process as a whole, with all labels of its family.
    #[must_use]
    pub fn of_process<const N: usize>(family: &'static Family, labels: [&str; N], value: f64) -> Self {
        debug_assert_eq!(family.labels.len(), N, "labels of {}", family.name);
        let sample = Self { family, labels: labels.map(str::to_owned).into(), value, buckets: None };
        sample.assert_declared();
        sample
    }

    /// In debug builds: the labels are those that the family declares.
    fn assert_declared(&self) {
        debug_assert!(self.family.allows(&self.labels), "{} of {}", self.labels.join(", "), self.family.name);
    }
}

/// The readings of one scrape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings(pub Vec<Sample>);

impl Readings {
    /// Adds a sample.
    pub fn push<const N: usize>(&mut self, family: &'static Family, labels: [String; N], value: f64) {
        debug_assert_eq!(family.labels.len(), N + 1, "labels of {}", family.name);
        let sample = Sample { family, labels: labels.into(), value, buckets: None };
        sample.assert_declared();
        self.0.push(sample);
    }

    /// Adds a histogram: its buckets in their order, and the sum of all that was counted.
    pub fn push_histogram<const N: usize>(
        &mut self,
        family: &'static Family,
        labels: [String; N],
        buckets: impl IntoIterator<Item = Bucket>,
        sum: f64,
    ) {
        debug_assert_eq!(family.labels.len(), N + 1, "labels of {}", family.name);
        let buckets = Some(buckets.into_iter().collect());
        self.0.push(Sample { family, labels: labels.into(), value: sum, buckets });
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
