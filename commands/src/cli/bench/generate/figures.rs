//! The figures of a measurement, for people and for programs.

use std::time::Duration;

use mirage::evaluation::generate::{Drawn, Terms};
use serde::Serialize;
use serde_json::Value;

use super::Given;
use crate::cli::bench::statistics::{hundredths, percentile};

/// What is aimed at for a picture of 20 steps on two cores, in seconds.
const TARGET: f64 = 10.0;
/// Steps that the target is of.
const TARGET_STEPS: u32 = 20;

/// The figures; medians over the pictures, in seconds.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    generator: String,
    pictures: usize,
    steps: u32,
    guidance: f64,
    scheduler: String,
    size: u32,
    threads: usize,
    /// From words to pixels.
    seconds_per_picture: f64,
    slowest_seconds: f64,
    words_seconds: f64,
    steps_seconds: f64,
    decoding_seconds: f64,
    /// Reading the weights; counted in none of the above.
    loading_seconds: f64,
    /// Memory that the process holds beyond what it held before, in megabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_megabytes: Option<u64>,
    target_seconds: f64,
    /// Whether the target was kept, which is one for pictures of 20 steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<bool>,
    pub(super) peer: Option<PeerFigures>,
    /// Why there is no peer; a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_peer: Option<String>,
}

/// The peer's figures, and how they compare.
#[derive(Debug, Serialize)]
pub(super) struct PeerFigures {
    about: Value,
    seconds_per_picture: f64,
    /// Memory that its whole process held at most, in megabytes.
    megabytes: f64,
    /// The peer's seconds over ours: 2 where we take half as long.
    ratio: f64,
}

impl Figures {
    /// Our own figures.
    pub(super) fn of(
        given: &Given,
        ours: &[Drawn],
        loading: Duration,
        extra_megabytes: Option<u64>,
    ) -> Self {
        let Terms {
            steps,
            guidance,
            scheduler,
            size,
            ..
        } = given.terms;
        let seconds_per_picture = median(ours, Drawn::whole);
        Self {
            generator: given.generator.clone(),
            pictures: ours.len(),
            steps,
            guidance,
            scheduler: scheduler.to_string(),
            size,
            threads: given.threads,
            seconds_per_picture,
            slowest_seconds: hundredths(percentile(&whole(ours), 100).as_secs_f64()),
            words_seconds: median(ours, |drawn| drawn.words),
            steps_seconds: median(ours, |drawn| drawn.steps),
            decoding_seconds: median(ours, |drawn| drawn.decoding),
            loading_seconds: hundredths(loading.as_secs_f64()),
            extra_megabytes,
            target_seconds: TARGET,
            kept: (steps == TARGET_STEPS).then_some(seconds_per_picture <= TARGET),
            peer: None,
            no_peer: None,
        }
    }

    pub(super) fn in_words(&self) -> String {
        let kept = match self.kept {
            Some(true) => ": kept",
            Some(false) => ": NOT kept",
            None => " is of 20 steps",
        };
        let memory = self.extra_megabytes.map_or_else(String::new, |megabytes| {
            format!(", {megabytes} MB beyond the rest")
        });
        let ours = format!(
            "{}, {} pictures of {} pixels, {} steps ({}), guidance {}, {} threads, medians:\n\
             \x20 {:.2} s a picture, the slowest {:.2} s (words {:.2}, steps {:.2}, decoding {:.2})\n\
             \x20 loaded in {:.2} s{memory}\n\
             Target ({} s){kept}\n",
            self.generator,
            self.pictures,
            self.size,
            self.steps,
            self.scheduler,
            self.guidance,
            self.threads,
            self.seconds_per_picture,
            self.slowest_seconds,
            self.words_seconds,
            self.steps_seconds,
            self.decoding_seconds,
            self.loading_seconds,
            self.target_seconds,
        );
        let peer = match (&self.peer, &self.no_peer) {
            (Some(peer), _) => peer.in_words(),
            (None, Some(sentence)) => format!("{sentence}\n"),
            (None, None) => String::new(),
        };
        ours + &peer
    }
}

impl PeerFigures {
    pub(super) fn of(about: Value, theirs: &[Duration], ours: &[Drawn], kilobytes: f64) -> Self {
        let of_ours = percentile(&whole(ours), 50).as_secs_f64();
        let of_theirs = percentile(theirs, 50).as_secs_f64();
        Self {
            about,
            seconds_per_picture: hundredths(of_theirs),
            megabytes: (kilobytes * 1024.0 / 1_000_000.0).round(),
            ratio: hundredths(of_theirs / of_ours.max(f64::EPSILON)),
        }
    }

    fn in_words(&self) -> String {
        format!(
            "diffusers {} on PyTorch {} ({}), in turns with it:\n\
             \x20 {:.2} s a picture, its process {:.0} MB\n\
             Ratio of its time to ours: {:.2} (target 1)\n",
            self.about["diffusers"].as_str().unwrap_or_default(),
            self.about["torch"].as_str().unwrap_or_default(),
            self.about["way"].as_str().unwrap_or_default(),
            self.seconds_per_picture,
            self.megabytes,
            self.ratio,
        )
    }
}

fn whole(drawn: &[Drawn]) -> Vec<Duration> {
    drawn.iter().map(Drawn::whole).collect()
}

/// The median of a part, in seconds.
fn median(drawn: &[Drawn], part: impl Fn(&Drawn) -> Duration) -> f64 {
    let times: Vec<Duration> = drawn.iter().map(part).collect();
    hundredths(percentile(&times, 50).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirage_models::diffusion::SchedulerKind;
    use mirage_models::image_encoder::Rgb;

    fn drawn(steps: u64) -> Drawn {
        Drawn {
            pixels: Rgb::new(1, 1, vec![0; 3]).expect("RGB"),
            words: Duration::from_millis(500),
            steps: Duration::from_secs(steps),
            decoding: Duration::from_millis(500),
        }
    }

    fn given(steps: u32) -> Given {
        Given {
            generator: "tiny@1".to_owned(),
            folder: "x".into(),
            text_encoder: "y".into(),
            terms: Terms {
                steps,
                guidance: 4.0,
                scheduler: SchedulerKind::Ddim,
                seed: 1,
                candidates: 1,
                size: 128,
            },
            threads: 2,
        }
    }

    #[test]
    fn the_middle_picture_counts_and_the_ratio_is_theirs_over_ours() {
        let ours = [drawn(3), drawn(1), drawn(30)];
        let loading = Duration::from_secs(1);
        let mut figures = Figures::of(&given(20), &ours, loading, Some(400));
        assert!(
            (figures.seconds_per_picture - 4.0).abs() < 1e-9,
            "{figures:?}"
        );
        assert!((figures.slowest_seconds - 31.0).abs() < 1e-9);
        assert!((figures.decoding_seconds - 0.5).abs() < 1e-9);
        assert_eq!(figures.kept, Some(true));
        let theirs = [8, 8, 9].map(Duration::from_secs);
        let about = serde_json::json!({ "diffusers": "0.35", "torch": "2.0", "way": "contiguous" });
        let peer = PeerFigures::of(about, &theirs, &ours, 1_000_000.0);
        assert!((peer.ratio - 2.0).abs() < 1e-9, "{peer:?}");
        figures.peer = Some(peer);
        let words = figures.in_words();
        assert!(words.contains("Target (10 s): kept"), "{words}");
        assert!(words.contains("diffusers 0.35 on PyTorch 2.0"), "{words}");
        assert!(words.contains("1024 MB"), "{words}");
    }

    #[test]
    fn the_target_is_of_twenty_steps() {
        let figures = Figures::of(&given(50), &[drawn(20)], Duration::ZERO, None);
        assert_eq!(figures.kept, None);
        assert!(figures.in_words().contains("is of 20 steps"));
        let slow = Figures::of(&given(20), &[drawn(20)], Duration::ZERO, None);
        assert_eq!(slow.kept, Some(false));
        let json = serde_json::to_value(&slow).expect("JSON");
        assert_eq!(json["steps"], 20);
        assert!(json["seconds_per_picture"].is_number() && json["peer"].is_null());
    }
}
