//! What is said of an explanation, in plain text: the same words in Discord and in a shell. Markup,
//! lengths and layout are the callers'.

use mirage::explain::{Answer, Verdict};

/// Said with every answer to a picture that somebody brought.
pub(crate) const ABOUT_NEAREST: &str = "The sentences are about the pictures of the atlas that are \
    nearest to it; they are no reading of the picture that was given.";
/// What stands before [`withheld`].
pub(crate) const UNSUPPORTED: &str = "What I could not support";

/// Numbers of sources as they stand behind a sentence: ` [1][3]`.
pub(crate) fn cites(sources: &[usize]) -> String {
    let cites = sources.iter().map(|number| format!("[{number}]"));
    format!(" {}", cites.collect::<String>())
}

/// The short answer to a question, with its sources. `show` fits words to where they are read.
pub(crate) fn verdict(verdict: &Verdict, show: impl Fn(&str) -> String) -> String {
    match verdict {
        Verdict::Yes { sources } => format!("Yes, the sources say so.{}", cites(sources)),
        Verdict::Choice { option, sources } => {
            format!("The sources say: {}.{}", show(option), cites(sources))
        }
    }
}

/// How many sentences were not shown, and why. `None` where all were.
pub(crate) fn withheld(answer: &Answer) -> Option<String> {
    let sentences = match answer.withheld_count() {
        0 => return None,
        1 => "1 sentence".to_owned(),
        count => format!("{count} sentences"),
    };
    if let [withheld] = answer.withheld.as_slice() {
        return Some(format!(
            "{sentences}, because {}",
            withheld.reason.in_words()
        ));
    }
    let reasons = answer.withheld.iter();
    let reasons = reasons
        .map(|withheld| format!("{} because {}", withheld.count, withheld.reason.in_words()));
    let reasons: Vec<String> = reasons.collect();
    Some(format!("{sentences} ({})", reasons.join("; ")))
}

#[cfg(test)]
mod tests {
    use mirage::explain::{Kind, Reason, Withheld};

    use super::*;

    #[test]
    fn what_is_withheld_is_counted_with_its_reasons() {
        let mut answer = Answer {
            kind: Kind::Answered,
            verdict: None,
            sentences: Vec::new(),
            withheld: Vec::new(),
            sources: Vec::new(),
            template: None,
        };
        assert_eq!(withheld(&answer), None);
        let because = |reason, count| Withheld { reason, count };
        answer.withheld = vec![because(Reason::Side, 1)];
        assert_eq!(
            withheld(&answer).as_deref(),
            Some("1 sentence, because no source names this side")
        );
        answer.withheld.push(because(Reason::Number, 2));
        let told = withheld(&answer).expect("some");
        assert!(told.starts_with("3 sentences (1 because"), "{told}");
        assert!(told.ends_with("; 2 because no source has these numbers)"));
    }

    #[test]
    fn a_short_answer_names_its_sources() {
        let choice = Verdict::Choice {
            option: "darker".to_owned(),
            sources: vec![2, 3],
        };
        assert_eq!(
            verdict(&choice, str::to_uppercase),
            "The sources say: DARKER. [2][3]"
        );
        let yes = Verdict::Yes { sources: vec![1] };
        assert_eq!(verdict(&yes, str::to_owned), "Yes, the sources say so. [1]");
    }
}
