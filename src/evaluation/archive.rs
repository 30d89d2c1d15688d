//! The pictures of `NAME.tar`, by the names that rows give them. The headers are read once, each
//! picture when it is asked for.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::error::EvaluationError;
use super::pairs::{Pairs, Row, of_system};
use crate::atlas::readers::{ReadError, RowFault};
use crate::media::MAXIMUM_BYTES;

/// An archive with the places of its files.
pub struct Archive {
    file: File,
    /// Bytes of the archive.
    length: u64,
    extents: HashMap<String, Extent>,
    /// Whether the headers end in the middle, so that files may be missing.
    cut_off: bool,
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    offset: u64,
    size: u64,
}

impl Archive {
    /// Reads the headers. Links and folders are left out.
    ///
    /// # Errors
    /// [`EvaluationError::Read`] if there is no such file or it is no tar archive.
    pub fn open(path: &Path) -> Result<Self, EvaluationError> {
        let file = File::open(path).map_err(|error| of_system(path, error))?;
        let length = file.metadata().map_err(|error| of_system(path, error))?;
        let length = length.len();
        let mut archive = tar::Archive::new(file);
        let mut extents = HashMap::new();
        let read = read_headers(&mut archive, &mut extents);
        if extents.is_empty() {
            let reason = match &read {
                Err(error) => format!("it is no tar archive ({error})"),
                Ok(()) => "the archive holds no files".to_owned(),
            };
            let path = path.to_owned();
            return Err(ReadError::Unusable { path, reason }.into());
        }
        Ok(Self {
            file: archive.into_inner(),
            length,
            extents,
            cut_off: read.is_err(),
        })
    }

    /// Looks whether each row's picture is there and whole, before anything is computed.
    ///
    /// # Errors
    /// [`EvaluationError::Read`] names the first row whose picture isn't.
    pub fn check(&self, pairs: &Pairs) -> Result<(), EvaluationError> {
        pairs
            .rows()
            .iter()
            .try_for_each(|row| self.extent(pairs, row).map(|_| ()))
    }

    /// A row's picture, not decoded.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn read(&mut self, pairs: &Pairs, row: &Row) -> Result<Vec<u8>, EvaluationError> {
        let Extent { offset, size } = self.extent(pairs, row)?;
        let io = |error: std::io::Error| refused(pairs, row, RowFault::Io(error.to_string()));
        self.file.seek(SeekFrom::Start(offset)).map_err(io)?;
        let mut bytes = Vec::new();
        let mut bounded = (&self.file).take(size);
        bounded.read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 == size {
            Ok(bytes)
        } else {
            Err(refused(pairs, row, RowFault::CutOff(row.file.clone())))
        }
    }

    fn extent(&self, pairs: &Pairs, row: &Row) -> Result<Extent, EvaluationError> {
        let maximum = MAXIMUM_BYTES as u64;
        let file = row.file.clone();
        let fault = match self.extents.get(&plain(&file)).copied() {
            None if self.cut_off => RowFault::CutOff(file),
            None => RowFault::MissingPicture(file),
            Some(Extent { size: 0, .. }) => RowFault::EmptyPicture(file),
            Some(Extent { size, .. }) if size > maximum => RowFault::LargePicture {
                bytes: size,
                maximum,
            },
            Some(extent) if extent.offset.saturating_add(extent.size) > self.length => {
                RowFault::CutOff(file)
            }
            Some(extent) => return Ok(extent),
        };
        Err(refused(pairs, row, fault))
    }
}

fn refused(pairs: &Pairs, row: &Row, fault: RowFault) -> EvaluationError {
    let place = pairs.place(row);
    ReadError::Row { place, fault }.into()
}

/// A name without what says nothing: `./a.jpg` is `a.jpg`. It is only compared with other names,
/// so it can lead nowhere.
fn plain(name: &str) -> String {
    let parts = name.split(['/', '\\']);
    let parts: Vec<&str> = parts.filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

fn read_headers(
    archive: &mut tar::Archive<File>,
    extents: &mut HashMap<String, Extent>,
) -> std::io::Result<()> {
    let mut in_folders = Vec::new();
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let kind = entry.header().entry_type();
        let name = entry.path_bytes();
        let name = std::str::from_utf8(&name).ok().map(plain);
        let is_file = matches!(kind, tar::EntryType::Regular | tar::EntryType::Continuous);
        let Some(name) = name.filter(|_| is_file) else {
            continue;
        };
        let extent = Extent {
            offset: entry.raw_file_position(),
            size: entry.size(),
        };
        if let Some((_, last)) = name.rsplit_once('/') {
            in_folders.push((last.to_owned(), extent));
        }
        extents.insert(name, extent);
    }
    // Rows may name a picture without its folder, as training reads them.
    for (name, extent) in in_folders {
        extents.entry(name).or_insert(extent);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> tempfile::TempPath {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut builder = tar::Builder::new(file.as_file());
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder
                .append_data(&mut header, name, *content)
                .expect("a file");
        }
        builder.finish().expect("an archive");
        drop(builder);
        file.into_temp_path()
    }

    fn pairs(files: &[&str]) -> Pairs {
        let lines: Vec<String> = files
            .iter()
            .map(|file| format!("{{\"file\": \"{file}\"}}"))
            .collect();
        let lines = lines.join("\n");
        Pairs::of_lines(Path::new("x.jsonl"), lines.as_bytes()).expect("rows")
    }

    #[test]
    fn pictures_are_found_with_their_folder_or_without() {
        let path = archive(&[("a.jpg", b"one"), ("in/b.jpg", b"two")]);
        let mut archive = Archive::open(&path).expect("an archive");
        let pairs = pairs(&["b.jpg", "./a.jpg", "in/b.jpg"]);
        archive.check(&pairs).expect("all are there");
        let read: Vec<Vec<u8>> = pairs
            .rows()
            .iter()
            .map(|row| archive.read(&pairs, row).expect("a picture"))
            .collect();
        assert_eq!(read, [b"two", b"one", b"two"]);
    }

    #[test]
    fn what_is_not_there_is_named_with_its_line() {
        let path = archive(&[("a.jpg", b"one"), ("empty.jpg", b"")]);
        let archive = Archive::open(&path).expect("an archive");
        let missing = archive.check(&pairs(&["a.jpg", "b.jpg"]));
        assert_eq!(
            missing.expect_err("not there").to_string(),
            "x.jsonl, line 2: there is no picture \"b.jpg\"."
        );
        let empty = archive.check(&pairs(&["empty.jpg"])).expect_err("empty");
        assert!(empty.to_string().contains("is empty"), "{empty}");
    }

    #[test]
    fn no_archive_and_a_cut_off_one_are_told() {
        let path = archive(&[("a.jpg", &[1; 600]), ("b.jpg", &[2; 600])]);
        let whole = std::fs::read(&path).expect("bytes");
        // a.jpg takes 512 + 1024 bytes: cut inside the content of b.jpg.
        std::fs::write(&path, &whole[..512 + 1024 + 512 + 100]).expect("written");
        let cut = Archive::open(&path).expect("it begins well");
        let error = cut.check(&pairs(&["a.jpg", "b.jpg"])).expect_err("cut off");
        assert!(error.to_string().contains("cut off before"), "{error}");
        std::fs::write(&path, b"no archive at all".repeat(100)).expect("written");
        let error = Archive::open(&path).err().expect("no archive");
        assert!(error.to_string().contains("no tar archive"), "{error}");
        let error = Archive::open(Path::new("no/such.tar")).err().expect("none");
        assert!(error.to_string().starts_with("There is no file"), "{error}");
    }
}
