//! The same latents and pictures as diffusers makes of the same noise.

use std::collections::VecDeque;

use mirage_models::diffusion::{Denoising, Noise, Pipeline, Request, SchedulerKind, Start};

use crate::folder::{PIPELINES, golden, load, numbers, request, start_picture};

/// The largest difference that counts as the same.
const MOST: f32 = 1e-3;

/// Noise that diffusers was given as well: for the beginning, then for each step.
struct Given(VecDeque<Vec<f32>>);

impl Noise for Given {
    fn draw(&mut self, _: usize) -> Vec<f32> {
        self.0.pop_front().unwrap_or_default()
    }
}

fn given(pipeline: &str) -> Box<Given> {
    let golden = golden(pipeline);
    let noise = numbers(&golden["noise"]);
    let later = numbers(&golden["later"]);
    let later = later.chunks_exact(noise.len()).map(<[f32]>::to_vec);
    Box::new(Given(std::iter::once(noise.clone()).chain(later).collect()))
}

/// A run to its end.
fn run(pipeline: &Pipeline, request: &Request, noise: Box<Given>) -> Denoising {
    let mut run = pipeline.begin_with(request, noise).expect("begun");
    while run.step().expect("a step") {}
    assert_eq!(run.done(), run.steps());
    run
}

fn most(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let pairs = ours.iter().zip(theirs);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_scheduler_ends_with_the_latents_of_diffusers() {
    for name in PIPELINES {
        let (pipeline, golden) = (load(name), golden(name));
        for scheduler in SchedulerKind::ALL {
            for (guidance, suffix) in [(4.0, "guided"), (1.0, "plain")] {
                let mut request = request(name, scheduler);
                request.guidance = guidance;
                let ours = run(&pipeline, &request, given(name)).latents();
                let theirs = numbers(&golden[&format!("{scheduler}.{suffix}")]);
                let most = most(&ours, &theirs);
                assert!(most < MOST, "{name} {scheduler} {suffix}: {most}");
            }
        }
    }
}

#[test]
fn guidance_makes_a_difference() {
    for name in PIPELINES {
        let golden = golden(name);
        for scheduler in SchedulerKind::ALL {
            let of = |suffix: &str| numbers(&golden[&format!("{scheduler}.{suffix}")]);
            let most = most(&of("guided"), &of("plain"));
            assert!(
                most > 10.0 * MOST,
                "{name} {scheduler}: nothing is shown, {most}"
            );
        }
    }
}

#[test]
fn a_picture_to_begin_with_is_followed_as_diffusers_does() {
    for name in PIPELINES {
        let (pipeline, golden) = (load(name), golden(name));
        for scheduler in SchedulerKind::ALL {
            let mut request = request(name, scheduler);
            request.start = Some(Start {
                picture: start_picture(request.width, request.height),
                strength: 0.6,
            });
            let run = run(&pipeline, &request, given(name));
            assert_eq!(run.steps(), 6, "{name} {scheduler}");
            let theirs = numbers(&golden[&format!("{scheduler}.start")]);
            let most = most(&run.latents(), &theirs);
            assert!(most < MOST, "{name} {scheduler}: {most}");
        }
    }
}

#[test]
fn the_picture_is_that_of_diffusers() {
    for name in PIPELINES {
        let (pipeline, golden) = (load(name), golden(name));
        let request = request(name, SchedulerKind::Ddim);
        let picture = run(&pipeline, &request, given(name)).decode(&|| false);
        let picture = picture.expect("decoded");
        assert_eq!(picture.dimensions(), (request.width, request.height));
        let theirs = numbers(&golden["picture"]);
        let places = (request.width * request.height) as usize;
        let mut colours = [0; 256];
        for (number, pixel) in picture.pixels().enumerate() {
            for (channel, byte) in pixel.0.into_iter().enumerate() {
                let theirs = theirs[channel * places + number] / 2.0 + 0.5;
                let theirs = (theirs.clamp(0.0, 1.0) * 255.0).round();
                let difference = (f32::from(byte) - theirs).abs();
                assert!(difference <= 1.0, "{name} {number}: {byte}, {theirs}");
                colours[usize::from(byte)] += 1;
            }
        }
        let seen = colours.iter().filter(|count| **count > 0).count();
        assert!(seen > 20, "{name}: {seen} colours tell nothing");
    }
}
