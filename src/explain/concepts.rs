//! Why a picture is told to be what it is: the concepts that it scores on (modality, region,
//! finding, sign), each with the nearest entries that carry it, after the idea of concept bottleneck
//! models (arXiv:2007.04612). The concepts are the atlas's own words; a rank orders them, and no
//! share or percentage is told.

use serde::{Deserialize, Serialize};

use super::asked::Subject;
use super::error::ExplainError;
use super::words::{canonical, words};
use crate::atlas::{
    Atlas, AtlasError, EntryId, Filter, FittingWord, Outcome, Query, Request, WordField,
};
use crate::media::{self, MediaError};
use mirage_models::image_encoder::Rgb;

/// Results that bear words out.
const LOOKED_AT: usize = 10;

/// Words that name something that was found, beside those with one of [`FINDING_ENDS`].
const FINDINGS: &[&str] = &[
    "lesion",
    "lesions",
    "nodule",
    "nodules",
    "mass",
    "tumor",
    "cancer",
    "nevus",
    "microaneurysms",
    "aneurysm",
    "stroke",
    "infarct",
    "fracture",
    "fractures",
    "effusion",
    "pneumothorax",
    "pneumonia",
    "cyst",
    "cysts",
    "abscess",
    "hernia",
    "embolism",
    "edema",
    "collection",
    "polyp",
    "metastasis",
    "metastases",
    "ulcer",
    "tear",
    "normal",
    "pathology",
];
/// Ends of words for diseases.
const FINDING_ENDS: &[&str] = &[
    "oma",
    "omas",
    "itis",
    "osis",
    "opathy",
    "rrhage",
    "plasia",
    "ectasis",
    "pleomorphism",
];
/// Words with such an end that name no disease.
const NO_FINDINGS: &[&str] = &["stroma", "mitosis", "meiosis", "soma", "anastomosis"];
/// Words that name how something looks.
const SIGNS: &[&str] = &[
    "opacity",
    "opacities",
    "shift",
    "effect",
    "septum",
    "enhancement",
    "enhanced",
    "consolidation",
    "thickening",
    "dilatation",
    "flow",
    "calcification",
    "calcifications",
    "density",
    "shadow",
    "gas",
    "rim",
    "vascularity",
    "hyperintense",
    "hypointense",
    "noise",
];

/// What a concept says of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConceptKind {
    /// How it was taken.
    Modality,
    /// Which part of the body it shows.
    Region,
    /// What was found.
    Finding,
    /// How that looks.
    Sign,
    /// Structure or technique.
    Other,
}

impl ConceptKind {
    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Modality => "Modality",
            Self::Region => "Region",
            Self::Finding => "Finding",
            Self::Sign => "Sign",
            Self::Other => "Structure or technique",
        }
    }
}

/// A concept that a picture scores on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concept {
    /// The atlas's word for it.
    pub name: String,
    /// What it says of the picture.
    pub kind: ConceptKind,
    /// Place among the concepts, from 1.
    pub rank: usize,
    /// The nearest entries that carry it, nearest first; one at least.
    pub evidence: Vec<EntryId>,
}

/// The concepts of a picture or of an entry's picture, best first. Of a topic in words there are
/// none, nor where the encoder's chance is not known.
///
/// # Errors
/// [`AtlasError::NoSuchEntry`], a picture that can't be read, or what the atlas reports.
pub async fn why(atlas: &Atlas, subject: &Subject) -> Result<Vec<Concept>, ExplainError> {
    let (picture, itself) = match subject {
        Subject::Topic(_) => return Ok(Vec::new()),
        Subject::Picture(picture) => (picture.clone(), None),
        Subject::Entry(id) => (picture_of(atlas, id).await?, Some(id)),
    };
    if !atlas.knows_pictures() {
        return Ok(Vec::new());
    }
    let outcome = nearest(atlas, picture).await?;
    Ok(concepts(outcome.words, itself))
}

/// The pixels of an entry's stored picture.
///
/// # Errors
/// [`AtlasError::NoSuchEntry`], a picture that can't be read, or what the atlas reports.
pub async fn picture_of(atlas: &Atlas, id: &EntryId) -> Result<Rgb, ExplainError> {
    let gone = || AtlasError::NoSuchEntry { id: id.to_string() };
    let pictures = atlas.pictures(std::slice::from_ref(id)).await?;
    let (_, jpeg) = pictures.into_iter().next().ok_or_else(gone)?;
    let decoding = tokio::task::spawn_blocking(move || {
        let picture = media::decode(&jpeg)?;
        media::pixels(&picture).ok_or(MediaError::Empty)
    });
    let decoded = decoding.await.map_err(|_| AtlasError::Interrupted)?;
    Ok(decoded?)
}

/// The results that are nearest to a picture.
pub(super) async fn nearest(atlas: &Atlas, picture: Rgb) -> Result<Outcome, ExplainError> {
    let request = Request {
        query: Query::Picture(picture),
        filter: Filter::default(),
        offset: 0,
        limit: LOOKED_AT,
    };
    Ok(atlas.search(&request).await?)
}

/// Words as concepts. An entry is no evidence for itself.
fn concepts(words: Vec<FittingWord>, itself: Option<&EntryId>) -> Vec<Concept> {
    let borne_out = words.into_iter().filter_map(|word| {
        let kind = kind(&word);
        let mut evidence = word.evidence;
        evidence.retain(|id| Some(id) != itself);
        (!evidence.is_empty()).then_some((word.word, kind, evidence))
    });
    let ranked = borne_out.zip(1..);
    let concepts = ranked.map(|((name, kind, evidence), rank)| Concept {
        name,
        kind,
        rank,
        evidence,
    });
    concepts.collect()
}

fn kind(word: &FittingWord) -> ConceptKind {
    match word.field {
        WordField::Modality => ConceptKind::Modality,
        WordField::BodyPart => ConceptKind::Region,
        WordField::Label => kind_of_label(&word.word),
    }
}

/// What a label says, told by its words; a sign is told before a finding, as in "lung opacities".
fn kind_of_label(label: &str) -> ConceptKind {
    let words = words(label);
    let words: Vec<&str> = words.iter().map(|word| canonical(word)).collect();
    let is_finding = |word: &&str| {
        let ends = FINDING_ENDS.iter().any(|end| word.ends_with(end));
        FINDINGS.contains(word) || (ends && !NO_FINDINGS.contains(word))
    };
    if words.iter().any(|word| SIGNS.contains(word)) {
        ConceptKind::Sign
    } else if words.iter().any(is_finding) {
        ConceptKind::Finding
    } else {
        ConceptKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::Description;
    use crate::atlas::testing::{self, square};

    fn told(word: &str, field: WordField, evidence: &[&str]) -> FittingWord {
        FittingWord {
            word: word.to_owned(),
            field,
            rank: 1,
            evidence: evidence
                .iter()
                .map(|name| EntryId::new("t", name))
                .collect(),
            results: vec![1],
        }
    }

    #[test]
    fn labels_are_findings_signs_or_neither() {
        for (label, kind) in [
            ("lung nodules", ConceptKind::Finding),
            ("non-ossifying fibroma", ConceptKind::Finding),
            ("diabetic retinopathy", ConceptKind::Finding),
            ("midline shift", ConceptKind::Sign),
            ("rounded opacities", ConceptKind::Sign),
            ("stroma", ConceptKind::Other),
            ("mitosis", ConceptKind::Other),
            ("T1-weighted", ConceptKind::Other),
            ("heart", ConceptKind::Other),
        ] {
            assert_eq!(kind_of_label(label), kind, "{label}");
        }
    }

    #[test]
    fn an_entry_does_not_bear_itself_out() {
        let words = vec![
            told("MRI", WordField::Modality, &["a", "b"]),
            told("brain", WordField::BodyPart, &["a"]),
            told("stroke", WordField::Label, &["c"]),
        ];
        let itself = EntryId::new("t", "a");
        let concepts = concepts(words, Some(&itself));
        let told: Vec<(&str, usize)> = concepts
            .iter()
            .map(|concept| (concept.name.as_str(), concept.rank))
            .collect();
        assert_eq!(told, [("MRI", 1), ("stroke", 2)]);
        assert_eq!(concepts[0].evidence, [EntryId::new("t", "b")]);
    }

    #[tokio::test]
    async fn a_picture_scores_on_what_its_neighbours_carry() {
        // In the space of these encoders the letter A is black and B is white.
        let described = |modality: &str| Description {
            caption: "x".to_owned(),
            modality: modality.to_owned(),
            ..Description::default()
        };
        let small = testing::filled(&[
            ("dark", described("AAA"), 5),
            ("bright", described("BBB"), 250),
        ])
        .await;
        small.atlas.refresh().await.expect("readable");
        let dark = media::pixels(&square(0)).expect("pixels");
        let concepts = why(&small.atlas, &Subject::Picture(dark)).await;
        let concepts = concepts.expect("readable");
        assert_eq!(concepts.len(), 1, "{concepts:?}");
        assert_eq!(concepts[0].name, "AAA");
        assert_eq!(concepts[0].kind, ConceptKind::Modality);
        let topic = why(&small.atlas, &Subject::Topic("x".to_owned())).await;
        assert!(topic.expect("no picture, no concept").is_empty());
        let gone = Subject::Entry(EntryId::new("t", "gone"));
        assert!(why(&small.atlas, &gone).await.is_err());
    }
}
