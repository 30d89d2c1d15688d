//! What an ingest did, in words: for a collection of one's own and for the starter atlas alike.

use mirage::atlas::ingest::Report;

use super::text::{Paragraphs, count};

/// Rows that are named one by one; `--json` has all of them.
const NAMED: usize = 10;

/// The counts, then what was left out and why, in lines of that many columns.
pub(crate) fn describe(collection: &str, report: &Report, columns: usize) -> String {
    let mut text = Paragraphs::new(columns);
    // Only the starter atlas ever takes something away.
    let removed = match report.removed {
        0 => String::new(),
        removed => format!(" {removed} removed,"),
    };
    text.line(&format!(
        "Collection {collection}: {} read, {} added, {} updated, {} unchanged,{removed} {}, \
         {} refused.",
        count(report.read, "row", "rows"),
        report.added,
        report.updated,
        report.unchanged,
        count(report.duplicates.len() as u64, "duplicate", "duplicates"),
        report.refused.len()
    ));
    list(&mut text, "Refused:", &report.refused, |(row, reason)| {
        format!("{row}: {}.", reason.trim_end_matches('.'))
    });
    let same = |(row, other): &(String, String)| format!("{row} shows the same as {other}");
    list(
        &mut text,
        "Left out, because the atlas has the picture under another name:",
        &report.duplicates,
        same,
    );
    if report.stopped {
        text.line("Stopped. What was read is stored; run the same command again to go on.");
    }
    text.finish()
}

fn list<T>(text: &mut Paragraphs, heading: &str, rows: &[T], line: impl Fn(&T) -> String) {
    if rows.is_empty() {
        return;
    }
    text.line(heading);
    for row in rows.iter().take(NAMED) {
        text.labelled("  ", &line(row));
    }
    if rows.len() > NAMED {
        let more = rows.len() - NAMED;
        text.labelled("  ", &format!("and {more} more; --json lists all of them."));
    }
}

/// Whether not one row could be used.
pub(crate) fn all_refused(report: &Report) -> bool {
    report.read > 0 && report.refused.len() as u64 == report.read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reasons_are_told_and_the_rest_counted() {
        let report = Report {
            read: 13,
            added: 1,
            refused: (1..=12)
                .map(|row| (format!("line {row}"), "it is empty".to_owned()))
                .collect(),
            ..Report::default()
        };
        let text = describe("mine", &report, usize::MAX);
        assert!(
            text.starts_with("Collection mine: 13 rows read, 1 added"),
            "{text}"
        );
        assert!(text.contains("  line 10: it is empty.\n"), "{text}");
        assert!(!text.contains("line 11"), "{text}");
        assert!(text.contains("and 2 more"), "{text}");
        assert!(!text.contains("removed"), "{text}");
        assert!(!all_refused(&report));
    }

    #[test]
    fn what_was_removed_is_told() {
        let report = Report {
            removed: 2,
            ..Report::default()
        };
        let text = describe("starter", &report, usize::MAX);
        assert!(text.contains("0 unchanged, 2 removed, 0 dup"), "{text}");
    }

    #[test]
    fn nothing_read_is_not_all_refused() {
        assert!(!all_refused(&Report::default()));
        let refused = vec![("line 1".to_owned(), "it is empty".to_owned())];
        assert!(all_refused(&Report {
            read: 1,
            refused,
            ..Report::default()
        }));
    }
}
