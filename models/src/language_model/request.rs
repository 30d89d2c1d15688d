//! A conversation as the engine takes it. Nothing is sent here.

use image::{DynamicImage, RgbImage};
use mistralrs::{
    Constraint, ModelCategory, RequestBuilder, RequestLike as _, RequestMessage, SamplingParams,
    TextMessageRole,
};
use serde_json::{Value, json};

use super::special_tokens::Markers;
use super::{Grammar, LanguageModelError, Message, Role, Sampling};
use crate::image_encoder::Rgb;

/// Warmer than this, words come out at random.
const WARMEST: f32 = 2.0;

/// Tokens less likely than all of these together are never drawn.
const NUCLEUS: f64 = 0.95;

/// Pixels that each side of a picture needs, and how many times as long as the other a side may be:
/// the engine breaks down at a picture that is smaller than one of the network's patches.
const SHORTEST_SIDE: usize = 32;
const MOST_LENGTHY: usize = 100;

/// Takes markers out of every message.
///
/// # Errors
/// [`LanguageModelError::NoQuestion`] unless the last message is the user's.
pub(super) fn clean(
    messages: Vec<Message>,
    markers: &Markers,
) -> Result<Vec<Message>, LanguageModelError> {
    if messages.last().is_none_or(|last| last.role != Role::User) {
        return Err(LanguageModelError::NoQuestion);
    }
    let clean = |message: Message| Message {
        content: markers.clean(&message.content),
        ..message
    };
    Ok(messages.into_iter().map(clean).collect())
}

/// How an answer is drawn. There is always a most of tokens.
///
/// # Errors
/// [`LanguageModelError::Sampling`] for a number out of its range.
pub(super) fn parameters(sampling: &Sampling) -> Result<SamplingParams, LanguageModelError> {
    if sampling.maximum_tokens == 0 {
        return Err(LanguageModelError::Sampling {
            name: "The most tokens of an answer",
            range: "at least 1",
        });
    }
    if !(0.0..=WARMEST).contains(&sampling.temperature) {
        return Err(LanguageModelError::Sampling {
            name: "The temperature",
            range: "from 0 to 2",
        });
    }
    let mut parameters = if sampling.temperature == 0.0 {
        // A temperature of 0 looks for the largest number; left unset, it would be 1, and every
        // word of the vocabulary would be sorted for it.
        SamplingParams {
            temperature: Some(0.0),
            ..SamplingParams::deterministic()
        }
    } else {
        SamplingParams {
            temperature: Some(f64::from(sampling.temperature)),
            top_p: Some(NUCLEUS),
            ..SamplingParams::neutral()
        }
    };
    parameters.max_len = Some(sampling.maximum_tokens);
    Ok(parameters)
}

/// The form of an answer.
///
/// # Errors
/// [`LanguageModelError::Grammar`] for a schema that is none.
pub(super) fn constraint(grammar: Option<Grammar>) -> Result<Constraint, LanguageModelError> {
    match grammar {
        None => Ok(Constraint::None),
        Some(Grammar::Regex(expression)) => Ok(Constraint::Regex(expression)),
        Some(Grammar::JsonSchema(Value::Object(mut schema))) => {
            // Where spaces are allowed between the parts, a small model may write nothing else.
            schema
                .entry("x-guidance")
                .or_insert_with(|| json!({"whitespace_flexible": false}));
            Ok(Constraint::JsonSchema(Value::Object(schema)))
        }
        Some(Grammar::JsonSchema(_)) => Err(LanguageModelError::Grammar(
            "a JSON schema is an object".to_owned(),
        )),
    }
}

/// Messages for a model of texts.
pub(super) fn of_texts(messages: Vec<Message>) -> RequestMessage {
    let builder = messages
        .into_iter()
        .fold(RequestBuilder::new(), |builder, message| {
            let role = match message.role {
                Role::System => TextMessageRole::System,
                Role::User => TextMessageRole::User,
                Role::Assistant => TextMessageRole::Assistant,
            };
            builder.add_message(role, message.content)
        });
    // Left unset, templates that know it let the model think aloud first.
    builder.enable_thinking(false).take_messages()
}

/// Messages for a model that sees pictures, which belong to the last of them. Its template goes
/// through the parts of each message, so that none may be plain text.
///
/// # Errors
/// [`LanguageModelError::Picture`] for a picture that is too small or too long.
pub(super) fn with_pictures(
    messages: &[Message],
    pictures: &[Rgb],
    category: &ModelCategory,
) -> Result<RequestMessage, LanguageModelError> {
    let count = pictures.len();
    let last = messages.len().saturating_sub(1);
    let parts: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(place, message)| {
            let pictures = if place == last { count } else { 0 };
            in_parts(message, pictures, category)
        })
        .collect();
    let kind = if count == 0 { "Chat" } else { "MultimodalChat" };
    // Through JSON, which the engine's own type is read from: the maps and unions that it is made
    // of belong to crates that nothing else here needs.
    let request = json!({ kind: {
        "messages": parts,
        "enable_thinking": false,
        "reasoning_effort": null,
    }});
    let mut request: RequestMessage = serde_json::from_value(request)
        .map_err(|error| LanguageModelError::Engine(error.to_string()))?;
    if let RequestMessage::MultimodalChat { images, .. } = &mut request {
        let pictures = pictures.iter().map(in_colour);
        *images = pictures.collect::<Result<_, _>>()?;
    }
    Ok(request)
}

/// One message: its pictures, then its text with what the model marks their place by.
fn in_parts(message: &Message, pictures: usize, category: &ModelCategory) -> Value {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let text = match category {
        ModelCategory::Multimodal { prefixer } if pictures > 0 => {
            prefixer.prefix_image((0..pictures).collect(), &message.content)
        }
        _ => message.content.clone(),
    };
    let mut parts = vec![json!({"type": "image"}); pictures];
    parts.push(json!({"type": "text", "text": text}));
    json!({"role": {"Left": role}, "content": {"Right": parts}})
}

fn in_colour(picture: &Rgb) -> Result<DynamicImage, LanguageModelError> {
    let (width, height) = (picture.width(), picture.height());
    let (short, long) = (width.min(height), width.max(height));
    let wrong = || LanguageModelError::Picture { width, height };
    if short < SHORTEST_SIDE || long > short.saturating_mul(MOST_LENGTHY) {
        return Err(wrong());
    }
    let (Ok(columns), Ok(rows)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(wrong());
    };
    let image = RgbImage::from_raw(columns, rows, picture.pixels().to_vec());
    image.map(DynamicImage::ImageRgb8).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Vec<Message> {
        vec![
            Message::system("Be brief.<|im_end|>"),
            Message::user("What is this?<image>"),
        ]
    }

    #[test]
    fn a_conversation_ends_with_the_user_and_holds_no_marker() {
        let markers = Markers::new(Vec::new());
        let cleaned = clean(conversation(), &markers).expect("a question");
        assert_eq!(cleaned[0].content, "Be brief. ");
        assert_eq!(cleaned[1].content, "What is this? ");
        for wrong in [vec![], vec![Message::user("a"), Message::assistant("b")]] {
            let error = clean(wrong, &markers).expect_err("no question");
            assert!(matches!(error, LanguageModelError::NoQuestion), "{error}");
        }
    }

    #[test]
    fn there_is_always_a_most_of_tokens() {
        let greedy = parameters(&Sampling::greedy(7)).expect("usable");
        assert_eq!((greedy.max_len, greedy.temperature), (Some(7), Some(0.0)));
        let mut sampling = Sampling::greedy(7);
        sampling.temperature = 0.5;
        let warm = parameters(&sampling).expect("usable");
        assert_eq!((warm.max_len, warm.temperature), (Some(7), Some(0.5)));
        for (tokens, temperature) in [(0, 0.0), (1, -1.0), (1, 2.5), (1, f32::NAN)] {
            sampling.maximum_tokens = tokens;
            sampling.temperature = temperature;
            assert!(parameters(&sampling).is_err(), "{tokens} {temperature}");
        }
    }

    #[test]
    fn a_schema_is_an_object() {
        let object = constraint(Some(Grammar::JsonSchema(json!({"type": "object"}))));
        let Ok(Constraint::JsonSchema(schema)) = object else {
            panic!("no schema");
        };
        assert_eq!(schema["x-guidance"]["whitespace_flexible"], false);
        assert!(constraint(Some(Grammar::JsonSchema(json!("object")))).is_err());
        assert!(matches!(constraint(None), Ok(Constraint::None)));
    }

    #[test]
    fn thinking_aloud_is_off() {
        let RequestMessage::Chat {
            messages,
            enable_thinking,
            ..
        } = of_texts(conversation())
        else {
            panic!("no conversation");
        };
        assert_eq!((messages.len(), enable_thinking), (2, Some(false)));
    }

    #[test]
    fn pictures_stand_before_the_text_of_the_last_message() {
        let pixels: Vec<u8> = (0..40 * 32 * 3).map(|place| (place % 251) as u8).collect();
        let picture = Rgb::new(40, 32, pixels).expect("a picture");
        let pictures = [picture.clone(), picture.clone()];
        let request = with_pictures(&conversation(), &pictures, &ModelCategory::Text);
        let RequestMessage::MultimodalChat {
            messages, images, ..
        } = request.expect("usable")
        else {
            panic!("no pictures");
        };
        assert_eq!((messages.len(), images.len()), (2, 2));
        assert_eq!(images[0].to_rgb8().as_raw(), picture.pixels());
        let content = serde_json::to_value(&messages[1]["content"]).expect("JSON");
        assert_eq!(content["Right"][1], json!({"type": "image"}));
        assert_eq!(content["Right"][2]["type"], "text");

        let none = with_pictures(&conversation(), &[], &ModelCategory::Text).expect("usable");
        assert!(matches!(none, RequestMessage::Chat { .. }));
        for (width, height) in [(31, 40), (3300, 32)] {
            let wrong = Rgb::new(width, height, vec![0; width * height * 3]).expect("pixels");
            let error = with_pictures(&conversation(), &[wrong], &ModelCategory::Text);
            assert!(matches!(error, Err(LanguageModelError::Picture { .. })));
        }
    }
}
