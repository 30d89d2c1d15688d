//! Alt texts of a question's pictures: as much as can be said without the answer, the same for all
//! pictures of one question. An entry's own alt text names what it shows, so it is never taken.

use super::facts::{Facts, Field};
use super::kin::is_vague;
use super::wording::in_sentence;

/// What is said in place of more.
const WITHHELD: &str = "More would tell the answer.";

/// The alt text of each of these pictures, without what is hidden and without what they don't have
/// in common.
pub(super) fn alt(pictures: &[&Facts], hidden: &[Field]) -> String {
    let shared = |field: Field| -> Option<&str> {
        if hidden.contains(&field) {
            return None;
        }
        let mut names = pictures.iter().map(|facts| facts.one(field));
        let first = names.next()??;
        names
            .all(|name| name.is_some_and(|name| name.key == first.key))
            .then_some(first.name.as_str())
    };
    let modality =
        shared(Field::Modality).map_or_else(|| "medical picture".to_owned(), in_sentence);
    let plane = shared(Field::Plane).map(in_sentence);
    let kind = match plane {
        Some(plane) => format!("{plane} {modality}"),
        None => modality,
    };
    let place = match shared(Field::Part).filter(|part| !is_vague(part)) {
        Some(part) => format!(", {}", in_sentence(part)),
        None => String::new(),
    };
    format!("{}{place}. {WITHHELD}", capital(&kind))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{boxed, entry};
    use super::*;

    #[test]
    fn what_is_asked_for_is_not_told() {
        let cut = Facts::of(&boxed("a", &["pons"]));
        let told = alt(&[&cut], &[]);
        assert_eq!(told, format!("Axial MRI, brain. {WITHHELD}"));
        let told = alt(&[&cut], &[Field::Plane]);
        assert_eq!(told, format!("MRI, brain. {WITHHELD}"));
        let told = alt(&[&cut], &[Field::Modality, Field::Plane, Field::Part]);
        assert_eq!(told, format!("Medical picture. {WITHHELD}"));
    }

    #[test]
    fn of_several_pictures_only_what_they_share_is_told() {
        let cut = Facts::of(&boxed("a", &["pons"]));
        let chest = Facts::of(&entry("b", "MRI", "chest", "A chest.", &[]));
        assert_eq!(alt(&[&cut, &chest], &[]), format!("MRI. {WITHHELD}"));
        assert_eq!(alt(&[&cut, &cut], &[]), alt(&[&cut], &[]));
        let cell = Facts::of(&entry("c", "Histology", "cell", "A cell.", &[]));
        assert_eq!(alt(&[&cell], &[]), format!("Histology. {WITHHELD}"));
    }
}
