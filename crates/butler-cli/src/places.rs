//! Where the configuration is, when nobody says.

use std::path::PathBuf;

use butler_core::config::{ConfigFile, Variables};

/// The file that is asked for, or the first of the usual ones that is there.
#[must_use]
pub(crate) fn configuration(asked: Option<PathBuf>, variables: &Variables) -> ConfigFile {
    if let Some(path) = asked {
        return ConfigFile::Required(path);
    }
    usual_places(variables).into_iter().find(|path| path.exists()).map_or(ConfigFile::None, ConfigFile::IfPresent)
}

fn usual_places(variables: &Variables) -> Vec<PathBuf> {
    let home = variables
        .get("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variables.get("HOME")?).join(".config")));
    let mut places = vec![PathBuf::from("butler.toml")];
    places.extend(home.map(|home| home.join("butler/butler.toml")));
    places.push(PathBuf::from("/etc/butler/butler.toml"));
    places
}
