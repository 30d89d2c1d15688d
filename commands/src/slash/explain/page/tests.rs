//! Explanations as messages: their limits, their markup, and which buttons they have.

use mirage::atlas::{Description, Entry, EntryId, LabelledBox, Provenance};
use mirage::explain::{
    Asked, Concept, ConceptKind, Conversation, Reason, Section, Subject, Withheld,
};

use super::*;

fn listed(number: usize, text: &str) -> Listed {
    Listed {
        number,
        entry: Entry {
            id: EntryId::new("t", &number.to_string()),
            collection: "t".to_owned(),
            description: Description {
                caption: format!("Caption {text}"),
                modality: text.to_owned(),
                ..Description::default()
            },
            provenance: Provenance {
                licence: text.to_owned(),
                source: text.to_owned(),
                ..Provenance::default()
            },
            width: 1,
            height: 1,
        },
    }
}

fn cited(text: &str, worded_by: WordedBy) -> Cited {
    Cited {
        text: text.to_owned(),
        sources: vec![1, 2],
        section: None,
        worded_by,
    }
}

fn answer(kind: Kind, text: &str) -> Answer {
    Answer {
        kind,
        verdict: None,
        sentences: vec![cited(text, WordedBy::Source)],
        withheld: Vec::new(),
        sources: vec![listed(1, text), listed(2, text)],
        template: None,
    }
}

fn nothing() -> Answer {
    Answer {
        sentences: Vec::new(),
        sources: Vec::new(),
        ..answer(Kind::Nothing, "")
    }
}

fn picture() -> Asked {
    let pixel = mirage_models::image_encoder::Rgb::new(1, 1, vec![0; 3]).expect("a pixel");
    Asked {
        subject: Subject::Picture(pixel),
        ..Asked::topic("")
    }
}

fn shown(asked: &Asked, answer: &Answer, concepts: Vec<Concept>, pictures: Pictures) -> Page {
    let id = ExplanationId::parse("0123456789abcdef").expect("16 characters");
    let mut conversation = Conversation::default();
    conversation.remember(asked, answer);
    let stored = StoredExplanation::new((1, 2, 3), conversation, answer, concepts);
    page(&id, &stored, answer, &["A remark.".to_owned()], pictures)
}

/// The labels of the buttons that can be pressed.
fn labels(page: &Page) -> Vec<String> {
    let rows = serde_json::to_value(&page.rows).expect("plain data");
    let rows = rows.as_array().expect("a list").iter();
    let buttons = rows.flat_map(|row| row["components"].as_array().expect("a row"));
    let pressable = buttons.filter(|button| button["disabled"] != true);
    let labels = pressable.filter_map(|button| button["label"].as_str());
    labels.map(str::to_owned).collect()
}

fn units(value: &serde_json::Value) -> usize {
    value.as_str().unwrap_or("").encode_utf16().count()
}

fn length(page: &Page) -> usize {
    let embeds = serde_json::to_value(&page.embeds).expect("plain data");
    let embeds = embeds.as_array().expect("a list").iter();
    let lengths = embeds.map(|embed| {
        assert!(units(&embed["description"]) <= 4_096);
        let fields = embed["fields"].as_array().into_iter().flatten();
        let fields = fields.map(|field| {
            assert!(units(&field["value"]) <= 1_024);
            units(&field["name"]) + units(&field["value"])
        });
        fields.sum::<usize>()
            + units(&embed["title"])
            + units(&embed["description"])
            + units(&embed["footer"]["text"])
    });
    lengths.sum()
}

#[test]
fn the_longest_explanation_keeps_discords_limits_and_whole_sentences() {
    for text in ["word ".repeat(119), "👩‍⚕️".repeat(75), "*_`|".repeat(150)] {
        let mut long = answer(Kind::Answered, &text);
        long.sentences = vec![cited(&text, WordedBy::Model); 8];
        long.sources = (1..=6).map(|number| listed(number, &text)).collect();
        long.withheld = vec![
            Withheld {
                reason: Reason::Instruction,
                count: 1_000
            };
            9
        ];
        let asked = Asked {
            question: Some("*".repeat(500)),
            ..Asked::topic("*".repeat(500))
        };
        let page = shown(&asked, &long, Vec::new(), Pictures::default());
        assert!(length(&page) <= 6_000, "{}", length(&page));
        assert!(page.content.encode_utf16().count() <= 2_000);
        let embed = serde_json::to_value(&page.embeds[0]).expect("plain data");
        let body = embed["description"].as_str().expect("a text");
        for line in body.lines() {
            let is_whole = line.ends_with("[1][2]") || line.ends_with("fit here.");
            assert!(is_whole, "{line}");
        }
    }
}

#[test]
fn sentences_have_numbers_and_sources_are_told_without_their_captions() {
    let mut told = answer(Kind::Answered, "MRI");
    told.sentences = vec![
        Cited {
            section: Some(Section::Findings),
            ..cited("T2*-weighted, it bulges.", WordedBy::Source)
        },
        Cited {
            section: Some(Section::Findings),
            ..cited("It is @everyone's.", WordedBy::Source)
        },
    ];
    told.verdict = Some(Verdict::Yes { sources: vec![1] });
    told.withheld = vec![Withheld {
        reason: Reason::Number,
        count: 2,
    }];
    let page = shown(
        &Asked::topic("pons"),
        &told,
        Vec::new(),
        Pictures::default(),
    );
    let embeds = serde_json::to_value(&page.embeds).expect("plain data");
    assert_eq!(
        embeds[0]["description"],
        "Yes, the sources say so. [1]\n**Findings**\nT2\\*-weighted, it bulges. [1][2]\n\
         It is @\u{200b}everyone's. [1][2]"
    );
    assert_eq!(embeds[0]["fields"][0]["name"], UNSUPPORTED);
    let withheld = embeds[0]["fields"][0]["value"].as_str().expect("a text");
    assert!(withheld.starts_with("2 sentences, because"), "{withheld}");
    let sources = embeds[1]["description"].as_str().expect("a text");
    assert!(sources.starts_with("[1] MRI. Source: MRI. Licence: MRI\n[2]"));
    assert!(!sources.contains("Caption"), "{sources}");
    assert!(page.content.ends_with("\nA remark."), "{}", page.content);
}

#[test]
fn what_the_atlas_has_nothing_on_is_said_and_can_be_voted_on() {
    let page = shown(
        &Asked::topic("bread"),
        &nothing(),
        Vec::new(),
        Pictures::default(),
    );
    assert!(page.content.contains(NOTHING) && page.embeds.is_empty());
    assert_eq!(labels(&page), ["Show me", "👍 Helpful", "👎 Not helpful"]);
    let page = shown(&picture(), &nothing(), Vec::new(), Pictures::default());
    assert_eq!(labels(&page), ["👍 Helpful", "👎 Not helpful"]);
}

#[test]
fn buttons_lead_somewhere_or_are_not_there() {
    let topic = Asked::topic("pons");
    let told = answer(Kind::Answered, "MRI");
    let page = shown(&topic, &told, Vec::new(), Pictures::default());
    assert_eq!(
        labels(&page),
        [
            "Simpler",
            "Deeper",
            "Ask further",
            "Show me",
            "Quiz me",
            "👍 Helpful",
            "👎 Not helpful"
        ]
    );
    let lay = Asked {
        level: Level::Lay,
        ..topic.clone()
    };
    let page = shown(&lay, &told, Vec::new(), Pictures::default());
    assert!(!labels(&page).contains(&"Simpler".to_owned()));
    let mut by_model = answer(Kind::Answered, "MRI");
    by_model.sentences[0].worded_by = WordedBy::Model;
    let located = LabelledBox {
        label: "pons".to_owned(),
        corners: [1.0, 1.0, 2.0, 2.0],
    };
    by_model.sources[1].entry.description.boxes = vec![located];
    let entry = Asked {
        subject: Subject::Entry(EntryId::new("t", "1")),
        ..topic
    };
    let page = shown(&entry, &by_model, Vec::new(), Pictures::default());
    assert_eq!(
        labels(&page)[4..],
        [
            "Quiz me",
            "Regenerate",
            "Why",
            "Zoom",
            "Outline 2",
            "👍 Helpful",
            "👎 Not helpful"
        ]
    );
    assert!(page.rows.len() == 4, "a menu and three rows");
    for row in &page.rows {
        let row = serde_json::to_value(row).expect("plain data");
        assert!(row["components"].as_array().map_or(0, Vec::len) <= 5);
    }
    let footer = serde_json::to_string(&page.embeds[0]).expect("plain data");
    assert!(footer.contains("worded by a language model"), "{footer}");
}

#[test]
fn questions_are_offered_in_a_server_alone() {
    let told = answer(Kind::Answered, "MRI");
    let id = ExplanationId::parse("0123456789abcdef").expect("16 characters");
    let mut conversation = Conversation::default();
    conversation.remember(&Asked::topic("pons"), &told);
    for (server, is_offered) in [(0, false), (2, true)] {
        let talk = conversation.clone();
        let stored = StoredExplanation::new((1, server, 3), talk, &told, Vec::new());
        let page = page(&id, &stored, &told, &[], Pictures::default());
        let labels = labels(&page);
        assert_eq!(labels.contains(&"Quiz me".to_owned()), is_offered);
    }
}

#[test]
fn of_a_picture_only_what_is_there_can_be_looked_at() {
    let told = answer(Kind::Answered, "MRI");
    let concept = Concept {
        name: "MRI".to_owned(),
        kind: ConceptKind::Modality,
        rank: 1,
        evidence: vec![EntryId::new("t", "1")],
    };
    let open = shown(
        &picture(),
        &told,
        vec![concept.clone()],
        Pictures::default(),
    );
    let told_open = labels(&open);
    assert!(told_open.contains(&"Why".to_owned()) && !told_open.contains(&"Zoom".to_owned()));
    let pictures = Pictures {
        given: Some(vec![1]),
        first: None,
    };
    let private = shown(&picture(), &told, vec![concept], pictures);
    assert!(labels(&private).contains(&"Zoom".to_owned()));
    assert_eq!(private.pictures[0].filename, GIVEN);
    assert!(private.pictures[0].description.is_some());
}

#[test]
fn somebodys_own_case_gets_a_referral_and_no_pictures() {
    let language = Language::English;
    let personal = answer(Kind::Advice { language }, "MRI");
    let page = shown(
        &Asked::topic("my pons"),
        &personal,
        Vec::new(),
        Pictures::default(),
    );
    let embed = serde_json::to_value(&page.embeds[0]).expect("plain data");
    let body = embed["description"].as_str().expect("a text");
    assert!(body.starts_with(language.referral()), "{body}");
    assert!(!labels(&page).contains(&"Show me".to_owned()));
    let bare = Answer {
        kind: Kind::Advice { language },
        ..nothing()
    };
    let page = shown(&picture(), &bare, Vec::new(), Pictures::default());
    assert_eq!(labels(&page), ["👍 Helpful", "👎 Not helpful"]);
}

#[test]
fn the_first_sources_picture_has_alt_text() {
    let told = answer(Kind::Answered, "MRI");
    let pictures = Pictures {
        given: None,
        first: Some(vec![1]),
    };
    let page = shown(&Asked::topic("pons"), &told, Vec::new(), pictures);
    assert_eq!(page.pictures[0].description.as_deref(), Some("Caption MRI"));
    let sources = serde_json::to_string(&page.embeds[1]).expect("plain data");
    assert!(sources.contains("attachment://mirage-source-1.jpg"));
}

#[test]
fn the_head_says_what_for_whom_and_in_which_form() {
    let turn = Turn {
        about: About::Topic {
            words: "**pons**".to_owned(),
        },
        question: Some("Where?".to_owned()),
        level: Level::Resident,
        style: Style::Differential,
        cited: Vec::new(),
    };
    let told = head(&turn);
    assert!(
        told.ends_with("for a resident, as a differential\nQuestion: “\u{2068}Where?\u{2069}”")
    );
    assert!(!told.contains("**pons**"), "{told}");
    let page = under_way(&told, None, &[cited("It bulges.", WordedBy::Source)]);
    let embed = serde_json::to_value(&page.embeds[0]).expect("plain data");
    assert_eq!(embed["description"], "It bulges. [1][2]\n…");
    assert!(page.rows.is_empty(), "nothing can be pressed yet");
}

#[test]
fn the_form_keeps_discords_limits() {
    let form = further_question("explain:ask:0123456789abcdef");
    let form = serde_json::to_value(form).expect("plain data");
    assert!(units(&form["title"]) <= 45);
    let input = &form["components"][0]["components"][0];
    assert!(units(&input["label"]) <= 45 && units(&input["placeholder"]) <= 100);
    assert_eq!(input["max_length"], mirage::explain::LONGEST);
}
