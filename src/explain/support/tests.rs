//! The check on sentences that differ from their source in one thing. The labelled pairs that its
//! precision is measured on are those of `crate::evaluation`.

use super::*;

const COLLECTION: &str = "A large collection of low density with septa lies between skull and brain \
    on the right of the picture (the left side of the body) and pushes the midline over.";
const AORTA: &str = "Echocardiogram of an adult with a dotted measuring line; the screen labels the \
    measurement as the diameter of the ascending aorta (3.3 cm).";

fn checked(source: &str, claim: &str) -> Result<(), Reason> {
    says(source, "", claim)
}

#[test]
fn a_sentence_supports_itself_and_what_leaves_details_out() {
    for claim in [
        COLLECTION,
        "A large collection of low density lies between skull and brain.",
        "The picture shows a large collection with septa.",
    ] {
        assert_eq!(checked(COLLECTION, claim), Ok(()), "{claim}");
    }
}

#[test]
fn what_is_changed_is_withheld_with_its_reason() {
    for (claim, reason) in [
        (
            "A large collection of high density lies between skull and brain.",
            Reason::Words,
        ),
        (
            "A large collection of low density lies on the right side of the body.",
            Reason::Relation,
        ),
        (
            "A large collection without septa lies between skull and brain.",
            Reason::Polarity,
        ),
        ("Here it is.", Reason::Empty),
        ("", Reason::Empty),
    ] {
        assert_eq!(checked(COLLECTION, claim), Err(reason), "{claim}");
    }
    let changed = "The screen labels the diameter of the ascending aorta (3.8 cm).";
    assert_eq!(checked(AORTA, changed), Err(Reason::Number));
    let changed = "The left diameter of the ascending aorta";
    assert_eq!(checked(AORTA, changed), Err(Reason::Side));
}

#[test]
fn a_claim_is_no_more_certain_than_its_source() {
    let source = "Suspected osteomyelitis of the left calcaneus.";
    assert_eq!(checked(source, "Suspected osteomyelitis."), Ok(()));
    assert_eq!(checked(source, "Osteomyelitis."), Err(Reason::Polarity));
    let source = "Cancer was excluded by biopsy.";
    assert_eq!(checked(source, "Cancer, by biopsy"), Err(Reason::Polarity));
}

#[test]
fn what_is_known_of_the_picture_may_be_said_with_it() {
    let source = "The fourth ventricle is the dark gap between pons and vermis.";
    let claim = "On axial MRI, the fourth ventricle is the dark gap between pons and vermis.";
    assert_eq!(says(source, "MRI axial brain", claim), Ok(()));
    assert_eq!(says(source, "CT axial brain", claim), Err(Reason::Words));
    let setting_alone = "Axial MRI of the brain.";
    assert_eq!(
        says(source, "MRI axial brain", setting_alone),
        Err(Reason::Empty)
    );
}

#[test]
fn the_nearest_sources_are_named_and_far_ones_are_not_read() {
    let text = "The pons bulges forward.";
    let said = |source, vector| Said {
        source,
        text,
        setting: "",
        vector,
    };
    let (near, nearer, far): (&[f32], &[f32], &[f32]) = (&[0.8, 0.6], &[1.0, 0.0], &[0.0, 1.0]);
    let sources = [said(1, near), said(2, nearer), said(3, far), said(2, near)];
    let named = sources_of(text, &[1.0, 0.0], sources.into_iter());
    assert_eq!(named, Ok(vec![2, 1]));
    let named = sources_of(text, &[1.0, 0.0], [said(3, far)].into_iter());
    assert_eq!(named, Err(Reason::Meaning));
    let named = sources_of("The liver bulges.", &[1.0, 0.0], sources.into_iter());
    assert_eq!(named, Err(Reason::Words));
    let none = sources_of(text, &[1.0, 0.0], std::iter::empty());
    assert_eq!(none, Err(Reason::Empty));
}
