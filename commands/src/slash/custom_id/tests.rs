//! Names of buttons and menus, written and read again.

use super::*;

fn compare(turn: Turn, view: View) -> CustomId {
    CustomId::Compare {
        turn,
        comparison: ComparisonId::parse("0123456789abcdef").expect("16 characters"),
        view,
    }
}

#[test]
fn every_button_reads_back_and_fits() {
    let search = SearchId::parse("0123456789abcdef").expect("16 characters");
    for id in [
        CustomId::Page {
            search: search.clone(),
            offset: usize::MAX,
        },
        CustomId::Like {
            search: search.clone(),
            place: 99,
        },
        CustomId::Explain {
            search: search.clone(),
            place: usize::MAX,
        },
        CustomId::Source { search, place: 0 },
        CustomId::Outline {
            explanation: explanation(),
            number: usize::MAX,
        },
        CustomId::Part {
            explanation: explanation(),
            part: 9,
        },
        compare(Turn::PreviousA, View::default()),
        compare(
            Turn::NextB,
            View {
                first: usize::MAX,
                second: usize::MAX,
                is_swapped: true,
            },
        ),
        CustomId::Differs {
            comparison: ComparisonId::parse("0123456789abcdef").expect("16 characters"),
            is_swapped: true,
        },
        CustomId::AddToQuiz {
            comparison: ComparisonId::parse("0123456789abcdef").expect("16 characters"),
            view: View {
                first: usize::MAX,
                second: usize::MAX,
                is_swapped: true,
            },
        },
        CustomId::Draw {
            comparison: ComparisonId::parse("0123456789abcdef").expect("16 characters"),
            is_swapped: false,
        },
        CustomId::CancelJob(JobId::parse("7").expect("a number")),
        CustomId::CancelListedJob(JobId::parse("9223372036854775807").expect("a number")),
        CustomId::DeleteMyData,
        CustomId::KeepMyData,
        CustomId::Quiz(QuizId::Open),
    ] {
        let text = id.to_string();
        assert!(text.len() <= 100, "{text}");
        assert_eq!(CustomId::parse(&text), Some(id));
    }
    for act in Act::ALL {
        let picture = PictureId::parse("0123456789abcdef").expect("16 characters");
        let id = CustomId::Picture { act, picture };
        assert_eq!(CustomId::parse(&id.to_string()), Some(id));
    }
}

fn explanation() -> ExplanationId {
    ExplanationId::parse("0123456789abcdef").expect("16 characters")
}

#[test]
fn everything_done_with_an_explanation_reads_back_and_differs() {
    let texts = Deed::ALL.map(|deed| {
        let explanation = explanation();
        let id = CustomId::Explained { deed, explanation };
        let text = id.to_string();
        assert_eq!(CustomId::parse(&text), Some(id));
        text
    });
    let different: std::collections::HashSet<_> = texts.iter().collect();
    assert_eq!(different.len(), texts.len());
}

#[test]
fn foreign_text_is_no_button() {
    for text in [
        "",
        "find",
        "find:page",
        "find:page:0123456789abcdef",
        "find:page:'; DROP:0",
        "find:page:0123456789abcdef:-1",
        "find:page:0123456789abcdef:1:2",
        "compare:swap:0123456789abcdef:0:0",
        "compare:swap:0123456789abcdef:0:0:abc",
        "compare:turn:0123456789abcdef:0:0:ab",
        "compare:differs:0123456789abcdef",
        "compare:differs:0123456789abcdef:b",
        "compare:differs:0123456789abcdef:ab:0",
        "compare:swap:0123456789abcdef:0:-3:ab",
        "compare:add:0123456789abcdef:0:ab",
        "compare:add:0123456789abcdef:0:0:ab:1",
        "compare:add:0123456789abcde':0:0:ab",
        "explain:simpler",
        "explain:sing:0123456789abcdef",
        "explain:simpler:0123456789abcdef:1",
        "explain:part:0123456789abcdef",
        "explain:outline:0123456789abcdef:-1",
        "find:explain:0123456789abcdef",
        "compare:draw:0123456789abcdef",
        "compare:draw:0123456789abcdef:ab:0",
        "picture:again",
        "picture:again:'; DROP",
        "picture:sell:0123456789abcdef",
        "my-data:delete:1",
        "quiz:open:1",
        "quiz",
        "job:cancel:0",
        "job:cancel:-1",
        "queue:cancel:99999999999999999999",
    ] {
        assert_eq!(CustomId::parse(text), None, "{text}");
    }
}
