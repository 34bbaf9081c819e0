//! What could be a secret, known by what it is and not by the name of its field.
//!
//! A search goes once over everything that a file says, in its order, names of fields included. It looks at each text and
//! number by itself, at what stands together in one list or object, and at words in a row: of all values, of all names, and of
//! places that differ in numbers only. It is meant to refuse too much rather than too little. Nothing here keeps or prints what
//! it looked at.

mod counted;
mod dense;
mod digits;
mod dumps;
mod escapes;
mod file_names;
mod found;
mod glued;
mod joined;
mod members;
mod numbers;
mod parts;
mod phrase;
mod places;
mod plain;
mod search;
mod series;
mod shown;
mod signs;
mod spelled;
mod words;

pub(crate) use self::found::Found;
pub(crate) use self::numbers::unsigned;
pub(crate) use self::phrase::Site;
pub(crate) use self::search::{Leaf, Search, in_text};
pub(crate) use self::shown::{could_be_part, without_secrets};

#[cfg(test)]
mod tests;
