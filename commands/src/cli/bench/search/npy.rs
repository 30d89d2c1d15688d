//! Rows of 32-bit numbers as numpy reads them (format version 1.0).

use std::fs::File;
use std::io::{BufWriter, Result, Write as _};
use std::path::Path;

/// Bytes before the text of the header: the mark, the version, and the text's length.
const BEFORE: usize = 10;
/// The numbers begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// A file that is written row after row.
pub(super) struct Writer(BufWriter<File>);

impl Writer {
    /// Begins a file of so many rows and columns, all of which are to be written.
    pub(super) fn new(path: &Path, rows: usize, columns: usize) -> Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&header(rows, columns))?;
        Ok(Self(file))
    }

    pub(super) fn write(&mut self, numbers: &[f32]) -> Result<()> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
        self.0.write_all(&bytes)
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.0.flush()
    }
}

fn header(rows: usize, columns: usize) -> Vec<u8> {
    let text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let length = (BEFORE + text.len() + 1).next_multiple_of(ALIGNMENT) - BEFORE;
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    // Two bytes are enough for any two numbers.
    header.extend([(length % 256) as u8, (length / 256) as u8]);
    header.extend(text.as_bytes());
    header.resize(BEFORE + length - 1, b' ');
    header.push(b'\n');
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_as_numpy_writes_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.npy");
        let mut writer = Writer::new(&path, 2, 3).expect("a file");
        writer.write(&[1.0, 2.0, 3.0]).expect("written");
        writer.write(&[4.0, 5.0, 6.0]).expect("written");
        writer.finish().expect("written");
        let written = std::fs::read(&path).expect("readable");
        assert!(written.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', "));
        assert_eq!(written.len(), 128 + 6 * 4);
        assert_eq!(written[127], b'\n');
        assert_eq!(written[128..132], 1.0_f32.to_le_bytes());
        assert_eq!(written[148..], 6.0_f32.to_le_bytes());
    }
}
