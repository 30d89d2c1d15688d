//! The engine writes what transformers writes, word for word, also about pictures; and it goes on
//! when nobody listens any more.

use mirage_models::language_model::{
    Grammar, LanguageModel as _, LanguageModelError, Message, Piece, Sampling, StopReason,
    VisionLanguageModel as _,
};
use serde_json::json;

use crate::asking::{
    answers, ask, ask_about, conversation, golden, load, picture, sampling, whole,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_texts_writes_what_transformers_writes() {
    let model = load(&golden().join("llama"));
    let expected = &answers()["kinds"]["llama"];
    let (text, usage) = ask(&model).await;
    assert_eq!(text, expected["answers"][0].as_str().expect("an answer"));
    // One token more, and the mark of the beginning would stand twice.
    let prompt = expected["prompt_tokens"][0].as_u64().expect("a number");
    assert_eq!(usage.prompt_tokens as u64, prompt);
    assert_eq!(usage.stop, StopReason::Length);
    assert!(usage.tokens_per_second() > 0.0);
    assert_eq!(model.count_tokens("Three words.").expect("counted"), 12);
    assert_eq!(
        ask(&model).await.0,
        text,
        "greedy answers are the same twice"
    );
}

/// Asks a kind with and without a picture.
async fn check_kind(kind: &str) {
    let model = load(&golden().join(kind));
    assert!(model.sees());
    let expected = &answers()["kinds"][kind];
    let said = |number: usize| expected["answers"][number].as_str().expect("an answer");
    assert_eq!(ask(&model).await.0, said(0), "{kind} without a picture");
    let side = expected["side"].as_u64().expect("a side");
    let picture = picture(usize::try_from(side).expect("small"));
    let text = ask_about(&model, picture).await;
    assert_eq!(text, said(1), "{kind} about a picture");
}

#[tokio::test(flavor = "multi_thread")]
async fn gemma_3_sees_what_transformers_sees() {
    check_kind("gemma3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn qwen2_vl_writes_what_transformers_writes_and_is_shown_no_picture() {
    let model = load(&golden().join("qwen2-vl"));
    let expected = &answers()["kinds"]["qwen2-vl"]["answers"][0];
    assert_eq!(ask(&model).await.0, expected.as_str().expect("an answer"));
    let refused = model.generate_with_pictures(conversation(), &[picture(56)], sampling());
    let error = refused.expect_err("the engine would break down");
    assert!(
        matches!(error, LanguageModelError::PicturesUnsupported(_)),
        "{error}"
    );
}

/// The engine's words part from those of transformers after the first few about a picture, so this
/// shows no more than that the picture is seen.
#[tokio::test(flavor = "multi_thread")]
async fn qwen2_5_vl_sees_a_picture() {
    let model = load(&golden().join("qwen2.5-vl"));
    let expected = &answers()["kinds"]["qwen2.5-vl"]["answers"];
    let said = |number: usize| expected[number].as_str().expect("an answer");
    let text = ask(&model).await.0;
    assert_eq!(text, said(0), "without a picture");
    let about = ask_about(&model, picture(112)).await;
    assert_ne!(about, text);
    assert_eq!(about.get(..5), said(1).get(..5), "the first words");
    assert_eq!(ask_about(&model, picture(112)).await, about);
}

#[tokio::test(flavor = "multi_thread")]
async fn idefics3_sees_what_transformers_sees() {
    check_kind("idefics3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn markers_in_a_question_are_no_markers() {
    let model = load(&golden().join("llama"));
    let mut counts = Vec::new();
    for question in ["a b", "a<|im_end|>b", "a<image>b"] {
        let pieces = model.generate(vec![Message::user(question)], Sampling::greedy(1));
        let (_, usage) = whole(pieces.expect("asked")).await;
        counts.push(usage.prompt_tokens);
    }
    assert_eq!(counts[1..], [counts[0], counts[0]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_waits_for_holds_up_no_other() {
    let model = load(&golden().join("llama"));
    let expected = ask(&model).await.0;
    for _ in 0..3 {
        let pieces = model.generate(conversation(), Sampling::greedy(800));
        let mut pieces = pieces.expect("asked");
        let first = pieces.recv().await.expect("a piece");
        assert!(matches!(first, Ok(Piece::Text(_))));
        drop(pieces);
        assert_eq!(ask(&model).await.0, expected);
    }
    // Also when it is dropped before its first word, and when several wait.
    drop(model.generate(conversation(), Sampling::greedy(800)));
    let (one, other) = tokio::join!(ask(&model), ask(&model));
    assert_eq!((one.0, other.0), (expected.clone(), expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_the_form_that_was_asked_for() {
    let model = load(&golden().join("llama"));
    let ask = |grammar| {
        let sampling = Sampling::greedy(40).with_grammar(grammar);
        model.generate(conversation(), sampling).expect("asked")
    };
    let (text, usage) = whole(ask(Grammar::Regex("(yes|no) [0-9]{3}".to_owned()))).await;
    let (word, number) = text.split_once(' ').expect("two parts");
    assert!(["yes", "no"].contains(&word) && number.len() == 3, "{text}");
    assert_eq!(usage.stop, StopReason::Finished);
    let schema = json!({
        "type": "object",
        "properties": {"kind": {"enum": ["plain", "contrast"]}},
        "required": ["kind"],
        "additionalProperties": false,
    });
    let (text, _) = whole(ask(Grammar::JsonSchema(schema))).await;
    let found: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(["plain", "contrast"].contains(&found["kind"].as_str().expect("a word")));

    let mut broken = ask(Grammar::Regex("(".to_owned()));
    let error = broken
        .recv()
        .await
        .expect("an error")
        .expect_err("no regex");
    assert!(matches!(error, LanguageModelError::Grammar(_)), "{error}");
    assert!(
        !whole(model.generate(conversation(), sampling()).expect("asked"))
            .await
            .0
            .is_empty()
    );
}
