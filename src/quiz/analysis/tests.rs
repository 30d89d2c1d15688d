//! Analyses worked by hand, and what is hidden or flagged.

use super::super::testing::{single, text_item};
use super::*;

/// An item with three answers, of which the first is right, and what each person chose.
fn asked(id: i64, chosen: &[usize]) -> Asked {
    let responses = chosen.iter().enumerate();
    Asked {
        id,
        item: single("Which?", &["key", "near", "far"], 0),
        responses: responses
            .map(|(person, option)| Response {
                person,
                answer: Answer::One { option: *option },
                mark: None,
            })
            .collect(),
    }
}

/// `right` people who are right and `wrong` who choose the second answer.
fn crowd(right: usize, wrong: usize) -> Vec<usize> {
    let mut chosen = vec![0; right];
    chosen.extend(vec![1; wrong]);
    chosen
}

#[test]
fn of_few_answers_the_number_is_shown_and_nothing_else() {
    let analysis = Analysis::of(&[asked(7, &crowd(5, 4))]);
    let item = &analysis.items[0];
    assert_eq!((analysis.people, item.answers, item.id), (9, 9, 7));
    assert_eq!(item.difficulty, None);
    assert!(item.choices.iter().all(|choice| choice.share.is_none()));
    assert!(item.remarks.is_empty());
    assert_eq!(analysis.no_kr20, Some(NoReliability::FewItems));
}

#[test]
fn shares_need_ten_answers_and_correlations_twenty() {
    let ten = Analysis::of(&[asked(1, &crowd(6, 4)), asked(2, &crowd(5, 5))]);
    assert_eq!(ten.items[0].difficulty, Some(0.6));
    assert_eq!(ten.items[0].discrimination, None);
    assert_eq!(ten.no_kr20, Some(NoReliability::FewPeople));
    let twenty = Analysis::of(&[asked(1, &crowd(12, 8)), asked(2, &crowd(10, 10))]);
    // Ten have both right, two the first alone, eight none. Groups of 27 % of twenty: five.
    assert_eq!(twenty.items[0].discrimination, Some(1.0));
    // p q is 0.24 and 0.25; totals are ten of 2, two of 1, eight of 0: mean 1.1, variance
    // (10 · 0.81 + 2 · 0.01 + 8 · 1.21) / 20 = 0.89. 2 · (1 − 0.49 / 0.89) = 0.8988764…
    let kr20 = twenty.kr20.expect("all answered all");
    assert!((kr20 - 2.0 * (1.0 - 0.49 / 0.89)).abs() < 1e-12, "{kr20}");
}

#[test]
fn an_item_that_the_good_get_wrong_is_flagged() {
    let (good, bad) = (vec![0; 10], vec![1; 10]);
    let rest = [good.clone(), bad.clone()].concat();
    let turned = [bad, good].concat();
    let analysis = Analysis::of(&[asked(1, &rest), asked(2, &rest), asked(3, &turned)]);
    let item = &analysis.items[2];
    assert_eq!(item.point_biserial, Some(-1.0));
    assert!(
        item.remarks.contains(&Remark::NegativeDiscrimination),
        "{item:?}"
    );
    assert!(
        analysis.items[0]
            .remarks
            .iter()
            .all(|remark| *remark != Remark::NegativeDiscrimination)
    );
}

#[test]
fn distractors_that_nobody_takes_and_those_that_beat_the_key_are_named() {
    let analysis = Analysis::of(&[asked(1, &crowd(4, 16))]);
    let remarks = &analysis.items[0].remarks;
    assert!(remarks.contains(&Remark::DistractorBeatsKey("near".to_owned())));
    assert!(
        remarks.contains(&Remark::BelowChance),
        "0.2 is below a third"
    );
    let unused = Remark::UnusedDistractors(vec!["far".to_owned()]);
    assert!(remarks.contains(&unused), "{remarks:?}");
    let easy = Analysis::of(&[asked(1, &crowd(20, 0))]);
    assert!(easy.items[0].remarks.contains(&Remark::TooEasy));
}

#[test]
fn kr20_is_for_complete_answers_to_questions_that_are_right_or_wrong() {
    let (one, mut two) = (asked(1, &crowd(12, 8)), asked(2, &crowd(10, 10)));
    two.responses.pop();
    let analysis = Analysis::of(&[one.clone(), two]);
    assert_eq!(analysis.no_kr20, Some(NoReliability::NotAllAnswered));
    assert_eq!((analysis.people, analysis.complete), (20, 19));
    let partial = Asked {
        item: text_item(
            "Which?",
            Task::MultipleChoice {
                options: ["a", "b", "c"].map(str::to_owned).to_vec(),
                keys: vec![0, 1],
            },
        ),
        responses: Vec::new(),
        ..one.clone()
    };
    let analysis = Analysis::of(&[one, partial]);
    assert_eq!(analysis.no_kr20, Some(NoReliability::NotDichotomous));
    let nobody = Analysis::of(&[]);
    assert_eq!((nobody.people, nobody.items.len()), (0, 0));
}

#[test]
fn an_open_answer_counts_with_its_mark() {
    let mut open = asked(1, &[0; 12]);
    open.item.task = Task::OpenAnswer {
        accepted: vec!["brain".to_owned()],
    };
    for (number, response) in open.responses.iter_mut().enumerate() {
        response.answer = Answer::Text {
            text: "brain".to_owned(),
        };
        response.mark = (number < 10).then_some(0.5);
    }
    let analysis = Analysis::of(&[open]);
    let item = &analysis.items[0];
    assert_eq!((item.answers, item.difficulty), (12, Some(0.5)));
    assert!(item.choices.is_empty());
}

#[test]
fn the_table_has_a_line_a_choice_and_no_formulas() {
    let mut item = asked(1, &crowd(6, 6));
    item.item.stem = "=HYPERLINK(\"x\")".to_owned();
    let table = Analysis::of(&[item]).csv();
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.contains("'=HYPERLINK"), "{table}");
    assert!(table.contains("0.500"), "{table}");
}
