//! Figures by hand, and whole evaluations with encoders whose space can be seen through.

use std::path::Path;

use mirage_models::image_encoder::{ImageEncoder, ImageEncoderError, Rgb};
use mirage_models::text_encoder::{EncoderError, TextEncoder};

use super::retrieval::{quantile, rank};
use super::*;

fn close(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-9, "{one} is not {other}");
}

/// Texts lie on the axis that their first letter's place in "abc" names.
struct Letters;

impl TextEncoder for Letters {
    fn identity(&self) -> &str {
        "letters"
    }

    fn dimensions(&self) -> usize {
        3
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let axis = |text: &&str| {
            let place = text.chars().next().and_then(|first| "abc".find(first));
            let mut vector = vec![0.0; 3];
            vector[place.unwrap_or(0)] = 1.0;
            vector
        };
        Ok(texts.iter().map(axis).collect())
    }
}

/// Pictures lie on the axis that their width names.
struct Widths(usize);

impl ImageEncoder for Widths {
    fn identity(&self) -> &str {
        "widths"
    }

    fn dimensions(&self) -> usize {
        self.0
    }

    fn embed(&self, pictures: &[Rgb]) -> Result<Vec<Vec<f32>>, ImageEncoderError> {
        let axis = |picture: &Rgb| {
            let mut vector = vec![0.0; 3];
            vector[picture.width() - 1] = 1.0;
            vector
        };
        Ok(pictures.iter().map(axis).collect())
    }
}

fn png(width: u32) -> Vec<u8> {
    let picture = image::GrayImage::new(width, 2);
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a picture");
    bytes.into_inner()
}

fn archive(folder: &Path, files: &[(&str, Vec<u8>)]) -> Archive {
    let path = folder.join("x.tar");
    let file = std::fs::File::create(&path).expect("a file");
    let mut builder = tar::Builder::new(file);
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, content.as_slice())
            .expect("a file");
    }
    builder.finish().expect("an archive");
    Archive::open(&path).expect("an archive")
}

fn pairs(lines: &str) -> Pairs {
    Pairs::of_lines(Path::new("x.jsonl"), lines.as_bytes()).expect("rows")
}

#[test]
fn a_product_is_the_same_both_ways_at_any_length() {
    for length in [0, 1, 7, 8, 9, 20] {
        let one: Vec<f32> = (0..length).map(|value| value as f32).collect();
        let other: Vec<f32> = (0..length).map(|value| (value * 2) as f32).collect();
        let expected: f32 = (0..length).map(|value| (value * value * 2) as f32).sum();
        close(f64::from(dot(&one, &other)), f64::from(expected));
        assert_eq!(dot(&one, &other).to_bits(), dot(&other, &one).to_bits());
    }
}

#[test]
fn ranks_count_higher_scores_and_half_of_the_equal_ones() {
    close(rank(&[0.5, 0.9, 0.5, 0.1, 0.5], 0), 1.0 + 1.0 + 2.0 * 0.5);
    close(rank(&[0.5, 0.9], 1), 1.0);
    close(rank(&[0.5], 0), 1.0);
    // What is no number doesn't win.
    close(rank(&[f32::NAN, 0.1, 0.2], 0), 3.0);
}

#[test]
fn figures_are_those_of_the_ranks() {
    let figures = Figures::of(&[1.0, 2.0, 5.0, 10.5]);
    close(figures.r1, 0.25);
    close(figures.r5, 0.75);
    close(figures.r10, 0.75);
    close(figures.median_rank, 3.5);
    close(figures.mrr, (1.0 + 0.5 + 0.2 + 1.0 / 10.5) / 4.0);
    let [low, high] = figures.ci95;
    assert!(low < 0.75 && 0.75 < high, "{figures:?}");
    assert_eq!(Figures::of(&[1.0, 2.0, 5.0, 10.5]), figures, "seeded");
    assert_eq!(Figures::of(&[1.0; 30]).ci95, [1.0, 1.0]);
}

#[test]
fn quantiles_lie_between_neighbours_as_in_numpy() {
    let values = [0.0, 1.0, 2.0, 4.0];
    close(quantile(&values, 0.5), 1.5);
    close(quantile(&values, 0.025), 0.075);
    close(quantile(&values, 1.0), 4.0);
    close(quantile(&[], 0.5), 0.0);
}

#[test]
fn chance_is_calculated() {
    let expected = Expected::by_chance(20);
    close(expected.r1, 0.05);
    close(expected.r5, 0.25);
    close(expected.r10, 0.5);
    close(expected.median_rank, 10.5);
    let small = Expected::by_chance(4);
    close(small.r5, 1.0);
    close(small.mrr, (1.0 + 0.5 + 1.0 / 3.0 + 0.25) / 4.0);
}

#[test]
fn a_perfect_space_finds_all_and_shuffled_pictures_do_not() {
    let axis = |place: usize| {
        let mut vector = vec![0.0; 40];
        vector[place] = 1.0;
        vector
    };
    let vectors: Vec<Vec<f32>> = (0..40).map(axis).collect();
    let measured = retrieval(&vectors, &vectors);
    assert_eq!(measured.pool, 40);
    for figures in [&measured.text_to_image, &measured.image_to_text] {
        close(figures.r1, 1.0);
        close(figures.median_rank, 1.0);
    }
    let shuffled = &measured.baselines.shuffled_pictures;
    assert!(shuffled.text_to_image.r1 < 0.2, "{shuffled:?}");
    assert_eq!(retrieval(&vectors, &vectors), measured, "seeded");
}

#[test]
fn the_json_of_retrieval_is_as_documented() {
    let vectors = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
    let json = serde_json::to_value(retrieval(&vectors, &vectors)).expect("JSON");
    let keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["pool", "text_to_image", "image_to_text", "baselines"]
    );
    for key in ["r1", "r5", "r10", "median_rank", "mrr"] {
        assert!(json["text_to_image"][key].is_f64(), "{key}");
        assert!(json["baselines"]["random"][key].is_f64(), "{key}");
    }
    assert_eq!(
        json["image_to_text"]["ci95"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn pictures_and_texts_meet_in_one_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [("1", png(1)), ("2", png(2)), ("3", png(3))];
    let mut archive = archive(folder.path(), &files);
    let pairs = pairs(
        "{\"file\": \"3\", \"caption\": \"c\"}\n{\"file\": \"1\", \"caption\": \"a\"}\n\
         {\"file\": \"2\", \"caption\": \"b\"}",
    );
    let mut done = Vec::new();
    let mut progress = |count| done.push(count);
    let of_pictures = pictures(&Widths(3), &pairs, &mut archive, &mut progress);
    let of_pictures = of_pictures.expect("vectors");
    assert_eq!(done, [3]);
    let captions = pairs.captions();
    let of_texts = texts(&Letters, &captions, &mut |_| {}).expect("vectors");
    close(retrieval(&of_pictures, &of_texts).text_to_image.r1, 1.0);
    let twice = texts(&Letters, &["b", "a", "b"], &mut |_| {}).expect("vectors");
    assert_eq!(twice[0], twice[2]);
    assert_eq!(twice[1], [1.0, 0.0, 0.0]);
}

#[test]
fn a_picture_that_is_none_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut archive = archive(folder.path(), &[("1", png(1)), ("2", b"words".to_vec())]);
    let pairs = pairs("{\"file\": \"1\"}\n{\"file\": \"2\"}");
    let error = pictures(&Widths(3), &pairs, &mut archive, &mut |_| {});
    let error = error.expect_err("words").to_string();
    let expected = "x.jsonl, line 2: the picture \"2\" can't be used: the file is not a picture";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn encoders_of_two_spaces_are_refused() {
    let (text, image) = (std::sync::Arc::new(Letters), std::sync::Arc::new(Widths(4)));
    let error = Encoders::new(text, image).err().expect("3 and 4");
    assert!(error.to_string().contains("gives 3 numbers"), "{error}");
}

#[test]
fn classes_are_found_by_the_mean_of_their_prompts() {
    let lines: Vec<String> = ["x", "x", "y", "y", "y", "y"]
        .iter()
        .enumerate()
        .map(|(row, label)| format!("{{\"file\": \"{row}\", \"labels\": [\"{label}\"]}}"))
        .collect();
    let pairs = pairs(&lines.join("\n"));
    let prompts = Prompts {
        classes: vec!["x".to_owned(), "y".to_owned()],
        texts: vec![vec![String::new(); 2], vec![String::new()]],
    };
    // The centre of x is (0.5, 0.5), that of y (0.9, 0).
    let texts = [vec![1.0, 0.0], vec![0.0, 1.0], vec![0.9, 0.0]];
    let (of_x, of_y) = (vec![0.0, 1.0], vec![1.0, 0.0]);
    let pictures = [&of_x, &of_y, &of_y, &of_y, &of_y, &of_x].map(Clone::clone);
    let measured = classify(&pairs, &pictures, &prompts, &texts);
    assert_eq!(measured.confusion.counts, [[1, 1], [1, 3]]);
    close(measured.macro_accuracy, (0.5 + 0.75) / 2.0);
    assert_eq!((measured.classes, measured.n), (2, 6));
    let json = serde_json::to_value(&measured).expect("JSON");
    assert_eq!(json["confusion"][1][1], 3);
    assert_eq!(json["labels"][0], "x");
}
