//! Tests side by side, each in a process of its own, where nextest is not installed: what a test measures is then its own, and no
//! processor is idle while a program's longest test goes on. `cargo test` does neither.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

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

/// The tests that take longest: they would otherwise be alone in the end.
const LONG: [&str; 5] = ["liars::", "bombs::", "cut_over::", "devices::", "key_file_secrets::"];

/// One test of a program.
#[derive(Debug)]
struct Test<'p> {
    program: &'p Program,
    name: String,
}

/// Builds all test programs of the workspace and runs their tests, two more at a time than there are processors: many wait. `arguments`
/// are for each. The output of one that fails is shown.
pub(crate) fn run(arguments: &[String], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let programs = build()?;
    let mut tests = Vec::new();
    for program in &programs {
        tests.extend(list(program, arguments)?.into_iter().map(|name| Test { program, name }));
    }
    tests.sort_by_key(|test| !LONG.iter().any(|long| test.name.starts_with(long)));
    let count = tests.len();
    println!("{count} tests in {} programs", programs.len());
    let (waiting, failed) = (Mutex::new(tests.into_iter().enumerate()), Mutex::new(Vec::new()));
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let work = || {
        while let Some((place, test)) = next() {
            if place > 0 && place % 100 == 0 {
                println!("{place} of {count} tests begun");
            }
            if let Err(error) = run_one(&test, environment) {
                let name = format!("{} {}", test.program.name, test.name);
                println!("FAILED {name}: {error:#}");
                if let Ok(mut failed) = failed.lock() {
                    failed.push(name);
                }
            }
        }
    };
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..processors.saturating_add(2) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if failed.is_empty() {
        println!("{count} tests passed, or are left to be run by hand");
        return Ok(());
    }
    bail!("{} of {count} tests failed: {}", failed.len(), failed.join(", "))
}

/// The names of a program's tests that the arguments let through.
fn list(program: &Program, arguments: &[String]) -> anyhow::Result<Vec<String>> {
    let mut command = program.command();
    let listed = command.args(["--list", "--format", "terse"]).args(arguments).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(listed.stdout).context("a name of a test is no text")?;
    if !listed.status.success() {
        bail!("`{}` does not list its tests: {}", program.path.display(), listed.status);
    }
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

fn run_one(test: &Test<'_>, environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut command = test.program.command();
    command.args([&test.name, "--exact"]).envs(environment.iter().copied());
    let output = command.output().context("failed to start")?;
    if output.status.success() {
        return Ok(());
    }
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    bail!("{}\n{said}\n{told}", output.status)
}

impl Program {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder).stdin(Stdio::null());
        command
    }
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
