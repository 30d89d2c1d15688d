//! `mirage reported`: the synthetic pictures that people reported, for whoever runs Mirage: what each
//! was made from, and why. The pictures themselves are not kept; the same recipe makes them again.

use clap::Args;
use mirage::config::Config;
use mirage::store::{Recipe, Reported, Store};
use serde::Serialize;

use super::Exit;
use super::failure::Failure;
use super::output;
use super::text::{self, Paragraphs, count};

/// List the synthetic pictures that people reported, and why
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage reported --json")]
pub(crate) struct Arguments {
    /// How many to list, those with the newest report first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    most: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A picture that was reported, with what it was made from.
#[derive(Debug, Serialize)]
struct Told {
    id: String,
    model: String,
    prompt: String,
    negative: String,
    seed: u64,
    steps: u32,
    guidance: f64,
    width: u32,
    height: u32,
    scheduler: String,
    /// Whether it began with another picture.
    is_variant: bool,
    /// As they were typed, one a person, some of them empty.
    reasons: Vec<String>,
}

impl Told {
    fn new(reported: Reported, recipe: Recipe) -> Self {
        Self {
            id: reported.id.to_string(),
            model: reported.model,
            prompt: recipe.prompt,
            negative: recipe.negative,
            seed: recipe.seed,
            steps: recipe.steps,
            guidance: recipe.guidance,
            width: recipe.width,
            height: recipe.height,
            scheduler: recipe.scheduler,
            is_variant: recipe.variant.is_some(),
            reasons: reported.reasons,
        }
    }

    fn write(&self, text: &mut Paragraphs) {
        let reports = count(self.reasons.len() as u64, "report", "reports");
        text.line(&format!("{}, {reports}, by {}", self.id, self.model));
        text.labelled("  Prompt   ", &self.prompt);
        if !self.negative.is_empty() {
            text.labelled("  Without  ", &self.negative);
        }
        let begun = if self.is_variant {
            ", begun with a picture"
        } else {
            ""
        };
        let made = format!(
            "seed {}, {} steps ({}), guidance {}, {} x {} pixels{begun}",
            self.seed, self.steps, self.scheduler, self.guidance, self.width, self.height
        );
        text.labelled("  Made     ", &made);
        for reason in self.reasons.iter().filter(|reason| !reason.is_empty()) {
            text.labelled("  Reason   ", reason);
        }
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let store = Store::open(&config.database).await?;
    let told = reported(&store, usize::from(arguments.most)).await;
    store.close().await;
    let told = told?;
    if arguments.json {
        output::print_json(&told)?;
    } else {
        output::print(&in_words(&told, text::columns()))?;
    }
    Ok(Exit::Done)
}

async fn reported(store: &Store, most: usize) -> Result<Vec<Told>, Failure> {
    let mut told = Vec::new();
    for reported in store.reported_pictures(most).await? {
        // One that was deleted meanwhile went with its reports.
        if let Some(stored) = store.picture(&reported.id).await? {
            told.push(Told::new(reported, stored.recipe));
        }
    }
    Ok(told)
}

fn in_words(told: &[Told], columns: usize) -> String {
    let mut text = Paragraphs::new(columns);
    if told.is_empty() {
        text.line("No synthetic picture is reported.");
    }
    for (number, one) in told.iter().enumerate() {
        if number > 0 {
            text.gap();
        }
        one.write(&mut text);
    }
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_stands_with_its_recipe_and_its_reasons() {
        let told = Told {
            id: "0123456789abcdef".to_owned(),
            model: "tiny@1".to_owned(),
            prompt: "chest X-ray\u{1b}[31m".to_owned(),
            negative: String::new(),
            seed: 7,
            steps: 20,
            guidance: 4.0,
            width: 128,
            height: 96,
            scheduler: "ddim".to_owned(),
            is_variant: false,
            reasons: vec!["It shows a name".to_owned(), String::new()],
        };
        let text = in_words(&[told], usize::MAX);
        assert!(
            text.starts_with("0123456789abcdef, 2 reports, by tiny@1\n"),
            "{text}"
        );
        assert!(text.contains("seed 7, 20 steps (ddim), guidance 4, 128 x 96 pixels\n"));
        assert_eq!(
            text.matches("Reason").count(),
            1,
            "an empty one says nothing"
        );
        assert!(!text.contains('\u{1b}'), "nothing for the terminal");
        assert_eq!(in_words(&[], 80), "No synthetic picture is reported.\n");
    }
}
