//! What a prompt asks for, by its words: people, violence and sexual content are refused, medicine is
//! not. A word that may be either, such as "breast" or "gunshot", needs a kind of picture or a finding
//! beside it. Words alone can't tell everything; what was drawn is looked at again (`output`).
//!
//! A prompt is never an instruction: "ignore all rules" is four words that the network finds nothing
//! in. Only what a tokenizer would take for its own marks is made plain ([`plain`]).

mod fold;
mod words;

use std::fmt;

use self::fold::tokens;
use self::words::{
    ANATOMY, ANATOMY_OF_MEDICINE, FINDINGS, Lists, PEOPLE, PORTRAITS, SEXUAL, TECHNIQUES, VIOLENCE,
    WEAPONS,
};

/// Letters of a script that make a word of it: single Greek letters stand in English prompts too.
const WORD_OF_SCRIPT: usize = 2;

/// What a prompt is refused for. Each is one sentence with its mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptRefusal {
    /// People, or somebody in particular.
    #[error(
        "Mirage draws no people (“{word}”). Name the kind of medical picture and what it shows, such \
         as: chest X-ray of an adult."
    )]
    People {
        /// The word.
        word: String,
    },
    /// Violence.
    #[error(
        "Mirage draws no violence (“{word}”). For an injury, name the kind of picture and the \
         finding, such as: CT of the abdomen with a metal fragment."
    )]
    Violence {
        /// The word.
        word: String,
    },
    /// Sexual content.
    #[error(
        "Mirage draws nothing sexual (“{word}”). For anatomy, name the kind of medical picture, such \
         as: mammogram of the left breast."
    )]
    Sexual {
        /// The word.
        word: String,
    },
}

/// What is to be said of a prompt that is not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// Words in another script, which were not checked.
    Script(&'static str),
    /// No kind of picture is named.
    NoTechnique,
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Script(script) => write!(
                formatter,
                "The prompt has words in {script} letters. The model was trained on English, so they \
                 count for little. Write the prompt in English."
            ),
            Self::NoTechnique => formatter.write_str(
                "The prompt names no kind of medical picture, so the model chooses one. Name it, such \
                 as X-ray, CT, MRI or ultrasound.",
            ),
        }
    }
}

/// Reads a prompt: what is to be said of it.
///
/// # Errors
/// [`PromptRefusal`] for the first word that can't be drawn.
pub fn read(prompt: &str) -> Result<Vec<Remark>, PromptRefusal> {
    let tokens = tokens(prompt);
    let first = |lists: Lists| tokens.iter().find(|token| lists.hold(token)).cloned();
    let has_technique = first(TECHNIQUES).is_some();
    // "Breast MRI" and "breast cancer" are medicine; a finding alone doesn't make people so.
    let is_medical = has_technique || first(FINDINGS).is_some();
    if let Some(word) = first(SEXUAL) {
        return Err(PromptRefusal::Sexual { word });
    }
    if let Some(word) = first(ANATOMY).filter(|_| !has_technique) {
        return Err(PromptRefusal::Sexual { word });
    }
    if let Some(word) = first(ANATOMY_OF_MEDICINE).filter(|_| !is_medical) {
        return Err(PromptRefusal::Sexual { word });
    }
    if let Some(word) = first(VIOLENCE) {
        return Err(PromptRefusal::Violence { word });
    }
    if let Some(word) = first(WEAPONS).filter(|_| !is_medical) {
        return Err(PromptRefusal::Violence { word });
    }
    if let Some(word) = first(PORTRAITS) {
        return Err(PromptRefusal::People { word });
    }
    if let Some(word) = first(PEOPLE).filter(|_| !has_technique) {
        return Err(PromptRefusal::People { word });
    }
    let mut remarks: Vec<Remark> = scripts(prompt).map(Remark::Script).collect();
    if remarks.is_empty() && !has_technique {
        remarks.push(Remark::NoTechnique);
    }
    Ok(remarks)
}

/// The words as a network gets them: on one line, without what can't be seen, and without the signs
/// that tokenizers mark their own words with.
pub fn plain(prompt: &str) -> String {
    let sign = |letter: char| {
        let is_mark = matches!(letter, '[' | ']' | '<' | '>' | '|' | '{' | '}');
        if is_mark || letter.is_control() || fold::is_unseen(letter) {
            ' '
        } else {
            letter
        }
    };
    let text: String = prompt.chars().map(sign).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The scripts other than Latin that some word is written in, each once.
fn scripts(prompt: &str) -> impl Iterator<Item = &'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    for word in prompt.split(|letter: char| !letter.is_alphabetic()) {
        let letters: Vec<&'static str> = word.chars().filter_map(script).collect();
        for name in letters.iter().copied() {
            let count = letters.iter().filter(|other| **other == name).count();
            // One sign of these is a word.
            let is_word = count >= WORD_OF_SCRIPT || name == "Chinese or Japanese";
            if is_word && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found.into_iter()
}

/// The script of a letter, as it is called; `None` for Latin letters.
fn script(letter: char) -> Option<&'static str> {
    match letter {
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some("Greek"),
        '\u{400}'..='\u{52f}' => Some("Cyrillic"),
        '\u{531}'..='\u{58a}' => Some("Armenian"),
        '\u{590}'..='\u{5ff}' => Some("Hebrew"),
        '\u{600}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' | '\u{fb50}'..='\u{feff}' => Some("Arabic"),
        '\u{900}'..='\u{dff}' => Some("Indian"),
        '\u{e00}'..='\u{fff}' => Some("Thai, Lao or Tibetan"),
        '\u{10a0}'..='\u{10ff}' => Some("Georgian"),
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}' => Some("Korean"),
        '\u{1200}'..='\u{139f}' => Some("Ethiopic"),
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
            Some("Chinese or Japanese")
        }
        '\u{20000}'..='\u{3ffff}' => Some("Chinese or Japanese"),
        _ if letter.is_alphabetic() && letter > '\u{24f}' && !fold::is_latin(letter) => {
            Some("other")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
