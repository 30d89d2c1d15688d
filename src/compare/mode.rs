//! What goes beside one idea: the same finding in other patients, look-alikes with another label,
//! the normal of the same modality and region. Labels and captions decide, and the encoder's
//! nearness orders; nothing is diagnosed.

use mirage_models::image_encoder::Rgb;
use serde::{Deserialize, Serialize};

use super::Comparison;
use super::arithmetic::vector;
use super::error::CompareError;
use super::sides::{self, Found, Idea, MOST, Side, Subject, joined};
use super::terms::{Findings, is_normal};
use crate::atlas::{Atlas, AtlasError, Entry, EntryId, Filter};

/// How many of the nearest entries are looked through.
const LOOKED_AT: usize = 200;

/// What is looked for beside an idea.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The same finding in other patients.
    Same,
    /// Look-alikes with another label: what the encoder finds close, and the labels tell apart.
    Different,
    /// What is called normal, of the same modality and region.
    Normal,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Same, Self::Different, Self::Normal];

    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Normal => "normal",
        }
    }

    /// What it shows, in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Same => "same finding, other patients",
            Self::Different => "look-alikes, other label",
            Self::Normal => "normal, same region",
        }
    }

    /// What is said where there is nothing of the mode.
    pub(super) fn none_like(self, like: &str) -> String {
        match self {
            Self::Same => format!(
                "The atlas has no other patient with a finding of the best match ({like}). Try \
                 other words, or another mode."
            ),
            Self::Different => format!(
                "The atlas has no look-alike of the best match ({like}) that is labelled \
                 otherwise. Try other words, or another mode."
            ),
            Self::Normal => format!(
                "The atlas has nothing that is called normal and goes with the best match \
                 ({like}). Try other words, or another mode."
            ),
        }
    }
}

/// The best matches of an idea beside what the mode chooses for the best of them.
pub(super) async fn compare(
    atlas: &Atlas,
    idea: Idea,
    mode: Mode,
) -> Result<Comparison, CompareError> {
    let Found { side, far } = sides::of_idea(atlas, idea.clone()).await?;
    let best = side.results.first().ok_or(CompareError::Nothing)?;
    let anchor = atlas.entry(best).await?;
    let anchor = anchor.ok_or_else(|| AtlasError::NoSuchEntry {
        id: best.to_string(),
    })?;
    let seen = match idea {
        Idea::Picture(picture) => Some(picture),
        Idea::Words(_) | Idea::Entry(_) => None,
    };
    let results = chosen(atlas, &anchor, seen, mode).await?;
    if results.is_empty() {
        return Err(CompareError::NoneOfMode {
            mode,
            like: place_of(&anchor),
        });
    }
    let other = Side {
        subject: Subject::Mode { mode },
        results,
    };
    joined(
        Found { side, far },
        Found {
            side: other,
            far: false,
        },
    )
}

/// The entries of the mode, nearest to the anchor (or to the picture that was given) first.
async fn chosen(
    atlas: &Atlas,
    anchor: &Entry,
    seen: Option<Rgb>,
    mode: Mode,
) -> Result<Vec<EntryId>, CompareError> {
    let (vector, of) = match seen {
        Some(picture) => vector(atlas, Idea::Picture(picture)).await?,
        None => atlas.vector_of(&anchor.id).await?,
    };
    let everything = Filter::default();
    let alike = Filter {
        modality: Some(anchor.description.modality.clone()),
        body_part: anchor.description.body_part.clone(),
        ..Filter::default()
    };
    let near = match mode {
        Mode::Same => atlas.near(&vector, of, &everything, LOOKED_AT).await?,
        Mode::Normal => atlas.near(&vector, of, &alike, LOOKED_AT).await?,
        // What the encoder finds close: by pictures alone where they have vectors.
        Mode::Different => {
            let near = atlas.nearest(&vector, of, &alike, LOOKED_AT).await?;
            near.into_iter().map(|(id, _)| id).collect()
        }
    };
    let findings = Findings::of(anchor);
    let fits = |entry: &Entry| match mode {
        Mode::Same => Findings::of(entry).share(&findings),
        Mode::Different => {
            let other = Findings::of(entry);
            findings.are_known() && other.are_known() && !other.share(&findings)
        }
        Mode::Normal => is_normal(entry),
    };
    let entries = atlas.entries_of(&near).await?.into_iter();
    let chosen = entries.filter(|entry| is_of_another_patient(entry, anchor) && fits(entry));
    Ok(chosen.map(|entry| entry.id).take(MOST).collect())
}

/// Whether two entries are of different articles, patients or volumes, as far as it is known.
fn is_of_another_patient(entry: &Entry, anchor: &Entry) -> bool {
    let (one, other) = (&entry.description.group, &anchor.description.group);
    entry.id != anchor.id && (one.is_none() || one != other)
}

/// Modality and region in a few words.
fn place_of(entry: &Entry) -> String {
    let description = &entry.description;
    let parts = [
        description.modality.as_str(),
        description.body_part.as_deref().unwrap_or_default(),
    ];
    let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if known.is_empty() {
        return "modality and region not known".to_owned();
    }
    known.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::Description;
    use crate::atlas::testing::{self, Small};

    fn description(label: &str, modality: &str, group: Option<&str>) -> Description {
        Description {
            caption: format!("Picture with {label}."),
            modality: modality.to_owned(),
            body_part: Some("chest".to_owned()),
            labels: vec![label.to_owned()],
            group: group.map(str::to_owned),
            ..Description::default()
        }
    }

    async fn small() -> Small {
        testing::filled(&[
            ("anchor", description("pneumonia", "X-ray", Some("p1")), 100),
            (
                "sibling",
                description("pneumonia", "X-ray", Some("p1")),
                101,
            ),
            ("same", description("Pneumonia", "X-ray", Some("p2")), 180),
            ("alike", description("effusion", "X-ray", Some("p3")), 102),
            ("far", description("effusion", "X-ray", None), 240),
            ("other", description("effusion", "CT", Some("p4")), 100),
            ("healthy", description("normal", "X-ray", Some("p5")), 150),
        ])
        .await
    }

    async fn names(small: &Small, mode: Mode) -> Vec<String> {
        let idea = Idea::Entry(EntryId::new("t", "anchor"));
        let comparison = compare(&small.atlas, idea, mode).await.expect("some");
        let results = comparison.b.results.into_iter();
        results.map(|id| id.to_string()).collect()
    }

    #[tokio::test]
    async fn the_same_finding_is_of_other_patients() {
        assert_eq!(names(&small().await, Mode::Same).await, ["t/same"]);
    }

    #[tokio::test]
    async fn look_alikes_are_labelled_otherwise_and_the_nearest_comes_first() {
        let names = names(&small().await, Mode::Different).await;
        assert_eq!(names, ["t/alike", "t/healthy", "t/far"]);
    }

    #[tokio::test]
    async fn the_normal_is_of_the_same_modality_and_region() {
        let small = small().await;
        assert_eq!(names(&small, Mode::Normal).await, ["t/healthy"]);
        let idea = Idea::Entry(EntryId::new("t", "other"));
        let none = compare(&small.atlas, idea, Mode::Normal).await;
        let sentence = none.expect_err("no CT is normal").to_string();
        assert!(
            sentence.contains("nothing that is called normal") && sentence.contains("CT, chest"),
            "{sentence}"
        );
    }

    #[test]
    fn names_are_those_that_are_stored() {
        for mode in Mode::ALL {
            let stored = serde_json::to_value(mode).expect("plain data");
            assert_eq!(stored, mode.name());
        }
    }
}
