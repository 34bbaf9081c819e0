//! The hash that stands for what a job does: an approval is bound to it, and another one is another job.
//!
//! It is the SHA-256 of JSON with sorted keys. How often and when is not in it, so that pacing can be changed while jobs wait.

use ethers_core::types::H256;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{JobConfig, PipelineConfig, ProgramsConfig, ServiceConfig, WorkConfig};

/// Hashes what every job of a pipeline does.
pub(super) fn define(pipeline: &mut PipelineConfig) {
    let folder = pipeline.folder.clone();
    for job in pipeline.jobs.values_mut() {
        let JobConfig { after, work, programs, artifact, verify, .. } = &*job;
        let ProgramsConfig { environment, environment_files, .. } = programs;
        let what = json!({
            "version": 1,
            "pipeline": pipeline.name,
            "job": job.name,
            "after": after,
            "work": work_of(work),
            "environment": environment,
            "environment_files": environment_files,
            "folder": folder,
            "artifact": artifact,
            "verify": verify,
        });
        // Maps of this kind of value are sorted.
        job.definition = H256(Sha256::digest(what.to_string()).into());
    }
}

fn work_of(work: &WorkConfig) -> Value {
    match work {
        WorkConfig::Command(command) => json!({ "command": command }),
        WorkConfig::Service(service) => {
            let ServiceConfig { endpoint, submit, body, upload, id, status, state, done, failed, fetch } = &**service;
            json!({
                "url": endpoint.url.expose().as_str(),
                "submit": submit,
                "body": body,
                "upload": upload,
                "id": id,
                "status": status,
                "state": state,
                "done": done,
                "failed": failed,
                "fetch": fetch,
            })
        }
    }
}
