//! Which options go together, and what is said.

use mirage::atlas::{Description, Entry, Provenance};
use mirage::compare::{Concepts, Fit};

use super::*;

/// No option at all; pictures are names of files here.
fn none() -> Options<&'static str> {
    Options {
        a: None,
        a_image: None,
        like: None,
        b: None,
        b_image: None,
        query: None,
        query_image: None,
        add: None,
        subtract: None,
        weight_add: None,
        weight_subtract: None,
        mode: None,
        before: None,
        after: None,
    }
}

fn words(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn asked(options: Options<&'static str>) -> Result<Asked<&'static str>, String> {
    options.asked(|name| format!("`{name}`"))
}

#[test]
fn each_kind_of_comparison_has_its_options() {
    let ideas = Options {
        a: words("chest"),
        b_image: Some("b.png"),
        ..none()
    };
    let expected = Asked::Ideas(Given::Words("chest".to_owned()), Given::Picture("b.png"));
    assert_eq!(asked(ideas), Ok(expected));
    let sum = Options {
        query_image: Some("q.png"),
        subtract: words("devices"),
        weight_subtract: Some(0.5),
        ..none()
    };
    let expected = Asked::Sum {
        query: Given::Picture("q.png"),
        add: None,
        subtract: words("devices"),
        weights: [None, Some(0.5)],
    };
    assert_eq!(asked(sum), Ok(expected));
    let like = EntryId::new("t", "a");
    let mode = Options {
        mode: Some(Mode::Normal),
        like: Some(like.clone()),
        ..none()
    };
    let expected = Asked::Mode(Mode::Normal, Given::Entry(like));
    assert_eq!(asked(mode), Ok(expected));
    let time = Options {
        before: Some("1.png"),
        after: Some("2.png"),
        ..none()
    };
    let expected = Asked::OverTime {
        before: "1.png",
        after: "2.png",
    };
    assert_eq!(asked(time), Ok(expected));
}

#[test]
fn what_does_not_go_together_is_told_in_one_sentence() {
    let refused = |options| asked(options).expect_err("it doesn't go together");
    assert!(refused(none()).starts_with("Say what to compare: `a` and `b`; or `query`"));
    let blank = Options {
        a: words("  "),
        ..none()
    };
    assert!(refused(blank).starts_with("Say what to compare"));
    let half = Options {
        a: words("chest"),
        ..none()
    };
    assert!(refused(half).starts_with("`b` is missing."));
    let both = Options {
        a: words("chest"),
        a_image: Some("a.png"),
        b: words("knee"),
        ..none()
    };
    assert!(refused(both).starts_with("`a` can be words or a picture, not both."));
    let mode = Options {
        mode: Some(Mode::Same),
        a: words("chest"),
        b: words("knee"),
        ..none()
    };
    assert!(refused(mode).starts_with("`mode` goes with `a` alone"));
    let mode = Options {
        mode: Some(Mode::Same),
        ..none()
    };
    assert!(refused(mode).starts_with("`a` is missing."));
    let sum = Options {
        add: words("pacemaker"),
        ..none()
    };
    assert!(refused(sum).starts_with("`query` is missing."));
    let time = Options {
        before: Some("1.png"),
        ..none()
    };
    assert!(refused(time).starts_with("`after` is missing."));
    let mixed = Options {
        a: words("chest"),
        query: words("knee"),
        ..none()
    };
    assert!(refused(mixed).starts_with("Ask for one comparison at a time. Say what"));
}

fn placed(place: usize, alt: &str, modality: &str) -> Placed {
    Placed {
        place,
        entry: Entry {
            id: EntryId::new("t", "a"),
            collection: "t".to_owned(),
            description: Description {
                alt: Some(alt.to_owned()),
                modality: modality.to_owned(),
                ..Description::default()
            },
            provenance: Provenance::default(),
            width: 1,
            height: 1,
        },
        picture: Vec::new(),
    }
}

#[test]
fn concepts_name_their_pictures() {
    let concept = |name: &str, a: &[usize], b: &[usize]| Concept {
        name: name.to_owned(),
        a: a.to_vec(),
        b: b.to_vec(),
    };
    let told = concepts(&[concept("lobe", &[1, 2], &[4]), concept("mass", &[], &[5])]);
    assert_eq!(told, "lobe (A1, A2, B4); mass (B5)");
    assert_eq!(concepts(&[]), NO_CONCEPT);
}

#[test]
fn a_difference_tells_shares_and_who_supports_them() {
    let told = Difference {
        looked_at: [30, 5],
        more_in_a: vec![Concept {
            name: "lobe".to_owned(),
            a: vec![1, 2, 5, 8, 13, 21],
            b: vec![3],
        }],
        more_in_b: Vec::new(),
    };
    let told = difference(&told, str::to_uppercase);
    let lobe = "LOBE: 6 of 30 of A (A1, A2, A5, A8, …), 1 of 5 of B (B3)";
    assert_eq!(told[0], ("More in A", vec![lobe.to_owned()]));
    assert_eq!(told[1], ("More in B", vec![NO_CONCEPT.to_owned()]));
}

#[test]
fn the_alt_text_holds_every_picture_and_keeps_its_room() {
    let long = "word ".repeat(400);
    let titles = [long.clone(), "B side".to_owned()];
    let shown = |alt: &str, count: usize| Shown {
        a: (1..=count).map(|place| placed(place, alt, "MRI")).collect(),
        b: (4..4 + count)
            .map(|place| placed(place, alt, "MRI"))
            .collect(),
        concepts: Concepts::default(),
    };
    for count in 1..=3 {
        let alt = alt_text(&titles, &shown(&long, count), 1_000);
        assert!(alt.chars().count() <= 1_000, "{}", alt.chars().count());
        for label in ["A1: word", "B4: word"] {
            assert!(alt.contains(label), "{label} in {alt}");
        }
    }
    let mut one = shown("Two lungs.", 1);
    one.b.clear();
    let alt = alt_text(&["lungs".to_owned(), "x".to_owned()], &one, 1_000);
    assert_eq!(
        alt,
        "Two columns of pictures. A, lungs. A1: Two lungs. B, x. nothing found"
    );
}

#[test]
fn different_techniques_are_told() {
    let shown = Shown {
        a: vec![placed(1, "a", "MRI")],
        b: vec![placed(1, "b", "X-ray")],
        concepts: Concepts::default(),
    };
    let told = different_modalities(&shown).expect("they differ");
    assert!(told.contains("mostly MRI") && told.contains("the technique"));
}

/// A fit comes from pictures alone: two of them that agree.
fn fit() -> Fit {
    let pixels: Vec<u8> = (0..96 * 96_u32)
        .flat_map(|place| {
            let (x, y) = (place % 96, place / 96);
            [((x * x + 3 * y * y) / 40 % 256) as u8; 3]
        })
        .collect();
    let picture = mirage_models::image_encoder::Rgb::new(96, 96, pixels).expect("pixels");
    let laid = mirage::compare::lay_over(&picture, &picture);
    laid.expect("a picture lies on itself").fit
}

#[test]
fn a_pixel_difference_is_never_called_more() {
    let same = over_time([(96, 96); 2], &fit(), [Some("MRI"), Some("mri")]);
    assert_eq!(same.len(), 2, "{same:?}");
    assert_eq!(same[0], PIXELS);
    assert!(same[1].contains("moved 0 pixels right and 0 pixels down, and scaled by 1.00"));
    let other = over_time([(96, 96), (50, 40)], &fit(), [Some("MRI"), Some("X-ray")]);
    assert!(other[2].contains("96 by 96 and 50 by 40 pixels"));
    assert!(other[3].contains("looks like MRI and the second like X-ray"));
    for word in ["progress", "improve", "worsen", "grown"] {
        assert!(!other.join(" ").contains(word), "{word}");
    }
}
