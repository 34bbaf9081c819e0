//! What a child did to its files, in order, read from strace's words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Mkdir {
        path: PathBuf,
    },
    Create {
        path: PathBuf,
        truncate: bool,
    },
    Write {
        path: PathBuf,
        at: u64,
        data: Vec<u8>,
    },
    Truncate {
        path: PathBuf,
        length: u64,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    /// A file or a folder; it covers what was over before it began.
    Sync {
        path: PathBuf,
        began: usize,
    },
    /// The child told something.
    Tell {
        line: String,
    },
}

/// The calls that are needed.
pub(crate) const TRACED: &str =
    "trace=openat,mkdir,rename,renameat,unlink,unlinkat,rmdir,write,pwrite64,fsync,fdatasync,ftruncate,lseek,sendto";

/// Reads the events of a trace written with `-f -y -xx`.
pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut open: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut places: BTreeMap<String, u64> = BTreeMap::new();
    for line in text.lines() {
        let Some((pid, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        let (call, began) = if let Some(begin) = rest.strip_suffix(" <unfinished ...>") {
            open.insert(pid.to_owned(), (begin.to_owned(), events.len()));
            continue;
        } else if let Some(end) = rest.strip_prefix("<... ") {
            let (begin, began) = open.remove(pid).context("a call ends that never began")?;
            let end = end.split_once(" resumed>").map_or("", |(_, end)| end);
            (format!("{begin}{end}"), began)
        } else {
            (rest.to_owned(), events.len())
        };
        if let Some(event) =
            event(&call, began, &mut places).with_context(|| call.chars().take(200).collect::<String>())?
        {
            events.push(event);
        }
    }
    Ok(events)
}

fn event(call: &str, began: usize, places: &mut BTreeMap<String, u64>) -> anyhow::Result<Option<Event>> {
    let Some((name, rest)) = call.split_once('(') else { return Ok(None) };
    let Some((arguments, result)) = rest.rsplit_once(" = ") else { return Ok(None) };
    let arguments = arguments.trim_end().strip_suffix(')').unwrap_or(arguments);
    if result.starts_with('-') {
        return Ok(None);
    }
    let words = split(arguments);
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let number = |text: &str| text.parse::<u64>();
    Ok(match name {
        "openat" => {
            let path = path_of_descriptor(result);
            let flags = word(2);
            places.remove(result);
            let is_new = flags.contains("O_CREAT");
            let truncate = flags.contains("O_TRUNC");
            path.filter(|_| is_new).map(|path| Event::Create { path, truncate })
        }
        "mkdir" => Some(Event::Mkdir { path: text_path(word(0))? }),
        "rename" => Some(Event::Rename { from: text_path(word(0))?, to: text_path(word(1))? }),
        "renameat" => Some(Event::Rename { from: below(word(0), word(1))?, to: below(word(2), word(3))? }),
        "unlink" | "rmdir" => Some(Event::Unlink { path: text_path(word(0))? }),
        "unlinkat" => Some(Event::Unlink { path: below(word(0), word(1))? }),
        "write" => {
            let place = places.entry(word(0).to_owned()).or_default();
            let data = bytes(word(1))?;
            let at = *place;
            *place += number(result.split_whitespace().next().unwrap_or_default())?;
            path_of_descriptor(word(0)).map(|path| Event::Write { path, at, data })
        }
        "pwrite64" => {
            let at = number(word(3))?;
            let data = bytes(word(1))?;
            path_of_descriptor(word(0)).map(|path| Event::Write { path, at, data })
        }
        "ftruncate" => {
            let length = number(word(1))?;
            path_of_descriptor(word(0)).map(|path| Event::Truncate { path, length })
        }
        "fsync" | "fdatasync" => path_of_descriptor(word(0)).map(|path| Event::Sync { path, began }),
        "sendto" => {
            let line = String::from_utf8(bytes(word(1))?)?;
            Some(Event::Tell { line: line.trim_end().to_owned() })
        }
        _ => None,
    })
}

/// Arguments, split at commas that stand in no string and no descriptor's path.
fn split(text: &str) -> Vec<&str> {
    let (mut words, mut begin, mut quoted, mut angle) = (Vec::new(), 0, false, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '<' if !quoted => angle += 1,
            '>' if !quoted => angle = angle.saturating_sub(1),
            ',' if !quoted && angle == 0 => {
                words.push(text.get(begin..at).unwrap_or_default().trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    words.push(text.get(begin..).unwrap_or_default().trim());
    words
}

/// `5</path>` is that path; other descriptors are none.
fn path_of_descriptor(text: &str) -> Option<PathBuf> {
    let (_, rest) = text.split_once('<')?;
    let (path, _) = rest.rsplit_once('>')?;
    let path = if path.contains("\\x") {
        String::from_utf8(bytes(&format!("\"{path}\"")).ok()?).ok()?
    } else {
        path.to_owned()
    };
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// A path below a folder's descriptor; an absolute one stays what it is.
fn below(folder: &str, path: &str) -> anyhow::Result<PathBuf> {
    Ok(path_of_descriptor(folder).unwrap_or_default().join(text_path(path)?))
}

fn text_path(text: &str) -> anyhow::Result<PathBuf> {
    Ok(PathBuf::from(String::from_utf8(bytes(text)?)?))
}

/// A string in `\x` signs.
fn bytes(text: &str) -> anyhow::Result<Vec<u8>> {
    let inner = text.trim_end_matches("...").strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let inner = inner.context("a string is expected")?;
    let pairs = inner.split("\\x").skip(1);
    pairs.map(|pair| u8::from_str_radix(pair, 16).context("two hexadecimal digits are expected")).collect()
}
