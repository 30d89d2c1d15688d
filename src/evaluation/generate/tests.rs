//! Counting and weighing with opinions that are made by hand. The judge itself is tested where its
//! weights are fetched.

use super::*;

fn labels(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn opinion(modality: usize, region: usize) -> Opinion {
    Opinion {
        modality,
        region,
        features: vec![0.0],
    }
}

fn prompt(modality: &str, region: &str) -> Prompt {
    Prompt {
        modality: modality.to_owned(),
        region: region.to_owned(),
        text: format!("{modality} of the {region}."),
    }
}

fn unseen(modality: &str, region: Option<&str>, opinion: Opinion) -> Unseen {
    Unseen {
        kind: Kind {
            modality: Some(modality.to_owned()),
            region: region.map(str::to_owned),
        },
        opinion,
        fingerprint: Fingerprint::of(&DynamicImage::new_luma8(16, 16)),
    }
}

#[test]
fn both_are_right_only_where_each_is() {
    let (modalities, regions) = (labels(&["CT", "MRI"]), labels(&["head", "chest"]));
    let asked = [
        prompt("CT", "head"),
        prompt("CT", "chest"),
        prompt("MRI", "head"),
        prompt("MRI", "chest"),
    ];
    let opinions = [opinion(0, 0), opinion(0, 0), opinion(0, 0), opinion(1, 1)];
    let judged = judge_all((&modalities, &regions), &asked, &opinions);
    assert!((judged.modality.accuracy - 0.75).abs() < 1e-12);
    assert!((judged.region.accuracy - 0.75).abs() < 1e-12);
    assert!((judged.both - 0.5).abs() < 1e-12);
    assert_eq!(judged.modality.confusion.counts, [[2, 0], [1, 1]]);
    assert_eq!(judged.region.confusion.counts, [[2, 0], [1, 1]]);
}

#[test]
fn real_pictures_are_scored_in_the_proportions_of_the_prompts() {
    let (modalities, regions) = (labels(&["CT", "MRI"]), labels(&["head", "chest"]));
    let mut held_out = Vec::new();
    // Of CT of the head nine in ten are right, of MRI of the head none.
    for number in 0..10 {
        held_out.push(unseen(
            "CT",
            Some("head"),
            opinion(usize::from(number == 0), 0),
        ));
    }
    for _ in 0..30 {
        held_out.push(unseen("MRI", Some("head"), opinion(0, 0)));
    }
    // Nobody asks for the chest.
    held_out.push(unseen("CT", Some("chest"), opinion(1, 0)));
    held_out.push(unseen("CT", None, opinion(1, 1)));
    let looked = Looked {
        held_out,
        training: Vec::new(),
        mean: Rgb::new(1, 1, vec![0; 3]).expect("RGB"),
    };
    let kinds: Vec<Kind> = looked.held_out.iter().map(|one| one.kind.clone()).collect();
    let asked = [
        prompt("CT", "head"),
        prompt("CT", "head"),
        prompt("CT", "head"),
        prompt("MRI", "head"),
    ];
    let strata = Strata::new(&kinds, &asked);
    let of = |classes: &[String], aspect| real_accuracy(classes, &looked, &strata, aspect);
    let share = of(&modalities, MODALITY).expect("known");
    assert!((share - 0.75 * 0.9).abs() < 1e-9, "{share}");
    let share = of(&regions, REGION).expect("known");
    assert!((share - 1.0).abs() < 1e-9, "{share}");
    let strata = Strata::new(&kinds, &[prompt("dermoscopy", "skin")]);
    assert_eq!(real_accuracy(&modalities, &looked, &strata, MODALITY), None);
}

#[test]
fn the_figures_have_the_documented_names() {
    let judged = Judged::of(&labels(&["CT"]), [(0, 0)].into_iter());
    let copies = Copies {
        n: 1,
        copies: 0,
        by_features: 0,
        by_brightness: 0,
        by_check: 0,
        median_cosine: 0.5,
        largest_cosine: 0.5,
    };
    let figures = Figures {
        judge: "judge".to_owned(),
        pictures: 1,
        modality_accuracy: 1.0,
        region_accuracy: 1.0,
        both_accuracy: 1.0,
        first_modality_accuracy: 0.4,
        first_region_accuracy: 0.3,
        real_modality_accuracy: Some(1.0),
        real_region_accuracy: None,
        real_pictures: 1,
        frechet: 0.0,
        frechet_mean_picture: 0.0,
        frechet_other_half: 0.0,
        frechet_dimensions: 64,
        near_copies: 0,
        near_copy_threshold: 0.9,
        near_copy_brightness_threshold: 1.6,
        training_pictures: 1,
        copies,
        real_copies: copies,
        modality: judged.clone(),
        region: judged,
    };
    let json = serde_json::to_value(&figures).expect("JSON");
    for key in [
        "modality_accuracy",
        "region_accuracy",
        "real_modality_accuracy",
        "frechet",
        "frechet_mean_picture",
        "frechet_other_half",
        "near_copies",
        "near_copy_threshold",
    ] {
        assert!(json[key].is_number(), "{key}");
    }
    assert!(json["real_region_accuracy"].is_null());
    assert_eq!(json["modality"]["confusion"][0][0], 1);
    assert_eq!(json["copies"]["n"], 1);
}

#[test]
fn a_picture_keeps_its_pixels() {
    let pixels = Rgb::new(2, 1, vec![1, 2, 3, 4, 5, 6]).expect("RGB");
    let drawn = drawn(&pixels).expect("a picture").to_rgb8();
    assert_eq!(drawn.dimensions(), (2, 1));
    assert_eq!(drawn.into_raw(), [1, 2, 3, 4, 5, 6]);
}
