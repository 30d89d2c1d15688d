//! What somebody asks to be drawn, and what is said of a synthetic picture, in plain text: the same
//! in Discord and in a shell. Markup and lengths are the callers'; how it is drawn, checked and
//! marked is the library's.

use mirage::compare::{BesideReal, Concept};
use mirage::generate::{self, prompt};
use mirage::store::{Made, Recipe, Start, Told, Variant};
use mirage_models::diffusion::SchedulerKind;

/// What stands with every synthetic picture.
pub(crate) const HONEST: &str = "This picture is synthetic: it shows nobody, and nothing on it is \
    a finding. Compare it with the real ones.";
/// What is said where the atlas gives nothing to compare with.
pub(crate) const NOTHING_BESIDE: &str =
    "The atlas has no real picture to compare the synthetic one with.";
/// What is said where even the nearest real pictures are no nearer than by chance.
pub(crate) const NOTHING_CLOSE: &str = "Nothing close to the synthetic picture is in this atlas; \
    the real ones beside it are the nearest.";
/// What is said first of a picture that somebody gives to have it explained, where it is marked.
pub(crate) const GIVEN_IS_SYNTHETIC: &str = "The picture that was given is marked as synthetic: it \
    shows nobody, and nothing on it is a finding. What follows is about real pictures that are like it.";
/// What no word of a caption tells.
const NEVER_REAL: &str = "Behind a synthetic picture there is no patient, no device and no finding. \
    Left and right, letters, counts and small structures are not reliable on it, and it may look \
    convincing where it is wrong.";

/// Steps, guidance and strength where nobody names them.
const STEPS: u32 = 12;
const GUIDANCE: f64 = 7.0;
const STRENGTH: f64 = 0.6;

/// The options as they were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) prompt: String,
    pub(crate) negative: Option<String>,
    pub(crate) steps: Option<u32>,
    pub(crate) guidance: Option<f64>,
    pub(crate) seed: Option<u64>,
    pub(crate) candidates: Option<u32>,
    /// Width and height in pixels: `128`, or `128x96`.
    pub(crate) size: Option<String>,
    pub(crate) scheduler: Option<SchedulerKind>,
    pub(crate) strength: Option<f64>,
}

impl Options {
    /// What the picture is to be made from. `native` is the side that the model draws at; with
    /// `has_start` a picture to begin with follows. `name` tells how an option is typed.
    ///
    /// # Errors
    /// One sentence for who gave them.
    pub(crate) fn recipe(
        self,
        native: u32,
        has_start: bool,
        name: impl Fn(&str) -> String,
    ) -> Result<Recipe, String> {
        let prompt = self.prompt.trim().to_owned();
        let negative = self.negative.unwrap_or_default().trim().to_owned();
        let (width, height) = match &self.size {
            Some(size) => parsed_size(size).ok_or_else(|| {
                let size = name("size");
                format!("{size} is a number of pixels, such as 128, or two, such as 128x96.")
            })?,
            None => (native, native),
        };
        if self.strength.is_some() && !has_start {
            let (strength, image) = (name("strength"), name("image"));
            return Err(format!(
                "{strength} goes with {image}: it tells how far to go from that picture. Give both."
            ));
        }
        let variant = has_start.then(|| Variant {
            strength: self.strength.unwrap_or(STRENGTH),
            // Until it is fetched.
            start: Start::Gone,
        });
        let usual = generate::usual_candidates(self.seed.is_some(), has_start);
        let recipe = Recipe {
            prompt,
            negative,
            seed: self.seed.unwrap_or_else(generate::random_seed),
            candidates: self.candidates.unwrap_or(usual),
            steps: self.steps.unwrap_or(STEPS),
            guidance: self.guidance.unwrap_or(GUIDANCE),
            width,
            height,
            scheduler: self.scheduler.unwrap_or_default().to_string(),
            variant,
        };
        generate::check(&recipe, native).map_err(|error| error.to_string())?;
        prompt::read(&recipe.prompt).map_err(|error| error.to_string())?;
        Ok(recipe)
    }
}

/// Names the picture that a variant begins with.
pub(crate) fn begin_with(recipe: &mut Recipe, start: Start) {
    if let Some(variant) = &mut recipe.variant {
        variant.start = start;
    }
}

/// Checks words alone, as they are when they are typed.
///
/// # Errors
/// One sentence for who typed them.
pub(crate) fn check_words(words: &str, negative: &str) -> Result<(), String> {
    generate::check_words(words, negative).map_err(|error| error.to_string())?;
    prompt::read(words).map_err(|error| error.to_string())?;
    Ok(())
}

/// `128` or `128x96`.
fn parsed_size(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().to_lowercase();
    let (width, height) = match text.split_once(['x', '×']) {
        Some((width, height)) => (width.trim().parse().ok()?, height.trim().parse().ok()?),
        None => {
            let side = text.parse().ok()?;
            (side, side)
        }
    };
    Some((width, height))
}

/// What a picture was made from, a label with its value each.
pub(crate) fn facts(recipe: &Recipe, made: &Made) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Prompt", recipe.prompt.clone())];
    if !recipe.negative.is_empty() {
        facts.push(("Without", recipe.negative.clone()));
    }
    facts.extend([
        ("Seed", recipe.seed.to_string()),
        ("Model", made.model.clone()),
        ("Steps", format!("{} ({})", recipe.steps, recipe.scheduler)),
        ("Guidance", recipe.guidance.to_string()),
        (
            "Size",
            format!("{} x {} pixels", recipe.width, recipe.height),
        ),
    ]);
    if let Some(Variant { strength, start }) = &recipe.variant {
        let start = match start {
            Start::Entry(id) => id.to_string(),
            Start::Given(_) | Start::Gone => "a picture that was given".to_owned(),
        };
        facts.push(("Begun with", format!("{start}, strength {strength}")));
    }
    facts
}

/// Alt text of the sheet: what each picture shows, `room` characters in all at most. `synthetic` is
/// that of the synthetic picture.
pub(crate) fn sheet_alt(synthetic: &str, beside: &BesideReal, room: usize) -> String {
    let each = room / (beside.real.len() + 2);
    let mut told = vec![
        "Synthetic picture beside real ones. On the left:".to_owned(),
        cut(synthetic, each),
        "On the right, real, nearest first:".to_owned(),
    ];
    told.extend(beside.real.iter().map(|real| {
        let label = format!("R{}: ", real.place);
        let alt = real.entry.alt_text();
        format!("{label}{}", cut(&alt, each.saturating_sub(label.len() + 1)))
    }));
    told.join(" ")
}

/// At most so many characters, with an ellipsis where it was cut.
fn cut(text: &str, limit: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= limit {
        return text;
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// What tells a synthetic picture from the real ones beside it, a line each. It counts words and
/// judges nothing.
pub(crate) fn differences(recipe: &Recipe, told: &Told, beside: &BesideReal) -> Vec<String> {
    let mut lines = Vec::new();
    if !told.words.is_empty() {
        lines.push(format!(
            "What fits the synthetic picture best, by the encoder of pictures: {}.",
            told.words.join(", ")
        ));
    }
    if beside.real.is_empty() {
        lines.push(NOTHING_BESIDE.to_owned());
    } else {
        let concepts = &beside.concepts;
        for (label, list) in [
            (
                "In its words and in those of the real pictures",
                &concepts.both,
            ),
            (
                "Asked for or fitting, but of no real picture beside it",
                &concepts.only_a,
            ),
            ("Of the real pictures alone", &concepts.only_b),
        ] {
            lines.push(format!("{label}: {}", named(list)));
        }
    }
    if told.nothing_close {
        lines.push(NOTHING_CLOSE.to_owned());
    }
    lines.push(format!(
        "It was drawn at {} x {} pixels; finer detail than that is not there.",
        recipe.width, recipe.height
    ));
    lines.push(NEVER_REAL.to_owned());
    lines
}

/// Concepts with the real pictures that support each, such as `lobe (R1, R3); effusion`.
fn named(concepts: &[Concept]) -> String {
    if concepts.is_empty() {
        return crate::comparing::NO_CONCEPT.to_owned();
    }
    let told = concepts.iter().map(|concept| {
        let real: Vec<String> = concept.b.iter().map(|place| format!("R{place}")).collect();
        match real.as_slice() {
            [] => concept.name.clone(),
            real => format!("{} ({})", concept.name, real.join(", ")),
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Options {
        Options {
            prompt: " chest X-ray ".to_owned(),
            ..Options::default()
        }
    }

    fn recipe(options: Options, has_start: bool) -> Result<Recipe, String> {
        options.recipe(128, has_start, |name| format!("--{name}"))
    }

    #[test]
    fn what_nobody_names_is_what_is_usual() {
        let made = recipe(asked(), false).expect("usual");
        assert_eq!(made.prompt, "chest X-ray");
        assert_eq!((made.steps, made.width, made.height), (12, 128, 128));
        assert_eq!(made.candidates, generate::CANDIDATES);
        assert!(made.variant.is_none() && made.seed <= u64::from(u32::MAX));
        let variant = recipe(asked(), true).expect("usual").variant;
        assert_eq!(variant.map(|variant| variant.strength), Some(STRENGTH));
    }

    #[test]
    fn a_size_is_one_number_or_two() {
        for (text, size) in [
            ("128", Some((128, 128))),
            (" 128 X 96", Some((128, 96))),
            ("96×128", Some((96, 128))),
            ("large", None),
            ("128x", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(parsed_size(text), size, "{text}");
        }
    }

    #[test]
    fn what_can_not_be_asked_for_is_told_with_its_option() {
        let told = |change: &dyn Fn(&mut Options)| {
            let mut options = asked();
            change(&mut options);
            recipe(options, false).expect_err("it can't be drawn")
        };
        assert!(told(&|asked| asked.prompt = "  ".to_owned()).contains("prompt is empty"));
        assert!(told(&|asked| asked.steps = Some(0)).starts_with("0 steps"));
        assert!(told(&|asked| asked.steps = Some(10_000)).starts_with("10000 steps"));
        assert!(told(&|asked| asked.size = Some("x".to_owned())).starts_with("--size is"));
        assert!(told(&|asked| asked.strength = Some(0.5)).starts_with("--strength goes with"));
        assert!(told(&|asked| asked.prompt = "portrait of a man".to_owned()).contains("people"));
    }

    #[test]
    fn each_difference_names_the_real_pictures_that_support_it() {
        let concept = |name: &str, b: &[usize]| Concept {
            name: name.to_owned(),
            a: vec![1],
            b: b.to_vec(),
        };
        assert_eq!(
            named(&[concept("lobe", &[1, 3]), concept("pacemaker", &[])]),
            "lobe (R1, R3); pacemaker"
        );
        let beside = BesideReal {
            real: Vec::new(),
            concepts: mirage::compare::Concepts::default(),
        };
        let made = recipe(asked(), false).expect("usual");
        let lines = differences(&made, &Told::default(), &beside);
        assert_eq!(lines.first().map(String::as_str), Some(NOTHING_BESIDE));
        assert_eq!(lines.last().map(String::as_str), Some(NEVER_REAL));
    }
}
