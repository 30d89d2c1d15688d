//! What can't be loaded or asked is an error that says why, and the engine stays as it is.

use std::path::Path;

use mirage_models::language_model::{
    LanguageModel as _, LanguageModelError, Message, MistralModel, Sampling,
    VisionLanguageModel as _, inspect,
};

use crate::asking::{ask, conversation, golden, load, picture, sampling};

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_asked_is_refused_at_once() {
    let model = load(&golden().join("llama"));
    let refused = |messages: Vec<Message>, sampling: Sampling| {
        let answer = model.generate(messages, sampling);
        answer.expect_err("refused")
    };
    let nothing = refused(vec![], sampling());
    assert!(matches!(nothing, LanguageModelError::NoQuestion));
    let long = refused(conversation(), Sampling::greedy(1024));
    assert!(
        matches!(long, LanguageModelError::TooLong { context: 1024, .. }),
        "{long}"
    );
    let text = "x".repeat(1100);
    let long = refused(vec![Message::user(text)], sampling());
    assert!(long.to_string().contains("Shorten the prompt"), "{long}");
    let none = refused(conversation(), Sampling::greedy(0));
    assert!(matches!(none, LanguageModelError::Sampling { .. }));
    let blind = model.generate_with_pictures(conversation(), &[picture(56)], sampling());
    let blind = blind.expect_err("it sees nothing").to_string();
    assert!(blind.contains("sees no pictures"), "{blind}");
    assert!(!ask(&model).await.0.is_empty());
}

#[test]
fn a_question_outside_of_tokio_is_refused() {
    let model = load(&golden().join("llama"));
    let error = model
        .generate(conversation(), sampling())
        .expect_err("no runtime");
    assert!(error.to_string().contains("outside of tokio"), "{error}");
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a checkpoint") {
        let file = entry.expect("a file").path();
        let name = file.file_name().expect("a name");
        std::fs::copy(&file, to.join(name)).expect("copied");
    }
}

#[test]
fn weights_that_are_damaged_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&golden().join("llama"), folder.path());
    let weights = folder.path().join("model.safetensors");
    let whole = std::fs::read(&weights).expect("readable");
    let load = || {
        let found = inspect(folder.path()).expect("its configuration is right");
        MistralModel::load(found, "tiny@1".to_owned())
    };
    for part in [whole.len() / 2, 3] {
        std::fs::write(&weights, &whole[..part]).expect("cut off");
        let error = load().expect_err("cut off");
        assert!(matches!(error, LanguageModelError::Load { .. }), "{error}");
    }
    std::fs::remove_file(&weights).expect("removed");
    let error = load().expect_err("no weights").to_string();
    assert!(error.contains("could not be loaded"), "{error}");
    std::fs::write(folder.path().join("tokenizer.json"), "{").expect("damaged");
    assert!(load().is_err());
}
