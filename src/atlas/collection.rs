//! Names of collections: part of each entry's name, so they are short and plain.

use super::starter;

/// Longest name, in characters.
const LONGEST: usize = 64;

/// A name that a collection can't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is the starter atlas's.
    #[error("The name {0} belongs to the starter atlas. Give the collection another one.")]
    Reserved(String),
    /// It is empty, too long, or has letters that can't stand in a name.
    #[error(
        "The name \"{0}\" can't be used for a collection. Take letters, digits, hyphens, \
         underscores and dots, at most {LONGEST} in all."
    )]
    Unusable(String),
}

/// Checks a name.
///
/// # Errors
/// [`NameError`] says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name == starter::COLLECTION {
        return Err(NameError::Reserved(name.to_owned()));
    }
    let fits = (1..=LONGEST).contains(&name.chars().count());
    if fits && name.chars().all(may_stand) {
        return Ok(());
    }
    let shown = name.chars().filter(|letter| !letter.is_control());
    Err(NameError::Unusable(shown.take(LONGEST + 1).collect()))
}

/// The usable name that is nearest to that of a folder or a data set.
pub fn usable_name(name: &str) -> String {
    let usable: String = name
        .chars()
        .map(|letter| if may_stand(letter) { letter } else { '-' })
        .take(LONGEST)
        .collect();
    if usable.chars().any(char::is_alphanumeric) {
        usable
    } else {
        "collection".to_owned()
    }
}

fn may_stand(letter: char) -> bool {
    letter.is_alphanumeric() || "-_.".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_usable_and_bad_ones_are_refused() {
        assert_eq!(usable_name("owner/My data (2)"), "owner-My-data--2-");
        assert_eq!(usable_name(""), "collection");
        assert!(check_name(&usable_name(&"x/".repeat(200))).is_ok());
        for name in ["", "a/b", "a b", "starter", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
