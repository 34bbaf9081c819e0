//! Reads what tells the items of a pipeline. Keys of another trigger than the one that is named are faults.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use super::schedule::{InvalidSchedule, Schedule};
use super::settings::{Pattern, TriggerKind, ZoneName, listed};
use super::{TipConfig, TriggerConfig};
use crate::config::endpoint_reader::read_webhook;
use crate::config::network::report_same_names;
use crate::config::reader::{Read, Section};
use crate::config::setting::Problem;
use crate::config::text_setting::NetworkName;
use crate::domain::job::{JobName, PipelineName, Stream};

/// The keys that only some triggers have.
const OWN: [(&str, &[TriggerKind]); 11] = [
    ("network", &[TriggerKind::L1Blocks, TriggerKind::L2Blocks]),
    ("tip", &[TriggerKind::L2Blocks]),
    ("step", &[TriggerKind::L1Blocks, TriggerKind::L2Blocks]),
    ("from", &[TriggerKind::BeaconPeriod, TriggerKind::L1Blocks, TriggerKind::L2Blocks]),
    ("epochs_per_period", &[TriggerKind::BeaconPeriod]),
    ("ahead", &[TriggerKind::BeaconPeriod]),
    ("agreeing", &[TriggerKind::BeaconPeriod]),
    ("beacons", &[TriggerKind::BeaconPeriod]),
    ("schedule", &[TriggerKind::Cron]),
    ("zone", &[TriggerKind::Cron]),
    ("pipeline", &[TriggerKind::After]),
];

/// The items of the other pipeline are filled in by whoever knows all pipelines.
pub(super) fn read_trigger(section: &Section<'_>, networks: &BTreeSet<&str>) -> Read<TriggerConfig> {
    let kind = section.get::<TriggerKind>("trigger");
    let network = section.optional::<NetworkName>("network");
    let tip = section.get::<TipConfig>("tip");
    let step = positive(section, "step");
    let from = section.optional::<u64>("from");
    let epochs_per_period = positive(section, "epochs_per_period");
    let ahead = section.get("ahead");
    let agreeing = section.get::<u64>("agreeing");
    let beacons: Vec<_> = section.sections("beacons").iter().map(read_webhook).collect();
    report_same_names(section, "beacons", beacons.iter().flatten().map(|endpoint| endpoint.name.as_str()));
    let schedule = section.optional::<Pattern>("schedule");
    let zone = section.get::<ZoneName>("zone");
    let pipeline = section.optional::<PipelineName>("pipeline");
    let job = section.optional::<JobName>("job");
    let kind = kind?;
    let own = OWN.into_iter().chain([("job", &[TriggerKind::After][..])]);
    for (key, kinds) in own.filter(|(key, kinds)| section.origin(key).is_some() && !kinds.contains(&kind)) {
        let kinds = listed(kinds.iter().map(|kind| kind.name()));
        section.fault(key, Problem::new(format!("only the trigger {kinds} has this key")));
    }
    let missing = |key: &str| section.fault(key, Problem::new(format!("the trigger `{}` needs this key", kind.name())));
    let stream = |step: Read<NonZeroU64>, from: Read<Option<u64>>| {
        Ok(Stream { from: from?.ok_or_else(|| missing("from"))?, step: step? })
    };
    let known_network = || {
        let name = network?.ok_or_else(|| missing("network"))?.0;
        if networks.contains(name.as_str()) {
            return Ok(name);
        }
        let problem = Problem::new("there is no network of this name");
        Err(section.fault("network", problem.hint(format!("known are {}", listed(networks)))))
    };
    match kind {
        TriggerKind::BeaconPeriod => {
            let stream = stream(Ok(NonZeroU64::MIN), from);
            let beacons = beacons.into_iter().collect::<Read<Vec<_>>>()?;
            let agreeing = usize::try_from(agreeing?).unwrap_or(usize::MAX);
            if agreeing > beacons.len() {
                let what = format!("{agreeing} beacon nodes must agree, and there are {}", beacons.len());
                return Err(section.fault("beacons", Problem::new(what).hint("add `[[pipelines.NAME.beacons]]`")));
            }
            let (epochs_per_period, ahead, stream) = (epochs_per_period?, ahead?, stream?);
            Ok(TriggerConfig::BeaconPeriod { beacons, agreeing, epochs_per_period, ahead, stream })
        }
        TriggerKind::L1Blocks => {
            let (network, stream) = (known_network(), stream(step, from));
            Ok(TriggerConfig::L1Blocks { network: network?, stream: stream? })
        }
        TriggerKind::L2Blocks => {
            let (network, stream) = (known_network(), stream(step, from));
            Ok(TriggerConfig::L2Blocks { network: network?, tip: tip?, stream: stream? })
        }
        TriggerKind::Cron => {
            let schedule = schedule?.ok_or_else(|| missing("schedule"))?;
            let zone = zone?;
            Schedule::parse(&schedule.0, &zone.0).map(Box::new).map(TriggerConfig::Cron).map_err(|error| {
                let key = match error {
                    InvalidSchedule::Pattern | InvalidSchedule::Never => "schedule",
                    InvalidSchedule::Zone => "zone",
                };
                section.fault(key, Problem::new(error.to_string()))
            })
        }
        TriggerKind::After => {
            let pipeline = pipeline.and_then(|pipeline| pipeline.ok_or_else(|| missing("pipeline")));
            let job = job.and_then(|job| job.ok_or_else(|| missing("job")));
            let stream = Stream { from: 0, step: NonZeroU64::MIN };
            Ok(TriggerConfig::After { pipeline: pipeline?, job: job?, stream })
        }
    }
}

/// A number whose bounds begin at 1.
fn positive(section: &Section<'_>, key: &str) -> Read<NonZeroU64> {
    let number = section.get::<u64>(key)?;
    NonZeroU64::new(number).ok_or_else(|| section.fault(key, Problem::new("expected at least 1")))
}
