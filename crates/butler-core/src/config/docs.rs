//! The reference page of all keys, written from the table of keys.

use std::time::Duration;

use super::environment::{DOCUMENTED, PREFIX};
use super::keys::ROOT;
use super::keys::{Bounds, Group, Key, Presence, Shape};
use super::typed::range;
use crate::text::time::whole_duration;

const INTRODUCTION: &str = "# Configuration

One TOML file, then environment variables, then flags: later ones win. `examples/butler.toml` shows every key;
`butler-cli config init` writes it, `config check` lists every fault, `config show` prints what is in effect and where
each value came from, with secrets hidden.

**Strict.** An unknown key is an error, and so is a number in quotes. All faults are reported at once.

**Paths** are taken from the configuration file's folder (from the current folder when a flag gives them). `~` and `$NAME`
are not expanded.

**Secrets** are named, not written: `…_file` is a file of at most 64 KiB, `…_credential` a systemd credential
(`LoadCredential=`), `…_env` a variable. One newline at the end is dropped. A URL prints as scheme and host only.
";

const KEY_FILES: &str = "
## Key files

`key_files` names files of public keys. Read are keystores and files of registered keys (`validators`), cached attesters
(`attesters`, version 2.0 or 1.1), publishers by server (`{\"server\": [\"0x…\"]}`) and the output for registration (a list of
`attester`). Each fault names the file and the place in it. A file that could hold a private key, a password or a mnemonic is
refused, and nothing of it is shown. `node_keystores` names the keystores that nodes themselves read. [key-files.md](key-files.md)
says how each shape is read and what refuses a file.

The **server** of a file: when the pattern's folders hold a wildcard (`keys/*/*.json`, `keys/**/*.json`), the name of the
file's folder; there, `<source>-registered-keys.json` with another source than `native` belongs to `<folder>-<source>`.
Otherwise (`keys/*.json`) the file's name without its extension and its version (`-v2`). For `node_keystores` it is the folder's
name, unless the pattern names a single file.
Where several folders share that name, each server is named with as much of its path as tells it from the others (`node-a/keys`); `labels` and
`--server` take that name.

A wildcard does not match a folder's `/` or a name that begins with a dot. A file that is reached twice, also through a
link, counts once. Files have at most 16 MiB, patterns match at most 10,000 files.
";

/// The page `docs/configuration.md`.
#[must_use]
pub fn render_reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(&format!(
        "\n**Variables.** `{PREFIX}` and the key's parts, joined by two underscores, a list's entries numbered from 0: \
         `{PREFIX}NETWORKS__MAINNET__L1__0__URL_FILE`.\nLists of plain values are separated by commas. An empty variable \
         counts as not set. One that begins with `{PREFIX}` and matches\nno key is an error. Besides these, the programs \
         read {}.\n",
        DOCUMENTED.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
    ));
    render_group(&mut page, &ROOT, "");
    page.push_str(KEY_FILES);
    page
}

fn render_group(page: &mut String, group: &Group, path: &str) {
    let title = if path.is_empty() { "Top".to_owned() } else { format!("`{path}`") };
    page.push_str(&format!("\n## {title}\n\n{}\n\n", group.doc));
    page.push_str("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
    for key in group.keys() {
        page.push_str(&format!("| `{}` | {} | {} | {} |\n", key.name, render_type(key), render_presence(key), key.doc));
    }
    for section in group.sections {
        let inner = path.trim_start_matches('[').trim_end_matches(']');
        let name = if inner.is_empty() { section.name.to_owned() } else { format!("{inner}.{}", section.name) };
        let path = match section.shape {
            Shape::Single => format!("[{name}]"),
            Shape::Named => format!("[{name}.<name>]"),
            Shape::List => format!("[[{name}]]"),
        };
        render_group(page, section.group, &path);
    }
}

fn render_type(key: &Key) -> String {
    let bounds = match key.bounds {
        Bounds::Any => String::new(),
        Bounds::Number(0, u64::MAX) => format!(", {}", key.unit),
        Bounds::Number(least, greatest) => format!(", {}", range(least, greatest, key.unit)),
        Bounds::Milliseconds(least, greatest) => {
            let show = |milliseconds| whole_duration(Duration::from_millis(milliseconds));
            format!(", {} to {}", show(least), show(greatest))
        }
    };
    let list = match (key.list, key.table) {
        (true, _) => "list of: ",
        (false, true) => "table of: ",
        (false, false) => "",
    };
    format!("{list}{}{bounds}", key.kind)
}

fn render_presence(key: &Key) -> String {
    match key.presence {
        Presence::Required => "required".to_owned(),
        Presence::Optional if key.list => "`[]`".to_owned(),
        Presence::Optional if key.table => "`{}`".to_owned(),
        Presence::Optional => "none".to_owned(),
        Presence::Default(text) => format!("`{text}`"),
        Presence::Computed(text) => text.to_owned(),
        Presence::Preset => "from the preset, else required".to_owned(),
    }
}
