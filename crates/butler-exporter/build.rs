//! Lists the pages of `docs/runbooks`, so that the program carries each of them and a new page needs no line of code, and tells the revision
//! of the source.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, error, fs};

#[path = "../butler-core/revision.rs"]
mod revision;

#[expect(clippy::disallowed_methods, reason = "cargo alone reads what a build makes, and makes it again")]
fn main() -> Result<(), Box<dyn error::Error>> {
    revision::tell();
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../docs/runbooks").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".md").filter(|name| *name != "README").map(str::to_owned));
    }
    names.sort_unstable();
    let mut table = String::from("&[\n");
    for name in names {
        let path = folder.join(format!("{name}.md"));
        writeln!(table, "    ({name:?}, include_str!({:?})),", path.to_string_lossy())?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("runbooks.rs"), table)?;
    Ok(())
}
