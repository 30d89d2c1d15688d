//! The template of a conversation in a folder of safetensors. Many write the mark of the beginning
//! of a text themselves, and their tokenizer adds it once more; a model has never seen it twice.

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;
use tokenizers::Tokenizer;

use super::LanguageModelError;
use super::allow_list::unreadable;

/// Set before a template, it leaves the mark to the tokenizer.
const WITHOUT_BEGINNING: &str = "{%- set bos_token = '' -%}";

/// A template to use in place of the folder's, or `None` if that one is right as it is. The file
/// is gone when the value is dropped, and read while the model is loaded.
///
/// # Errors
/// [`LanguageModelError::Unreadable`] if there is no template, or a file can't be read.
pub(super) fn mended(folder: &Path) -> Result<Option<NamedTempFile>, LanguageModelError> {
    let Some(template) = template(folder)? else {
        let reason = "it has no chat_template; take a model that was trained for conversations, \
                      often called Instruct or it";
        return Err(unreadable(&folder.join("tokenizer_config.json"), reason));
    };
    if !template.contains("bos_token") || !adds_beginning(&folder.join("tokenizer.json"))? {
        return Ok(None);
    }
    let write = || -> std::io::Result<NamedTempFile> {
        let mut file = tempfile::Builder::new().suffix(".jinja").tempfile()?;
        file.write_all(WITHOUT_BEGINNING.as_bytes())?;
        file.write_all(template.as_bytes())?;
        file.flush()?;
        Ok(file)
    };
    write()
        .map(Some)
        .map_err(|error| LanguageModelError::Unwritable {
            file: "A temporary file".to_owned(),
            reason: error.to_string(),
        })
}

/// The folder's template, from the first of the places that the engine looks at.
fn template(folder: &Path) -> Result<Option<String>, LanguageModelError> {
    let own = folder.join("chat_template.jinja");
    if own.is_file() {
        let text = std::fs::read_to_string(&own).map_err(|error| unreadable(&own, error))?;
        return Ok(Some(text));
    }
    for name in ["tokenizer_config.json", "chat_template.json"] {
        let file = folder.join(name);
        if !file.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
        let fields: Value =
            serde_json::from_str(&text).map_err(|error| unreadable(&file, error))?;
        if let Some(template) = of_field(&fields["chat_template"]) {
            return Ok(Some(template.to_owned()));
        }
    }
    Ok(None)
}

/// A template as such, or the one called `default` in a list of them.
fn of_field(field: &Value) -> Option<&str> {
    let named = |entry: &&Value| entry["name"] == "default";
    field.as_str().or_else(|| {
        let default = field.as_array()?.iter().find(named)?;
        default["template"].as_str()
    })
}

/// Whether a tokenizer puts a mark before each text.
fn adds_beginning(file: &Path) -> Result<bool, LanguageModelError> {
    let tokenizer = Tokenizer::from_file(file).map_err(|error| unreadable(file, error))?;
    let first = |with_marks: bool| {
        let encoded = tokenizer
            .encode_fast("a", with_marks)
            .map_err(|error| LanguageModelError::Tokenizer(error.to_string()))?;
        Ok::<_, LanguageModelError>(encoded.get_ids().first().copied())
    };
    Ok(first(true)? != first(false)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn tiny() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/language/llama")
    }

    #[test]
    fn a_mark_that_would_stand_twice_is_left_to_the_tokenizer() {
        let file = mended(&tiny()).expect("readable").expect("mended");
        let text = std::fs::read_to_string(file.path()).expect("written");
        assert!(text.starts_with(WITHOUT_BEGINNING));
        assert!(text.contains("add_generation_prompt"));
        assert!(file.path().to_string_lossy().ends_with(".jinja"));
    }

    #[test]
    fn a_template_is_found_where_the_engine_finds_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        let found = || template(folder.path()).expect("readable");
        write("tokenizer_config.json", "{}");
        assert_eq!(found(), None);
        let error = mended(folder.path()).expect_err("no template").to_string();
        assert!(error.contains("no chat_template"), "{error}");
        write("chat_template.json", r#"{"chat_template": "c"}"#);
        assert_eq!(found().as_deref(), Some("c"));
        let list =
            r#"[{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]"#;
        write(
            "tokenizer_config.json",
            &format!(r#"{{"chat_template": {list}}}"#),
        );
        assert_eq!(found().as_deref(), Some("d"));
        write("chat_template.jinja", "j");
        assert_eq!(found().as_deref(), Some("j"));
        // No mark, no tokenizer to ask.
        assert!(mended(folder.path()).expect("readable").is_none());
    }
}
