//! The dashboards as values of Grafana's own type: its schema package and a TypeScript compiler, below the target folder, as the
//! lock file here has them.
//!
//! What panels of one kind alone have (`options`, `custom`) is not typed there.

use std::path::Path;
use std::process::Command;

use super::world::write;
use crate::command::{run as start, succeeds, workspace};

const PACKAGE: &str = include_str!("schema/package.json");
const LOCK: &str = include_str!("schema/package-lock.json");
/// An enumeration in JSON is a text.
const TYPE: &str = "import type { Dashboard } from \"@grafana/schema\";\n\
    type Written<T> = T extends string ? `${T}` : T extends (infer U)[] ? Written<U>[]\n  \
    : T extends object ? { [K in keyof T]: Written<T[K]> } : T;\n";

/// Compiles every dashboard. Whether that was done: without npm it is not.
pub(super) fn check(folder: &Path) -> anyhow::Result<bool> {
    if !succeeds(Command::new("npm").arg("--version")) {
        return Ok(false);
    }
    let folder = folder.join("schema");
    std::fs::create_dir_all(&folder)?;
    write(&folder.join("package.json"), PACKAGE)?;
    write(&folder.join("package-lock.json"), LOCK)?;
    let mut text = TYPE.to_owned();
    for entry in std::fs::read_dir(workspace().join("deploy/grafana"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let dashboard = std::fs::read_to_string(&path)?;
        text.push_str(&format!("export const {name}: Written<Dashboard> = {};\n", dashboard.trim()));
    }
    write(&folder.join("dashboards.ts"), &text)?;
    let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    start(Command::new("npm").current_dir(&folder).args(install).stdout(std::io::stderr()))?;
    let compile = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
    start(
        Command::new("node_modules/.bin/tsc")
            .current_dir(&folder)
            .args(compile)
            .arg("dashboards.ts")
            .stdout(std::io::stderr()),
    )?;
    Ok(true)
}
