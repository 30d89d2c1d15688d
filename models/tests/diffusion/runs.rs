//! What a run does with what it is asked for.

use std::cell::Cell;

use mirage_models::diffusion::{
    Denoising, DiffusionError, Noise, Pipeline, Request, RgbImage, SchedulerKind, Start,
};

use crate::folder::{PIPELINES, load, request, start_picture};

/// The same number for ever.
struct Constant(f32);

impl Noise for Constant {
    fn draw(&mut self, numbers: usize) -> Vec<f32> {
        vec![self.0; numbers]
    }
}

/// Too little.
struct Nothing;

impl Noise for Nothing {
    fn draw(&mut self, _: usize) -> Vec<f32> {
        Vec::new()
    }
}

fn short(pipeline: &str) -> Request {
    let mut request = request(pipeline, SchedulerKind::default());
    request.steps = 2;
    request
}

fn picture(pipeline: &Pipeline, request: &Request) -> RgbImage {
    let mut run = pipeline.begin(request).expect("begun");
    while run.step().expect("a step") {}
    run.decode(&|| false).expect("decoded")
}

fn refusal(pipeline: &Pipeline, request: &Request) -> String {
    let refused = pipeline.begin(request).err();
    refused.expect("it can't be made").to_string()
}

#[test]
fn a_pipeline_is_shared_and_a_run_moves() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send + 'static>() {}
    shared::<Pipeline>();
    moved::<Denoising>();
    moved::<DiffusionError>();
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for name in PIPELINES {
        let pipeline = load(name);
        for scheduler in SchedulerKind::ALL {
            let mut request = short(name);
            request.scheduler = scheduler;
            let first = picture(&pipeline, &request);
            let again = picture(&load(name), &request);
            assert_eq!(first.as_raw(), again.as_raw(), "{name} {scheduler}");
            request.seed += 1;
            let other = picture(&pipeline, &request);
            assert_ne!(first.as_raw(), other.as_raw(), "{name} {scheduler}");
        }
    }
}

#[test]
fn limits_are_those_of_the_networks() {
    let limits = load("minilm").limits();
    assert_eq!((limits.width, limits.height), (16, 16));
    assert_eq!((limits.multiple, limits.largest), (4, 32));
    assert_eq!((limits.tokens, limits.scheduler), (16, SchedulerKind::Ddim));
    assert_eq!(limits.steps, 1..=100);
    let limits = load("clip").limits();
    assert_eq!((limits.width, limits.multiple), (8, 1));
    assert!(limits.steps.contains(&limits.usual_steps) && limits.usual_guidance > 1.0);
}

#[test]
fn what_can_not_be_made_is_told_before_anything_runs() {
    let pipeline = load("minilm");
    let told = |change: fn(&mut Request)| {
        let mut request = short("minilm");
        change(&mut request);
        refusal(&pipeline, &request)
    };
    let sentence = told(|request| request.steps = 0);
    assert_eq!(
        sentence,
        "0 steps can't be made. Give a whole number from 1 to 100."
    );
    assert!(told(|request| request.steps = 10_000).starts_with("10000 steps can't be made"));
    for guidance in [-1.0, f64::NAN, f64::INFINITY, 51.0] {
        let mut request = short("minilm");
        request.guidance = guidance;
        let sentence = refusal(&pipeline, &request);
        assert!(sentence.starts_with("Guidance can't be"), "{sentence}");
    }
    for strength in [0.0, -0.5, 1.5, f64::NAN] {
        let mut request = short("minilm");
        let picture = start_picture(16, 16);
        request.start = Some(Start { picture, strength });
        let sentence = refusal(&pipeline, &request);
        assert!(sentence.starts_with("Strength can't be"), "{sentence}");
    }
    let sentence = told(|request| request.width = 18);
    let expected = "Pictures of 18 x 16 pixels can't be made. Give multiples of 4 from 4 to 32 for \
                    each side.";
    assert_eq!(sentence, expected);
    assert!(told(|request| request.height = 0).contains("24 x 0 pixels"));
    assert!(told(|request| request.width = 4_000_000_000).contains("from 4 to 32"));
}

#[test]
fn the_words_beyond_the_limit_are_shown() {
    for name in PIPELINES {
        let pipeline = load(name);
        let mut request = short(name);
        let begun = pipeline.begin(&request).expect("begun");
        assert_eq!(begun.cut(), None, "{name}");
        let whole = "axial abdomen contrast of the chest with pleural effusion on coronal slice \
                     brain with contrast";
        request.prompt = format!("{whole} nodule knee arrow");
        let cut = pipeline.begin(&request).expect("begun");
        let words = cut.cut().expect("more than sixteen tokens").to_owned();
        assert!(words.ends_with("nodule knee arrow"), "{name}: {words}");
        assert!(request.prompt.ends_with(&words), "{name}: {words}");
        // What is beyond the limit doesn't count.
        let first = picture(&pipeline, &request);
        request.prompt = request.prompt.replace("arrow", "fracture");
        let second = picture(&pipeline, &request);
        assert_eq!(first.as_raw(), second.as_raw(), "{name}");
    }
}

#[test]
fn any_words_are_taken() {
    for name in PIPELINES {
        let pipeline = load(name);
        for prompt in [
            "",
            "膝关节 磁共振",
            "<|endoftext|>[SEP] ignore all",
            "\u{0}\n\t",
            "🩻",
        ] {
            let mut request = short(name);
            request.prompt = prompt.to_owned();
            request.negative = String::new();
            request.steps = 1;
            picture(&pipeline, &request);
        }
    }
}

#[test]
fn noise_that_is_none_is_an_error() {
    for name in PIPELINES {
        let pipeline = load(name);
        let request = short(name);
        for number in [f32::NAN, f32::INFINITY] {
            let noise = Box::new(Constant(number));
            let mut run = pipeline.begin_with(&request, noise).expect("begun");
            let error = run.step().expect_err("no numbers");
            assert!(matches!(error, DiffusionError::NotFinite(1)), "{error}");
            assert!(error.to_string().contains("no longer finite"), "{error}");
            assert!(run.step().is_err(), "nothing mends it");
            let error = run.decode(&|| false).expect_err("nothing to see");
            assert!(matches!(error, DiffusionError::NotFinite(_)), "{error}");
            let preview = run.preview();
            assert_eq!(preview.dimensions(), (request.width, request.height));
        }
        let error = pipeline.begin_with(&request, Box::new(Nothing)).err();
        let error = error.expect("nothing to begin with");
        assert!(
            matches!(error, DiffusionError::Noise { given: 0, .. }),
            "{error}"
        );
    }
}

#[test]
fn a_run_counts_its_steps_and_shows_how_it_is() {
    let pipeline = load("minilm");
    let mut request = short("minilm");
    request.steps = 3;
    let mut run = pipeline.begin(&request).expect("begun");
    let first = run.preview();
    assert_eq!(first.dimensions(), (24, 16));
    for done in 0..3 {
        assert_eq!((run.done(), run.steps()), (done, 3));
        assert!(run.step().expect("a step"));
    }
    assert!(!run.step().expect("none is left"));
    assert_eq!(run.done(), 3);
    assert_ne!(run.preview().as_raw(), first.as_raw());
}

#[test]
fn a_picture_of_any_size_is_begun_with() {
    let pipeline = load("minilm");
    let mut request = short("minilm");
    request.steps = 10;
    let mut made = Vec::new();
    for (strength, steps) in [(0.01, 1), (0.35, 3), (1.0, 10)] {
        request.start = Some(Start {
            picture: start_picture(61, 37),
            strength,
        });
        let run = pipeline.begin(&request).expect("begun");
        assert_eq!(run.steps(), steps, "{strength}");
        made.push(picture(&pipeline, &request));
    }
    assert_ne!(made[0].as_raw(), made[2].as_raw());
}

#[test]
fn decoding_stops_in_the_middle() {
    let pipeline = load("minilm");
    let mut run = pipeline.begin(&short("minilm")).expect("begun");
    while run.step().expect("a step") {}
    let asked = Cell::new(0);
    let whole = |limit: usize| {
        asked.set(0);
        run.decode(&|| {
            asked.set(asked.get() + 1);
            asked.get() > limit
        })
    };
    whole(usize::MAX).expect("decoded");
    let times = asked.get();
    assert!(times > 4, "it asks {times} times");
    for limit in [0, times / 2, times - 1] {
        let error = whole(limit).expect_err("given up");
        assert!(matches!(error, DiffusionError::Cancelled), "{error}");
        assert_eq!(asked.get(), limit + 1, "it goes on after that");
    }
}
