//! Pipelines of jobs, as they are configured: what is read, and every fault at once with its line.

use butler_core::config::{Config, PipelineConfig, TriggerConfig, WorkConfig};
use butler_core::domain::action::Policy;
use butler_core::domain::job::{Argument, Value};

use crate::config_case::{case, refused};

const PIPELINE: &str = r#"
[networks.mainnet]
[pipelines.blocks]
trigger = "l1_blocks"
network = "mainnet"
from = 1000
folder = "/var/lib/butler/artifacts"
[pipelines.blocks.jobs.snos]
ordered = true
policy = "auto"
command = ["/usr/local/bin/snos", "--block", "{item}", "-o", "{artifact}", "$(reboot); rm"]
environment = { RUST_LOG = "info" }
environment_files = { KEY = "/run/secrets/key" }
artifact = "{item}/pie.bin"
verify = ["/usr/local/bin/check", "{artifact}"]
[pipelines.blocks.jobs.prove]
after = ["snos"]
url = "https://prover.example.com/secret-path"
submit = "/v1/proofs"
body = { block = "{item}", digest = "{digest.snos}" }
status = "/v1/proofs/{id}"
done = ["done"]
fetch = "/v1/proofs/{id}/artifact"
artifact = "{item}/proof.bin"
"#;

fn blocks(text: &str) -> PipelineConfig {
    let case = case(text.as_bytes(), &[]);
    let mut config = Config::load(&case.sources).unwrap();
    config.pipelines.remove(&"blocks".parse().unwrap()).unwrap()
}

#[test]
fn a_pipeline_is_read_with_its_jobs_and_an_argument_stays_one() {
    let pipeline = blocks(PIPELINE);
    assert!(
        matches!(&pipeline.trigger, TriggerConfig::L1Blocks { network, stream } if network == "mainnet" && stream.from == 1000)
    );
    let order: Vec<&str> = pipeline.graph.order().iter().map(|job| job.as_str()).collect();
    assert_eq!(order, ["snos", "prove"]);
    let snos = &pipeline.jobs[&"snos".parse().unwrap()];
    let WorkConfig::Command(command) = &snos.work else { panic!("{snos:?}") };
    assert_eq!(command[2], Argument::Value(Value::Item));
    assert_eq!(command[5], Argument::Fixed("$(reboot); rm".to_owned()));
    let prove = &pipeline.jobs[&"prove".parse().unwrap()];
    // Nothing is written to the world without a person, where nobody says so.
    assert_eq!((snos.policy, prove.policy), (Policy::Auto, Policy::Approve));
    assert!(!format!("{prove:?}").contains("secret-path"));
}

#[test]
fn a_definition_is_what_is_done_and_not_how_often() {
    let definition = |text: &str| blocks(text).jobs[&"snos".parse().unwrap()].definition;
    let before = definition(PIPELINE);
    let paced = PIPELINE.replace("ordered = true", "ordered = true\ntries = 9\nlooks = 2\nconcurrency = 7");
    assert_eq!(definition(&paced), before);
    for (from, to) in [
        ("\"--block\"", "\"--blocks\""),
        ("info", "debug"),
        ("/run/secrets/key", "/run/secrets/other"),
        ("{item}/pie.bin", "{item}/pie2.bin"),
        ("/usr/local/bin/check", "/usr/bin/check"),
        ("/var/lib/butler/artifacts", "/srv/artifacts"),
    ] {
        assert_ne!(definition(&PIPELINE.replace(from, to)), before, "{from}");
    }
}

#[test]
fn what_could_not_work_is_refused_all_at_once_with_its_line() {
    insta::assert_snapshot!(refused(
        r#"[networks.mainnet]
[pipelines.Blocks]
trigger = "l1_blocks"
network = "mainet"
schedule = "0 3 * * *"
[pipelines.Blocks.jobs.a]
comand = ["/bin/a"]
[pipelines.nightly]
trigger = "cron"
schedule = "0 25 * * *"
[pipelines.nightly.jobs.a]
command = ["a"]
[pipelines.beacon]
trigger = "beacon_period"
agreeing = 2
[pipelines.beacon.jobs.a]
command = ["/bin/a", "--item={item}"]
environment = { "1A" = "b", B = "c" }
environment_files = { B = "/b", C = "c" }
"#,
        &[]
    ));
}

#[test]
fn what_jobs_need_of_each_other_is_refused_where_it_is_not() {
    insta::assert_snapshot!(refused(
        r#"[networks.mainnet]
[pipelines.blocks]
trigger = "cron"
schedule = "0 3 * * *"
[pipelines.blocks.jobs.a]
after = ["b", "nobody", "a"]
command = ["/bin/a", "{input.b}", "{digest.c}", "{artifact}", "{previous}"]
[pipelines.blocks.jobs.b]
after = ["a"]
command = ["/bin/a"]
url = "http://127.0.0.1:1"
[pipelines.other]
trigger = "cron"
schedule = "0 3 * * *"
[pipelines.other.jobs.a]
after = ["b"]
command = ["/bin/a"]
submit = "/x"
artifact = "{item}"
[pipelines.other.jobs.b]
after = ["a"]
url = "http://127.0.0.1:1"
status = "/status"
submit = "/a/{id}"
body = { a = "{artifact}" }
"#,
        &[]
    ));
}

#[test]
fn who_follows_another_pipeline_is_looked_at_together_with_it() {
    let follow = |pipeline: &str, job: &str| {
        let more = format!(
            "[pipelines.archive]\ntrigger = \"after\"\npipeline = \"{pipeline}\"\njob = \"{job}\"\n[pipelines.archive.jobs.store]\ncommand = [\"/bin/a\"]\n"
        );
        refused(format!("{PIPELINE}{more}"), &[])
    };
    assert!(follow("blocks", "prove").starts_with("ACCEPTED"));
    insta::assert_snapshot!([follow("blocks", "other"), follow("nobody", "a"), follow("archive", "store")].join("\n"));
}
