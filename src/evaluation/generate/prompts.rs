//! What synthetic pictures are asked for with: 300 prompts made from modality, region and words that
//! a student would add, each with what the judge is to see. None is a caption of a training picture.

use std::collections::BTreeSet;

/// The list: modality, region and text, a line each.
const LIST: &str = include_str!("prompts.tsv");

/// A prompt, and what the picture is to be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The modality, as the judge calls it.
    pub modality: String,
    /// The region, as the judge calls it.
    pub region: String,
    /// What is asked for.
    pub text: String,
}

impl Prompt {
    /// The whole list, in its order: by modality and region.
    pub fn all() -> Vec<Self> {
        let lines = LIST.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(Self::of_line).collect()
    }

    /// So many prompts, spread evenly over the list. Beyond its end it begins anew; who wants other
    /// pictures then takes other seeds.
    pub fn chosen(count: usize) -> Vec<Self> {
        let all = Self::all();
        let length = all.len();
        let place = |number: usize| match count {
            count if count < length => (2 * number + 1) * length / (2 * count),
            _ => number % length,
        };
        (0..count)
            .map(|number| all[place(number)].clone())
            .collect()
    }

    fn of_line(line: &str) -> Option<Self> {
        let mut parts = line.split('\t').map(|part| part.trim().to_owned());
        Some(Self {
            modality: parts.next()?,
            region: parts.next()?,
            text: parts.next()?,
        })
    }
}

/// The modalities and regions of prompts that are not among those that a judge tells apart.
pub(super) fn unknown(
    prompts: &[Prompt],
    modalities: &[String],
    regions: &[String],
) -> Vec<String> {
    let names = prompts.iter().flat_map(|prompt| {
        let modality = (!modalities.contains(&prompt.modality)).then_some(&prompt.modality);
        let region = (!regions.contains(&prompt.region)).then_some(&prompt.region);
        modality.into_iter().chain(region)
    });
    let names: BTreeSet<&String> = names.collect();
    names.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_three_hundred_different_prompts() {
        let all = Prompt::all();
        assert_eq!(all.len(), 300);
        let lines = LIST.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), 300, "every line is read");
        let texts = all.iter().map(|prompt| prompt.text.to_lowercase());
        let texts: BTreeSet<String> = texts.collect();
        assert_eq!(texts.len(), 300);
        for prompt in &all {
            // 48 tokens is what the starter generator reads; a word has two or three at most.
            let words = prompt.text.split_whitespace().count();
            assert!((1..=14).contains(&words), "{}", prompt.text);
            assert!(!prompt.modality.is_empty() && !prompt.region.is_empty());
        }
    }

    #[test]
    fn the_judge_knows_what_is_asked_for() {
        let config = include_str!("../../../models/weights/judge/config.json");
        let config: serde_json::Value = serde_json::from_str(config).expect("JSON");
        let names = |key: &str| -> Vec<String> {
            serde_json::from_value(config[key].clone()).expect("names")
        };
        let (modalities, regions) = (names("modalities"), names("regions"));
        let prompts = Prompt::all();
        assert!(unknown(&prompts, &modalities, &regions).is_empty());
        assert_eq!(unknown(&prompts, &modalities[1..], &regions).len(), 1);
    }

    #[test]
    fn few_prompts_are_spread_over_all_kinds() {
        let kinds = |prompts: &[Prompt]| -> usize {
            let kinds = prompts.iter().map(|prompt| prompt.modality.clone());
            kinds.collect::<BTreeSet<String>>().len()
        };
        let few = Prompt::chosen(24);
        assert_eq!(few.len(), 24);
        assert_eq!(kinds(&few), kinds(&Prompt::all()));
        let different: BTreeSet<&String> = few.iter().map(|prompt| &prompt.text).collect();
        assert_eq!(different.len(), 24);
        assert_eq!(Prompt::chosen(300), Prompt::all());
        let more = Prompt::chosen(301);
        assert_eq!(more[300], more[0]);
        assert!(Prompt::chosen(0).is_empty());
    }
}
