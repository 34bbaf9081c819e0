//! What a request for a page asks for: a path, and parameters as a plain GET form sends them.
//!
//! Bounded: whoever asks for more is told so, since a page without a filter that was asked for shows something else.

use std::borrow::Cow;

use hyper::{StatusCode, Uri};
use thiserror::Error;
use url::form_urlencoded::{Serializer, parse};

use super::respond::respond;
use super::routes::Reply;

/// So many parameters are read, beside the one that asks for the page again.
const MOST: usize = 16;
/// The longest value, in bytes.
const LONGEST: usize = 256;
/// How often a page may ask for itself again, in seconds.
const REFRESHES: std::ops::RangeInclusive<u32> = 5..=3_600;

/// The parameter by which a page asks for itself again.
pub const REFRESH: &str = "refresh";

/// The path and the parameters of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    path: String,
    parameters: Vec<(String, String)>,
}

/// More was asked for than is read.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// One parameter.
    #[error("a parameter of the address is longer than {LONGEST} bytes")]
    Long,
    /// All together.
    #[error("the address has more than {MOST} parameters")]
    Many,
}

impl TooMuch {
    /// What is answered then.
    #[must_use]
    pub fn reply(self) -> Reply {
        respond(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", format!("{self}\n").into())
    }
}

impl Asked {
    /// What a request's target says.
    ///
    /// # Errors
    /// It says more than is read.
    pub fn of(uri: &Uri) -> Result<Self, TooMuch> {
        let mut parameters = Vec::new();
        let mut filters = 0;
        for (name, value) in parse(uri.query().unwrap_or_default().as_bytes()) {
            let is_long = |text: &Cow<'_, str>| text.len() > LONGEST;
            if is_long(&name) || is_long(&value) {
                return Err(TooMuch::Long);
            }
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            filters += usize::from(name != REFRESH);
            if filters > MOST {
                return Err(TooMuch::Many);
            }
            parameters.push((name.into_owned(), value.to_owned()));
        }
        Ok(Self { path: uri.path().to_owned(), parameters })
    }

    /// A path with these parameters.
    #[must_use]
    pub fn new<'a>(path: &str, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { path: path.to_owned(), parameters: parameters.collect() }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of a parameter; an empty one is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every parameter.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same with another value of a parameter. [`REFRESH`] stands first, so that no other one drives it out.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut asked = self.without(name);
        let at = if name == REFRESH { 0 } else { asked.parameters.len() };
        asked.parameters.insert(at, (name.to_owned(), value.to_owned()));
        asked
    }

    /// The same without a parameter.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut asked = self.clone();
        asked.parameters.retain(|(known, _)| known != name);
        asked
    }

    /// After how many seconds the page is to ask for itself again, where somebody wants that.
    #[must_use]
    pub fn refresh(&self) -> Option<u32> {
        self.get(REFRESH)?.parse().ok().filter(|seconds| REFRESHES.contains(seconds))
    }

    /// It as the address of a link.
    #[must_use]
    pub fn link(&self) -> String {
        if self.parameters.is_empty() {
            return self.path.clone();
        }
        let query = Serializer::new(String::new()).extend_pairs(&self.parameters).finish();
        format!("{}?{query}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str) -> Asked {
        Asked::of(&target.parse().unwrap()).unwrap()
    }

    #[test]
    fn what_is_too_long_or_too_much_is_refused_in_words() {
        let refused = |target: &str| Asked::of(&target.parse().unwrap()).unwrap_err();
        for target in [format!("/?server={}&b=1", "x".repeat(LONGEST + 1)), format!("/?{}=1", "x".repeat(LONGEST + 1))]
        {
            assert_eq!(refused(&target), TooMuch::Long);
        }
        let parameters = |count: usize| (0..count).map(|index| format!("p{index}=1&")).collect::<String>();
        assert_eq!(refused(&format!("/?{}", parameters(MOST + 1))), TooMuch::Many);
        assert_eq!(
            refused(&format!("/?{}", parameters(MOST + 1))).to_string(),
            "the address has more than 16 parameters"
        );
        assert_eq!(TooMuch::Long.reply().status(), StatusCode::BAD_REQUEST);
        let full = asked(&format!("/?empty=&{}", parameters(MOST)));
        assert_eq!(full.parameters().count(), MOST);
        assert_eq!(asked(&full.with(REFRESH, "30").link()).refresh(), Some(30), "it drives nothing out");
    }

    #[test]
    fn parameters_are_decoded_and_bounded_and_make_links_again() {
        let one = asked("/x?network=main%20net&server=a%26b&empty=&refresh=30&network=other");
        assert_eq!((one.path(), one.get("network"), one.get("server")), ("/x", Some("main net"), Some("a&b")));
        assert_eq!((one.get("empty"), one.get("nothing"), one.refresh()), (None, None, Some(30)));
        let link = one.without("network").with("page", "2").link();
        assert_eq!(link, "/x?server=a%26b&refresh=30&page=2");
        assert_eq!(asked("/x").link(), "/x");
        for refresh in ["0", "4", "3601", "-1", "x", "30s"] {
            assert_eq!(asked(&format!("/?refresh={refresh}")).refresh(), None, "{refresh}");
        }
    }
}
