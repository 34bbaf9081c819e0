//! The answer to `getValidatorsStats`: megabytes on a large network, of which only own attesters' counts are kept.
//!
//! The histories, which are most of it, are skipped while reading.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::Address;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::answers::{Number, number};
use crate::domain::slashing::sentinel::{AttesterDuties, DutyCounts, SentinelReport};

/// Reads the report, with `own` attesters only.
pub(crate) fn report(text: &str, own: &BTreeSet<Address>) -> Result<SentinelReport, serde_json::Error> {
    Report { own }.deserialize(&mut serde_json::Deserializer::from_str(text))
}

struct Report<'a> {
    own: &'a BTreeSet<Address>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum ReportField {
    Stats,
    LastProcessedSlot,
    SlotWindow,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Report<'_> {
    type Value = SentinelReport;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<SentinelReport, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Report<'_> {
    type Value = SentinelReport;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("statistics of validators")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<SentinelReport, A::Error> {
        let (mut duties, mut last_processed_slot, mut slot_window) = (None, None, None);
        while let Some(field) = fields.next_key()? {
            match field {
                ReportField::Stats => duties = Some(fields.next_value_seed(Stats { own: self.own })?),
                ReportField::LastProcessedSlot => {
                    last_processed_slot = fields.next_value::<Option<Number>>()?.map(|slot| slot.0);
                }
                ReportField::SlotWindow => slot_window = Some(fields.next_value::<Number>()?.0),
                ReportField::Other => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = serde::de::Error::missing_field;
        Ok(SentinelReport {
            last_processed_slot,
            slot_window: slot_window.ok_or_else(|| missing("slotWindow"))?,
            duties: duties.ok_or_else(|| missing("stats"))?,
        })
    }
}

struct Stats<'a> {
    own: &'a BTreeSet<Address>,
}

impl<'de> DeserializeSeed<'de> for Stats<'_> {
    type Value = BTreeMap<Address, AttesterDuties>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Stats<'_> {
    type Value = BTreeMap<Address, AttesterDuties>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("statistics by address")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut stats: A) -> Result<Self::Value, A::Error> {
        let mut duties = BTreeMap::new();
        while let Some(attester) = stats.next_key::<Address>()? {
            if self.own.contains(&attester) {
                let text = stats.next_value::<DutiesText>()?;
                let text = [text.missed_attestations, text.missed_proposals].map(DutyCounts::from);
                let [attestations, proposals] = text;
                duties.insert(attester, AttesterDuties { attestations, proposals });
            } else {
                stats.next_value::<IgnoredAny>()?;
            }
        }
        Ok(duties)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DutiesText {
    missed_proposals: CountsText,
    missed_attestations: CountsText,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountsText {
    #[serde(deserialize_with = "number")]
    current_streak: u64,
    #[serde(deserialize_with = "number")]
    count: u64,
    total: Option<Number>,
}

impl From<CountsText> for DutyCounts {
    fn from(text: CountsText) -> Self {
        Self { missed: text.count, streak: text.current_streak, total: text.total.map(|total| total.0) }
    }
}
