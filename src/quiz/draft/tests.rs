//! Drafts of a small made-up atlas: what every question must be like, and what is refused.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::testing::{boxed, entry};
use super::workshop::Candidate;
use super::*;
use crate::atlas::testing;
use crate::atlas::{Description, EntryId};
use crate::quiz::item::Task;
use crate::quiz::leaks::leaks;

/// Cuts of one volume in two planes, and pictures of other kinds.
fn entries() -> Vec<Entry> {
    let cuts = [
        ("c1", ["pons", "fourth ventricle", "cerebellum"]),
        ("c2", ["pons", "cerebellum", "amygdala"]),
        ("c3", ["thalamus", "putamen", "insula"]),
        ("c4", ["thalamus", "putamen", "caudate nucleus"]),
        ("c5", ["cuneus", "precuneus", "lingual gyrus"]),
        ("c6", ["cuneus", "precuneus", "angular gyrus"]),
        (
            "c7",
            [
                "precentral gyrus",
                "postcentral gyrus",
                "superior frontal gyrus",
            ],
        ),
        (
            "c8",
            [
                "precentral gyrus",
                "postcentral gyrus",
                "middle frontal gyrus",
            ],
        ),
    ];
    let mut all: Vec<Entry> = Vec::new();
    for plane in ["axial", "coronal"] {
        for (name, structures) in &cuts {
            let mut cut = boxed(&format!("{name}-{plane}"), structures);
            cut.description.plane = Some(plane.to_owned());
            cut.description.caption = format!("A {plane} cut.");
            all.push(cut);
        }
    }
    let mut chest = entry("x1", "X-ray", "chest", "Nodules.", &["lung nodules"]);
    chest.description.plane = Some("frontal".to_owned());
    all.extend([
        chest,
        entry(
            "x2",
            "X-ray",
            "leg",
            "A tibia with a fibroma.",
            &["tibia", "fibroma"],
        ),
        entry(
            "f1",
            "Fundus photography",
            "eye",
            "The optic disc.",
            &["optic disc"],
        ),
        entry(
            "f2",
            "Fundus photography",
            "eye",
            "Microaneurysms.",
            &["microaneurysms"],
        ),
        entry(
            "u1",
            "Ultrasound",
            "heart",
            "The mitral valve.",
            &["mitral valve"],
        ),
        entry(
            "h1",
            "Histology",
            "skin",
            "A naevus.",
            &["intradermal naevus"],
        ),
        entry("h2", "Histology", "colon", "Glands.", &["glands"]),
    ]);
    all
}

/// All candidates that a topic gives, or all of the atlas without one. Neighbours are in the order of
/// the names.
fn candidates(topic: &str, seed: u64) -> (Knowledge, Vec<Candidate>) {
    let knowledge = Knowledge::of(entries());
    let wanted = wanted(topic, 100, seed);
    let asked = Topic::of(topic, &knowledge);
    let count = knowledge.entries.len();
    let keys = match topic {
        "" => (0..count).map(|at| (at, 0)).collect(),
        _ => asked.keys(&knowledge, MOST_KEYS, seed),
    };
    let others = |at: usize| (0..count).filter(|other| *other != at).collect();
    let near: HashMap<usize, Vec<usize>> = (0..count).map(|at| (at, others(at))).collect();
    let mut workshop = Workshop::new(&knowledge, Near::made_up(near), &asked, seed);
    let candidates = workshop.candidates(&wanted, &keys);
    (knowledge, candidates)
}

fn wanted(topic: &str, count: usize, seed: u64) -> Wanted {
    Wanted {
        topic: topic.to_owned(),
        count,
        kinds: Vec::new(),
        difficulty: None,
        seed,
    }
}

/// What an entry says, in lower case.
fn said(knowledge: &Knowledge, id: &EntryId) -> String {
    let entry = knowledge.entries.iter().find(|entry| entry.id == *id);
    entry.map_or_else(String::new, |entry| {
        entry.description.search_text().to_lowercase()
    })
}

#[test]
fn keys_are_said_by_their_pictures_and_wrong_answers_are_not() {
    for seed in 0..5 {
        let (knowledge, candidates) = candidates("", seed);
        assert!(candidates.len() > 60, "{}", candidates.len());
        for candidate in &candidates {
            let item = &candidate.item;
            let says = |place: usize, text: &str| {
                said(&knowledge, &item.pictures[place]).contains(&text.to_lowercase())
            };
            match &item.task {
                Task::SingleChoice { options, key } => {
                    for (place, option) in options.iter().enumerate() {
                        assert_eq!(says(0, option), place == *key, "{option} of {item:?}");
                    }
                }
                Task::MultipleChoice { options, keys } => {
                    for (place, option) in options.iter().enumerate() {
                        assert_eq!(says(0, option), keys.contains(&place), "{option}, {item:?}");
                    }
                }
                Task::ConfusablePair { options, keys } => {
                    for (picture, own) in keys.iter().copied().enumerate() {
                        assert!(says(picture, &options[own]), "{item:?}");
                        assert!(!says(picture, &options[1 - own]), "{item:?}");
                    }
                }
                Task::WhichPicture { key } => {
                    let asked = item.stem.trim_end_matches('?');
                    let asked = asked.rsplit(':').next().unwrap_or_default().trim();
                    let asked = asked.rsplit(" through the ").next().unwrap_or_default();
                    let asked = asked.rsplit(" made by ").next().unwrap_or_default();
                    for picture in 0..4 {
                        assert_eq!(says(picture, asked), picture == *key, "{asked}: {item:?}");
                    }
                }
                Task::TrueFalse { key } => {
                    let asked = item.stem.trim_end_matches('.');
                    let asked = asked.rsplit(": ").next().unwrap_or_default();
                    let asked = asked.rsplit(" is ").next().unwrap_or_default();
                    let asked = asked.rsplit(" through the ").next().unwrap_or_default();
                    assert_eq!(says(0, asked), *key, "{asked}: {item:?}");
                }
                Task::Point { target, .. } => assert!(says(0, target), "{item:?}"),
                Task::OpenAnswer { accepted } => assert!(!accepted.is_empty(), "{item:?}"),
            }
        }
    }
}

#[test]
fn every_question_has_sources_citations_and_alt_texts_that_tell_nothing() {
    let (knowledge, candidates) = candidates("", 3);
    let all: Vec<Item> = candidates
        .into_iter()
        .map(|candidate| candidate.item)
        .collect();
    let kinds: BTreeSet<Kind> = all.iter().map(Item::kind).collect();
    assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
    for item in &all {
        assert_eq!(item.check(), Ok(()), "{item:?}");
        assert!(leaks(item, &knowledge.entries).is_empty(), "{item:?}");
        assert!(!item.pictures.is_empty() && item.sources.len() == item.pictures.len());
        assert_eq!(item.citations, item.pictures);
        assert!(item.rationale.contains("[1]"), "{}", item.rationale);
        assert!(
            item.alt.iter().all(|alt| *alt == item.alt[0]),
            "{:?}",
            item.alt
        );
        assert!(
            item.sources
                .iter()
                .all(|source| source.provenance.licence == "CC0-1.0")
        );
    }
}

#[test]
fn a_structure_that_the_topic_names_is_asked_for_first() {
    let (_, candidates) = candidates("thalamus", 1);
    let items = select::select(candidates, &wanted("thalamus", 6, 1), &HashSet::new());
    for item in items.expect("some") {
        assert_eq!(item.topic, "thalamus");
        // The kind of a picture is asked for whatever is on it.
        let is_open = item.kind() == Kind::OpenAnswer;
        let told = item.rationale.contains("The thalamus is labelled");
        assert!(is_open || told, "{item:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_questions_and_another_one_others() {
    let stems = |seed| -> Vec<String> {
        let items = select::select(
            candidates("brain", seed).1,
            &wanted("brain", 10, seed),
            &HashSet::new(),
        );
        let items = items.expect("some");
        assert_eq!(items.len(), 10);
        items.iter().map(Item::fingerprint).collect()
    };
    assert_eq!(stems(1), stems(1));
    assert_ne!(stems(1), stems(2));
}

#[test]
fn one_label_alone_gives_no_question() {
    let knowledge = Knowledge::of(vec![
        entry("a", "MRI", "brain", "A brain.", &[]),
        entry("b", "MRI", "brain", "Another brain.", &[]),
    ]);
    let asked = Wanted {
        kinds: vec![
            Kind::SingleChoice,
            Kind::TrueFalse,
            Kind::WhichPicture,
            Kind::Point,
        ],
        ..wanted("brain", 5, 1)
    };
    let topic = Topic::of("brain", &knowledge);
    let keys = topic.keys(&knowledge, 10, 1);
    assert_eq!(keys.len(), 2);
    let mut workshop = Workshop::new(&knowledge, Near::default(), &topic, 1);
    let candidates = workshop.candidates(&asked, &keys);
    let refused = select::select(candidates, &asked, &HashSet::new());
    let refused = refused.expect_err("nothing can be told apart");
    assert!(matches!(refused, QuizError::NoQuestions(_)), "{refused}");
}

#[test]
fn a_large_atlas_is_narrowed_to_the_topic_first() {
    let kept = narrowed(entries(), "the optic disc", 3);
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0].id, EntryId::new("t", "f1"));
    assert_eq!(narrowed(entries(), "", 1_000).len(), entries().len());
}

#[tokio::test]
async fn what_can_not_be_drafted_is_told_in_a_sentence() {
    let none = HashSet::new();
    let empty = testing::atlas().await;
    let error = draft(&empty.atlas, &wanted("brain", 1, 1), &none).await;
    let error = error.expect_err("nothing is there");
    assert!(matches!(error, QuizError::EmptyAtlas), "{error}");
    for count in [0, MOST_DRAFTS + 1, 1_000] {
        let error = draft(&empty.atlas, &wanted("brain", count, 1), &none).await;
        let error = error.expect_err("no such number").to_string();
        assert!(error.contains("1 to 100"), "{error}");
    }
    let error = draft(&empty.atlas, &wanted(" ", 1, 1), &none).await;
    assert!(matches!(error, Err(QuizError::NoTopic)));
}

/// An atlas of these entries.
async fn filled() -> testing::Small {
    let entries = entries();
    let described: Vec<(String, Description, u8)> = (0_u8..)
        .zip(&entries)
        .map(|(shade, entry)| {
            let (_, name) = entry.id.as_str().split_once('/').expect("a collection");
            (name.to_owned(), entry.description.clone(), shade * 10)
        })
        .collect();
    let named: Vec<(&str, Description, u8)> = described
        .iter()
        .map(|(name, description, shade)| (name.as_str(), description.clone(), *shade))
        .collect();
    testing::filled_large(&named).await
}

#[tokio::test]
async fn an_atlas_is_drafted_from_with_its_own_neighbours() {
    let small = filled().await;
    let none = HashSet::new();
    let items = draft(&small.atlas, &wanted("brain", 12, 5), &none).await;
    let items = items.expect("drafted");
    assert_eq!(items.len(), 12);
    let fingerprints: HashSet<String> = items.iter().map(Item::fingerprint).collect();
    assert_eq!(fingerprints.len(), 12);
    let pairs = Wanted {
        kinds: vec![Kind::ConfusablePair],
        ..wanted("brain", 2, 5)
    };
    let more = draft(&small.atlas, &pairs, &fingerprints)
        .await
        .expect("more");
    for item in &more {
        assert_eq!(item.kind(), Kind::ConfusablePair);
        assert!(!fingerprints.contains(&item.fingerprint()));
    }
    let error = draft(&small.atlas, &wanted("zebra", 1, 1), &none).await;
    let error = error.expect_err("no such picture");
    assert!(matches!(error, QuizError::NoPictures(_)), "{error}");
}

#[tokio::test]
async fn pictures_that_stand_side_by_side_become_a_pair() {
    let ids = |names: &[&str]| -> Vec<EntryId> {
        names.iter().map(|name| EntryId::new("t", name)).collect()
    };
    let (one, other) = (ids(&["c1-axial", "x1"]), ids(&["gone", "c3-axial"]));
    let sides = [one.as_slice(), other.as_slice()];
    let none = HashSet::new();
    let empty = testing::atlas().await;
    let error = draft_pair(&empty.atlas, sides, &none, 1).await;
    assert!(matches!(error, Err(QuizError::EmptyAtlas)), "{error:?}");
    let small = filled().await;
    let item = draft_pair(&small.atlas, sides, &none, 1).await;
    let item = item.expect("their structures differ");
    let mut pictures = item.pictures.clone();
    pictures.sort();
    assert_eq!(pictures, ids(&["c1-axial", "c3-axial"]));
    assert_eq!(item.check(), Ok(()));
    let known = HashSet::from([item.fingerprint()]);
    let next = draft_pair(&small.atlas, sides, &known, 1).await;
    assert!(next.is_ok_and(|next| next.fingerprint() != item.fingerprint()));
}
