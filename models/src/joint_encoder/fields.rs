//! A configuration in JSON, asked field by field. What is missing, of another kind, or asks for
//! what isn't done here, is an error with the field's place.

use std::path::Path;

use serde_json::{Map, Value};

use super::error::JointError;

/// Larger numbers are no size of a network.
const LARGEST: usize = 1 << 24;

/// The fields of an object in a configuration. A field that is null counts as not set.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    file: &'static str,
    /// The object's place in the file, with a point at its end; nothing for the file itself.
    place: String,
    values: &'a Map<String, Value>,
}

/// Reads a configuration's file.
///
/// # Errors
/// [`JointError::Unreadable`] if it isn't there or holds no JSON.
pub(crate) fn read(folder: &Path, file: &str) -> Result<Value, JointError> {
    let path = folder.join(file);
    let text =
        std::fs::read_to_string(&path).map_err(|error| JointError::unreadable(&path, &error))?;
    serde_json::from_str(&text).map_err(|error| JointError::unreadable(&path, &error))
}

impl<'a> Fields<'a> {
    /// The fields of a whole file.
    ///
    /// # Errors
    /// [`JointError::Field`] if it holds no object.
    pub(crate) fn of(file: &'static str, value: &'a Value) -> Result<Self, JointError> {
        let values = value.as_object().ok_or_else(|| JointError::Field {
            file: file.to_owned(),
            field: "its content".to_owned(),
            reason: "is no object".to_owned(),
        })?;
        Ok(Self {
            file,
            place: String::new(),
            values,
        })
    }

    /// An error about one of the fields; the reason goes on after its name.
    pub(crate) fn wrong(&self, name: &str, reason: impl Into<String>) -> JointError {
        JointError::Field {
            file: self.file.to_owned(),
            field: format!("{}{name}", self.place),
            reason: reason.into(),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// Whether a field is set.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a field holds an object.
    pub(crate) fn is_object(&self, name: &str) -> bool {
        self.get(name).is_some_and(Value::is_object)
    }

    /// An object among the fields, if it is set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is something else.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, JointError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let values = value
            .as_object()
            .ok_or_else(|| self.wrong(name, "is no object"))?;
        Ok(Some(Self {
            file: self.file,
            place: format!("{}{name}.", self.place),
            values,
        }))
    }

    /// An object that must be there.
    ///
    /// # Errors
    /// [`JointError::Field`].
    pub(crate) fn required(&self, name: &str) -> Result<Self, JointError> {
        self.object(name)?
            .ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// A whole number from 1 on, `usual` where it isn't set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is missing without a usual one, or no such number.
    pub(crate) fn number(&self, name: &str, usual: Option<usize>) -> Result<usize, JointError> {
        match (self.get(name), usual) {
            (None, Some(usual)) => Ok(usual),
            (None, None) => Err(self.wrong(name, "is missing")),
            (Some(value), _) => value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=LARGEST).contains(number))
                .ok_or_else(|| self.wrong(name, format!("can't be {value}; give a whole number"))),
        }
    }

    /// Whole numbers from 1 on, as a list or one alone; empty where they aren't set.
    ///
    /// # Errors
    /// [`JointError::Field`] if one of them is no such number.
    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<usize>, JointError> {
        let values = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
        };
        let number = |value: &Value| {
            let number = value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok());
            number
                .filter(|number| (1..=LARGEST).contains(number))
                .ok_or_else(|| self.wrong(name, format!("can't hold {value}; give whole numbers")))
        };
        values.iter().map(number).collect()
    }

    /// A list of texts; empty where it isn't set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is something else.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&'a str>, JointError> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let values = value
            .as_array()
            .map(|values| values.iter().map(Value::as_str));
        values
            .and_then(Iterator::collect::<Option<Vec<_>>>)
            .ok_or_else(|| self.wrong(name, format!("can't be {value}; give a list of texts")))
    }

    /// The number of a token, if it is set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is something else.
    pub(crate) fn token(&self, name: &str) -> Result<Option<u32>, JointError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let token = value.as_u64().and_then(|number| u32::try_from(number).ok());
        token
            .map(Some)
            .ok_or_else(|| self.wrong(name, format!("can't be {value}; give a token's number")))
    }

    /// A number above zero, `usual` where it isn't set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is something else.
    pub(crate) fn real(&self, name: &str, usual: f64) -> Result<f64, JointError> {
        let Some(value) = self.get(name) else {
            return Ok(usual);
        };
        value
            .as_f64()
            .filter(|number| number.is_finite() && *number > 0.0)
            .ok_or_else(|| self.wrong(name, format!("can't be {value}; give a number above 0")))
    }

    /// Yes or no, `usual` where it isn't set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is something else.
    pub(crate) fn flag(&self, name: &str, usual: bool) -> Result<bool, JointError> {
        match self.get(name) {
            None => Ok(usual),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(self.wrong(name, format!("can't be {value}; give true or false"))),
        }
    }

    /// A text, if it is set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is something else.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, JointError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let text = value.as_str();
        text.map(Some)
            .ok_or_else(|| self.wrong(name, format!("can't be {value}; give a text")))
    }

    /// Three numbers, one for each of red, green and blue; `usual` where they aren't set.
    ///
    /// # Errors
    /// [`JointError::Field`] if it is something else.
    pub(crate) fn colours(&self, name: &str, usual: [f64; 3]) -> Result<[f64; 3], JointError> {
        let Some(value) = self.get(name) else {
            return Ok(usual);
        };
        let wrong = || self.wrong(name, format!("can't be {value}; give three numbers"));
        let values = value.as_array().ok_or_else(wrong)?;
        let numbers: Vec<f64> = values.iter().filter_map(Value::as_f64).collect();
        let numbers = <[f64; 3]>::try_from(numbers).map_err(|_| wrong())?;
        if values.len() == numbers.len() {
            Ok(numbers)
        } else {
            Err(wrong())
        }
    }

    /// Refuses a field whose value asks for what isn't done here. Not set is well.
    ///
    /// # Errors
    /// [`JointError::Field`] with the value.
    pub(crate) fn only(&self, name: &str, allowed: &[Value]) -> Result<(), JointError> {
        match self.get(name) {
            Some(value) if !allowed.contains(value) => {
                Err(self.wrong(name, format!("asks for {value}, which isn't supported")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses fields that nobody here knows: what they ask for would be left out silently.
    ///
    /// # Errors
    /// [`JointError::Field`] names the first.
    pub(crate) fn none_but(&self, known: &[&str]) -> Result<(), JointError> {
        let mut names = self.values.keys();
        match names.find(|name| self.has(name) && !known.contains(&name.as_str())) {
            Some(name) => Err(self.wrong(name, "isn't known, so it can't be honoured")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_named_with_its_place() {
        let value = json!({"vision_cfg": {"width": 0, "pool_type": "avg", "layers": null}});
        let fields = Fields::of("open_clip_config.json", &value).expect("an object");
        let vision = fields.required("vision_cfg").expect("an object");
        let error = vision.number("width", Some(7)).expect_err("none");
        let sentence = "open_clip_config.json can't be used: vision_cfg.width can't be 0; give a \
                        whole number.";
        assert_eq!(error.to_string(), sentence);
        let error = vision.only("pool_type", &[json!("tok")]).expect_err("avg");
        assert!(
            error
                .to_string()
                .contains("vision_cfg.pool_type asks for \"avg\""),
            "{error}"
        );
        assert_eq!(vision.number("layers", Some(7)).expect("not set"), 7);
        assert!(vision.number("layers", None).is_err());
        let error = vision.none_but(&["width", "layers"]).expect_err("one more");
        assert!(
            error.to_string().contains("pool_type isn't known"),
            "{error}"
        );
        assert!(fields.required("text_cfg").is_err());
    }

    #[test]
    fn values_of_another_kind_are_refused() {
        let value = json!({"a": "x", "b": 1.5, "c": [1, 2], "d": [1, 2, 3, "x"], "e": [1, 2, 3]});
        let fields = Fields::of("config.json", &value).expect("an object");
        assert!(fields.number("a", None).is_err() && fields.number("b", None).is_err());
        assert!(fields.token("a").is_err() && fields.flag("b", true).is_err());
        assert!(fields.text("b").is_err() && fields.object("c").is_err());
        assert!(fields.colours("c", [0.0; 3]).is_err());
        assert!(fields.colours("d", [0.0; 3]).is_err());
        let colours = fields.colours("e", [0.0; 3]).expect("three");
        assert!((colours[2] - 3.0).abs() < f64::EPSILON);
        assert!(fields.real("a", 1.0).is_err());
        assert_eq!(fields.numbers("c").expect("two"), [1, 2]);
        assert!(fields.numbers("b").is_err() && fields.numbers("d").is_err());
        assert_eq!(fields.numbers("f").expect("not set"), [0; 0]);
        assert!(fields.texts("a").is_err() && fields.texts("d").is_err());
        assert!(Fields::of("config.json", &json!([])).is_err());
    }
}
