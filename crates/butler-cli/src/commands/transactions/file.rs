//! What is written for people to carry elsewhere.

use std::path::Path;

use butler_core::store::file::save_new;
use serde::Serialize;

use crate::error::CliError;
use crate::output::remark;

/// Who may read what is written: all of it is public, as the calls will be.
const MODE: u32 = 0o644;

/// Writes a new file, and never over another one.
pub(super) fn write(file: &Path, content: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(content).map_err(std::io::Error::from)?;
    if !save_new(file, format!("{text}\n").as_bytes(), MODE)? {
        return Err(CliError::Exists(file.display().to_string()));
    }
    remark(&format!("wrote {}", file.display()));
    Ok(())
}
