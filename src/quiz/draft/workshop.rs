//! Where questions are put together: for each picture its targets and what is surely wrong for it,
//! then each kind of question, then what all questions have: alt texts, sources, citations.

use std::collections::{BTreeMap, HashMap};

use super::facts::Field;
use super::knowledge::{Knowledge, Term};
use super::near::Near;
use super::topic::Topic;
use super::wording::{About, area};
use super::{Wanted, alt, choice, distractors, open, pictures, point, statement};
use crate::evaluation::random::Random;
use crate::quiz::item::{Item, Kind, Source, Task};

/// Structures and findings of one picture that are asked for.
const STRUCTURES: usize = 3;
const FINDINGS: usize = 2;
/// A structure is seen where a box of it has half a hundredth of the picture, in percent times percent.
pub(super) const LEAST_AREA: f32 = 50.0;
/// Candidates that ask much the same, for each that may be taken: some may turn out to be known.
const SPARE: usize = 3;
/// Longest topic that is kept with a question, in characters.
const TOPIC: usize = 100;

/// A question that may be drafted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) item: Item,
    /// What candidates share that ask much the same.
    pub(super) theme: String,
    /// How many of a theme may be taken.
    pub(super) quota: usize,
    /// How far its picture is from the topic: 0 has all of it.
    pub(super) tier: u8,
    /// Whether the topic names what is asked for.
    pub(super) is_topical: bool,
}

/// Something that is true of a picture and asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) about: About,
    pub(super) term: Term,
    pub(super) boxes: Vec<[f32; 4]>,
    pub(super) is_topical: bool,
}

/// A picture with what can be asked of it.
pub(super) struct Picture {
    pub(super) at: usize,
    pub(super) targets: Vec<Target>,
    /// Terms that are surely wrong for it.
    pub(super) absent: BTreeMap<Field, Vec<Term>>,
}

/// A question before it has what all questions have.
pub(super) struct Sketch {
    pub(super) stem: String,
    pub(super) task: Task,
    /// The pictures, in the order in which they are shown.
    pub(super) shown: Vec<usize>,
    /// What alt texts must not tell.
    pub(super) hidden: &'static [Field],
    pub(super) rationale: String,
    pub(super) expected: f32,
    /// What candidates share that ask much the same, but for the kind and the place.
    pub(super) about: (About, String),
    pub(super) is_topical: bool,
}

/// All that questions are made from.
pub(super) struct Workshop<'a> {
    pub(super) knowledge: &'a Knowledge,
    pub(super) near: Near,
    pub(super) random: Random,
    topic: &'a Topic,
    themes: HashMap<String, usize>,
}

impl<'a> Workshop<'a> {
    pub(super) fn new(knowledge: &'a Knowledge, near: Near, topic: &'a Topic, seed: u64) -> Self {
        Self {
            knowledge,
            near,
            random: Random::new(seed),
            topic,
            themes: HashMap::new(),
        }
    }

    /// The candidates that these pictures give.
    pub(super) fn candidates(&mut self, wanted: &Wanted, keys: &[(usize, u8)]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (at, tier) in keys {
            let picture = self.picture(*at);
            for kind in Kind::ALL.into_iter().filter(|kind| wanted.has(*kind)) {
                for sketch in self.sketches(kind, &picture) {
                    candidates.extend(self.finished(sketch, (*at, *tier), &wanted.topic));
                }
            }
        }
        candidates
    }

    /// The candidates that two pictures give as a pair. Their topic is what tells them apart.
    pub(super) fn pairs_of(&mut self, at: usize, other: usize, tier: u8) -> Vec<Candidate> {
        let picture = self.picture(at);
        let sketches = pictures::pairs_with(self, &picture, other).into_iter();
        sketches
            .filter_map(|sketch| {
                let topic = sketch.task.options().join(" ");
                self.finished(sketch, (at, tier), &topic)
            })
            .collect()
    }

    fn sketches(&mut self, kind: Kind, picture: &Picture) -> Vec<Sketch> {
        let each = |of: &mut dyn FnMut(&Target) -> Option<Sketch>| -> Vec<Sketch> {
            picture.targets.iter().filter_map(of).collect()
        };
        match kind {
            Kind::SingleChoice => each(&mut |target| choice::single(self, picture, target)),
            Kind::MultipleChoice => choice::multiple(self, picture).into_iter().collect(),
            Kind::TrueFalse => each(&mut |target| statement::statement(self, picture, target)),
            Kind::WhichPicture => each(&mut |target| pictures::which(self, picture, target)),
            Kind::ConfusablePair => pictures::pairs(self, picture),
            Kind::Point => each(&mut |target| point::point(self, picture, target)),
            Kind::OpenAnswer => open::open(self, picture),
        }
    }

    /// What can be asked of a picture, and what is surely wrong for it.
    pub(super) fn picture(&mut self, at: usize) -> Picture {
        let mut targets = Vec::new();
        for field in [Field::Modality, Field::Plane, Field::Part] {
            targets.extend(self.targets(at, field).into_iter().take(1));
        }
        for (field, most) in [(Field::Structure, STRUCTURES), (Field::Finding, FINDINGS)] {
            let mut found = self.targets(at, field);
            let order = self.random.order(found.len());
            found = order
                .into_iter()
                .map(|place| found[place].clone())
                .collect();
            found.sort_by_key(|target| !target.is_topical);
            targets.extend(found.into_iter().take(most));
        }
        let mut absent = BTreeMap::new();
        for target in &targets {
            let field = target.about.field;
            absent.entry(field).or_insert_with(|| {
                distractors::absent(self.knowledge, field, at, &mut self.random)
            });
        }
        Picture {
            at,
            targets,
            absent,
        }
    }

    /// What is true of a picture in a field and can be seen.
    fn targets(&self, at: usize, field: Field) -> Vec<Target> {
        let facts = &self.knowledge.facts[at];
        let seen = facts.all(field).filter(|fact| {
            fact.boxes.is_empty() || fact.boxes.iter().any(|corners| area(corners) >= LEAST_AREA)
        });
        seen.map(|fact| Target {
            about: About {
                field,
                is_cut: facts.boxed.contains(&fact.key),
            },
            term: Term::of(fact),
            boxes: fact.boxes.clone(),
            is_topical: self.topic.names(field, &fact.key),
        })
        .collect()
    }

    /// Makes a candidate of a sketch, unless there are enough of its theme.
    fn finished(&mut self, sketch: Sketch, key: (usize, u8), topic: &str) -> Option<Candidate> {
        let (at, tier) = key;
        let (about, asked) = &sketch.about;
        let scope = self.scope(*about, at);
        let kind = sketch.task.kind().name();
        let theme = format!("{kind}|{:?}|{asked}|{scope}", about.field);
        let quota = match about.field {
            Field::Modality | Field::Part => 1,
            Field::Plane | Field::Structure | Field::Finding => 2,
        };
        let count = self.themes.entry(theme.clone()).or_default();
        if *count >= quota * SPARE {
            return None;
        }
        *count += 1;
        Some(Candidate {
            theme,
            quota,
            tier,
            is_topical: sketch.is_topical,
            item: self.item(sketch, topic),
        })
    }

    /// Within what candidates ask much the same: a plane of a volume, or a patient.
    fn scope(&self, about: About, at: usize) -> String {
        let entry = &self.knowledge.entries[at];
        let description = &entry.description;
        if about.is_cut {
            return description.plane.clone().unwrap_or_default();
        }
        let group = description.group.clone();
        group.unwrap_or_else(|| entry.id.to_string())
    }

    fn item(&self, sketch: Sketch, topic: &str) -> Item {
        let facts: Vec<_> = sketch
            .shown
            .iter()
            .map(|at| &self.knowledge.facts[*at])
            .collect();
        let alt = alt::alt(&facts, sketch.hidden);
        let entries = sketch.shown.iter().map(|at| &self.knowledge.entries[*at]);
        let sources: Vec<Source> = entries
            .map(|entry| Source {
                entry: entry.id.clone(),
                provenance: entry.provenance.clone(),
            })
            .collect();
        let pictures: Vec<_> = sources.iter().map(|source| source.entry.clone()).collect();
        Item {
            stem: sketch.stem,
            task: sketch.task,
            alt: vec![alt; pictures.len()],
            citations: pictures.clone(),
            pictures,
            rationale: sketch.rationale,
            sources,
            topic: topic.trim().chars().take(TOPIC).collect(),
            expected: sketch.expected,
        }
    }

    /// The caption of a picture.
    pub(super) fn caption(&self, at: usize) -> &'a str {
        &self.knowledge.entries[at].description.caption
    }

    /// The likeliest wrong answers beside a target, at most so many.
    pub(super) fn wrong(&mut self, picture: &Picture, target: &Target, most: usize) -> Vec<Term> {
        let absent = picture.absent.get(&target.about.field);
        distractors::likeliest(
            self.knowledge,
            &self.near,
            (&target.term, picture.at),
            absent.map_or(&[], Vec::as_slice),
            most,
            &mut self.random,
        )
    }

    /// Things in a random order.
    pub(super) fn shuffled<T: Clone>(&mut self, things: &[T]) -> Vec<T> {
        let order = self.random.order(things.len());
        order
            .into_iter()
            .map(|place| things[place].clone())
            .collect()
    }
}
