//! Reads one job of a pipeline.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ethers_core::types::H256;

use super::settings::{InputName, Pointer};
use super::{JobConfig, ProgramsConfig, ServiceConfig, WorkConfig};
use crate::config::endpoint_reader::read_service;
use crate::config::fault::Origin;
use crate::config::reader::{Read, Section};
use crate::config::sections::manner::Pressing;
use crate::config::setting::Problem;
use crate::config::text_setting::{Text, WrittenPath};
use crate::domain::action::Policy;
use crate::domain::job::{Argument, JobName, ServicePath};

/// The longest command, in words.
const WORDS: usize = 256;
/// The keys that only a service has.
const SERVICE_KEYS: [&str; 8] = ["submit", "body", "upload", "id", "status", "state", "done", "failed"];

/// What it is to be done with is not hashed yet.
pub(super) fn read_job(name: &JobName, section: &Section<'_>, policy: Policy) -> Read<JobConfig> {
    let after = section.list::<JobName>("after").into_iter().map(|(job, _)| job).collect();
    let ordered = section.get("ordered");
    let concurrency = section.get::<u64>("concurrency");
    let priority = section.get::<Pressing>("priority");
    let policy = section.get_or("policy", || Some((policy, Origin::Default)));
    let (tries, looks) = (count(section, "tries"), count(section, "looks"));
    let retry_interval = section.get("retry_interval");
    let look_interval = section.get("look_interval");
    let deadline = section.get("deadline");
    let work = read_work(name, section);
    let programs = read_programs(section);
    let artifact = section.optional("artifact");
    let artifact_limit = section.get("artifact_limit");
    let verify = read_command(section, "verify");
    let textfile = absolute(section, "textfile");
    Ok(JobConfig {
        name: name.clone(),
        after,
        ordered: ordered?,
        concurrency: usize::try_from(concurrency?).unwrap_or(usize::MAX),
        priority: priority?.0,
        policy: policy?,
        tries: tries?,
        retry_interval: retry_interval?,
        looks: looks?,
        look_interval: look_interval?,
        deadline: deadline?,
        work: work?,
        programs: programs?,
        artifact: artifact?,
        artifact_limit: artifact_limit?,
        verify: verify?,
        textfile: textfile?,
        definition: H256::zero(),
    })
}

fn count(section: &Section<'_>, key: &str) -> Read<u32> {
    Ok(u32::try_from(section.get::<u64>(key)?).unwrap_or(u32::MAX))
}

/// A path that begins with `/`.
pub(super) fn absolute(section: &Section<'_>, key: &str) -> Read<Option<PathBuf>> {
    let Some(path) = section.optional::<WrittenPath>(key)? else { return Ok(None) };
    let is_good = path.0.starts_with('/') && !path.0.split('/').any(|part| matches!(part, "." | ".."));
    if is_good {
        return Ok(Some(PathBuf::from(path.0)));
    }
    Err(section.fault(key, Problem::new("expected a path that begins with `/`, without `.` and `..`")))
}

/// A program and its arguments.
fn read_command(section: &Section<'_>, key: &str) -> Read<Option<Vec<Argument>>> {
    let words: Vec<Argument> = section.list(key).into_iter().map(|(word, _)| word).collect();
    match words.first() {
        None if section.origin(key).is_none() => Ok(None),
        None => Err(section.fault(key, Problem::new("it names no program"))),
        Some(_) if words.len() > WORDS => Err(section.fault(key, Problem::new(format!("more than {WORDS} words")))),
        Some(Argument::Fixed(program)) if program.starts_with('/') => Ok(Some(words)),
        Some(Argument::Fixed(_) | Argument::Value(_)) => {
            let problem = Problem::new("the first word is no path that begins with `/`");
            Err(section.fault(key, problem.hint("name the program itself; no shell is between")))
        }
    }
}

fn read_programs(section: &Section<'_>) -> Read<ProgramsConfig> {
    let environment = section.table::<Text>("environment");
    let files = section.table::<WrittenPath>("environment_files");
    let (timeout, kill_grace) = (section.get("timeout"), section.get("kill_grace"));
    let output_limit = section.get("output_limit");
    let is_variable = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    for (key, name) in
        environment.keys().map(|name| ("environment", name)).chain(files.keys().map(|name| ("environment_files", name)))
    {
        if !is_variable(name) {
            section.fault(key, Problem::new("a name in it is not that of an environment variable"));
        }
    }
    if let Some(name) = environment.keys().find(|name| files.contains_key(*name)) {
        section.fault("environment_files", Problem::new(format!("`{name}` stands in `environment`, too")));
    }
    let mut environment_files = BTreeMap::new();
    for (name, path) in files {
        if path.0.starts_with('/') {
            environment_files.insert(name, PathBuf::from(path.0));
        } else {
            section.fault("environment_files", Problem::new(format!("the path of `{name}` does not begin with `/`")));
        }
    }
    Ok(ProgramsConfig {
        environment: environment.into_iter().map(|(name, value)| (name, value.0)).collect(),
        environment_files,
        timeout: timeout?,
        kill_grace: kill_grace?,
        output_limit: output_limit?,
    })
}

fn read_work(name: &JobName, section: &Section<'_>) -> Read<WorkConfig> {
    let command = read_command(section, "command");
    let endpoint = read_service(section, name.to_string());
    let submit = section.optional::<ServicePath>("submit");
    let body = section.table::<Argument>("body");
    let upload = section.optional::<InputName>("upload");
    let id = section.get::<Pointer>("id");
    let status = section.optional::<ServicePath>("status");
    let state = section.get::<Pointer>("state");
    let words = |key| section.list::<Text>(key).into_iter().map(|(word, _)| word.0).collect::<Vec<String>>();
    let (done, failed) = (words("done"), words("failed"));
    let fetch = section.optional::<ServicePath>("fetch");
    let endpoint = match (command?, endpoint?) {
        (Some(command), None) => {
            for key in SERVICE_KEYS.into_iter().chain(["fetch"]).filter(|key| section.origin(key).is_some()) {
                section.fault(key, Problem::new("only a job with a `url` has this key"));
            }
            return Ok(WorkConfig::Command(command));
        }
        (Some(_), Some(_)) => {
            let problem = Problem::new("given together with a `url`");
            return Err(section.fault("command", problem.hint("keep one of them")));
        }
        (None, None) => {
            let problem = Problem::new("it is not said how this job is done");
            return Err(section.fault("", problem.hint("give `command`, or the `url` of a service")));
        }
        (None, Some(endpoint)) => endpoint,
    };
    let needed = |key: &str| section.fault(key, Problem::new("a job with a `url` needs this key"));
    let submit = submit.and_then(|submit| submit.ok_or_else(|| needed("submit")));
    let status = status.and_then(|status| status.ok_or_else(|| needed("status")));
    if done.is_empty() {
        needed("done");
    }
    if let Some(both) = done.iter().find(|word| failed.contains(word)) {
        section.fault("failed", Problem::new(format!("`{both}` stands in `done`, too")));
    }
    let fetch = fetch?;
    let (submit, status) = (submit?, status?);
    if submit.has_id() {
        section.fault("submit", Problem::new("`{id}` is not known before work was submitted"));
    }
    if !status.has_id() {
        section.fault("status", Problem::new("it is the same for all work").hint("`{id}` must stand in it"));
    }
    let upload = upload?.map(|upload| upload.0);
    if upload.is_some() && !body.is_empty() {
        section.fault("upload", Problem::new("given together with `body`").hint("keep one of them"));
    }
    let (id, state) = (id?.0, state?.0);
    Ok(WorkConfig::Service(Box::new(ServiceConfig {
        endpoint,
        submit,
        body,
        upload,
        id,
        status,
        state,
        done,
        failed,
        fetch,
    })))
}
