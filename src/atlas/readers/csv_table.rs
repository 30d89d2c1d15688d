//! Tables in CSV: records by line, with their fields found by the header. Values are not judged
//! here, and pictures are not known.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use super::error::{Place, ReadError, RowFault};
use super::fields::{Field, RawRow, normal_name, present};
use super::lines::{MAXIMUM_ROW, is_countable};
use super::paths;

/// Rows of a table whose columns go by common names.
pub(super) struct CsvTable<R> {
    reader: csv::Reader<Bounded<R>>,
    path: PathBuf,
    columns: Vec<(Field, usize)>,
    width: usize,
    record: ByteRecord,
    /// Lines by which the reader is behind at the start of a record.
    lines_behind: u64,
    ended: bool,
}

impl<R: Read> CsvTable<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ReadError::NoRows`] for an empty file, [`ReadError::MissingColumn`] if a needed field has
    /// no column, [`ReadError::Unreadable`] if it can't be read.
    pub(super) fn new(path: &Path, source: R, needed: &[Field]) -> Result<Self, ReadError> {
        let mut reader = reader(source);
        let header = header(path, &mut reader)?;
        for field in needed {
            column(path, &header, field.names(), field.words())?;
        }
        let columns = Field::ALL
            .into_iter()
            .filter_map(|field| Some((field, find(&header, field.names())?)))
            .collect();
        Ok(Self {
            lines_behind: lines_behind(&mut reader),
            reader,
            path: path.to_owned(),
            columns,
            width: header.len(),
            record: ByteRecord::new(),
            ended: false,
        })
    }

    fn raw(&self) -> Result<RawRow, RowFault> {
        if self.record.len() != self.width {
            return Err(RowFault::FieldCount {
                found: self.record.len(),
                expected: self.width,
            });
        }
        let mut row = RawRow::default();
        for (field, column) in &self.columns {
            let value = self.record.get(*column).unwrap_or_default();
            let text = std::str::from_utf8(value).map_err(|_| RowFault::NotUtf8)?;
            row.set(*field, text.to_owned())?;
        }
        Ok(row)
    }
}

impl<R: Read> Iterator for CsvTable<R> {
    type Item = Result<(Place, RawRow), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.reader.get_mut().left = MAXIMUM_ROW;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => {
                self.ended = true;
                None
            }
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                let place = Place::line(&self.path, line + self.lines_behind);
                Some(match self.raw() {
                    Ok(row) => Ok((place, row)),
                    Err(fault) => Err(place.fault(fault)),
                })
            }
            Err(error) => {
                self.ended = true;
                Some(Err(failure(&self.path, error)))
            }
        }
    }
}

/// How many records a table has below its header; `None` if that is not cheap to know.
pub(super) fn count(path: &Path) -> Option<u64> {
    if !is_countable(path) {
        return None;
    }
    let mut reader = reader(std::fs::File::open(path).ok()?);
    let (mut record, mut count) = (ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record).ok()? {
        reader.get_mut().left = MAXIMUM_ROW;
        count += 1;
    }
    Some(count)
}

/// Reads a table that other rows look things up in: for each key the values of some columns, each
/// of which may go by several names. A column that is not there gives empty values, a record that
/// can't be read none.
///
/// # Errors
/// [`ReadError::MissingColumn`] if there is no column for the key, or that of reading the file.
pub(super) fn lookup(
    path: &Path,
    key: &[&str],
    values: &[&[&str]],
) -> Result<HashMap<String, Vec<String>>, ReadError> {
    let mut reader = reader(paths::open(path)?);
    let header = header(path, &mut reader)?;
    let key = column(path, &header, key, "key")?;
    let columns: Vec<_> = values.iter().map(|names| find(&header, names)).collect();
    let (mut record, mut found) = (ByteRecord::new(), HashMap::new());
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| failure(path, error))?
    {
        reader.get_mut().left = MAXIMUM_ROW;
        let text = |column: usize| {
            let value = record
                .get(column)
                .and_then(|value| std::str::from_utf8(value).ok());
            value.and_then(present)
        };
        if let Some(key) = text(key) {
            let values = columns
                .iter()
                .map(|column| column.and_then(text).unwrap_or_default());
            found.insert(key, values.collect());
        }
    }
    Ok(found)
}

/// The names of a table's columns, in lower case; empty if it has none or can't be read.
pub(super) fn header_of(path: &Path) -> Vec<String> {
    let header = paths::open(path).and_then(|source| header(path, &mut reader(source)));
    header.unwrap_or_default()
}

fn reader<R: Read>(source: R) -> csv::Reader<Bounded<R>> {
    // Records of another length than the header are told from broken ones.
    csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(Bounded {
            source,
            left: MAXIMUM_ROW,
        })
}

fn header<R: Read>(
    path: &Path,
    reader: &mut csv::Reader<Bounded<R>>,
) -> Result<Vec<String>, ReadError> {
    let header = reader
        .byte_headers()
        .map_err(|error| failure(path, error))?;
    let header: Vec<_> = header
        .iter()
        .map(|name| normal_name(&String::from_utf8_lossy(name)))
        .collect();
    if header.is_empty() {
        return Err(ReadError::NoRows {
            path: path.to_owned(),
        });
    }
    Ok(header)
}

/// A record ends at the carriage return, so that where lines end in two characters the line feed is
/// counted only with the next record. The header tells which it is.
fn lines_behind<R: Read>(reader: &mut csv::Reader<Bounded<R>>) -> u64 {
    let within = |header: &ByteRecord| {
        header
            .as_slice()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
    };
    let within = reader.byte_headers().map_or(0, within) as u64;
    (within + 2).saturating_sub(reader.position().line())
}

fn find(header: &[String], names: &[&str]) -> Option<usize> {
    names
        .iter()
        .find_map(|name| header.iter().position(|found| found == name))
}

fn column(
    path: &Path,
    header: &[String],
    names: &[&str],
    field: &'static str,
) -> Result<usize, ReadError> {
    find(header, names).ok_or_else(|| ReadError::MissingColumn {
        path: path.to_owned(),
        field,
        names: names.join(", "),
        found: shortened(&header.join(", ")),
    })
}

/// A file that is no table may have a "header" of any length.
pub(super) fn shortened(text: &str) -> String {
    const MAXIMUM: usize = 300;
    if text.chars().count() <= MAXIMUM {
        return text.to_owned();
    }
    let mut shortened: String = text.chars().take(MAXIMUM).collect();
    shortened.push('…');
    shortened
}

fn failure(path: &Path, error: csv::Error) -> ReadError {
    let path = path.to_owned();
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let reason =
                format!("a row is longer than {MAXIMUM_ROW} bytes (a quote may be left open)");
            ReadError::Unusable { path, reason }
        }
        csv::ErrorKind::Io(source) => ReadError::Unreadable { path, source },
        kind => ReadError::Unusable {
            path,
            reason: format!("{kind:?}"),
        },
    }
}

/// Ends with an error after a number of bytes, so that an open quote can't draw a whole file into
/// memory.
struct Bounded<R> {
    source: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let wanted = buffer.len().min(self.left);
        let read = self.source.read(&mut buffer[..wanted])?;
        self.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Rows = Vec<Result<(Place, RawRow), ReadError>>;

    fn read(bytes: &[u8]) -> Result<Rows, ReadError> {
        let needed = [Field::File, Field::Caption];
        Ok(CsvTable::new(Path::new("t.csv"), bytes, &needed)?.collect())
    }

    fn fault(row: &Result<(Place, RawRow), ReadError>) -> String {
        row.as_ref().expect_err("the row is refused").to_string()
    }

    #[test]
    fn an_empty_file_and_a_lone_header_have_no_rows() {
        assert!(matches!(read(b""), Err(ReadError::NoRows { .. })));
        assert!(matches!(read(b"file,caption\n"), Ok(rows) if rows.is_empty()));
    }

    #[test]
    fn a_missing_column_is_named_with_the_names_that_would_do() {
        let error = read(b"file,words\na,b\n").expect_err("there is no caption");
        assert_eq!(
            error.to_string(),
            "t.csv has no column for the caption. One of these names would do: caption, text, \
             description. It has: file, words."
        );
        assert!(error.is_fatal());
    }

    #[test]
    fn a_byte_order_mark_and_upper_case_are_tolerated() {
        let rows = read(b"\xEF\xBB\xBFFile,\"CAPTION\"\r\na.png,x\r\n").expect("a table");
        let (place, row) = rows[0].as_ref().expect("a row");
        assert_eq!((place.number, row.file.as_deref()), (2, Some("a.png")));
        assert_eq!(row.caption.as_deref(), Some("x"));
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for end in ["\n", "\r\n"] {
            let table = ["file,\"cap\ntion\",caption", "a,,x", "b,,\"y\nz\"", "c,,x"].join(end);
            let rows = read(table.as_bytes()).expect("a table");
            let lines: Vec<u64> = rows
                .iter()
                .map(|row| row.as_ref().expect("a row").0.number)
                .collect();
            assert_eq!(lines, [3, 4, 6], "{end:?}");
        }
    }

    #[test]
    fn a_bad_record_does_not_hide_the_next() {
        let rows = read(b"file,caption\na,x,y\nb\nc,\xff\nd,ok\n").expect("a table");
        assert_eq!(
            fault(&rows[0]),
            "t.csv, line 2: the row has 3 fields and the header 2 (a comma may lack its quotes)."
        );
        assert!(fault(&rows[1]).contains("line 3: the row has 1 fields"));
        assert_eq!(fault(&rows[2]), "t.csv, line 4: the text is not UTF-8.");
        assert_eq!(
            rows[3].as_ref().expect("a row").1.caption.as_deref(),
            Some("ok")
        );
    }

    #[test]
    fn an_open_quote_does_not_draw_the_whole_file_into_memory() {
        let mut bytes = b"file,caption\na,x\nb,\"".to_vec();
        bytes.resize(MAXIMUM_ROW * 2, b'x');
        let rows = read(&bytes).expect("a table");
        assert!(rows[0].is_ok());
        assert!(fault(&rows[1]).contains("a quote may be left open"));
        assert_eq!(rows.len(), 2, "it ends there");
    }

    #[test]
    fn records_are_counted_and_looked_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("l.csv");
        std::fs::write(&path, "ID,CUIs\na,\"x\ny\"\nb\n,z\n").expect("a file");
        assert_eq!(count(&path), Some(3));
        let found = lookup(&path, &["id"], &[&["cui", "cuis"], &["none"]]).expect("a table");
        assert_eq!(found.len(), 2);
        assert_eq!(found["a"], ["x\ny", ""]);
        assert_eq!(found["b"], ["", ""]);
        assert!(matches!(
            lookup(&path, &["k"], &[]),
            Err(ReadError::MissingColumn { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_caption_comes_back_equal(
            captions in proptest::collection::vec(".*|[\"\r\n,;\u{0}-\u{1f}é漢🙂]*", 1..8)
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["file", "caption"]).expect("memory");
            for caption in &captions {
                writer.write_record(["a.png", caption]).expect("memory");
            }
            let rows = read(&writer.into_inner().expect("memory")).expect("a table");
            prop_assert_eq!(rows.len(), captions.len());
            for (row, caption) in rows.iter().zip(&captions) {
                let expected = (!caption.trim().is_empty()).then_some(caption);
                let (_, row) = row.as_ref().expect("a row");
                prop_assert_eq!(row.caption.as_ref(), expected);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
            let mut table = b"file,caption,boxes,labels\n".to_vec();
            table.extend(&bytes);
            for row in read(&table).expect("the header is good") {
                prop_assert!(row.map_or_else(|error| !error.is_fatal(), |_| true));
            }
        }
    }
}
