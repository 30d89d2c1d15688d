//! The tiny checkpoints, the question that their reference answers are to, and how it is asked.

use std::path::{Path, PathBuf};

use mirage_models::image_encoder::Rgb;
use mirage_models::language_model::{
    LanguageModel as _, Message, MistralModel, Piece, Pieces, Sampling, Usage,
    VisionLanguageModel as _, inspect,
};
use serde_json::Value;

/// Where the checkpoints are.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/language")
}

/// What transformers answers.
pub(crate) fn answers() -> Value {
    let text = std::fs::read_to_string(golden().join("answers.json")).expect("answers");
    serde_json::from_str(&text).expect("JSON")
}

/// A checkpoint, or another file or folder, loaded.
pub(crate) fn load(path: &Path) -> MistralModel {
    let found = inspect(path).expect("it runs");
    MistralModel::load(found, "tiny@1".to_owned()).expect("it loads")
}

/// The conversation of the reference.
pub(crate) fn conversation() -> Vec<Message> {
    let answers = answers();
    let text = |name: &str| answers[name].as_str().expect("a text").to_owned();
    vec![
        Message::system(text("system")),
        Message::user(text("question")),
    ]
}

/// As long as the reference's, and as greedy.
pub(crate) fn sampling() -> Sampling {
    let tokens = answers()["tokens"].as_u64().expect("a number");
    Sampling::greedy(usize::try_from(tokens).expect("small"))
}

/// The picture that the script draws by the same formula.
pub(crate) fn picture(side: usize) -> Rgb {
    let mut pixels = Vec::new();
    for y in 0..side {
        for x in 0..side {
            for c in 0..3 {
                pixels.push((x * x * 3 / 7 + y * 5 + 40 * c + x * y / 3) as u8);
            }
        }
    }
    Rgb::new(side, side, pixels).expect("a picture")
}

/// The whole answer, and what it cost.
pub(crate) async fn whole(mut pieces: Pieces) -> (String, Usage) {
    let mut text = String::new();
    while let Some(piece) = pieces.recv().await {
        match piece.expect("an answer") {
            Piece::Text(part) => text.push_str(&part),
            Piece::Done(usage) => return (text, usage),
        }
    }
    panic!("the answer has no end: {text}");
}

/// The answer to the reference's question.
pub(crate) async fn ask(model: &MistralModel) -> (String, Usage) {
    let pieces = model.generate(conversation(), sampling());
    whole(pieces.expect("asked")).await
}

/// The same about a picture.
pub(crate) async fn ask_about(model: &MistralModel, picture: Rgb) -> String {
    let pieces = model.generate_with_pictures(conversation(), &[picture], sampling());
    whole(pieces.expect("asked")).await.0
}
