//! Test programs side by side, where nextest is not installed: `cargo test` runs one after the other, and most of them leave all
//! processors but one alone while their longest test goes on.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command::cargo;

/// One test program.
#[derive(Debug)]
struct Program {
    path: PathBuf,
    /// The folder of its package, in which Cargo runs it.
    folder: PathBuf,
    name: String,
}

/// Builds all test programs of the workspace and runs them, as many at a time as there are processors and one more. `arguments` are for
/// each of them. The output of one that fails is shown.
pub(crate) fn run(arguments: &[String], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut programs = build()?;
    // The longest would otherwise be alone in the end.
    programs
        .sort_by_key(|program| !["liars", "bombs", "cut_over", "key_file_secrets"].contains(&program.name.as_str()));
    let count = programs.len();
    println!("{count} test programs");
    let waiting = Mutex::new(programs.into_iter());
    let failed = Mutex::new(Vec::new());
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let work = || {
        while let Some(program) = next() {
            if let Err(error) = run_one(&program, arguments, environment) {
                println!("FAILED {}: {error:#}", program.path.display());
                if let Ok(mut failed) = failed.lock() {
                    failed.push(program.path.display().to_string());
                }
            }
        }
    };
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..=processors {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if failed.is_empty() {
        return Ok(());
    }
    bail!("{} of {count} test programs failed: {}", failed.len(), failed.join(", "))
}

fn run_one(program: &Program, arguments: &[String], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut command = Command::new(&program.path);
    command.args(arguments).current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder);
    command.envs(environment.iter().copied()).stdin(Stdio::null());
    let began = Instant::now();
    let output = command.output().context("failed to start")?;
    let seconds = began.elapsed().as_secs();
    let text = String::from_utf8_lossy(&output.stdout);
    let result = text.lines().rev().find(|line| line.starts_with("test result:")).unwrap_or("no result").to_owned();
    if output.status.success() {
        println!("{:>4} s  {}: {result}", seconds, program.name);
        return Ok(());
    }
    bail!("{}\n{text}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
}

/// Builds them, and says where they are.
fn build() -> anyhow::Result<Vec<Program>> {
    let mut build = cargo();
    build.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-run"]);
    build.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    let mut building = build.spawn().context("failed to start cargo")?;
    let lines = BufReader::new(building.stdout.take().context("cargo has no output")?).lines();
    let mut programs = Vec::new();
    for line in lines {
        let message: Value = serde_json::from_str(&line.context("failed to read what cargo says")?)?;
        programs.extend(program_of(&message));
    }
    if !building.wait()?.success() {
        bail!("the tests do not build");
    }
    if programs.is_empty() {
        bail!("cargo named no test program");
    }
    Ok(programs)
}

/// The test program that a message of cargo's tells of.
fn program_of(message: &Value) -> Option<Program> {
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let path = message["executable"].as_str().filter(|_| is_test)?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    let name = message["target"]["name"].as_str()?;
    Some(Program { path: path.into(), folder: folder.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_test_programs_are_run_in_the_folders_of_their_packages() {
        let message = json!({
            "reason": "compiler-artifact", "manifest_path": "/x/crates/a/Cargo.toml", "target": { "name": "wire" },
            "profile": { "test": true }, "executable": "/x/target/debug/deps/wire-1",
        });
        let program = program_of(&message).unwrap();
        assert_eq!((program.folder, program.name), (PathBuf::from("/x/crates/a"), "wire".to_owned()));
        for (key, value) in [("reason", json!("build-finished")), ("executable", json!(null)), ("profile", json!({}))] {
            let mut other = message.clone();
            other[key] = value;
            assert!(program_of(&other).is_none(), "{key}");
        }
    }
}
