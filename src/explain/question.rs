//! Questions that can be answered in a word: those for yes or no, and those between two choices.
//! Such a question is turned into the sentences that would answer it; whether a source says one is
//! the support check's part. Nothing is denied: that no source says something doesn't make it false.

/// Words that a question for yes or no begins with.
const OPENING: &[&str] = &[
    "is", "are", "was", "were", "does", "do", "did", "has", "have", "can",
];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Whatever the sources say.
    Open,
    /// Whether this holds.
    YesNo(String),
    /// Which of the options holds: its words, and the sentence that says so.
    Choice([(String, String); 2]),
}

/// The form of a question.
pub(super) fn form(question: &str) -> Form {
    let question = question.trim().trim_end_matches(['?', '.', '!', ' ']);
    let words: Vec<&str> = question.split_whitespace().collect();
    let Some((first, rest)) = words.split_first() else {
        return Form::Open;
    };
    if !OPENING.contains(&first.to_lowercase().as_str()) || rest.len() < 2 {
        return Form::Open;
    }
    let Some(at) = rest.iter().position(|word| word.eq_ignore_ascii_case("or")) else {
        return Form::YesNo(sentence(rest.iter()));
    };
    let (Some(before), Some(after)) = (at.checked_sub(1), rest.get(at + 1)) else {
        return Form::Open;
    };
    let without = |passed: [usize; 2]| {
        let kept = rest.iter().enumerate();
        let kept = kept.filter(|(index, _)| !passed.contains(index));
        sentence(kept.map(|(_, word)| word))
    };
    let option = |word: &str| word.trim_matches([',', ';']).to_owned();
    Form::Choice([
        (option(rest[before]), without([at, at + 1])),
        (option(after), without([before, at])),
    ])
}

fn sentence<'a>(words: impl Iterator<Item = &'a &'a str>) -> String {
    let words: Vec<&str> = words.copied().collect();
    format!("{}.", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_become_the_sentences_that_would_answer_them() {
        assert_eq!(
            form("Is the amygdala in front of the hippocampus?"),
            Form::YesNo("the amygdala in front of the hippocampus.".to_owned())
        );
        assert_eq!(
            form("Is the globus pallidus brighter or darker than the putamen?"),
            Form::Choice([
                (
                    "brighter".to_owned(),
                    "the globus pallidus brighter than the putamen.".to_owned()
                ),
                (
                    "darker".to_owned(),
                    "the globus pallidus darker than the putamen.".to_owned()
                ),
            ])
        );
    }

    #[test]
    fn other_questions_are_open() {
        for question in [
            "",
            "?",
            "Where is the pons?",
            "Is it?",
            "Is or",
            "the pons or the medulla",
        ] {
            assert_eq!(form(question), Form::Open, "{question}");
        }
    }
}
