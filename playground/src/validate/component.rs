//! Limits of components: rows, buttons, select menus, and the text inputs of modals. Components V2
//! are not implemented, which the server says with a 501.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Form, FormErrors, Need, forms, web_address};

const ACTION_ROW: i64 = 1;
const BUTTON: i64 = 2;
const STRING_SELECT: i64 = 3;
const TEXT_INPUT: i64 = 4;
const LINK_STYLE: i64 = 5;

/// Checks the components of a message.
pub(crate) fn check_message(errors: &mut FormErrors, components: &[Value]) {
    let mut seen = BTreeSet::new();
    for row in forms(errors, components, "components") {
        if !is_row(errors, &row) {
            continue;
        }
        let children = row.objects(errors, "components", 1..=5, Need::Required);
        let kinds: Vec<Option<i64>> = children
            .iter()
            .map(|child| child.get("type").and_then(Value::as_i64))
            .collect();
        let selects = kinds
            .iter()
            .flatten()
            .filter(|kind| (3..=8).contains(*kind))
            .count();
        if selects > 0 && children.len() > 1 {
            let message = "The specified component exceeds the maximum width";
            errors.add(
                &row.at("components"),
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                message,
            );
        }
        for (child, kind) in children.iter().zip(kinds) {
            match kind {
                Some(BUTTON) => check_button(errors, child, &mut seen),
                Some(STRING_SELECT | 5..=8) => check_select(errors, child, kind, &mut seen),
                _ => unknown_kind(errors, child, "(2, 3, 5, 6, 7, 8)"),
            }
        }
    }
}

/// Checks the data of a modal (callback type 9).
pub(crate) fn check_modal(errors: &mut FormErrors, modal: &Form<'_>) {
    let mut seen = BTreeSet::new();
    modal.text(errors, "title", 1..=45, Need::Required);
    modal.text(errors, "custom_id", 1..=100, Need::Required);
    for row in modal.objects(errors, "components", 1..=5, Need::Required) {
        if !is_row(errors, &row) {
            continue;
        }
        for input in row.objects(errors, "components", 1..=1, Need::Required) {
            if input.get("type").and_then(Value::as_i64) == Some(TEXT_INPUT) {
                check_input(errors, &input, &mut seen);
            } else {
                unknown_kind(errors, &input, "(4,)");
            }
        }
    }
}

fn is_row(errors: &mut FormErrors, row: &Form<'_>) -> bool {
    let is_row = row.get("type").and_then(Value::as_i64) == Some(ACTION_ROW);
    if !is_row {
        unknown_kind(errors, row, "(1,)");
    }
    is_row
}

fn unknown_kind(errors: &mut FormErrors, form: &Form<'_>, allowed: &str) {
    let message = format!("Value of field \"type\" must be one of {allowed}.");
    errors.add(&form.at("type"), "UNION_TYPE_CHOICES", message);
}

fn check_id(errors: &mut FormErrors, form: &Form<'_>, seen: &mut BTreeSet<String>) {
    if let Some(id) = form.text(errors, "custom_id", 1..=100, Need::Required)
        && !seen.insert(id.to_owned())
    {
        let message = "Component custom id cannot be duplicated";
        errors.add(
            &form.at("custom_id"),
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            message,
        );
    }
}

fn check_button(errors: &mut FormErrors, button: &Form<'_>, seen: &mut BTreeSet<String>) {
    let label = button
        .text(errors, "label", 0..=80, Need::Optional)
        .unwrap_or_default();
    if label.is_empty() && button.get("emoji").is_none() {
        errors.add(
            &button.at("label"),
            "BUTTON_COMPONENT_EMPTY",
            "A label or emoji is required",
        );
    }
    button.boolean(errors, "disabled");
    let style = button.integer(errors, "style", 1..=LINK_STYLE, Need::Required);
    if style == Some(LINK_STYLE) {
        if button.get("custom_id").is_some() {
            let message = "A custom id and url cannot both be specified";
            errors.add(
                &button.at("custom_id"),
                "BUTTON_COMPONENT_CUSTOM_ID_URL",
                message,
            );
        }
        if let Some(url) = button.text(errors, "url", 1..=512, Need::Required) {
            web_address(
                errors,
                &button.at("url"),
                url,
                &["http", "https", "discord"],
            );
        }
        return;
    }
    if button.get("url").is_some() {
        let message = "A url button must have the link style";
        errors.add(&button.at("url"), "BUTTON_COMPONENT_CUSTOM_ID_URL", message);
    }
    check_id(errors, button, seen);
}

fn check_select(
    errors: &mut FormErrors,
    select: &Form<'_>,
    kind: Option<i64>,
    seen: &mut BTreeSet<String>,
) {
    check_id(errors, select, seen);
    select.text(errors, "placeholder", 0..=150, Need::Optional);
    select.boolean(errors, "disabled");
    let min = select
        .integer(errors, "min_values", 0..=25, Need::Optional)
        .unwrap_or(1);
    let max = select
        .integer(errors, "max_values", 1..=25, Need::Optional)
        .unwrap_or(1);
    if min > max {
        let message = "min_values must not be greater than max_values";
        errors.add(
            &select.at("min_values"),
            "SELECT_COMPONENT_MIN_VALUES",
            message,
        );
    }
    if kind != Some(STRING_SELECT) {
        return;
    }
    let options = select.objects(errors, "options", 1..=25, Need::Required);
    let mut values = BTreeSet::new();
    let mut defaults = 0;
    for option in &options {
        option.text(errors, "label", 1..=100, Need::Required);
        option.text(errors, "description", 0..=100, Need::Optional);
        defaults += i64::from(option.boolean(errors, "default") == Some(true));
        if let Some(value) = option.text(errors, "value", 1..=100, Need::Required)
            && !values.insert(value)
        {
            let message = "The specified option value is already used";
            errors.add(
                &option.at("value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                message,
            );
        }
    }
    let count = i64::try_from(options.len()).unwrap_or(i64::MAX);
    if max > count || min > count || defaults > max {
        let message = format!("{min} to {max} values with {count} options, {defaults} of them set");
        errors.add(
            &select.at("max_values"),
            "SELECT_COMPONENT_MAX_VALUES",
            message,
        );
    }
}

fn check_input(errors: &mut FormErrors, input: &Form<'_>, seen: &mut BTreeSet<String>) {
    check_id(errors, input, seen);
    input.integer(errors, "style", 1..=2, Need::Required);
    input.text(errors, "label", 1..=45, Need::Required);
    input.text(errors, "placeholder", 0..=100, Need::Optional);
    input.boolean(errors, "required");
    let min = input
        .integer(errors, "min_length", 0..=4_000, Need::Optional)
        .unwrap_or(0);
    let max = input
        .integer(errors, "max_length", 1..=4_000, Need::Optional)
        .unwrap_or(4_000);
    if min > max {
        let message = "min_length must not be greater than max_length";
        errors.add(
            &input.at("min_length"),
            "TEXT_INPUT_COMPONENT_MIN_LENGTH",
            message,
        );
    }
    let most = usize::try_from(max).unwrap_or(4_000);
    input.text(errors, "value", 0..=most, Need::Optional);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(components: &Value) -> Value {
        let mut errors = FormErrors::default();
        check_message(&mut errors, components.as_array().expect("a list"));
        errors
            .into_result()
            .err()
            .and_then(|error| error.errors)
            .unwrap_or_default()
    }

    fn button(id: &str) -> Value {
        json!({ "type": 2, "style": 1, "label": "Next", "custom_id": id })
    }

    fn row(children: &[Value]) -> Value {
        json!({ "type": 1, "components": children })
    }

    #[test]
    fn rows_of_buttons() {
        let five: Vec<Value> = (0..5).map(|n| button(&n.to_string())).collect();
        assert_eq!(problems(&json!([row(&five)])), Value::Null);
        let six: Vec<Value> = (0..6).map(|n| button(&n.to_string())).collect();
        assert!(!problems(&json!([row(&six)]))["components"]["0"]["components"].is_null());
        assert!(!problems(&json!([row(&[])])).is_null());
        assert!(!problems(&json!([button("bare")])).is_null());
    }

    #[test]
    fn custom_ids_are_unique_over_the_message() {
        let found = problems(&json!([row(&[button("a")]), row(&[button("a")])]));
        let at = &found["components"]["1"]["components"]["0"]["custom_id"]["_errors"][0];
        assert_eq!(at["code"], "COMPONENT_CUSTOM_ID_DUPLICATED");
    }

    #[test]
    fn buttons_have_limits() {
        for wrong in [
            json!({ "type": 2, "style": 1, "label": "x".repeat(81), "custom_id": "a" }),
            json!({ "type": 2, "style": 1, "label": "x", "custom_id": "a".repeat(101) }),
            json!({ "type": 2, "style": 1, "label": "x", "custom_id": "" }),
            json!({ "type": 2, "style": 1, "custom_id": "a" }),
            json!({ "type": 2, "style": 5, "label": "x" }),
            json!({ "type": 2, "style": 5, "label": "x", "url": "javascript:1" }),
            json!({ "type": 2, "style": 1, "label": "x", "custom_id": "a", "url": "https://x.y" }),
            json!({ "type": 2, "style": 9, "label": "x", "custom_id": "a" }),
        ] {
            assert!(
                !problems(&json!([row(std::slice::from_ref(&wrong))])).is_null(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn selects_stand_alone_and_have_options() {
        let option = |n: usize| json!({ "label": "l", "value": n.to_string() });
        let select = |count: usize| {
            let options: Vec<Value> = (0..count).map(option).collect();
            json!({ "type": 3, "custom_id": "s", "options": options })
        };
        assert_eq!(problems(&json!([row(&[select(25)])])), Value::Null);
        assert!(!problems(&json!([row(&[select(26)])])).is_null());
        assert!(!problems(&json!([row(&[select(0)])])).is_null());
        assert!(!problems(&json!([row(&[select(2), button("b")])])).is_null());
    }

    #[test]
    fn modals_have_one_input_a_row() {
        let input = json!({ "type": 4, "custom_id": "i", "style": 1, "label": "Why?" });
        let modal = |rows: usize, title: &str| {
            let rows: Vec<Value> = (0..rows)
                .map(|n| {
                    let mut input = input.clone();
                    input["custom_id"] = json!(n.to_string());
                    row(&[input])
                })
                .collect();
            let value = json!({ "title": title, "custom_id": "m", "components": rows });
            let mut errors = FormErrors::default();
            check_modal(&mut errors, &Form::body(&value).expect("an object"));
            errors.into_result().is_ok()
        };
        assert!(modal(5, "A title"));
        assert!(!modal(6, "A title"));
        assert!(!modal(0, "A title"));
        assert!(!modal(1, &"t".repeat(46)));
    }
}
