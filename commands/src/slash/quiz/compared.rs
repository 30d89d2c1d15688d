//! "Add to quiz" under a comparison: the pictures of both sides become a draft for review, by the
//! rules of any draft. How comparisons look is no concern of this.

use std::time::SystemTime;

use mirage::atlas::EntryId;
use mirage::quiz::{Item, draft_pair};
use mirage::store::quiz::Added;

use super::post::no_channel;
use super::review::seed;
use super::roles::Person;
use crate::slash::data::Data;
use crate::slash::errors::CommandError;

/// Pictures of one side that stand next to each other, from the best on, and the place of the first,
/// from 0.
pub(in crate::slash) type Stretch<'a> = (&'a [EntryId], usize);

/// Drafts a pair of one picture of each side for a tutor, and says what became of it. A is the left
/// side.
///
/// # Errors
/// One sentence for who is no tutor, a server without a channel for reviews or pictures that make no
/// pair, or what the database or the atlas reports.
pub(in crate::slash) async fn draft_compared(
    data: &Data,
    person: &Person,
    [a, b]: [Stretch<'_>; 2],
) -> Result<String, CommandError> {
    let store = &data.store;
    person.require_tutor(store).await?;
    let channel = store.quiz_settings(person.server).await?.review_channel;
    let channel = channel.ok_or_else(no_channel)?;
    let known = store.quiz_fingerprints(person.server).await?;
    let item = draft_pair(&data.atlas, [a.0, b.0], &known, seed()).await?;
    let added = store
        .add_quiz_items(
            person.server,
            person.user,
            std::slice::from_ref(&item),
            "compare",
            SystemTime::now(),
        )
        .await?;
    Ok(told(&added, &named(&item, [a, b]), channel))
}

fn told(added: &[Added], pictures: &str, channel: u64) -> String {
    match added.first() {
        Some(Added::New(id)) => format!(
            "Drafted question {id}, a confusable pair of {pictures}. It waits for review in \
             <#{channel}>. No student sees it before."
        ),
        // Somebody else drafted the same meanwhile.
        Some(Added::Known(id)) => {
            format!("Nothing new was drafted: question {id} of this server asks the same.")
        }
        None => "Nothing new was drafted.".to_owned(),
    }
}

/// Names of an item's pictures as the comparison has them, such as A1 and B2.
fn named(item: &Item, [a, b]: [Stretch<'_>; 2]) -> String {
    let place = |(entries, first): Stretch<'_>| {
        let mut entries = entries.iter();
        let place = entries.position(|entry| item.pictures.contains(entry));
        place.unwrap_or_default() + first + 1
    };
    format!("A{} and B{}", place(a), place(b))
}

#[cfg(test)]
mod tests {
    use mirage::quiz::Task;
    use mirage::store::quiz::ItemId;

    use super::*;

    fn ids(names: &[&str]) -> Vec<EntryId> {
        names.iter().map(|name| EntryId::new("t", name)).collect()
    }

    #[test]
    fn the_pictures_are_named_as_the_comparison_names_them() {
        let item = Item {
            stem: "Which is which?".to_owned(),
            task: Task::ConfusablePair {
                options: ["CT".to_owned(), "MRI".to_owned()],
                keys: [0, 1],
            },
            pictures: ids(&["e", "a"]),
            alt: Vec::new(),
            rationale: String::new(),
            citations: Vec::new(),
            sources: Vec::new(),
            topic: String::new(),
            expected: 0.5,
        };
        let (a, b) = (ids(&["a", "b"]), ids(&["d", "e"]));
        assert_eq!(
            named(&item, [(a.as_slice(), 0), (b.as_slice(), 3)]),
            "A1 and B5"
        );
    }

    #[test]
    fn what_became_of_it_is_told_with_its_number() {
        let id = ItemId::parse("7").expect("a number");
        let new = told(&[Added::New(id)], "A1 and B2", 9);
        assert!(new.starts_with("Drafted question 7, a confusable pair of A1 and B2."));
        assert!(new.contains("<#9>"), "{new}");
        let known = told(&[Added::Known(id)], "A1 and B2", 9);
        assert!(known.contains("question 7 of this server asks the same"));
    }
}
