//! What `mirage generate` prints, for people and for programs.

use std::path::Path;

use mirage::atlas::Entry;
use mirage::compare::BesideReal;
use mirage::generate::Drawn;
use mirage::store::{Made, Recipe, Told};
use serde::Serialize;

use crate::cli::text::Paragraphs;
use crate::{describe, generating};

/// A picture as it is told of.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    /// Always: so that no program takes it for another.
    synthetic: bool,
    /// The file that it was written to.
    out: String,
    alt: &'a str,
    /// Width and height of the file, its bands included.
    file_size: [u32; 2],
    prompt: &'a str,
    negative: &'a str,
    seed: u64,
    steps: u32,
    guidance: f64,
    width: u32,
    height: u32,
    scheduler: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strength: Option<f64>,
    model: &'a str,
    /// What is to be said of how it was made.
    remarks: &'a [String],
    /// The real pictures, nearest first.
    nearest: Vec<&'a Entry>,
    /// What tells it from them, in words.
    differences: Vec<String>,
    #[serde(skip)]
    facts: Vec<(&'static str, String)>,
    #[serde(skip)]
    has_odd_name: bool,
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        (recipe, model): (&'a Recipe, &'a str),
        drawn: &'a Drawn,
        beside: &'a BesideReal,
        out: &Path,
    ) -> Self {
        let made = Made {
            model: model.to_owned(),
            told: Told::default(),
            file: None,
            sheet: None,
        };
        let told = &drawn.told;
        let name = out.file_name().unwrap_or_default().to_string_lossy();
        Self {
            synthetic: true,
            out: out.to_string_lossy().into_owned(),
            alt: &drawn.marked.alt,
            file_size: [drawn.marked.width, drawn.marked.height],
            prompt: &recipe.prompt,
            negative: &recipe.negative,
            seed: recipe.seed,
            steps: recipe.steps,
            guidance: recipe.guidance,
            width: recipe.width,
            height: recipe.height,
            scheduler: &recipe.scheduler,
            strength: recipe.variant.as_ref().map(|variant| variant.strength),
            model,
            remarks: &told.remarks,
            nearest: beside.real.iter().map(|placed| &placed.entry).collect(),
            differences: generating::differences(recipe, told, beside),
            facts: generating::facts(recipe, &made),
            has_odd_name: !name.to_lowercase().starts_with("synthetic"),
        }
    }

    /// The same in lines of that many columns.
    pub(super) fn in_words(&self, columns: usize) -> String {
        let mut text = Paragraphs::new(columns);
        text.line(&format!("Written to {}", self.out));
        text.line(generating::HONEST);
        if self.has_odd_name {
            text.line(
                "The file's name doesn't say that it is synthetic; its pixels and metadata do.",
            );
        }
        self.remarks.iter().for_each(|remark| text.line(remark));
        text.gap();
        for (label, value) in &self.facts {
            text.labelled(&format!("{label:<12}"), value);
        }
        text.gap();
        self.differences.iter().for_each(|line| text.line(line));
        for (number, entry) in self.nearest.iter().enumerate() {
            text.gap();
            let label = format!("R{}.", number + 1);
            text.labelled(&format!("{label:>5} "), &describe::heading(entry));
            text.labelled("      ", &describe::caption(entry));
            text.labelled("      Source   ", describe::source(entry));
            if let Some(address) = &entry.provenance.source_url {
                text.labelled("               ", address);
            }
            text.labelled("      Licence  ", describe::licence(entry));
            text.labelled("      Id       ", entry.id.as_str());
        }
        text.finish()
    }
}
