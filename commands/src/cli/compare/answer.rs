//! What `mirage compare` prints, for people and for programs.

use std::path::Path;

use mirage::atlas::Entry;
use mirage::compare::{Comparison, Concepts, Difference, Placed, Shown, Side, Subject};
use serde::Serialize;

use crate::cli::text::{Paragraphs, count, quote};
use crate::{comparing, describe};

/// A comparison as it is printed.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    a: Column<'a>,
    b: Column<'a>,
    #[serde(flatten)]
    concepts: &'a Concepts,
    difference: &'a Difference,
    remarks: Vec<String>,
    /// The file that the panel was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

/// One side of it.
#[derive(Serialize)]
struct Column<'a> {
    subject: &'a Subject,
    /// Entries of the whole side.
    total: usize,
    shown: Vec<Row<'a>>,
}

/// One entry at its place, from 1.
#[derive(Serialize)]
struct Row<'a> {
    place: usize,
    #[serde(flatten)]
    entry: &'a Entry,
}

impl<'a> Column<'a> {
    fn new(side: &'a Side, placed: &'a [Placed]) -> Self {
        let rows = placed.iter().map(|placed| Row {
            place: placed.place,
            entry: &placed.entry,
        });
        Self {
            subject: &side.subject,
            total: side.results.len(),
            shown: rows.collect(),
        }
    }

    fn tell(&self, text: &mut Paragraphs, letter: char) {
        let title = self.subject.title(quote);
        let pictures = count(self.total as u64, "picture", "pictures");
        text.gap();
        text.line(&format!("{letter}: {title}, {pictures}"));
        if self.shown.is_empty() {
            text.line("   Nothing was found.");
        }
        for Row { place, entry } in &self.shown {
            let label = format!("{letter}{place}.");
            text.labelled(&format!("{label:>5} "), &describe::heading(entry));
            text.labelled("      ", &describe::caption(entry));
            text.labelled("      Source   ", describe::source(entry));
            if let Some(address) = &entry.provenance.source_url {
                text.labelled("               ", address);
            }
            text.labelled("      Licence  ", describe::licence(entry));
            text.labelled("      Id       ", entry.id.as_str());
        }
    }
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        comparison: &'a Comparison,
        (shown, difference): (&'a Shown, &'a Difference),
        remarks: Vec<String>,
        out: Option<&Path>,
    ) -> Self {
        Self {
            a: Column::new(&comparison.a, &shown.a),
            b: Column::new(&comparison.b, &shown.b),
            concepts: &shown.concepts,
            difference,
            remarks,
            out: out.map(|path| path.to_string_lossy().into_owned()),
        }
    }

    /// The same in lines of that many columns.
    pub(super) fn in_words(&self, columns: usize) -> String {
        let mut text = Paragraphs::new(columns);
        for (label, concepts) in [
            ("In both  ", &self.concepts.both),
            ("Only A   ", &self.concepts.only_a),
            ("Only B   ", &self.concepts.only_b),
        ] {
            text.labelled(label, &comparing::concepts(concepts));
        }
        for remark in &self.remarks {
            text.line(remark);
        }
        text.gap();
        text.line("Over all pictures of both sides:");
        for (heading, lines) in comparing::difference(self.difference, str::to_owned) {
            for (number, line) in lines.iter().enumerate() {
                let label = if number == 0 { heading } else { "" };
                text.labelled(&format!("{label:<11}"), line);
            }
        }
        text.line(comparing::COUNTED);
        self.a.tell(&mut text, 'A');
        self.b.tell(&mut text, 'B');
        if let Some(out) = &self.out {
            text.gap();
            text.labelled("Written to  ", out);
        }
        text.finish()
    }
}

#[cfg(test)]
mod tests {
    use mirage::atlas::{Description, EntryId, Provenance};
    use mirage::compare::Concept;

    use super::*;

    #[test]
    fn both_sides_are_told_with_sources_and_what_they_share() {
        let side = |words: &str| Side {
            subject: Subject::Words {
                words: words.to_owned(),
            },
            results: vec![EntryId::new("mine", "a")],
        };
        let comparison = Comparison {
            a: side("chest"),
            b: side("knee"),
            far: Vec::new(),
        };
        let entry = Entry {
            id: EntryId::new("mine", "a"),
            collection: "mine".to_owned(),
            description: Description {
                caption: "Frontal radiograph.".to_owned(),
                modality: "X-ray".to_owned(),
                ..Description::default()
            },
            provenance: Provenance {
                licence: "CC0-1.0".to_owned(),
                ..Provenance::default()
            },
            width: 1,
            height: 1,
        };
        let shown = Shown {
            a: vec![Placed {
                place: 1,
                entry,
                picture: Vec::new(),
            }],
            b: Vec::new(),
            concepts: Concepts {
                only_a: vec![Concept {
                    name: "X-ray".to_owned(),
                    a: vec![1],
                    b: Vec::new(),
                }],
                ..Concepts::default()
            },
        };
        let difference = Difference {
            looked_at: [2, 1],
            more_in_a: ["lungs", "ribs"]
                .map(|name| Concept {
                    name: name.to_owned(),
                    a: vec![1, 2],
                    b: Vec::new(),
                })
                .to_vec(),
            more_in_b: Vec::new(),
        };
        let out = Some(Path::new("panel.png"));
        let remarks = vec!["A remark.".to_owned()];
        let answer = Answer::new(&comparison, (&shown, &difference), remarks, out);
        assert_eq!(
            answer.in_words(usize::MAX),
            "In both  nothing that their words tell\nOnly A   X-ray (A1)\n\
             Only B   nothing that their words tell\nA remark.\n\n\
             Over all pictures of both sides:\n\
             More in A  lungs: 2 of 2 of A (A1, A2), 0 of 1 of B\n\
             \x20          ribs: 2 of 2 of A (A1, A2), 0 of 1 of B\n\
             More in B  nothing that their words tell\n\
             Words of labels and captions are counted here; nothing is judged.\n\n\
             A: \"chest\", 1 picture\n  A1. X-ray\n      Frontal radiograph.\n\
             \x20     Source   unknown\n      Licence  CC0-1.0\n      Id       mine/a\n\n\
             B: \"knee\", 1 picture\nNothing was found.\n\nWritten to  panel.png\n"
        );
        let json = serde_json::to_value(&answer).expect("plain data");
        assert_eq!(json["a"]["shown"][0]["id"], "mine/a");
        assert_eq!(json["a"]["shown"][0]["place"], 1);
        assert_eq!(json["a"]["subject"]["words"], "chest");
        assert_eq!(json["only_a"][0]["a"][0], 1);
        assert_eq!(json["difference"]["more_in_a"][1]["name"], "ribs");
        assert_eq!(json["out"], "panel.png");
    }
}
