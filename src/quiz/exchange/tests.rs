//! Files that are written and read back, files of other programs, and files that are broken.

use super::super::grid::Grid;
use super::super::item::{Kind, Task};
use super::super::testing::{single, text_item};
use super::*;
use crate::atlas::Provenance;
use crate::media as pictures_of;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A question of each kind that needs no picture.
fn plain() -> Vec<Item> {
    let mut odd = single(
        "=Which \"plane\", {a} ~or~ #b: x\\y?",
        &["a < b & c", "-5 mm; \"x\"", "ünï, 🩻"],
        2,
    );
    odd.rationale = "One line,\nand another = {more}.".to_owned();
    odd.expected = 0.123;
    vec![
        odd,
        text_item(
            "Which are right?",
            Task::MultipleChoice {
                options: texts(&["a", "b", "c", "d"]),
                keys: vec![0, 2, 3],
            },
        ),
        text_item("It is so.", Task::TrueFalse { key: false }),
        text_item(
            "What is it?",
            Task::OpenAnswer {
                accepted: texts(&["brain MRI", "MRI of the brain"]),
            },
        ),
    ]
}

/// A question of each kind that is about pictures.
fn pictured() -> Vec<Item> {
    let with = |count: usize, item: Item| {
        let names = ["a", "b", "c", "d"].into_iter().take(count);
        let pictures: Vec<EntryId> = names.map(|name| EntryId::new("t", name)).collect();
        let sources = pictures.iter().map(|entry| Source {
            entry: entry.clone(),
            provenance: Provenance {
                licence: "CC0-1.0".to_owned(),
                source: "Drawn for a test".to_owned(),
                source_url: Some("https://example.org/?a=1&b=2".to_owned()),
                attribution: Some("A. Nobody".to_owned()),
            },
        });
        Item {
            alt: vec!["A picture.".to_owned(); count],
            sources: sources.collect(),
            citations: pictures.clone(),
            pictures,
            ..item
        }
    };
    vec![
        with(
            1,
            single("Which plane?", &["axial", "coronal", "sagittal"], 1),
        ),
        with(4, text_item("Which is it?", Task::WhichPicture { key: 2 })),
        with(
            2,
            text_item(
                "Which is which?",
                Task::ConfusablePair {
                    options: ["axial".to_owned(), "coronal".to_owned()],
                    keys: [1, 0],
                },
            ),
        ),
        with(
            1,
            text_item(
                "Where is it?",
                Task::Point {
                    target: "thalamus".to_owned(),
                    boxes: vec![[10.5, 20.0, 30.25, 40.0], [60.0, 20.0, 80.0, 40.0]],
                    grid: Grid {
                        columns: 4,
                        rows: 3,
                    },
                },
            ),
        ),
    ]
}

fn jpegs() -> HashMap<EntryId, Vec<u8>> {
    let gray = image::DynamicImage::ImageLuma8(image::GrayImage::new(40, 30));
    let jpeg = pictures_of::prepare(&gray).expect("a picture").jpeg;
    let names = ["a", "b", "c", "d"].into_iter();
    names
        .map(|name| (EntryId::new("t", name), jpeg.clone()))
        .collect()
}

fn written(items: &[Item], format: Format) -> String {
    let bytes = export(items, &jpegs(), format).expect("written");
    String::from_utf8(bytes).expect("text")
}

fn refused(name: &str, text: &str) -> String {
    import(name, text.as_bytes()).expect_err(text).to_string()
}

#[test]
fn a_table_holds_all_of_a_question() {
    let items = [plain(), pictured()].concat();
    let table = written(&items, Format::Csv);
    assert!(
        !table.contains("\n=") && !table.contains(",=") && !table.contains(",-5"),
        "{table}"
    );
    let read = import("questions.csv", table.as_bytes()).expect("its own words");
    assert_eq!(read, items);
    let kinds: Vec<Kind> = read.iter().map(Item::kind).collect();
    assert!(
        Kind::ALL.iter().all(|kind| kinds.contains(kind)),
        "{kinds:?}"
    );
}

#[test]
fn more_accepted_answers_than_columns_come_back() {
    let accepted: Vec<String> = (0..25).map(|number| format!("answer {number}")).collect();
    let item = text_item("What?", Task::OpenAnswer { accepted });
    let table = written(std::slice::from_ref(&item), Format::Csv);
    assert_eq!(import("x.csv", table.as_bytes()).expect("read"), [item]);
}

#[test]
fn a_table_of_somebody_elses_needs_few_columns() {
    let table = "\u{feff}Question;Kind;Key;answer_1;answer_2;answer_3\n\
        Which plane?;single choice;B;axial;coronal;sagittal\n;;;;;\n\
        Is it so?;true-false;TRUE;;;\n";
    let items = import("Fragen.CSV", table.as_bytes()).expect("read");
    assert_eq!(items.len(), 2);
    assert_eq!(items[0].task.key_in_words(), "coronal");
    assert_eq!(items[1].task, Task::TrueFalse { key: true });
}

#[test]
fn one_broken_row_refuses_a_table_and_is_named() {
    let head = "kind,question,key,answer_1,answer_2\n";
    let good = "single_choice,Which?,A,x,y\n";
    for (row, said) in [
        ("single_choice,Which?,C,x,y", "key names no answer"),
        ("single_choice,Which?,A B,x,y", "must name one answer"),
        ("single_choice,Which?,?,x,y", "names no answer"),
        ("essay,Which?,A,x,y", "no kind “essay”"),
        ("single_choice,,A,x,y", "stem is empty"),
        ("single_choice,Which?,A,x,X", "twice"),
        ("true_false,Is it?,maybe,,", "must be true or false"),
        ("confusable_pair,Which?,A,x,y", "a pair needs"),
        ("which_picture,Which?,A,,", "four pictures"),
        ("nonsense", "1 cells"),
    ] {
        let table = format!("{head}{good}{row}\n{good}");
        let error = refused("q.csv", &table);
        assert!(error.starts_with("Row 3: "), "{row}: {error}");
        assert!(error.contains(said), "{row}: {error}");
    }
    let error = refused("q.csv", "question,key\nWhich?,A\n");
    assert!(
        error.starts_with("Row 1: ") && error.contains("kind"),
        "{error}"
    );
}

#[test]
fn boxes_grids_and_numbers_of_a_table_are_checked() {
    let head = "kind,question,key,target,boxes,grid,pictures,alt,expected\n";
    for (cells, said) in [
        ("thalamus,1 2 3,5x5,t/a,x,", "is no box"),
        ("thalamus,a b c d,5x5,t/a,x,", "is no box"),
        ("thalamus,1 2 300 4,5x5,t/a,x,", "percent"),
        ("thalamus,1 2 3 4,5,t/a,x,", "is no grid"),
        ("thalamus,1 2 3 4,99x99,t/a,x,", "2 to 25 cells"),
        ("thalamus,1 2 3 4,5x5,,,", "one picture"),
        ("thalamus,1 2 3 4,5x5,t/a,,", "alt text"),
        ("thalamus,1 2 3 4,5x5,t/a,x,often", "is no number"),
        ("thalamus,1 2 3 4,5x5,t/a,x,7", "from 0 to 1"),
    ] {
        let error = refused("q.csv", &format!("{head}point,Where?,,{cells}\n"));
        assert!(
            error.starts_with("Row 2: ") && error.contains(said),
            "{cells}: {error}"
        );
    }
}

#[test]
fn text_forms_come_back_as_they_were() {
    let items = plain();
    let anki = written(&items, Format::AnkiText);
    assert!(anki.starts_with("#separator:tab\n"), "{anki}");
    assert_eq!(import("x.txt", anki.as_bytes()).expect("read"), items);
    for (format, name) in [(Format::Gift, "x.gift"), (Format::MoodleXml, "x.xml")] {
        let text = written(&items, format);
        let read = import(name, text.as_bytes()).expect("read");
        for (read, item) in read.iter().zip(&items) {
            assert_eq!((&read.stem, &read.task), (&item.stem, &item.task), "{text}");
        }
        assert_eq!(read.len(), items.len());
    }
}

#[test]
fn forms_without_pictures_refuse_those_that_have_some() {
    for format in [Format::AnkiText, Format::Gift] {
        let error = export(&pictured(), &jpegs(), format).expect_err("no pictures");
        assert!(error.to_string().contains("4 of the questions"), "{error}");
    }
    for format in [Format::AnkiPackage, Format::MoodleXml] {
        let error = export(&pictured(), &HashMap::new(), format).expect_err("gone");
        assert!(error.to_string().contains("t/a"), "{error}");
    }
}

#[test]
fn moodle_gets_pictures_keys_and_sources() {
    let text = written(&pictured(), Format::MoodleXml);
    let quiz = xml::read(&text).expect("XML");
    let questions: Vec<_> = quiz.all("question").collect();
    assert_eq!(questions.len(), 4);
    let types: Vec<&str> = questions.iter().map(|it| it.attribute("type")).collect();
    assert_eq!(
        types,
        ["multichoice", "multichoice", "matching", "multichoice"]
    );
    let stem = questions[1].child("questiontext").expect("a stem");
    let files: Vec<&str> = stem
        .all("file")
        .map(|file| file.attribute("name"))
        .collect();
    assert_eq!(files.len(), 4);
    for (place, name) in files.iter().enumerate() {
        assert_eq!(*name, pictured()[1].picture_name(place));
        assert!(stem.own_text().contains(&format!("@@PLUGINFILE@@/{name}")));
    }
    let right = questions[3]
        .all("answer")
        .filter(|answer| answer.attribute("fraction") == "100");
    let right: Vec<&str> = right.map(xml::Element::own_text).collect();
    assert_eq!(right.join(", "), pictured()[3].task.key_in_words());
    let told = questions[0].text_of("generalfeedback");
    assert!(
        told.contains("Licence: CC0-1.0") && told.contains("a=1&amp;b=2"),
        "{told}"
    );
    let error = refused("x.xml", &text);
    assert!(
        error.starts_with("Question 1 (line ") && error.contains("picture"),
        "{error}"
    );
}

#[test]
fn a_package_has_notes_and_the_pictures_under_numbers() {
    let bytes = export(&pictured(), &jpegs(), Format::AnkiPackage).expect("written");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a package");
    let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    // One, four, two and one pictures, the collection, and the list.
    assert_eq!(names.len(), 8 + 2, "{names:?}");
    let media = zip.by_name("media").expect("the list");
    let media: HashMap<String, String> = serde_json::from_reader(media).expect("JSON");
    assert_eq!(media["0"], pictured()[0].picture_name(0));
    let refused = import("x.apkg", b"PK").expect_err("it can't be read back");
    assert!(matches!(refused, ImportError::Unknown(_)), "{refused}");
}

#[test]
fn a_picture_of_several_questions_is_in_a_package_once() {
    let mut items = pictured();
    let other = Item {
        task: single("Which plane?", &["axial", "coronal", "sagittal"], 2).task,
        ..items[0].clone()
    };
    items.push(other);
    let bytes = export(&items, &jpegs(), Format::AnkiPackage).expect("written");
    let zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a package");
    assert_eq!(zip.len(), 8 + 2);
}

#[test]
fn gift_of_others_is_read() {
    let text = "// a comment\n$CATEGORY: top/Planes\n\n::Q1:: [html]<p>Who's <b>buried</b> in \
        Grant's tomb?</p> {\n=Grant#yes\n~Jefferson\n~no one \\{yet\\}\n####Because.\n}\n\n\
        Mahatma Gandhi was born in {=Porbandar ~Delhi} in India.\n\n\
        Two? {~%50%a ~%50%b ~%-100%c}\n\nThe sun rises.{T#right}\n\nName it. {=one =two}\n";
    let items = import("q.txt", text.as_bytes()).expect("read");
    assert_eq!(items.len(), 5);
    assert_eq!(items[0].stem, "Who's buried in Grant's tomb?");
    assert_eq!(items[0].task.options()[2], "no one {yet}");
    assert_eq!(
        (items[0].rationale.as_str(), items[0].topic.as_str()),
        ("Because.", "Planes")
    );
    assert_eq!(items[1].stem, "Mahatma Gandhi was born in _____ in India.");
    assert_eq!(items[2].task.key_in_words(), "a; b");
    assert_eq!(items[3].task, Task::TrueFalse { key: true });
    assert_eq!(items[4].task.key_in_words(), "one; two");
}

#[test]
fn broken_gift_is_refused_with_its_question_and_line() {
    let good = "One? {=a ~b}\n\n";
    for (block, said) in [
        ("No braces.", "no answers"),
        ("Open {=a ~b", "not closed"),
        ("Empty {}", "no answers"),
        ("Number {#5}", "numbers"),
        ("Pairs {=a -> b =c -> d}", "matched"),
        ("All wrong {~a ~b}", "right and a wrong"),
        ("Weight {~%x%a =b}", "weight"),
        ("Plain {a b}", "don't begin"),
    ] {
        let error = refused("q.gift", &format!("{good}{block}\n\n{good}"));
        assert!(
            error.starts_with("Question 2 (line 3): "),
            "{block}: {error}"
        );
        assert!(error.contains(said), "{block}: {error}");
    }
}

#[test]
fn moodle_of_others_is_read_and_what_can_not_be_is_named() {
    let question = |kind: &str, body: &str| {
        format!(
            "<quiz><question type=\"category\"><category><text>top/Planes</text></category>\
             </question>\n<question type=\"{kind}\"><questiontext format=\"html\"><text>\
             &lt;p&gt;Which?&lt;/p&gt;</text></questiontext>{body}</question></quiz>"
        )
    };
    let answer = |share: &str, text: &str| {
        format!("<answer fraction=\"{share}\"><text>{text}</text></answer>")
    };
    let body = answer("100", "a") + &answer("0", "b") + "<single>true</single>";
    let items = import("q.xml", question("multichoice", &body).as_bytes()).expect("read");
    assert_eq!(
        (items[0].stem.as_str(), items[0].topic.as_str()),
        ("Which?", "Planes")
    );
    assert_eq!(items[0].task.key_in_words(), "a");
    let short = question("shortanswer", &(answer("100", "a") + &answer("0", "*")));
    let items = import("q.xml", short.as_bytes()).expect("read");
    assert_eq!(items[0].task.key_in_words(), "a");
    for (kind, body, said) in [
        ("numerical", String::new(), "numerical"),
        ("multichoice", answer("100", "a"), "1 answers"),
        ("multichoice", answer("x", "a"), "no fraction"),
        ("truefalse", answer("0", "true"), "neither"),
        ("essay", String::new(), "right and a wrong"),
    ] {
        let error = refused("q.xml", &question(kind, &body));
        assert!(
            error.starts_with("Question 1 (line 2): "),
            "{kind}: {error}"
        );
        assert!(error.contains(said), "{kind}: {error}");
    }
    assert!(refused("q.xml", "<html></html>").contains("<quiz>"));
}

#[test]
fn notes_of_anki_become_open_questions() {
    let text = "#separator:tab\n#html:true\nWhich&nbsp;plane?\t<b>axial</b>\ttag\n";
    let items = import("q.txt", text.as_bytes()).expect("read");
    assert_eq!(items[0].stem, "Which plane?");
    assert_eq!(items[0].task.key_in_words(), "axial");
    let error = refused("q.txt", "#separator:tab\na\tb\nno back\n");
    assert!(error.starts_with("Row 3: "), "{error}");
    let error = refused("q.txt", "#separator:tab\n<img src=\"x\">\tb\n");
    assert!(
        error.starts_with("Row 2: ") && error.contains("picture"),
        "{error}"
    );
}

#[test]
fn what_is_no_file_of_questions_is_refused() {
    assert!(matches!(import("q.csv", b" \n"), Err(ImportError::Empty)));
    assert!(matches!(
        import("q.csv", b"\xff\xfe"),
        Err(ImportError::NotText)
    ));
    assert!(matches!(
        import("q.docx", b"x"),
        Err(ImportError::Unknown(_))
    ));
    assert!(matches!(import("q", b"x"), Err(ImportError::Unknown(_))));
    let head = "kind,question,key\n";
    assert!(matches!(
        import("q.csv", head.as_bytes()),
        Err(ImportError::Empty)
    ));
    let many = (0..=MOST_ITEMS).map(|number| format!("true_false,Is it {number}?,true\n"));
    let many = head.to_owned() + &many.collect::<String>();
    let error = import("q.csv", many.as_bytes()).expect_err("too many");
    assert!(matches!(error, ImportError::TooMany(1_001)), "{error}");
}

#[tokio::test]
async fn sources_come_from_the_atlas_and_unknown_pictures_are_refused() {
    let description = crate::atlas::Description::default();
    let names = ["a", "b", "c", "d"].map(|name| (name, description.clone(), 9_u8));
    let small = crate::atlas::testing::filled(&names).await;
    let mut items = pictured();
    for item in &mut items {
        item.sources.clear();
    }
    let filled = with_sources(&small.atlas, items.clone())
        .await
        .expect("known");
    assert_eq!(filled[1].sources.len(), 4);
    assert_eq!(filled[1].sources[0].provenance.source, "Drawn for a test");
    items[2].pictures[1] = EntryId::new("t", "unknown");
    let error = with_sources(&small.atlas, items)
        .await
        .expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "Question 3: the atlas has no picture t/unknown."
    );
}
