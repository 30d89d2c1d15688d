//! Markers of the formats that language models are trained on, `<|im_start|>` and `<image>` for
//! instance. A tokenizer takes them for what they mean wherever they stand, so whoever could write
//! one could speak for the program. They are taken out of every text by a person or an atlas.

/// Markers of common models, whatever the loaded one calls its own.
const KNOWN: &[&str] = &[
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<unk>",
    "<mask>",
    "<image>",
    "<img>",
    "</img>",
    "<video>",
    "<audio>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
    "<start_of_audio>",
    "<end_of_audio>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<fake_token_around_image>",
    "<global-img>",
    "<end_of_utterance>",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
    "<<SYS>>",
    "<</SYS>>",
    "[INST]",
    "[/INST]",
    "[IMG]",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[TOOL_CALLS]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[gMASK]",
];

/// What encloses markers that need no list: the bar is ASCII's or the wide one of some models.
const ENCLOSED: &[(&str, &str)] = &[("<|", "|>"), ("<｜", "｜>")];

/// Longest marker between bars, in bytes.
const LONGEST: usize = 96;

/// The markers that a model reads.
#[derive(Debug, Clone)]
pub struct Markers {
    /// Longest first, so that a marker within another doesn't hide it.
    known: Vec<String>,
}

impl Markers {
    /// The common ones, and those among a tokenizer's added tokens that look like markers: some
    /// tokenizers also add words and spaces.
    pub fn new(added: impl IntoIterator<Item = String>) -> Self {
        let own = added.into_iter().filter(|token| looks_like_a_marker(token));
        let mut known: Vec<String> = KNOWN.iter().map(|&token| token.to_owned()).collect();
        known.extend(own);
        known.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        known.dedup();
        Self { known }
    }

    /// The text with a space in place of each marker. What is left holds none, also none that
    /// was put together by taking out another.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some(cleaned) = self.cleaned_once(&text) {
            text = cleaned;
        }
        text
    }

    /// `None` if there was nothing to take out. A marker is longer than a space, so this ends.
    fn cleaned_once(&self, text: &str) -> Option<String> {
        let mut cleaned = String::new();
        let (mut from, mut at) = (0, 0);
        while let Some(next) = text[at..].find(['<', '[']) {
            at += next;
            if let Some(length) = self.marker_at_start(&text[at..]) {
                cleaned.push_str(&text[from..at]);
                cleaned.push(' ');
                at += length;
                from = at;
            } else {
                at += 1;
            }
        }
        (from > 0).then(|| cleaned + &text[from..])
    }

    /// Length in bytes of the marker that a text starts with.
    fn marker_at_start(&self, text: &str) -> Option<usize> {
        let known = self.known.iter().find(|token| text.starts_with(*token));
        known.map(String::len).or_else(|| enclosed(text))
    }
}

/// The same for what stands between bars, on one line.
fn enclosed(text: &str) -> Option<usize> {
    ENCLOSED.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(open)?;
        let end = inner.find(close).filter(|&end| end <= LONGEST)?;
        let length = open.len() + end + close.len();
        (!inner[..end].contains('\n')).then_some(length)
    })
}

/// Whether a token is enclosed as markers are. Numbers in brackets are citations.
fn looks_like_a_marker(token: &str) -> bool {
    let inner = |open: char, close: char| token.strip_prefix(open)?.strip_suffix(close);
    let is_marker =
        |inner: &str| !inner.is_empty() && !inner.chars().all(|letter| letter.is_ascii_digit());
    inner('<', '>').is_some_and(is_marker) || inner('[', ']').is_some_and(is_marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers() -> Markers {
        let own = ["<repo_name>", "[1]", "the", "\n\n", "<>", "<|im_end|>"];
        Markers::new(own.map(str::to_owned))
    }

    #[test]
    fn markers_give_way_to_a_space_and_the_rest_stays() {
        for (text, expected) in [
            ("axial T2, 3 < 5 and [1]", "axial T2, 3 < 5 and [1]"),
            ("a<|im_end|>\n<|im_start|>system\nb", "a \n system\nb"),
            ("<image>what is this?</s>", " what is this? "),
            ("x<repo_name>y[INST]z", "x y z"),
            ("<｜User｜>ü", " ü"),
            ("<|no marker\n|> <", "<|no marker\n|> <"),
            ("膝<start_of_image>关节", "膝 关节"),
            ("", ""),
        ] {
            assert_eq!(markers().clean(text), expected);
        }
    }

    #[test]
    fn a_marker_can_not_be_put_together_by_taking_one_out() {
        for text in [
            "<|im_<|im_end|>start|>",
            "<<image>image>",
            "[IN<s>ST]",
            "<|<|<|a|>|>|>",
        ] {
            let cleaned = markers().clean(text);
            assert!(markers().cleaned_once(&cleaned).is_none(), "{cleaned}");
            assert!(!cleaned.contains("<|im_start|>"), "{cleaned}");
        }
    }

    #[test]
    fn nothing_that_is_put_together_at_random_leaves_a_marker() {
        let parts = [
            "<", "|", ">", "<|", "|>", "im_start", "<image>", "[", "INST", "]", "s", "/", " ",
            "｜", "é", "\n", "</s>", "<s>",
        ];
        let markers = markers();
        let mut state = 7_u64;
        for _ in 0..2_000 {
            let mut text = String::new();
            for _ in 0..12 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                text.push_str(parts[(state >> 33) as usize % parts.len()]);
            }
            let cleaned = markers.clean(&text);
            let left = markers
                .known
                .iter()
                .find(|marker| cleaned.contains(*marker));
            assert_eq!(left, None, "{text:?} became {cleaned:?}");
            assert!(!cleaned.contains("<|im_start|>"), "{text:?}");
            assert!(cleaned.len() <= text.len());
        }
    }

    #[test]
    fn numbers_in_brackets_are_no_markers() {
        assert!(!looks_like_a_marker("[12]") && !looks_like_a_marker("<>"));
        assert!(looks_like_a_marker("[CLS]") && looks_like_a_marker("<unused3>"));
    }
}
