//! Whole comparisons on a small atlas whose encoders can be seen through: letters for words, shades
//! for pictures.

use mirage_models::image_encoder::Rgb;

use super::*;
use crate::atlas::testing::{self, Small, square};
use crate::atlas::{Description, EntryId};
use crate::media;

fn described(caption: &str) -> Description {
    Description {
        caption: caption.to_owned(),
        modality: "MRI".to_owned(),
        ..Description::default()
    }
}

fn entries() -> [(&'static str, Description, u8); 3] {
    [
        ("knee", described("knee knee knee"), 20),
        ("chest", described("chest chest chest"), 120),
        ("skull", described("skull skull skull"), 240),
    ]
}

async fn small() -> Small {
    testing::filled(&entries()).await
}

/// Without vectors of pictures: shades and letters have little to do with each other.
async fn for_words() -> Small {
    testing::filled_for_words(&entries()).await
}

fn words(text: &str) -> Idea {
    Idea::Words(text.to_owned())
}

fn shade(gray: u8) -> Rgb {
    media::pixels(&square(gray)).expect("pixels")
}

fn first(side: &Side) -> &str {
    side.results.first().map_or("", EntryId::as_str)
}

fn all(side: &Side) -> Vec<&str> {
    side.results.iter().map(EntryId::as_str).collect()
}

#[tokio::test]
async fn each_side_has_its_own_best_matches() {
    let small = small().await;
    let found = ideas(&small.atlas, words("knee"), Idea::Picture(shade(240))).await;
    let found = found.expect("both are there");
    assert_eq!((first(&found.a), first(&found.b)), ("t/knee", "t/skull"));
    assert_eq!(found.b.subject, Subject::Picture, "the picture is not kept");
    assert!(found.far.is_empty());
    let entry = Idea::Entry(EntryId::new("t", "chest"));
    let found = ideas(&small.atlas, entry, words("skull")).await;
    let found = found.expect("both are there");
    assert_eq!(first(&found.a), "t/chest", "an entry is its own best match");
    assert_eq!(found.a.results.len(), 3, "and those like it follow");
}

#[tokio::test]
async fn one_thing_given_twice_is_no_comparison() {
    let small = small().await;
    let same = ideas(&small.atlas, words("Knee "), words("knee")).await;
    assert!(matches!(same, Err(CompareError::Same)));
    let picture = || Idea::Picture(shade(7));
    let same = ideas(&small.atlas, picture(), picture()).await;
    assert!(matches!(same, Err(CompareError::Same)));
}

#[tokio::test]
async fn an_empty_atlas_has_nothing_to_compare() {
    let small = testing::atlas().await;
    let nothing = ideas(&small.atlas, words("knee"), words("chest")).await;
    assert!(matches!(nothing, Err(CompareError::Nothing)));
    let nothing = side(&small.atlas, words("knee")).await;
    assert!(matches!(nothing, Err(CompareError::Nothing)));
}

fn sum(query: Idea, add: Option<&str>, subtract: Option<&str>) -> Arithmetic {
    Arithmetic {
        query,
        add: add.map(str::to_owned),
        subtract: subtract.map(str::to_owned),
        weights: Weights::BEST,
    }
}

#[tokio::test]
async fn what_is_added_draws_the_second_side_towards_it() {
    let small = for_words().await;
    let asked = sum(words("knee"), Some("skull skull skull"), None);
    let found = arithmetic(&small.atlas, asked).await.expect("a sum");
    assert_eq!(all(&found.a), ["t/knee", "t/chest", "t/skull"], "as it was");
    assert_eq!(all(&found.b), ["t/skull", "t/knee", "t/chest"]);
    let told = found.b.subject.title(str::to_owned);
    assert_eq!(told, "knee + skull skull skull");
}

#[tokio::test]
async fn what_is_subtracted_goes_back() {
    let small = for_words().await;
    let mut asked = sum(words("knee skull"), None, Some("knee knee knee"));
    asked.weights = Weights::new(None, Some(1.0)).expect("in range");
    let found = arithmetic(&small.atlas, asked).await.expect("a sum");
    assert_eq!(all(&found.a), ["t/skull", "t/knee", "t/chest"]);
    assert_eq!(all(&found.b), ["t/skull", "t/chest", "t/knee"]);
}

#[tokio::test]
async fn sums_that_say_nothing_are_refused() {
    let small = small().await;
    let atlas = &small.atlas;
    let refused = |asked: Arithmetic| async move {
        let refused = arithmetic(atlas, asked).await;
        refused.expect_err("it says nothing").to_string()
    };
    let none = refused(sum(words("knee"), Some(" "), None)).await;
    assert!(none.starts_with("Say what to add"), "{none}");
    let same = refused(sum(words("knee"), Some("Skull"), Some("skull "))).await;
    assert!(same.contains("cancel each other"), "{same}");
    let cancelled = refused(sum(words("knee"), None, Some("knee"))).await;
    assert!(cancelled.contains("cancels the query"), "{cancelled}");
    let empty = refused(sum(words("  "), Some("knee"), None)).await;
    assert!(empty.starts_with("The query is empty."), "{empty}");
}

#[tokio::test]
async fn a_picture_is_changed_by_words_too() {
    let small = small().await;
    let asked = sum(Idea::Picture(shade(240)), Some("knee knee knee"), None);
    let found = arithmetic(&small.atlas, asked).await.expect("a sum");
    let place = |side: &Side| all(side).iter().position(|id| *id == "t/knee");
    assert!(
        place(&found.b) < place(&found.a),
        "the words draw it forward"
    );
}

#[tokio::test]
async fn a_side_that_was_found_earlier_is_compared_later() {
    let small = small().await;
    let earlier = side(&small.atlas, Idea::Picture(shade(20))).await;
    let earlier = earlier.expect("found");
    let found = with_earlier(&small.atlas, earlier.clone(), words("skull")).await;
    let found = found.expect("both are there");
    assert_eq!((found.a, first(&found.b)), (earlier, "t/skull"));
}

#[tokio::test]
async fn a_modality_is_likely_where_most_of_the_nearest_agree() {
    let small = small().await;
    let three = likely_modality(&small.atlas, shade(20)).await;
    assert_eq!(three.expect("readable"), None, "three are too few");
    let entries: Vec<(String, Description, u8)> = (0..6_u8)
        .map(|place| (place.to_string(), described("x"), 10 + place))
        .collect();
    let entries: Vec<(&str, Description, u8)> = entries
        .iter()
        .map(|(name, words, gray)| (name.as_str(), words.clone(), *gray))
        .collect();
    let six = testing::filled(&entries).await;
    let likely = likely_modality(&six.atlas, shade(20)).await;
    assert_eq!(likely.expect("readable").as_deref(), Some("MRI"));
}
