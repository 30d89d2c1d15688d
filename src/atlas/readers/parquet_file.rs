//! Parquet with a column of pictures and one of captions, as the hub's data sets come: one file or
//! a folder of shards. Batches of a few rows are read at a time, never a whole file.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::error::{Place, ReadError, RowFault};
use super::fields::{Field, RawRow, normal_name, present};
use super::tar_index::check_size;
use super::{
    Defaults, Layout, Opened, PictureSource, PlacedRows, SourceRow, csv_table, no_layout, paths,
};

/// Rows of a batch: pictures may have many megabytes.
const BATCH: usize = 8;
/// How deep shards may lie below the folder: `data/train-00000-of-00001.parquet`, or one deeper.
const DEPTH: usize = 2;
/// Names of the column of pictures.
const PICTURE: [&str; 3] = ["image", "img", "picture"];

/// The Parquet files at or below the path, by name.
pub(super) fn shards(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let is_shard = |path: &Path| paths::has_extension(path, &["parquet"]) && path.is_file();
    if !path.is_dir() {
        return Ok(if is_shard(path) {
            vec![path.to_owned()]
        } else {
            Vec::new()
        });
    }
    let mut folders = vec![(path.to_owned(), 0)];
    let mut found = Vec::new();
    while let Some((folder, depth)) = folders.pop() {
        for path in paths::list(&folder)? {
            if is_shard(&path) {
                found.push(path);
            } else if depth < DEPTH && path.is_dir() {
                folders.push((path, depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Opens the shards. Their footers are read at once, their rows when their turn comes. A shard
/// that can't be read is passed over if there are others.
pub(super) fn open(path: &Path, defaults: Defaults) -> Result<Opened, ReadError> {
    let mut shards = shards(path)?;
    if let [shard] = shards.as_mut_slice() {
        let (rows, count) = rows(shard, defaults)?;
        return Ok((rows, Some(count)));
    }
    let (mut count, mut first_error) = (None, None);
    for shard in &shards {
        match Shard::open(shard) {
            Ok(shard) => *count.get_or_insert(0) += shard.count,
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if count.is_none() {
        return Err(first_error.unwrap_or_else(|| no_layout(path, Layout::Parquet)));
    }
    let rows = shards
        .into_iter()
        .flat_map(move |shard| match rows(&shard, defaults.clone()) {
            Ok((rows, _)) => rows,
            Err(error) => Box::new(std::iter::once(Err(error.into_rest(&shard)))),
        });
    Ok((Box::new(rows), count))
}

/// A file whose columns are known.
struct Shard {
    columns: Columns,
    reader: ParquetRecordBatchReader,
    count: u64,
}

impl Shard {
    fn open(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|error| ReadError::of_path(path, error))?;
        // The types of Parquet itself are few; those that a writer adds are many.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let unusable = |error| ReadError::Unusable {
            path: path.to_owned(),
            reason: format!("it is not a whole Parquet file ({error})"),
        };
        let builder =
            guarded(|| ParquetRecordBatchReaderBuilder::try_new_with_options(file, options))
                .map_err(unusable)?;
        let columns = Columns::of(path, builder.schema())?;
        let roots = builder.schema().fields().iter().enumerate();
        let roots: Vec<usize> = roots
            .filter(|(_, field)| columns.has(field.name()))
            .map(|(root, _)| root)
            .collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let count = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let builder = builder.with_projection(mask).with_batch_size(BATCH);
        let reader = guarded(|| builder.build()).map_err(unusable)?;
        Ok(Self {
            columns,
            reader,
            count,
        })
    }
}

/// Runs a step of the Parquet crate. It panics on some damaged files, such as those that say that
/// a column starts at a negative place (58.4); that becomes an error like any other damage.
fn guarded<T, E: std::fmt::Display>(step: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("its contents contradict each other".to_owned()),
    }
}

fn rows(path: &Path, defaults: Defaults) -> Result<(PlacedRows, u64), ReadError> {
    let Shard {
        columns,
        reader,
        count,
    } = Shard::open(path)?;
    let path = path.to_owned();
    let mut number = 0;
    let mut batches = reader;
    let mut ended = false;
    let rows = std::iter::from_fn(move || {
        if ended {
            return None;
        }
        // After an error or a panic the reader is not asked again.
        let batch = match guarded(|| batches.next().transpose()) {
            Ok(Some(batch)) => batch,
            Ok(None) => {
                ended = true;
                return None;
            }
            Err(error) => {
                ended = true;
                let reason = format!("row {} or one after it is damaged ({error})", number + 1);
                return Some(vec![Err(ReadError::Rest {
                    path: path.clone(),
                    reason,
                })]);
            }
        };
        let read = (0..batch.num_rows()).map(|index| {
            number += 1;
            let place = Place::row(&path, number);
            match columns.row(&batch, index, &place, &defaults) {
                Ok(row) => Ok((place, row)),
                Err(fault) => Err(place.fault(fault)),
            }
        });
        Some(read.collect())
    });
    Ok((Box::new(rows.flatten()), count))
}

/// The columns that are read, by their names in the file.
struct Columns {
    picture: String,
    texts: Vec<(Field, String)>,
}

impl Columns {
    fn of(path: &Path, schema: &Schema) -> Result<Self, ReadError> {
        let find = |names: &[&str], fits: fn(&DataType) -> bool| {
            names.iter().find_map(|name| {
                let mut fields = schema.fields().iter();
                let field = fields
                    .find(|field| normal_name(field.name()) == *name && fits(field.data_type()));
                field.map(|field| field.name().clone())
            })
        };
        let missing = |field: &'static str, names: &[&str]| {
            let found: Vec<_> = schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            ReadError::MissingColumn {
                path: path.to_owned(),
                field,
                names: names.join(", "),
                found: csv_table::shortened(&found.join(", ")),
            }
        };
        let picture = find(&PICTURE, is_picture).ok_or_else(|| missing("picture", &PICTURE))?;
        let texts: Vec<_> = Field::ALL
            .into_iter()
            .filter(|field| *field != Field::File)
            .filter_map(|field| {
                let fits = if field == Field::Labels {
                    is_labels
                } else {
                    is_text
                };
                Some((field, find(field.names(), fits)?))
            })
            .collect();
        if !texts.iter().any(|(field, _)| *field == Field::Caption) {
            return Err(missing(Field::Caption.words(), Field::Caption.names()));
        }
        Ok(Self { picture, texts })
    }

    fn has(&self, name: &str) -> bool {
        self.picture == name || self.texts.iter().any(|(_, text)| text == name)
    }

    fn row(
        &self,
        batch: &RecordBatch,
        index: usize,
        place: &Place,
        defaults: &Defaults,
    ) -> Result<SourceRow, RowFault> {
        let mut raw = RawRow::default();
        for (field, name) in &self.texts {
            let Some(column) = batch.column_by_name(name) else {
                continue;
            };
            if let (Field::Labels, Some(list)) = (field, column.as_list_opt::<i32>()) {
                if !list.is_null(index) {
                    let labels = list.value(index);
                    let labels = (0..labels.len()).filter_map(|label| text_at(&labels, label));
                    raw.labels = labels.filter_map(present).collect();
                }
            } else if let Some(text) = text_at(column, index) {
                raw.set(*field, text)?;
            }
        }
        // A row that has no words needs no picture.
        let identifier = raw.identifier.clone().unwrap_or_else(|| {
            let shard = place.file.file_stem().unwrap_or_default().to_string_lossy();
            format!("{shard}-{}", place.number)
        });
        let row = raw.finish(&identifier, PictureSource::Bytes(Vec::new()), defaults)?;
        let missing = || RowFault::EmptyPicture(identifier.clone());
        let column = batch.column_by_name(&self.picture).ok_or_else(missing)?;
        let picture = picture_at(column, index, place, &identifier)?.ok_or_else(missing)?;
        Ok(SourceRow { picture, ..row })
    }
}

/// The picture's bytes; failing these, the file that is named beside them.
fn picture_at(
    column: &ArrayRef,
    index: usize,
    place: &Place,
    name: &str,
) -> Result<Option<PictureSource>, RowFault> {
    let parts = column.as_struct_opt();
    let part = |name| parts.map_or(Some(column), |parts| parts.column_by_name(name));
    let bytes = part("bytes").and_then(|bytes| bytes.as_binary_opt::<i32>());
    if let Some(bytes) = bytes.filter(|bytes| !column.is_null(index) && !bytes.is_null(index)) {
        let bytes = bytes.value(index);
        check_size(name, bytes.len() as u64)?;
        return Ok(Some(PictureSource::Bytes(bytes.to_vec())));
    }
    let path = parts.and_then(|parts| text_at(parts.column_by_name("path")?, index));
    let Some(path) = path.and_then(present) else {
        return Ok(None);
    };
    let folder = place.file.parent().unwrap_or(Path::new("")).to_owned();
    paths::find_picture(&[folder], &path).map(|path| Some(PictureSource::File(path)))
}

fn text_at(column: &ArrayRef, index: usize) -> Option<String> {
    if column.is_null(index) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value(index).to_owned()),
        DataType::Int32 => Some(column.as_primitive::<Int32Type>().value(index).to_string()),
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(index).to_string()),
        _ => None,
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::Int32 | DataType::Int64)
}

fn is_labels(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) => is_text(item.data_type()),
        kind => is_text(kind),
    }
}

fn is_picture(kind: &DataType) -> bool {
    match kind {
        DataType::Binary => true,
        DataType::Struct(parts) => parts
            .iter()
            .any(|part| part.name() == "bytes" && *part.data_type() == DataType::Binary),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
