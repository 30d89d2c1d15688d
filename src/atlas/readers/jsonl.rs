//! Tables in JSON lines: one object a line. Values are not judged here, and pictures are not known.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::error::{Place, ReadError, RowFault};
use super::fields::RawRow;
use super::lines::Lines;

/// Rows of a file of JSON lines. Blank lines are passed over.
pub(super) struct JsonLines<R> {
    lines: Lines<R>,
    path: PathBuf,
    ended: bool,
}

impl<R: BufRead> JsonLines<R> {
    pub(super) fn new(path: &Path, source: R) -> Self {
        Self {
            lines: Lines::new(source),
            path: path.to_owned(),
            ended: false,
        }
    }
}

fn raw(line: &str) -> Result<RawRow, RowFault> {
    let object: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| RowFault::NotJson(error.to_string()))?;
    RawRow::of_json(&object)
}

impl<R: BufRead> Iterator for JsonLines<R> {
    type Item = Result<(Place, RawRow), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let (number, line) = match self.lines.next()? {
                Ok(line) => line,
                Err(source) => {
                    self.ended = true;
                    return Some(Err(ReadError::Unreadable {
                        path: self.path.clone(),
                        source,
                    }));
                }
            };
            let place = Place::line(&self.path, number);
            match line {
                Ok(line) if line.trim().is_empty() => {}
                line => {
                    return Some(match line.and_then(|line| raw(&line)) {
                        Ok(row) => Ok((place, row)),
                        Err(fault) => Err(place.fault(fault)),
                    });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Result<(Place, RawRow), ReadError>> {
        JsonLines::new(Path::new("t.jsonl"), bytes).collect()
    }

    #[test]
    fn a_line_that_is_no_json_does_not_hide_the_next() {
        let rows = read(
            b"\xEF\xBB\xBF{\"file\": \"a.png\", \"id\": 7}\n\nnot json\n[1]\n\xff\n{\"file\": \"b\n\
              {\"caption\": \"\\ud800\"}\n{\"text\": \"last\"}",
        );
        let (place, first) = rows[0].as_ref().expect("a row");
        assert_eq!((place.number, first.identifier.as_deref()), (1, Some("7")));
        let faults: Vec<String> = rows[1..6]
            .iter()
            .map(|row| row.as_ref().expect_err("no row").to_string())
            .collect();
        assert!(faults[0].starts_with("t.jsonl, line 3: this is not a JSON object (expected"));
        assert!(faults[1].starts_with("t.jsonl, line 4: this is not a JSON object"));
        assert_eq!(faults[2], "t.jsonl, line 5: the text is not UTF-8.");
        assert!(faults[3].starts_with("t.jsonl, line 6: this is not a JSON object"));
        assert!(faults[4].starts_with("t.jsonl, line 7: this is not a JSON object"));
        assert_eq!(
            rows[6].as_ref().expect("a row").1.caption.as_deref(),
            Some("last")
        );
        assert_eq!(rows.len(), 7);
    }

    #[test]
    fn nothing_is_no_row() {
        assert!(read(b"").is_empty());
        assert!(read(b"\n \n\r\n").is_empty());
    }

    #[test]
    fn deeply_nested_json_is_refused() {
        let line = "[".repeat(100_000);
        assert!(matches!(
            read(line.as_bytes())[0],
            Err(ReadError::Row { .. })
        ));
        let line = format!("{{\"x\": {}", "[".repeat(100_000));
        assert!(matches!(
            read(line.as_bytes())[0],
            Err(ReadError::Row { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_caption_comes_back_equal(
            captions in proptest::collection::vec(".*|[\"\\\\\r\n\u{0}-\u{1f}é漢🙂]*", 1..8)
        ) {
            let lines: Vec<String> = captions
                .iter()
                .map(|caption| serde_json::json!({"file": "a.png", "caption": caption}).to_string())
                .collect();
            let rows = read(lines.join("\n").as_bytes());
            prop_assert_eq!(rows.len(), captions.len());
            for (row, caption) in rows.iter().zip(&captions) {
                let expected = (!caption.trim().is_empty()).then_some(caption);
                let (_, row) = row.as_ref().expect("a row");
                prop_assert_eq!(row.caption.as_ref(), expected);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            for row in read(&bytes) {
                prop_assert!(row.map_or_else(|error| !error.is_fatal(), |_| true));
            }
        }
    }
}
