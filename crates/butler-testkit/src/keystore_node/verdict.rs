//! How a strict schema judges a value: it fits, it has faults that are named, or it fits in no way.
//!
//! The node's library (zod) names what it finds only where the shape is right; a value of a wrong shape ends the search, and of
//! a choice of shapes it then says no more than "Invalid input". Both is kept here, since it decides the message.

use serde_json::Value;

/// What a schema says of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it must be.
    Fits,
    /// The shape is right, and this is wrong, each with its place.
    Faulty(Vec<String>),
    /// Another shape altogether.
    Unfit,
}

/// A schema: it judges a value at a place.
pub(super) type Schema<'a> = &'a dyn Fn(&Value, &str) -> Verdict;

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    /// It may be absent or null.
    Optional,
    /// It may be absent, and then has a value of the schema's.
    Defaulted,
}

impl Verdict {
    pub(super) fn of(fits: bool) -> Self {
        if fits { Self::Fits } else { Self::Unfit }
    }

    pub(super) fn faulty(message: &str, place: &str) -> Self {
        Self::Faulty(vec![format!("{message} ({place})")])
    }

    /// Both together: the faults of one after those of the other, unless one is of no right shape.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unfit, _) | (_, Self::Unfit) => Self::Unfit,
            (Self::Fits, verdict) | (verdict, Self::Fits) => verdict,
            (Self::Faulty(mut faults), Self::Faulty(more)) => {
                faults.extend(more);
                Self::Faulty(faults)
            }
        }
    }
}

/// The first schema that fits; else the first whose shape was right.
pub(super) fn one_of(value: &Value, place: &str, schemas: &[Schema<'_>]) -> Verdict {
    let mut best = Verdict::Unfit;
    for schema in schemas {
        match schema(value, place) {
            Verdict::Fits => return Verdict::Fits,
            faulty @ Verdict::Faulty(_) if best == Verdict::Unfit => best = faulty,
            Verdict::Faulty(_) | Verdict::Unfit => {}
        }
    }
    best
}

/// A list whose items are of one schema.
pub(super) fn list(value: &Value, place: &str, schema: Schema<'_>) -> Verdict {
    let Some(items) = value.as_array() else { return Verdict::Unfit };
    let judged = items.iter().enumerate().map(|(index, item)| schema(item, &below(place, &index.to_string())));
    judged.fold(Verdict::Fits, Verdict::and)
}

/// An object that has these fields and no others.
pub(super) fn object(value: &Value, place: &str, fields: &[(&str, Presence, Schema<'_>)]) -> Verdict {
    let Some(members) = value.as_object() else { return Verdict::Unfit };
    let mut verdict = Verdict::Fits;
    for (name, presence, schema) in fields {
        verdict = verdict.and(match (members.get(*name), presence) {
            (None, Presence::Required) => Verdict::Unfit,
            (None, Presence::Optional | Presence::Defaulted) | (Some(Value::Null), Presence::Optional) => Verdict::Fits,
            (Some(value), _) => schema(value, &below(place, name)),
        });
    }
    let known = |name: &&String| fields.iter().any(|(field, ..)| field == name);
    let unknown: Vec<_> = members.keys().filter(|name| !known(name)).map(|name| format!("'{name}'")).collect();
    if unknown.is_empty() {
        return verdict;
    }
    verdict.and(Verdict::faulty(&format!("Unrecognized key(s) in object: {}", unknown.join(", ")), place))
}

fn below(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}
