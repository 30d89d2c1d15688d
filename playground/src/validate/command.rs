//! Limits of command registration: names, descriptions, options and their order, choices.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Form, FormErrors, Need, length};

/// The kinds of commands.
pub(crate) const SLASH: i64 = 1;
const SUB_COMMAND: i64 = 1;
const SUB_COMMAND_GROUP: i64 = 2;
const STRING: i64 = 3;
const INTEGER: i64 = 4;
const NUMBER: i64 = 10;

/// Checks one command as registered by POST, PATCH or as an item of PUT.
pub(crate) fn check(errors: &mut FormErrors, command: &Form<'_>) {
    let kind = command
        .integer(errors, "type", 1..=3, Need::Optional)
        .unwrap_or(SLASH);
    if kind == SLASH {
        check_name(errors, command);
        command.text(errors, "description", 1..=100, Need::Required);
        check_options(errors, command, 0);
        let total = total_length(command);
        if total > 8_000 {
            let message = "Command exceeds maximum size (8000)";
            errors.add(&command.path, "APPLICATION_COMMAND_TOO_LARGE", message);
        }
    } else {
        command.text(errors, "name", 1..=32, Need::Required);
        for key in ["description", "options"] {
            let empty = match command.get(key) {
                None => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(list)) => list.is_empty(),
                Some(_) => false,
            };
            if !empty {
                let code = "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_CANNOT_BE_SET";
                let message = format!("Context menu commands cannot have {key}");
                errors.add(&command.at(key), code, message);
            }
        }
    }
    check_localizations(errors, command, 32);
    command.boolean(errors, "nsfw");
    command.boolean(errors, "dm_permission");
    if let Some(bits) = command.get("default_member_permissions") {
        let number = bits.as_str().map(|text| text.parse::<u64>().is_ok());
        if !number.unwrap_or_else(|| bits.is_u64()) {
            let message = "Must be a permission bit set";
            errors.add(
                &command.at("default_member_permissions"),
                "NUMBER_TYPE_COERCE",
                message,
            );
        }
    }
}

/// Checks a whole list for PUT: the number of each kind and unique names.
pub(crate) fn check_all(errors: &mut FormErrors, commands: &[Form<'_>]) {
    let mut seen = BTreeSet::new();
    let mut counts = [0_usize; 4];
    for command in commands {
        check(errors, command);
        let kind = command.get("type").and_then(Value::as_i64).unwrap_or(SLASH);
        let name = command
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !seen.insert((kind, name)) {
            let message = "Application command names must be unique";
            errors.add(
                &command.at("name"),
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                message,
            );
        }
        if let Ok(slot) = usize::try_from(kind)
            && let Some(count) = counts.get_mut(slot)
        {
            *count += 1;
        }
    }
    for (kind, most) in [(1, 100), (2, 15), (3, 15)] {
        if counts[kind] > most {
            let message = format!("At most {most} commands of type {kind} are allowed.");
            errors.add("", "MAX_APPLICATION_COMMANDS", message);
        }
    }
}

/// The documented pattern `^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$`, and lower case where
/// the letter has one.
fn is_command_name(name: &str) -> bool {
    let allowed = |c: char| {
        c.is_alphanumeric()
            || "-_'".contains(c)
            || ('\u{900}'..='\u{97F}').contains(&c)
            || ('\u{E00}'..='\u{E7F}').contains(&c)
    };
    (1..=32).contains(&length(name))
        && name.chars().all(allowed)
        && name.chars().flat_map(char::to_lowercase).eq(name.chars())
}

fn check_name(errors: &mut FormErrors, form: &Form<'_>) {
    if let Some(name) = form.text(errors, "name", 1..=32, Need::Required)
        && !is_command_name(name)
    {
        let message = "Command name is invalid";
        errors.add(
            &form.at("name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            message,
        );
    }
}

fn check_localizations(errors: &mut FormErrors, form: &Form<'_>, name_length: usize) {
    for (key, most) in [
        ("name_localizations", name_length),
        ("description_localizations", 100),
    ] {
        let Some(texts) = form.nested(errors, key) else {
            continue;
        };
        for locale in texts.object.keys() {
            texts.text(errors, locale, 1..=most, Need::Optional);
        }
    }
}

/// `depth` is 0 for the command, 1 inside a group or sub-command, 2 inside a group's sub-command.
fn check_options(errors: &mut FormErrors, parent: &Form<'_>, depth: u8) {
    let options = parent.objects(errors, "options", 0..=25, Need::Optional);
    let mut seen = BTreeSet::new();
    let mut optional_seen = false;
    let nests = |option: &Form<'_>| {
        matches!(
            option.get("type").and_then(Value::as_i64),
            Some(SUB_COMMAND | SUB_COMMAND_GROUP)
        )
    };
    let nesting = options.iter().filter(|option| nests(option)).count();
    if nesting > 0 && nesting < options.len() {
        let message = "Sub-commands and other options cannot be mixed";
        errors.add(
            &parent.at("options"),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            message,
        );
    }
    for option in &options {
        check_name(errors, option);
        option.text(errors, "description", 1..=100, Need::Required);
        check_localizations(errors, option, 32);
        let name = option
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !seen.insert(name) {
            let code = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS";
            errors.add(&option.at("name"), code, "Option name must be unique");
        }
        let required = option.boolean(errors, "required") == Some(true);
        if required && optional_seen {
            let code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID";
            let message = "Required options must be placed before non-required options";
            errors.add(&option.at("required"), code, message);
        }
        optional_seen |= !required;
        check_by_type(errors, parent, option, depth);
    }
}

fn check_by_type(errors: &mut FormErrors, parent: &Form<'_>, option: &Form<'_>, depth: u8) {
    let kind = option
        .integer(errors, "type", 1..=11, Need::Required)
        .unwrap_or_default();
    match kind {
        SUB_COMMAND if depth < 2 && parent_allows(parent, depth) => {
            check_options(errors, option, depth + 1);
        }
        SUB_COMMAND_GROUP if depth == 0 => check_options(errors, option, depth + 1),
        SUB_COMMAND | SUB_COMMAND_GROUP => {
            let code = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID";
            errors.add(
                &option.at("type"),
                code,
                "Sub-commands cannot be nested this deep",
            );
        }
        _ => check_value_option(errors, option, kind),
    }
}

/// A sub-command may stand in the command itself or in a group, not in another sub-command.
fn parent_allows(parent: &Form<'_>, depth: u8) -> bool {
    depth == 0 || parent.get("type").and_then(Value::as_i64) == Some(SUB_COMMAND_GROUP)
}

fn check_value_option(errors: &mut FormErrors, option: &Form<'_>, kind: i64) {
    let choices = option.objects(errors, "choices", 0..=25, Need::Optional);
    let autocomplete = option.boolean(errors, "autocomplete") == Some(true);
    let takes_choices = matches!(kind, STRING | INTEGER | NUMBER);
    if (autocomplete || !choices.is_empty()) && !takes_choices {
        let message = "Only texts and numbers have choices or autocompletion";
        errors.add(
            &option.at("choices"),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            message,
        );
    }
    if autocomplete && !choices.is_empty() {
        let message = "Autocomplete may not be set to true if choices are present";
        errors.add(
            &option.at("autocomplete"),
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE",
            message,
        );
    }
    for choice in &choices {
        check_choice(errors, choice, kind);
    }
    option.integer(errors, "min_length", 0..=6_000, Need::Optional);
    option.integer(errors, "max_length", 1..=6_000, Need::Optional);
}

/// Checks one choice, of a registered option or of an autocompletion, against the option's type.
pub(crate) fn check_choice(errors: &mut FormErrors, choice: &Form<'_>, kind: i64) {
    choice.text(errors, "name", 1..=100, Need::Required);
    check_localizations(errors, choice, 100);
    let path = choice.at("value");
    match (kind, choice.get("value")) {
        (_, None) => errors.required(&path),
        (STRING, Some(Value::String(text))) => errors.length(&path, length(text), &(0..=100)),
        (INTEGER, Some(value)) if value.is_i64() => {}
        (NUMBER, Some(value)) if value.is_number() => {}
        (_, Some(value)) => {
            let message = format!("Could not interpret {value} as the option's type.");
            errors.add(&path, "APPLICATION_COMMAND_OPTIONS_CHOICE_TYPE", message);
        }
    }
}

/// Characters of names, descriptions and values over the whole command, for the limit of 8,000.
fn total_length(form: &Form<'_>) -> usize {
    let text = |key: &str| form.get(key).and_then(Value::as_str).map_or(0, length);
    let nested = |key: &str| {
        let list = form
            .get(key)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        list.iter()
            .filter_map(Value::as_object)
            .map(|object| {
                total_length(&Form {
                    object,
                    path: String::new(),
                })
            })
            .sum::<usize>()
    };
    text("name") + text("description") + text("value") + nested("options") + nested("choices")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(command: &Value) -> Value {
        let mut errors = FormErrors::default();
        check(&mut errors, &Form::body(command).expect("an object"));
        errors
            .into_result()
            .err()
            .and_then(|error| error.errors)
            .unwrap_or_default()
    }

    fn slash(options: &Value) -> Value {
        json!({ "name": "find", "description": "Finds pictures", "options": options })
    }

    #[test]
    fn names_follow_the_pattern() {
        for good in [
            "find",
            "gut-b_1",
            "scherzo'",
            "пример",
            "नमस्ते",
            "ทดสอบ",
            "بحث",
        ] {
            assert!(is_command_name(good), "{good}");
        }
        for bad in ["", "Find", "two words", "a/b", &"x".repeat(33), "🧠"] {
            assert!(!is_command_name(bad), "{bad}");
        }
    }

    #[test]
    fn required_options_come_first() {
        let option = |name: &str, required: bool| json!({ "name": name, "description": "d", "type": 3, "required": required });
        assert_eq!(
            problems(&slash(&json!([option("a", true), option("b", false)]))),
            Value::Null
        );
        assert!(!problems(&slash(&json!([option("a", false), option("b", true)]))).is_null());
    }

    #[test]
    fn options_and_choices_are_limited() {
        let choices = |count: usize| -> Vec<Value> {
            (0..count)
                .map(|n| json!({ "name": n.to_string(), "value": n.to_string() }))
                .collect()
        };
        let option = |choices: Vec<Value>| json!([{ "name": "a", "description": "d", "type": 3, "choices": choices }]);
        assert_eq!(problems(&slash(&option(choices(25)))), Value::Null);
        assert!(!problems(&slash(&option(choices(26)))).is_null());
        let many: Vec<Value> = (0..26)
            .map(|n| json!({ "name": format!("o{n}"), "description": "d", "type": 3 }))
            .collect();
        assert!(!problems(&slash(&json!(many))).is_null());
        let wrong = json!([{ "name": "n", "value": "text" }]);
        let number = json!([{ "name": "a", "description": "d", "type": 4, "choices": wrong }]);
        assert!(!problems(&slash(&number)).is_null());
    }

    #[test]
    fn sub_commands_nest_two_deep() {
        let leaf = json!({ "name": "leaf", "description": "d", "type": 1 });
        let group = json!({ "name": "group", "description": "d", "type": 2, "options": [leaf] });
        assert_eq!(problems(&slash(&json!([group]))), Value::Null);
        let deep = json!({ "name": "deep", "description": "d", "type": 1, "options": [leaf] });
        assert!(!problems(&slash(&json!([deep]))).is_null());
        let text = json!({ "name": "text", "description": "d", "type": 3 });
        assert!(!problems(&slash(&json!([group, text]))).is_null());
    }

    #[test]
    fn context_menus_have_no_description() {
        assert_eq!(
            problems(&json!({ "name": "Explain This", "type": 3 })),
            Value::Null
        );
        let wrong = json!({ "name": "Explain", "type": 3, "description": "d" });
        assert!(!problems(&wrong).is_null());
    }

    #[test]
    fn a_list_has_at_most_15_message_commands() {
        let list: Vec<Value> = (0..16)
            .map(|n| json!({ "name": format!("c{n}"), "type": 3 }))
            .collect();
        let mut errors = FormErrors::default();
        let forms: Vec<Form<'_>> = list
            .iter()
            .map(|command| Form::body(command).expect("an object"))
            .collect();
        check_all(&mut errors, &forms[..15]);
        errors.into_result().expect("15 are allowed");
        let mut errors = FormErrors::default();
        check_all(&mut errors, &forms);
        errors.into_result().expect_err("16 are not");
    }
}
