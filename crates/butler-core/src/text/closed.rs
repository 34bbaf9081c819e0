//! Closed sets: enums whose values have names, as labels, JSON and documentation list them. The names are made by strum.

use strum::VariantArray;

/// Every value of an enum, as an array; its length is the enum's `COUNT`, or this does not compile.
#[must_use]
pub const fn every<T: Copy, const N: usize>(variants: &'static [T]) -> [T; N] {
    match variants.first_chunk() {
        Some(array) if variants.len() == N => *array,
        Some(_) | None => panic!("the array has another length than the enum"),
    }
}

/// The name of every value.
#[must_use]
pub fn names<T: VariantArray + Copy + Into<&'static str>>() -> Vec<&'static str> {
    T::VARIANTS.iter().map(|value| (*value).into()).collect()
}

#[cfg(test)]
mod tests {
    use strum::{EnumCount as _, VariantArray as _};

    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    #[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
    #[strum(serialize_all = "snake_case")]
    enum Step {
        First,
        LastOfAll,
    }

    #[test]
    fn names_and_values_are_in_the_order_of_the_enum() {
        const STEPS: [Step; Step::COUNT] = every(Step::VARIANTS);
        assert_eq!(STEPS, [Step::First, Step::LastOfAll]);
        assert_eq!(names::<Step>(), ["first", "last_of_all"]);
    }
}
