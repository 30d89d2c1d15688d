//! Limits of embeds: each part, all of them together, and links that a client could open.

use std::collections::BTreeSet;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Form, FormErrors, Need, forms, length, web_address};

/// Characters over all embeds of a message.
const TOTAL: usize = 6_000;

/// Checks a list of embeds. `files` are the names that `attachment://` may refer to.
pub(crate) fn check(errors: &mut FormErrors, embeds: &[Value], files: &BTreeSet<String>) {
    let mut total = 0;
    for embed in forms(errors, embeds, "embeds") {
        total += check_one(errors, &embed, files);
    }
    if total > TOTAL {
        let message = format!("Embed size exceeds maximum size of {TOTAL}");
        errors.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", message);
    }
}

/// Checks one embed and returns how many characters it adds to the total.
fn check_one(errors: &mut FormErrors, embed: &Form<'_>, files: &BTreeSet<String>) -> usize {
    let mut texts = vec![
        embed.text(errors, "title", 0..=256, Need::Optional),
        embed.text(errors, "description", 0..=4_096, Need::Optional),
    ];
    for field in embed.objects(errors, "fields", 0..=25, Need::Optional) {
        texts.push(field.text(errors, "name", 1..=256, Need::Required));
        texts.push(field.text(errors, "value", 1..=1_024, Need::Required));
        field.boolean(errors, "inline");
    }
    if let Some(footer) = embed.nested(errors, "footer") {
        texts.push(footer.text(errors, "text", 0..=2_048, Need::Required));
        picture(errors, &footer, "icon_url", files);
    }
    if let Some(author) = embed.nested(errors, "author") {
        texts.push(author.text(errors, "name", 1..=256, Need::Required));
        link(errors, &author, "url");
        picture(errors, &author, "icon_url", files);
    }
    for key in ["image", "thumbnail"] {
        if let Some(media) = embed.nested(errors, key) {
            if media.get("url").is_none() {
                errors.required(&media.at("url"));
            }
            picture(errors, &media, "url", files);
        }
    }
    link(errors, embed, "url");
    embed.integer(errors, "color", 0..=0xFF_FFFF, Need::Optional);
    check_timestamp(errors, embed);
    let parts = [
        "title",
        "description",
        "fields",
        "footer",
        "author",
        "image",
        "thumbnail",
    ];
    if parts.iter().all(|part| is_blank(embed.get(part))) {
        errors.required(&embed.at("description"));
    }
    texts.into_iter().flatten().map(length).sum()
}

fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    }
}

fn link(errors: &mut FormErrors, form: &Form<'_>, key: &str) {
    if let Some(address) = form.text(errors, key, 0..=2_048, Need::Optional)
        && !address.is_empty()
    {
        web_address(
            errors,
            &form.at(key),
            address,
            &["http", "https", "discord"],
        );
    }
}

fn picture(errors: &mut FormErrors, form: &Form<'_>, key: &str, files: &BTreeSet<String>) {
    let Some(address) = form.text(errors, key, 0..=2_048, Need::Optional) else {
        return;
    };
    if let Some(name) = address.strip_prefix("attachment://") {
        if !files.contains(name) {
            let message = format!("No attachment named {name:?} on this message.");
            errors.add(&form.at(key), "ATTACHMENT_NOT_FOUND", message);
        }
    } else {
        web_address(errors, &form.at(key), address, &["http", "https"]);
    }
}

fn check_timestamp(errors: &mut FormErrors, embed: &Form<'_>) {
    if let Some(text) = embed.text(errors, "timestamp", 0..=64, Need::Optional)
        && OffsetDateTime::parse(text, &Rfc3339).is_err()
    {
        let message = format!("Could not parse {text:?}. Should be ISO8601.");
        errors.add(&embed.at("timestamp"), "DATE_TIME_TYPE_PARSE", message);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(embeds: &Value) -> Option<Value> {
        let mut errors = FormErrors::default();
        let files = BTreeSet::from(["a.png".to_owned()]);
        check(&mut errors, embeds.as_array().expect("a list"), &files);
        errors.into_result().err().and_then(|error| error.errors)
    }

    #[test]
    fn parts_at_their_limits_pass_and_one_more_fails() {
        let at_limit = json!([{
            "title": "t".repeat(256),
            "description": "d".repeat(2_000),
            "footer": { "text": "f".repeat(2_048) },
            "author": { "name": "a".repeat(256) },
            "fields": [{ "name": "n".repeat(256), "value": "v".repeat(1_024) }],
            "image": { "url": "attachment://a.png" },
        }]);
        assert_eq!(problems(&at_limit), None);
        for (key, part) in [
            ("title", json!("t".repeat(257))),
            ("description", json!("d".repeat(4_097))),
            ("footer", json!({ "text": "f".repeat(2_049) })),
            ("author", json!({ "name": "a".repeat(257) })),
            ("fields", json!([{ "name": "n".repeat(257), "value": "v" }])),
            (
                "fields",
                json!([{ "name": "n", "value": "v".repeat(1_025) }]),
            ),
            ("fields", json!([{ "name": " ", "value": "v" }])),
            (
                "fields",
                json!(vec![json!({ "name": "n", "value": "v" }); 26]),
            ),
            ("color", json!(0x100_0000)),
            ("url", json!("javascript:alert(1)")),
            ("timestamp", json!("yesterday")),
            ("image", json!({ "url": "attachment://b.png" })),
        ] {
            let mut embed = json!({ "title": "t" });
            embed[key] = part;
            let found = problems(&json!([embed])).unwrap_or_default();
            assert!(!found["embeds"]["0"][key].is_null(), "{key}: {found}");
        }
    }

    #[test]
    fn all_embeds_together_have_a_limit() {
        let embed = json!({ "description": "d".repeat(3_000) });
        assert_eq!(problems(&json!([embed, embed])), None);
        let found = problems(&json!([embed, embed, { "title": "x" }])).unwrap_or_default();
        assert_eq!(
            found["embeds"]["_errors"][0]["code"],
            "MAX_EMBED_SIZE_EXCEEDED"
        );
    }

    #[test]
    fn an_empty_embed_is_refused() {
        let found = problems(&json!([{ "color": 3 }])).unwrap_or_default();
        assert_eq!(
            found["embeds"]["0"]["description"]["_errors"][0]["code"],
            "BASE_TYPE_REQUIRED"
        );
    }
}
