//! Paths with an item in them: where an artifact lies below its folder, and where a service is asked.
//!
//! An artifact's path has numbers in it and nothing else that is filled in, so it stays below its folder whatever is made. In a
//! service's path a value is a whole part between two `/`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::argument::check_text;
use super::item::Item;

/// What of an item can stand in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemPart {
    /// `{item}`.
    Item,
    /// `{first}`.
    First,
    /// `{last}`.
    Last,
}

/// Where an artifact is, below the pipeline's folder: relative, without `.` and `..`, and another one for each item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArtifactPath(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Piece {
    Fixed(String),
    Part(ItemPart),
}

/// A part between two `/` of a service's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServicePart {
    /// Text that is sent as it stands: visible ascii without `?`, `#` and `%`.
    Fixed(String),
    /// A number of the item.
    Item(ItemPart),
    /// `{id}`: what the service calls the work that was submitted. It comes from outside: whoever fills it in must encode it.
    Id,
}

/// The path of a service, below its URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServicePath(Vec<ServicePart>);

/// A text that is no such path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPath {
    /// It is not a path below a folder.
    #[error(
        "expected a path below the folder: no `/` at its ends, no empty part, no `.` or `..`, no control character"
    )]
    Artifact,
    /// It would be the same for every item.
    #[error("it is the same for every item (hint: `{{item}}`, or `{{first}}` or `{{last}}`, must stand in it)")]
    NoItem,
    /// It has other braces in it.
    #[error("only `{{item}}`, `{{first}}` and `{{last}}` can stand in it")]
    Value,
    /// It is not a path of a service.
    #[error(
        "expected a path that begins with `/`: visible ascii without `?`, `#` and `%`, no `.` or `..`; `{{id}}`, `{{item}}`, `{{first}}` and `{{last}}` are whole parts of it"
    )]
    Service,
}

impl ItemPart {
    const ALL: [(&'static str, Self); 3] = [("{item}", Self::Item), ("{first}", Self::First), ("{last}", Self::Last)];

    /// What stands there for an item.
    #[must_use]
    pub fn of(self, item: Item) -> String {
        match self {
            Self::Item => item.to_string(),
            Self::First => item.first().to_string(),
            Self::Last => item.last().to_string(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, part)| part)
    }
}

impl ArtifactPath {
    /// The path for an item, relative to the folder.
    #[must_use]
    pub fn of(&self, item: Item) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Fixed(text) => text.clone(),
            Piece::Part(part) => part.of(item),
        };
        self.0.iter().map(text).collect()
    }
}

impl ServicePath {
    /// Its parts; a `/` stands before each.
    #[must_use]
    pub fn parts(&self) -> &[ServicePart] {
        &self.0
    }

    /// Whether the service's own name of the work stands in it.
    #[must_use]
    pub fn has_id(&self) -> bool {
        self.0.contains(&ServicePart::Id)
    }
}

impl FromStr for ArtifactPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        check_text(text).map_err(|_| InvalidPath::Artifact)?;
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(InvalidPath::Artifact);
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (fixed, braced) = rest.split_at(at);
            let end = braced.find('}').ok_or(InvalidPath::Value)? + 1;
            let (name, after) = braced.split_at(end);
            if !fixed.is_empty() {
                pieces.push(Piece::Fixed(fixed.to_owned()));
            }
            pieces.push(Piece::Part(ItemPart::parse(name).ok_or(InvalidPath::Value)?));
            rest = after;
        }
        if pieces.is_empty() {
            return Err(InvalidPath::NoItem);
        }
        if !rest.is_empty() {
            pieces.push(Piece::Fixed(rest.to_owned()));
        }
        Ok(Self(pieces))
    }
}

impl FromStr for ServicePath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let path = text.strip_prefix('/').ok_or(InvalidPath::Service)?;
        check_text(path).map_err(|_| InvalidPath::Service)?;
        let part = |text: &str| {
            if text == "{id}" {
                return Ok(ServicePart::Id);
            }
            if let Some(part) = ItemPart::parse(text) {
                return Ok(ServicePart::Item(part));
            }
            let is_sent = |byte: u8| byte.is_ascii_graphic() && !b"?#%{}\\".contains(&byte);
            let is_fixed = !matches!(text, "." | "..") && text.bytes().all(is_sent);
            if is_fixed { Ok(ServicePart::Fixed(text.to_owned())) } else { Err(InvalidPath::Service) }
        };
        path.split('/').map(part).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for ItemPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Item => "{item}",
            Self::First => "{first}",
            Self::Last => "{last}",
        })
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Fixed(text) => f.write_str(text),
            Piece::Part(part) => part.fmt(f),
        })
    }
}

impl fmt::Display for ServicePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            ServicePart::Fixed(text) => write!(f, "/{text}"),
            ServicePart::Item(part) => write!(f, "/{part}"),
            ServicePart::Id => f.write_str("/{id}"),
        })
    }
}

macro_rules! as_text {
    ($path:ident) => {
        impl TryFrom<String> for $path {
            type Error = InvalidPath;

            fn try_from(text: String) -> Result<Self, InvalidPath> {
                text.parse()
            }
        }

        impl From<$path> for String {
            fn from(path: $path) -> Self {
                path.to_string()
            }
        }
    };
}

as_text!(ArtifactPath);
as_text!(ServicePath);
