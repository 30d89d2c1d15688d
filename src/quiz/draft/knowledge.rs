//! What the atlas knows of its pictures together: which terms there are, and whether a term is
//! surely not shown on a picture. Labels are never complete, so "not labelled" alone is no absence.

use std::collections::{BTreeMap, HashMap};

use super::facts::{Fact, Facts, Field};
use super::kin::{is_general, is_microscopy, is_vague, related};
use crate::atlas::Entry;
use crate::quiz::leaks::has_lettering;

/// Share of structures in common from which on a cut may lie next to one that has the term: there
/// the structure can be too small to be labelled. On the starter atlas 2 of 1,000 structures that
/// this rule calls absent have any voxel on the cut, and none has 30 mm².
const NEIGHBOURS: f32 = 0.3;
/// Cuts of the plane that must have a structure for its absence to mean something.
const LEAST_CUTS: usize = 2;
/// Pixels on the shorter side below which nothing can be told.
const LEAST_SIDE: u32 = 100;

/// A term with the name that most entries give it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Term {
    pub(super) field: Field,
    pub(super) key: String,
    pub(super) name: String,
}

impl Term {
    pub(super) fn of(fact: &Fact) -> Self {
        Self {
            field: fact.field,
            key: fact.key.clone(),
            name: fact.name.clone(),
        }
    }
}

/// The entries that may be asked about, with their facts.
pub(super) struct Knowledge {
    pub(super) entries: Vec<Entry>,
    pub(super) facts: Vec<Facts>,
    terms: BTreeMap<(Field, String), Term>,
    owners: HashMap<(Field, String), Vec<usize>>,
}

impl Knowledge {
    /// Sorts out what the entries say. Synthetic pictures are never asked about, and neither are
    /// pictures that are too small to tell anything or on which something is written.
    pub(super) fn of(entries: Vec<Entry>) -> Self {
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| !is_synthetic(entry) && !has_lettering(&entry.description))
            .filter(|entry| entry.width.min(entry.height) >= LEAST_SIDE)
            .collect();
        // The order of a dataset is not that of its names; a seed must give the same each time.
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        let facts: Vec<Facts> = entries.iter().map(Facts::of).collect();
        let mut terms = BTreeMap::new();
        let mut owners: HashMap<(Field, String), Vec<usize>> = HashMap::new();
        for (at, facts) in facts.iter().enumerate() {
            for fact in &facts.facts {
                let name = (fact.field, fact.key.clone());
                terms.entry(name.clone()).or_insert_with(|| Term::of(fact));
                owners.entry(name).or_default().push(at);
            }
        }
        Self {
            entries,
            facts,
            terms,
            owners,
        }
    }

    /// The parts of the body and the modalities, by name: most pictures have one of them.
    pub(super) fn topics(&self) -> Vec<String> {
        let parts = self.terms(Field::Part).chain(self.terms(Field::Modality));
        parts.map(|term| term.name.clone()).collect()
    }

    /// The terms of a field.
    pub(super) fn terms(&self, field: Field) -> impl Iterator<Item = &Term> {
        self.terms.values().filter(move |term| term.field == field)
    }

    /// The entries that say a term of their picture.
    pub(super) fn owners(&self, term: &Term) -> &[usize] {
        let owners = self.owners.get(&(term.field, term.key.clone()));
        owners.map_or(&[], Vec::as_slice)
    }

    /// Whether an entry says a term of its picture.
    pub(super) fn has(&self, at: usize, term: &Term) -> bool {
        let mut facts = self.facts[at].all(term.field);
        facts.any(|fact| fact.key == term.key)
    }

    /// Whether a term is surely not right for a picture.
    pub(super) fn is_absent(&self, term: &Term, at: usize) -> bool {
        let facts = &self.facts[at];
        match term.field {
            Field::Modality | Field::Plane | Field::Part => {
                let own = facts.one(term.field);
                own.is_some_and(|own| !related(term.field, &own.name, &term.name))
                    && !facts.says(&term.key)
            }
            Field::Structure if !facts.boxed.is_empty() => self.is_off_the_cut(term, at),
            Field::Structure => {
                !facts.says(&term.key)
                    && !self.is_near_another(term, at)
                    && self.is_elsewhere(term, at)
            }
            Field::Finding => {
                facts.one(Field::Finding).is_some()
                    && !facts.says(&term.key)
                    && !self.is_near_another(term, at)
                    && self.is_of_others(term, at)
            }
        }
    }

    /// Whether a term is kin of what the picture is known to show.
    fn is_near_another(&self, term: &Term, at: usize) -> bool {
        let mut known = self.facts[at].all(term.field);
        known.any(|fact| related(term.field, &fact.name, &term.name))
    }

    /// For a cut with boxes: the structure is boxed on other cuts of the plane, and none of them
    /// can be a neighbour of this one.
    fn is_off_the_cut(&self, term: &Term, at: usize) -> bool {
        let facts = &self.facts[at];
        if facts.says(&term.key) || self.is_near_another(term, at) {
            return false;
        }
        let mut cuts = 0;
        for other in self.owners(term) {
            if !self.facts[*other].boxed.contains(&term.key) || !self.is_same_series(at, *other) {
                continue;
            }
            if likeness(facts, &self.facts[*other]) >= NEIGHBOURS {
                return false;
            }
            cuts += 1;
        }
        cuts >= LEAST_CUTS
    }

    /// Whether two pictures are cuts of one volume in one plane, or could be.
    pub(super) fn is_same_series(&self, one: usize, other: usize) -> bool {
        let (one, other) = (
            &self.entries[one].description,
            &self.entries[other].description,
        );
        one.group == other.group
            && one.modality == other.modality
            && one.plane == other.plane
            && one.body_part == other.body_part
    }

    /// Whether two pictures are of one patient or volume.
    pub(super) fn is_same_group(&self, one: usize, other: usize) -> bool {
        let group = |at: usize| self.entries[at].description.group.as_deref();
        group(one).is_some() && group(one) == group(other)
    }

    /// For a picture without boxes: all that show the structure show another part of the body, and
    /// none shares a label with this one that comes with the structure.
    fn is_elsewhere(&self, term: &Term, at: usize) -> bool {
        let owners = self.owners(term);
        !is_general(&term.name)
            && !owners.is_empty()
            && owners.iter().all(|owner| self.is_another_part(*owner, at))
            && !self.comes_together(term, at)
    }

    /// Whether all that have a finding show another part of the body, or look at it in another way:
    /// one that isn't labelled may be there all the same.
    fn is_of_others(&self, term: &Term, at: usize) -> bool {
        let modality = |at: usize| self.entries[at].description.modality.as_str();
        let is_seen_otherwise = |owner: usize| {
            let (owner, own) = (modality(owner), modality(at));
            !owner.is_empty() && !own.is_empty() && is_microscopy(owner) != is_microscopy(own)
        };
        let mut owners = self.owners(term).iter();
        owners.all(|owner| self.is_another_part(*owner, at) || is_seen_otherwise(*owner))
            && !self.comes_together(term, at)
    }

    /// Whether two pictures are known to show parts of the body that have nothing to do with each
    /// other.
    fn is_another_part(&self, one: usize, other: usize) -> bool {
        let part = |at: usize| {
            self.entries[at]
                .description
                .body_part
                .as_deref()
                .unwrap_or_default()
        };
        let (one, other) = (part(one), part(other));
        let is_known = |part: &str| !part.is_empty() && !is_vague(part);
        is_known(one) && is_known(other) && !related(Field::Part, one, other)
    }

    /// Whether some entry that has the term shares a finding or a structure with this one.
    fn comes_together(&self, term: &Term, at: usize) -> bool {
        let own = &self.facts[at];
        let shown = |field: Field| own.all(field).map(|fact| &fact.key);
        let mut shown = shown(Field::Structure).chain(shown(Field::Finding));
        shown.any(|key| {
            self.owners(term)
                .iter()
                .any(|owner| self.facts[*owner].labels.contains(key))
        })
    }
}

/// Share of boxed structures that two pictures have in common, of all that either has.
fn likeness(one: &Facts, other: &Facts) -> f32 {
    let shared = one.boxed.intersection(&other.boxed).count();
    let all = one.boxed.union(&other.boxed).count();
    shared as f32 / all.max(1) as f32
}

/// Whether a picture was made by a network. Such a picture is never a key, nor beside one.
fn is_synthetic(entry: &Entry) -> bool {
    let description = &entry.description;
    let said = [
        entry.collection.as_str(),
        entry.provenance.source.as_str(),
        description.modality.as_str(),
    ];
    let labels = description.labels.iter().map(String::as_str);
    said.into_iter().chain(labels).any(|text| {
        let text = text.to_lowercase();
        text.contains("synthetic")
            || text.contains("generated by")
            || text.contains("diffusion model")
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{boxed, entry};
    use super::*;

    fn term(field: Field, name: &str) -> Term {
        Term {
            field,
            key: crate::evaluation::stem::stems(name).join(" "),
            name: name.to_owned(),
        }
    }

    #[test]
    fn synthetic_tiny_and_lettered_pictures_are_left_out() {
        let mut synthetic = entry("a", "MRI", "brain", "A brain.", &[]);
        synthetic.description.labels.push("Synthetic".to_owned());
        let mut tiny = entry("b", "MRI", "brain", "A brain.", &[]);
        tiny.width = 64;
        let written = entry("d", "CT", "knee", "A knee, labelled so on the screen.", &[]);
        let head = entry("c", "CT", "head", "A head.", &[]);
        let knowledge = Knowledge::of(vec![synthetic, tiny, written, head]);
        assert_eq!(knowledge.entries.len(), 1);
    }

    #[test]
    fn what_contains_or_means_the_same_is_not_absent() {
        let knowledge = Knowledge::of(vec![entry(
            "a",
            "MRI",
            "brain",
            "Axial MRI of a brain.",
            &[],
        )]);
        assert!(knowledge.is_absent(&term(Field::Part, "knee"), 0));
        assert!(!knowledge.is_absent(&term(Field::Part, "head"), 0));
        assert!(!knowledge.is_absent(&term(Field::Part, "cerebrum"), 0));
        assert!(
            !knowledge.is_absent(&term(Field::Plane, "coronal"), 0),
            "it has no plane"
        );
        assert!(knowledge.is_absent(&term(Field::Modality, "CT"), 0));
    }

    #[test]
    fn a_structure_that_the_next_cut_has_is_not_absent() {
        let knowledge = Knowledge::of(vec![
            boxed("a", &["pons", "cuneus", "insula"]),
            boxed("b", &["pons", "cuneus", "insula", "putamen"]),
            boxed("c", &["insula", "putamen", "thalamus"]),
            boxed("d", &["thalamus", "precuneus"]),
        ]);
        let putamen = term(Field::Structure, "putamen");
        assert!(!knowledge.is_absent(&putamen, 0), "b may be the next cut");
        let thalamus = term(Field::Structure, "thalamus");
        assert!(knowledge.is_absent(&thalamus, 0));
        assert!(
            !knowledge.is_absent(&thalamus, 1),
            "c shares two of five structures with b"
        );
        let precuneus = term(Field::Structure, "precuneus");
        assert!(!knowledge.is_absent(&precuneus, 0), "one cut alone has it");
    }

    #[test]
    fn without_boxes_a_structure_is_absent_in_another_part_of_the_body() {
        let knowledge = Knowledge::of(vec![
            entry("a", "MRI", "knee", "The patella.", &["patella"]),
            entry("b", "MRI", "abdomen", "The gallbladder.", &["gallbladder"]),
            entry("c", "MRI", "abdomen", "The spleen.", &["spleen"]),
            entry("d", "CT", "tissue", "Something.", &[]),
        ]);
        let gallbladder = term(Field::Structure, "gallbladder");
        assert!(knowledge.is_absent(&gallbladder, 0));
        assert!(
            !knowledge.is_absent(&gallbladder, 2),
            "the gallbladder lies in the abdomen too"
        );
        assert!(
            !knowledge.is_absent(&gallbladder, 3),
            "nobody knows what that shows"
        );
    }

    #[test]
    fn a_finding_is_absent_from_other_parts_of_the_body_alone() {
        let effusion = &["pleural effusion"];
        let both = &["pleural effusion", "pneumonia"];
        let knowledge = Knowledge::of(vec![
            entry("a", "X-ray", "chest", "Pleural effusion.", effusion),
            entry("b", "X-ray", "chest", "Pleural effusion, pneumonia.", both),
            entry("c", "X-ray", "knee", "A fracture.", &["fracture"]),
            entry("d", "X-ray", "chest", "A nodule.", &["nodule"]),
            entry("e", "Histology", "tissue", "Mitosis.", &["mitosis"]),
            entry("f", "Histology", "cell", "Fibrosis.", &["fibrosis"]),
        ]);
        let absent = |name: &str, at: usize| knowledge.is_absent(&term(Field::Finding, name), at);
        assert!(absent("fracture", 0));
        assert!(!absent("pneumonia", 0), "it comes with an effusion");
        assert!(!absent("nodule", 0), "it may be there without a label");
        assert!(absent("mitosis", 0), "no X-ray shows it");
        assert!(!absent("fibrosis", 4), "nobody knows what these show");
    }

    #[test]
    fn tissue_is_never_absent_from_a_picture_without_boxes() {
        let knowledge = Knowledge::of(vec![
            entry("a", "Histology", "colon", "Glands.", &["glands"]),
            entry("b", "Histology", "skin", "Collagen.", &["collagen"]),
            entry("c", "MRI", "shoulder", "The acromion.", &["acromion"]),
        ]);
        assert!(!knowledge.is_absent(&term(Field::Structure, "collagen"), 0));
        assert!(knowledge.is_absent(&term(Field::Structure, "acromion"), 0));
    }
}
