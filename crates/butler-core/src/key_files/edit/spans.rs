//! Where the members of a keystore's validators stand in its bytes.
//!
//! What they mean is read elsewhere, and before: here only places are looked for, in text that is JSON. Values are not
//! decoded, so nothing is copied but names.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A member of an object, with its places in the whole text.
pub(super) struct Member {
    /// Its name, with escapes undone.
    pub(super) name: String,
    /// Its name as it is written, with quotes.
    pub(super) key: Range<usize>,
    /// Its value, without white space around it.
    pub(super) value: Range<usize>,
}

/// The members of each validator in the order of the text; none of one that is no object. `None` where there is no list of validators.
pub(super) fn validators(text: &str) -> Option<Vec<Vec<Member>>> {
    let Members(top) = serde_json::from_str(text).ok()?;
    let (_, list) = top.into_iter().find(|(name, _)| name == "validators")?;
    let items: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    Some(items.into_iter().map(|item| members(text, item.get()).unwrap_or_default()).collect())
}

/// The members of an object that is a part of the text.
fn members(text: &str, object: &str) -> Option<Vec<Member>> {
    let Members(raw) = serde_json::from_str(object).ok()?;
    let mut found = Vec::with_capacity(raw.len());
    let mut after = place(text, object)?.start.checked_add(1)?;
    for (name, value) in raw {
        let value = place(text, value.get())?;
        // Between two values stand white space, a comma, one name and a colon.
        let between = text.get(after..value.start)?;
        let key = after + between.find('"')?..after + between.rfind('"')? + 1;
        after = value.end;
        found.push(Member { name, key, value });
    }
    Some(found)
}

/// Where a part of a text stands in it.
fn place(text: &str, part: &str) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (text.get(start..end)? == part).then_some(start..end)
}

/// The members of an object, whose values are not looked at.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachMember).map(Members)
    }
}

struct EachMember;

impl<'de> Visitor<'de> for EachMember {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_found_whatever_stands_in_them() {
        let text = " {\"a\\\"b\": [\"}\"],\n\t\"valid\\u0061tors\" :[ {\"x\\\\\":{\"y\":\"\\\"\"} ,\t\"coin\\u0062ase\"\r\n: \"0x\" }, 7 ]}\n";
        let [first, second] = validators(text).unwrap().try_into().unwrap_or_else(|_| panic!("two"));
        assert!(second.is_empty());
        let shown = |member: &Member| {
            (member.name.clone(), text[member.key.clone()].to_owned(), text[member.value.clone()].to_owned())
        };
        assert_eq!(
            first.iter().map(shown).collect::<Vec<_>>(),
            [
                ("x\\".to_owned(), "\"x\\\\\"".to_owned(), "{\"y\":\"\\\"\"}".to_owned()),
                ("coinbase".to_owned(), "\"coin\\u0062ase\"".to_owned(), "\"0x\"".to_owned()),
            ]
        );
    }

    #[test]
    fn where_there_is_no_list_of_validators_there_are_none() {
        for text in ["", "[]", "{", "{}", "{\"validators\": {}}", "{\"validators\": null}", "{\"validators\": []} x"] {
            assert!(validators(text).is_none(), "{text}");
        }
        assert!(validators("{\"validators\": []}").unwrap().is_empty());
    }
}
