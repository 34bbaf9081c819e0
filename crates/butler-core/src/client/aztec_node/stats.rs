//! The answer to `getValidatorsStats`: megabytes on a large network, of which only what it says of own attesters is kept.
//!
//! The histories, which are most of it, are skipped while reading but for those of own attesters; one of a form that is not known tells
//! nothing, and takes nothing from the counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::Address;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::answers::{Number, number};
use crate::domain::slashing::ToldInSlot;
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
        let (mut stats, mut last_processed_slot, mut slot_window) = (None, None, None);
        while let Some(field) = fields.next_key()? {
            match field {
                ReportField::Stats => stats = Some(fields.next_value_seed(Stats { own: self.own })?),
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
        let OwnStats { duties, told } = stats.ok_or_else(|| missing("stats"))?;
        Ok(SentinelReport {
            last_processed_slot,
            slot_window: slot_window.ok_or_else(|| missing("slotWindow"))?,
            duties,
            told,
        })
    }
}

/// What is kept.
#[derive(Default)]
struct OwnStats {
    duties: BTreeMap<Address, AttesterDuties>,
    told: BTreeMap<Address, Vec<(u64, ToldInSlot)>>,
}

struct Stats<'a> {
    own: &'a BTreeSet<Address>,
}

impl<'de> DeserializeSeed<'de> for Stats<'_> {
    type Value = OwnStats;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Stats<'_> {
    type Value = OwnStats;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("statistics by address")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut stats: A) -> Result<Self::Value, A::Error> {
        let mut found = OwnStats::default();
        while let Some(attester) = stats.next_key::<Address>()? {
            if self.own.contains(&attester) {
                let text = stats.next_value::<DutiesText>()?;
                found.told.insert(attester, told(&text.history));
                let text = [text.missed_attestations, text.missed_proposals].map(DutyCounts::from);
                let [attestations, proposals] = text;
                found.duties.insert(attester, AttesterDuties { attestations, proposals });
            } else {
                stats.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DutiesText {
    missed_proposals: CountsText,
    missed_attestations: CountsText,
    #[serde(default)]
    history: Value,
}

/// What a history tells that L1 can contradict.
fn told(history: &Value) -> Vec<(u64, ToldInSlot)> {
    let entry = |entry: &Value| {
        let slot = entry.get("slot")?;
        let slot = slot.as_u64().or_else(|| slot.as_str()?.parse().ok())?;
        Some((slot, ToldInSlot::of(entry.get("status")?.as_str()?)?))
    };
    history.as_array().into_iter().flatten().filter_map(entry).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of the attester 0x07…07 with this history.
    fn read(history: &str) -> Option<Vec<(u64, ToldInSlot)>> {
        let own = Address::repeat_byte(7);
        let counts = r#"{"currentStreak":0,"count":0,"total":4}"#;
        let text = format!(
            r#"{{"stats":{{"{own:?}":{{"missedProposals":{counts},"missedAttestations":{counts}{history}}}}},"lastProcessedSlot":9,"slotWindow":9}}"#
        );
        let report = report(&text, &BTreeSet::from([own])).unwrap();
        assert_eq!(report.duties[&own].proposals.total, Some(4));
        report.told.get(&own).cloned()
    }

    #[test]
    fn a_history_is_kept_as_far_as_l1_can_contradict_it_and_a_strange_one_takes_nothing_away() {
        use ToldInSlot::{AttestationMissed, Mined, ProposalMissed};
        let entry = |slot: &str, status: &str| format!(r#"{{"slot":{slot},"status":"{status}"}}"#);
        let all = [
            entry("1", "checkpoint-mined"),
            entry("\"2\"", "blocks-missed"),
            entry("3", "attestation-missed"),
            entry("4", "attestation-sent"),
            entry("5", "checkpoint-valid"),
            entry("-6", "checkpoint-mined"),
        ];
        let expected = vec![(1, Mined), (2, ProposalMissed), (3, AttestationMissed)];
        assert_eq!(read(&format!(r#","history":[{}]"#, all.join(","))), Some(expected));
        for strange in ["", r#","history":null"#, r#","history":7"#, r#","history":[[],{},7,{"slot":1}]"#] {
            assert_eq!(read(strange), Some(Vec::new()), "{strange}");
        }
    }
}
