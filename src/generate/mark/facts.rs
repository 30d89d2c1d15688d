//! What a synthetic picture was made from, as its file tells it: the name of the file, the alt text,
//! and the words of both. How they are written into a file is `png`'s and `xmp`'s.

/// Letters of a prompt that a file's name holds.
const NAMED: usize = 40;
/// Characters of a prompt that an alt text holds: Discord takes 1,024 in all.
const TOLD: usize = 700;
/// How a file's name begins.
const PREFIX: &str = "synthetic-";
/// How an alt text begins.
const ALT: &str = "Synthetic picture";

/// What a picture was made from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// What it should show.
    pub prompt: String,
    /// What it should not show; may be empty.
    pub negative: String,
    /// Where its noise comes from.
    pub seed: u64,
    /// Steps of denoising.
    pub steps: u32,
    /// Weight of the prompt.
    pub guidance: f64,
    /// Name and version of the weights.
    pub model: String,
    /// Name of the scheduler; may be empty.
    pub scheduler: String,
    /// How far it goes from the picture that it was begun with; `None` if it was begun with noise.
    pub strength: Option<f64>,
}

impl Facts {
    /// Name of the picture's file. It says what the picture is wherever the file goes.
    pub fn file_name(&self) -> String {
        let mut words = String::new();
        for letter in self.prompt.to_lowercase().chars() {
            if letter.is_ascii_alphanumeric() {
                words.push(letter);
            } else if !words.is_empty() && !words.ends_with('-') {
                words.push('-');
            }
            if words.len() >= NAMED {
                break;
            }
        }
        let words = words.trim_end_matches('-');
        let gap = if words.is_empty() { "" } else { "-" };
        format!("{PREFIX}{words}{gap}{}.png", self.seed)
    }

    /// Alt text of the picture.
    pub fn alt_text(&self) -> String {
        let prompt = cut(&one_line(&self.prompt), TOLD);
        format!(
            "{ALT}, made by a program: it shows nobody, and nothing on it is a finding. Asked for: \
             {prompt}"
        )
    }
}

/// Whether a file's name says that the picture is synthetic.
pub(super) fn names_synthetic(name: &str) -> bool {
    let prefix = name.as_bytes().get(..PREFIX.len());
    prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

/// Whether an alt text says so.
pub(super) fn tells_synthetic(alt: &str) -> bool {
    let start = alt.trim_start().as_bytes();
    let start = start.get(..ALT.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(ALT.as_bytes()))
}

/// Without line breaks and what else can't be seen.
pub(super) fn one_line(text: &str) -> String {
    let seen = |letter: char| if letter.is_control() { ' ' } else { letter };
    let text: String = text.chars().map(seen).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(prompt: &str) -> Facts {
        Facts {
            prompt: prompt.to_owned(),
            seed: 7,
            ..Facts::default()
        }
    }

    #[test]
    fn the_name_says_what_it_is_and_can_be_a_file_anywhere() {
        let named = |prompt: &str| asked(prompt).file_name();
        assert_eq!(named("Chest X-ray, PA"), "synthetic-chest-x-ray-pa-7.png");
        for odd in ["", "…", "صورة شعاعية", "../../etc/passwd", "a\0b\n"] {
            let name = named(odd);
            assert!(
                name.starts_with("synthetic-") && name.ends_with("7.png"),
                "{name}"
            );
            assert!(!name.contains(['/', '\\', '\0', '\n', ' ']), "{name}");
            assert!(!name.contains("--"), "{name}");
        }
        assert!(named(&"long ".repeat(400)).len() < 64);
        assert!(names_synthetic(&named("x")) && names_synthetic("SYNTHETIC-1.PNG"));
        assert!(!names_synthetic("chest-synthetic.png") && !names_synthetic("syn"));
        assert!(!names_synthetic("synthétic-"));
    }

    #[test]
    fn the_alt_text_begins_with_what_it_is_and_is_not_too_long() {
        let alt = asked("MRI\nof the   brain").alt_text();
        assert!(alt.starts_with("Synthetic picture"), "{alt}");
        assert!(alt.ends_with("Asked for: MRI of the brain"), "{alt}");
        assert!(asked(&"ö".repeat(5_000)).alt_text().chars().count() < 1_024);
        assert!(tells_synthetic(&alt) && tells_synthetic("  synthetic PICTURE of a hand"));
        assert!(!tells_synthetic("Axial CT") && !tells_synthetic("Synthetische Bilder…"));
    }
}
