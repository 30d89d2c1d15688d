//! Checks a message body and turns it into a [`Draft`]: what the message is to become, with the
//! rules for attachments (which are kept, which are new) worked out.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Form, FormErrors, Need, component, embed, length};
use crate::attachments::{UploadedFile, safe_filename};
use crate::errors::ApiError;
use crate::snowflake::{Snowflake, from_json};

const COMPONENTS_V2: u64 = 1 << 15;
/// Longest nonce, in characters.
const NONCE_LENGTH: usize = 25;

/// Whether a message is made or changed. On a change, absent fields stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Create,
    Edit,
}

/// An attachment of the finished message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    /// One that the message has already; the description replaces the old one if given.
    Kept {
        id: Snowflake,
        description: Option<String>,
    },
    /// The file at this position of the upload list.
    New {
        position: usize,
        filename: String,
        description: Option<String>,
    },
}

/// A checked body. `None` means that the field was absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) attachments: Option<Vec<Planned>>,
    pub(crate) flags: Option<u64>,
    pub(crate) tts: bool,
    /// A text or a whole number; of new messages alone.
    pub(crate) nonce: Option<Value>,
    pub(crate) enforce_nonce: bool,
    pub(crate) reference: Option<Snowflake>,
    pub(crate) allowed_mentions: Option<Value>,
}

impl Draft {
    /// Whether a new message made of this would have nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        let none = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
        self.content
            .as_ref()
            .is_none_or(|content| content.trim().is_empty())
            && none(&self.embeds)
            && none(&self.components)
            && self.attachments.as_ref().is_none_or(Vec::is_empty)
    }
}

/// Checks a body. `existing` are the attachments (id and file name) the message has before.
pub(crate) fn draft(
    form: &Form<'_>,
    files: &[UploadedFile],
    existing: &[(Snowflake, String)],
    mode: Mode,
    size_limit: u64,
) -> Result<Draft, ApiError> {
    if files
        .iter()
        .any(|file| file.bytes.len() as u64 > size_limit)
    {
        return Err(ApiError::too_large());
    }
    for (key, what) in [("poll", "polls"), ("sticker_ids", "stickers")] {
        if form
            .get(key)
            .is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()))
        {
            return Err(ApiError::not_implemented(what));
        }
    }
    let mut errors = FormErrors::default();
    let flags = form.integer(&mut errors, "flags", 0..=i64::MAX, Need::Optional);
    let flags = flags.and_then(|flags| u64::try_from(flags).ok());
    if flags.is_some_and(|flags| flags & COMPONENTS_V2 != 0) {
        return Err(ApiError::not_implemented("Components V2 (flag 32768)"));
    }
    let attachments = plan(&mut errors, form, files, existing, mode);
    let names = names_after(attachments.as_deref(), files, existing);
    let content = form.text(&mut errors, "content", 0..=2_000, Need::Optional);
    let embeds = form.list(&mut errors, "embeds", 0..=10, Need::Optional);
    embed::check(&mut errors, embeds.unwrap_or_default(), &names);
    let components = form.list(&mut errors, "components", 0..=5, Need::Optional);
    component::check_message(&mut errors, components.unwrap_or_default());
    check_mentions(&mut errors, form);
    let tts = form.boolean(&mut errors, "tts") == Some(true);
    let nonce = nonce(&mut errors, form).filter(|_| mode == Mode::Create);
    let enforce_nonce = form.boolean(&mut errors, "enforce_nonce") == Some(true);
    let reference = form.nested(&mut errors, "message_reference");
    let reference = reference.and_then(|form| form.get("message_id").and_then(from_json));
    errors.into_result()?;
    // `null` empties a field, which only `get` hides.
    let given = |key: &str| form.object.contains_key(key);
    Ok(Draft {
        content: given("content").then(|| content.unwrap_or_default().to_owned()),
        embeds: given("embeds").then(|| embeds.unwrap_or_default().to_vec()),
        components: given("components").then(|| components.unwrap_or_default().to_vec()),
        attachments,
        flags,
        tts,
        nonce,
        enforce_nonce,
        reference,
        allowed_mentions: form.get("allowed_mentions").cloned(),
    })
}

/// The nonce: a text or a whole number of an allowed length.
fn nonce(errors: &mut FormErrors, form: &Form<'_>) -> Option<Value> {
    let value = form.get("nonce")?;
    match nonce_text(value) {
        Some(text) => errors.length(&form.at("nonce"), length(&text), &(0..=NONCE_LENGTH)),
        None => {
            let message = format!("Could not interpret \"{value}\" as string.");
            errors.add(&form.at("nonce"), "STRING_TYPE_CONVERT", message);
        }
    }
    Some(value.clone())
}

/// A nonce as a text, so that 1 and "1" are the same. `None` if it is none.
pub(crate) fn nonce_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// Works out the attachments after the operation. On an edit a given list replaces the old one:
/// those not named are gone. Files that a given list does not name are not attached on an edit,
/// but are on a new message, where the list only adds names and descriptions.
fn plan(
    errors: &mut FormErrors,
    form: &Form<'_>,
    files: &[UploadedFile],
    existing: &[(Snowflake, String)],
    mode: Mode,
) -> Option<Vec<Planned>> {
    let listed = form.object.contains_key("attachments");
    if !listed && files.is_empty() {
        return None;
    }
    let mut plan = Vec::new();
    let mut used = BTreeSet::new();
    if !listed {
        let kept = existing.iter().map(|(id, _)| Planned::Kept {
            id: *id,
            description: None,
        });
        plan.extend(kept);
    }
    for item in form.objects(errors, "attachments", 0..=10, Need::Optional) {
        let description = item.text(errors, "description", 0..=1_024, Need::Optional);
        let description = description.map(str::to_owned);
        let filename = item.text(errors, "filename", 0..=260, Need::Optional);
        let Some(id) = item.get("id").and_then(from_json) else {
            errors.required(&item.at("id"));
            continue;
        };
        let uploaded = files.iter().position(|file| file.index == Some(id.get()));
        if let Some(position) = uploaded {
            let filename = filename.map_or_else(|| files[position].filename.clone(), safe_filename);
            if used.insert(position) {
                plan.push(Planned::New {
                    position,
                    filename,
                    description,
                });
            }
        } else if existing.iter().any(|(known, _)| *known == id) {
            plan.push(Planned::Kept { id, description });
        } else {
            let message = format!("There is neither a file nor an attachment with id {id}.");
            errors.add(&item.at("id"), "ATTACHMENT_NOT_FOUND", message);
        }
    }
    if !listed || mode == Mode::Create {
        for (position, file) in files.iter().enumerate() {
            if used.insert(position) {
                let filename = file.filename.clone();
                plan.push(Planned::New {
                    position,
                    filename,
                    description: None,
                });
            }
        }
    }
    errors.length("attachments", plan.len(), &(0..=10));
    Some(plan)
}

fn names_after(
    plan: Option<&[Planned]>,
    files: &[UploadedFile],
    existing: &[(Snowflake, String)],
) -> BTreeSet<String> {
    let old = |id: Snowflake| existing.iter().find(|(known, _)| *known == id);
    match plan {
        None => existing.iter().map(|(_, name)| name.clone()).collect(),
        Some(plan) => plan
            .iter()
            .filter_map(|planned| match planned {
                Planned::Kept { id, .. } => old(*id).map(|(_, name)| name.clone()),
                Planned::New {
                    position, filename, ..
                } => files.get(*position).map(|_| filename.clone()),
            })
            .collect(),
    }
}

fn check_mentions(errors: &mut FormErrors, form: &Form<'_>) {
    let Some(allowed) = form.nested(errors, "allowed_mentions") else {
        return;
    };
    let parse = allowed
        .list(errors, "parse", 0..=3, Need::Optional)
        .unwrap_or_default();
    for (index, value) in parse.iter().enumerate() {
        if !matches!(value.as_str(), Some("roles" | "users" | "everyone")) {
            let message = "Value must be one of ('roles', 'users', 'everyone').";
            errors.add(
                &allowed.at(format!("parse/{index}")),
                "BASE_TYPE_CHOICES",
                message,
            );
        }
    }
    for key in ["users", "roles"] {
        let ids = allowed
            .list(errors, key, 0..=100, Need::Optional)
            .unwrap_or_default();
        let parsed = parse.iter().any(|value| value.as_str() == Some(key));
        if parsed && !ids.is_empty() {
            let code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE";
            let message = format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive.");
            errors.add(&allowed.at(key), code, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn file(index: u64, name: &str) -> UploadedFile {
        UploadedFile::new(Some(index), name, Bytes::from_static(b"text"))
    }

    fn check(body: &Value, files: &[UploadedFile], mode: Mode) -> Result<Draft, ApiError> {
        let existing = [(Snowflake::new(7_000), "old.png".to_owned())];
        let existing = if mode == Mode::Edit {
            &existing[..]
        } else {
            &[]
        };
        draft(&Form::body(body)?, files, existing, mode, 10)
    }

    #[test]
    fn content_ends_at_2000() {
        assert!(check(&json!({ "content": "x".repeat(2_000) }), &[], Mode::Create).is_ok());
        let error = check(&json!({ "content": "x".repeat(2_001) }), &[], Mode::Create);
        let error = error.expect_err("one too many");
        assert_eq!(error.code, 50_035);
        let details = error.errors.unwrap_or_default();
        assert_eq!(
            details["content"]["_errors"][0]["code"],
            "BASE_TYPE_MAX_LENGTH"
        );
    }

    #[test]
    fn a_given_list_replaces_the_attachments() {
        let files = [file(0, "new.txt")];
        let kept = check(&json!({}), &files, Mode::Edit).expect("files are appended");
        assert_eq!(kept.attachments.map(|plan| plan.len()), Some(2));
        let body = json!({ "attachments": [{ "id": 0, "description": "alt" }] });
        let replaced = check(&body, &files, Mode::Edit).expect("the file is named");
        let new = Planned::New {
            position: 0,
            filename: "new.txt".to_owned(),
            description: Some("alt".to_owned()),
        };
        assert_eq!(replaced.attachments, Some(vec![new]));
        let emptied = check(&json!({ "attachments": [] }), &[], Mode::Edit).expect("allowed");
        assert_eq!(emptied.attachments, Some(vec![]));
        assert!(
            check(&json!({}), &[], Mode::Edit)
                .expect("allowed")
                .attachments
                .is_none()
        );
    }

    #[test]
    fn unknown_attachments_and_references_are_refused() {
        let body = json!({ "attachments": [{ "id": 5 }] });
        assert!(check(&body, &[], Mode::Create).is_err());
        let body = json!({ "embeds": [{ "image": { "url": "attachment://new.txt" } }] });
        assert!(check(&body, &[file(0, "new.txt")], Mode::Create).is_ok());
        assert!(check(&body, &[file(0, "other.txt")], Mode::Create).is_err());
        let kept = json!({ "embeds": [{ "image": { "url": "attachment://old.png" } }] });
        assert!(check(&kept, &[], Mode::Edit).is_ok());
        let dropped = json!({
            "embeds": [{ "image": { "url": "attachment://old.png" } }],
            "attachments": [],
        });
        assert!(check(&dropped, &[], Mode::Edit).is_err());
    }

    #[test]
    fn files_have_limits() {
        let eleven: Vec<UploadedFile> = (0..11).map(|n| file(n, "a.txt")).collect();
        assert!(check(&json!({}), &eleven[..10], Mode::Create).is_ok());
        assert!(check(&json!({}), &eleven, Mode::Create).is_err());
        let large = UploadedFile::new(Some(0), "a.txt", Bytes::from(vec![b'x'; 11]));
        let error = check(&json!({}), &[large], Mode::Create).expect_err("11 bytes of 10");
        assert_eq!(error.code, 40_005);
        let alt = json!({ "attachments": [{ "id": 0, "description": "x".repeat(1_025) }] });
        assert!(check(&alt, &eleven[..1], Mode::Create).is_err());
    }

    #[test]
    fn mentions_are_not_given_twice() {
        let body =
            json!({ "content": "x", "allowed_mentions": { "parse": ["users"], "users": ["1"] } });
        assert!(check(&body, &[], Mode::Create).is_err());
        let body = json!({ "content": "x", "allowed_mentions": { "parse": [] } });
        assert!(check(&body, &[], Mode::Create).is_ok());
    }

    #[test]
    fn nonces_are_short_texts_or_whole_numbers() {
        for good in [json!("x".repeat(25)), json!(u64::MAX), json!(-7)] {
            let body = json!({ "content": "x", "nonce": good });
            let draft = check(&body, &[], Mode::Create).expect("allowed");
            assert_eq!(draft.nonce.as_ref(), Some(&body["nonce"]));
        }
        for bad in [json!("x".repeat(26)), json!(1.5), json!(true)] {
            let error = check(&json!({ "content": "x", "nonce": bad }), &[], Mode::Create);
            let error = error.expect_err("no nonce");
            assert_eq!(error.code, 50_035);
            assert!(!error.errors.unwrap_or_default()["nonce"].is_null());
        }
    }

    #[test]
    fn components_v2_are_said_to_be_missing() {
        let error = check(&json!({ "flags": 32_768 }), &[], Mode::Create).expect_err("missing");
        assert_eq!(error.status.as_u16(), 501);
    }
}
