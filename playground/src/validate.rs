//! Checks of what the bot sends against Discord's documented limits, answered in Discord's form:
//! code 50035 with a nested `errors` object. It judges bodies alone, not permissions or state.
//!
//! Lengths count Unicode scalar values (`char`s), as Discord does for messages and embeds; a
//! character outside the basic plane is one, not two UTF-16 units. White space at the ends counts.

pub(crate) mod command;
pub(crate) mod component;
pub(crate) mod embed;
pub(crate) mod message;

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::errors::ApiError;

/// The problems found so far, nested by field as Discord nests them.
#[derive(Debug, Default)]
pub(crate) struct FormErrors {
    root: Map<String, Value>,
}

impl FormErrors {
    /// Adds a problem at a path such as `embeds/0/title`.
    pub(crate) fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        let mut here = &mut self.root;
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let entry = here.entry(segment).or_insert_with(|| json!({}));
            let Value::Object(next) = entry else { return };
            here = next;
        }
        let list = here.entry("_errors").or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!({ "code": code, "message": message.into() }));
        }
    }

    pub(crate) fn required(&mut self, path: &str) {
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// The error to answer with, if anything was wrong.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.root.is_empty() {
            Ok(())
        } else {
            Err(ApiError::invalid_form(self.root.into()))
        }
    }

    /// A length outside the allowed range.
    pub(crate) fn length(&mut self, path: &str, length: usize, allowed: &RangeInclusive<usize>) {
        if allowed.contains(&length) {
            return;
        }
        let (min, max) = (allowed.start(), allowed.end());
        if *min == 0 {
            let message = format!("Must be {max} or fewer in length.");
            self.add(path, "BASE_TYPE_MAX_LENGTH", message);
        } else {
            let message = format!("Must be between {min} and {max} in length.");
            self.add(path, "BASE_TYPE_BAD_LENGTH", message);
        }
    }
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
}

/// One JSON object of a body, with the path at which problems are reported.
#[derive(Clone, Debug)]
pub(crate) struct Form<'a> {
    pub(crate) object: &'a Map<String, Value>,
    pub(crate) path: String,
}

/// How Discord counts a text's length.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

impl<'a> Form<'a> {
    /// The body itself.
    pub(crate) fn body(value: &'a Value) -> Result<Self, ApiError> {
        match value {
            Value::Object(object) => Ok(Self {
                object,
                path: String::new(),
            }),
            _ => Err(ApiError::invalid_json()),
        }
    }

    /// The path of a field.
    pub(crate) fn at(&self, key: impl std::fmt::Display) -> String {
        if self.path.is_empty() {
            key.to_string()
        } else {
            format!("{}/{key}", self.path)
        }
    }

    /// The value of a field; `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// A text of an allowed length.
    pub(crate) fn text(
        &self,
        errors: &mut FormErrors,
        key: &str,
        allowed: RangeInclusive<usize>,
        need: Need,
    ) -> Option<&'a str> {
        let Some(value) = self.get(key) else {
            if need == Need::Required {
                errors.required(&self.at(key));
            }
            return None;
        };
        let Value::String(text) = value else {
            let message = format!("Could not interpret \"{value}\" as string.");
            errors.add(&self.at(key), "STRING_TYPE_CONVERT", message);
            return None;
        };
        if need == Need::Required && *allowed.start() > 0 && text.trim().is_empty() {
            errors.required(&self.at(key));
        } else {
            errors.length(&self.at(key), length(text), &allowed);
        }
        Some(text)
    }

    /// A whole number in a range.
    pub(crate) fn integer(
        &self,
        errors: &mut FormErrors,
        key: &str,
        allowed: RangeInclusive<i64>,
        need: Need,
    ) -> Option<i64> {
        let Some(value) = self.get(key) else {
            if need == Need::Required {
                errors.required(&self.at(key));
            }
            return None;
        };
        let Some(number) = value.as_i64() else {
            errors.add(
                &self.at(key),
                "NUMBER_TYPE_COERCE",
                format!("Value {value} is not int."),
            );
            return None;
        };
        if number > *allowed.end() {
            let message = format!(
                "int value should be less than or equal to {}.",
                allowed.end()
            );
            errors.add(&self.at(key), "NUMBER_TYPE_MAX", message);
        } else if number < *allowed.start() {
            let message = format!(
                "int value should be greater than or equal to {}.",
                allowed.start()
            );
            errors.add(&self.at(key), "NUMBER_TYPE_MIN", message);
        }
        Some(number)
    }

    /// A truth value.
    pub(crate) fn boolean(&self, errors: &mut FormErrors, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        let truth = value.as_bool();
        if truth.is_none() {
            errors.add(
                &self.at(key),
                "BOOLEAN_TYPE_CONVERT",
                "Must be either true or false.",
            );
        }
        truth
    }

    /// A list with an allowed number of items.
    pub(crate) fn list(
        &self,
        errors: &mut FormErrors,
        key: &str,
        allowed: RangeInclusive<usize>,
        need: Need,
    ) -> Option<&'a [Value]> {
        let Some(value) = self.get(key) else {
            if need == Need::Required {
                errors.required(&self.at(key));
            }
            return None;
        };
        let Value::Array(list) = value else {
            let message = "Only iterables may be used in a ListType";
            errors.add(&self.at(key), "LIST_TYPE_CONVERT", message);
            return None;
        };
        errors.length(&self.at(key), list.len(), &allowed);
        Some(list)
    }

    /// The objects of a list.
    pub(crate) fn objects(
        &self,
        errors: &mut FormErrors,
        key: &str,
        allowed: RangeInclusive<usize>,
        need: Need,
    ) -> Vec<Form<'a>> {
        let list = self.list(errors, key, allowed, need).unwrap_or_default();
        let path = self.at(key);
        forms(errors, list, &path)
    }

    /// A nested object.
    pub(crate) fn nested(&self, errors: &mut FormErrors, key: &str) -> Option<Form<'a>> {
        let value = self.get(key)?;
        form(errors, value, self.at(key))
    }
}

/// The objects of a list at a path.
pub(crate) fn forms<'a>(errors: &mut FormErrors, list: &'a [Value], path: &str) -> Vec<Form<'a>> {
    list.iter()
        .enumerate()
        .filter_map(|(index, value)| form(errors, value, format!("{path}/{index}")))
        .collect()
}

fn form<'a>(errors: &mut FormErrors, value: &'a Value, path: String) -> Option<Form<'a>> {
    match value {
        Value::Object(object) => Some(Form { object, path }),
        _ => {
            let message = "Only dictionaries may be used in a ModelType";
            errors.add(&path, "MODEL_TYPE_CONVERT", message);
            None
        }
    }
}

/// A link that the client would open.
pub(crate) fn web_address(errors: &mut FormErrors, path: &str, address: &str, schemes: &[&str]) {
    let known = schemes.iter().any(|scheme| {
        address.strip_prefix(scheme).is_some_and(|rest| {
            rest.starts_with("://") && rest.len() > 3 && !address.contains(char::is_whitespace)
        })
    });
    if !known {
        let message = format!("Scheme must be one of ({}).", schemes.join(", "));
        errors.add(path, "URL_TYPE_INVALID_SCHEME", message);
    } else if length(address) > 2_048 {
        errors.add(
            path,
            "BASE_TYPE_MAX_LENGTH",
            "Must be 2048 or fewer in length.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_nest_by_field() {
        let mut errors = FormErrors::default();
        errors.required("embeds/0/fields/1/name");
        let error = errors.into_result().expect_err("one problem was added");
        let nested = error.errors.expect("a form error has details");
        let first = &nested["embeds"]["0"]["fields"]["1"]["name"]["_errors"][0];
        assert_eq!(first["code"], "BASE_TYPE_REQUIRED");
    }

    #[test]
    fn lengths_count_characters() {
        let body = json!({ "content": "\u{1F9E0}".repeat(2_000) });
        let form = Form::body(&body).expect("it is an object");
        let mut errors = FormErrors::default();
        form.text(&mut errors, "content", 0..=2_000, Need::Optional);
        errors
            .into_result()
            .expect("2,000 brains are 2,000 characters");
    }
}
