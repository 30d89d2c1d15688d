//! All checks together, on an atlas and a gate that need no weights.

use super::*;
use crate::atlas::{Description, testing};

const TURN: (Caller, Lane) = (Caller::LOCAL, Lane::Interactive);

/// Checks whose gate has one opinion of everything.
fn checks(nudity: f32) -> Checks {
    Checks {
        gate: Gate::with(move |_| Ok(nudity)),
        known: Known::in_folder(PathBuf::from("/nonexistent")),
    }
}

/// A picture whose mean shade is given, with a slope over it.
fn drawn(shade: u8) -> RgbImage {
    RgbImage::from_fn(64, 64, |x, y| {
        let slope = (x / 4 + y / 8) as u8;
        image::Rgb([shade.saturating_add(slope); 3])
    })
}

async fn looked(checks: &Checks, shade: u8) -> Verdict {
    let entries = [("dark", Description::default(), 20)];
    let small = testing::filled(&entries).await;
    let verdict = checks.look(&small.atlas, TURN, &drawn(shade)).await;
    verdict.expect("all networks answer")
}

#[tokio::test]
async fn a_picture_passes_or_is_refused_with_its_reason() {
    let passed = looked(&checks(0.1), 10).await;
    assert_eq!((passed.refusal, passed.near_copy), (None, None));
    let nude = looked(&checks(0.9), 10).await;
    assert_eq!(nude.refusal, Some(Refusal::Unsafe));
    let other = looked(&checks(0.1), 230).await;
    assert_eq!(other.refusal, Some(Refusal::NotMedical));
    for refusal in [Refusal::Unsafe, Refusal::NotMedical] {
        let sentence = refusal.to_string();
        assert!(
            sentence.starts_with("The picture is not shown"),
            "{sentence}"
        );
        assert!(sentence.ends_with("another seed."), "{sentence}");
    }
}

#[tokio::test]
async fn without_an_encoder_of_pictures_nudity_is_still_found() {
    let entries = [("dark", Description::default(), 20)];
    let small = testing::filled_for_words(&entries).await;
    let verdict = checks(0.2).look(&small.atlas, TURN, &drawn(230)).await;
    assert_eq!(verdict.expect("looked at").refusal, None);
    let verdict = checks(0.9).look(&small.atlas, TURN, &drawn(230)).await;
    assert_eq!(verdict.expect("looked at").refusal, Some(Refusal::Unsafe));
}

#[tokio::test]
async fn what_can_not_be_looked_at_is_an_error_and_no_pass() {
    let small = testing::filled(&[("dark", Description::default(), 20)]).await;
    let missing = Checks::new(PathBuf::from("/nonexistent"), PathBuf::from("/nonexistent"));
    let refused = missing.look(&small.atlas, TURN, &drawn(10)).await;
    assert!(matches!(refused, Err(CheckError::Engine(_))));
    let nothing = RgbImage::new(0, 0);
    let refused = checks(0.1).look(&small.atlas, TURN, &nothing).await;
    assert!(matches!(refused, Err(CheckError::Pixels(_))));
}
