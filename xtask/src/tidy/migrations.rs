//! Migrations run in the order of the timestamps in their names: each has one, and no two share
//! it.

use super::files::SourceFile;

const FOLDER: &str = "migrations/";

/// Names files in `migrations/` that are not called `YYYYMMDDHHMMSS_what_it_does.sql`, and
/// timestamps that occur twice.
pub(super) fn check(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for name in files
        .iter()
        .filter_map(|file| file.path.strip_prefix(FOLDER))
    {
        match timestamp(name) {
            None => problems.push(format!(
                "{FOLDER}{name} must be named by its time: YYYYMMDDHHMMSS_what_it_does.sql"
            )),
            Some(time) if seen.contains(&time) => {
                problems.push(format!("{FOLDER}{name} has the time of another migration"));
            }
            Some(time) => seen.push(time),
        }
    }
    problems
}

fn timestamp(name: &str) -> Option<&str> {
    let (time, words) = name.strip_suffix(".sql")?.split_once('_')?;
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let well_formed = time.len() == 14
        && time.bytes().all(|digit| digit.is_ascii_digit())
        && (1..=12).contains(&time[4..6].parse::<u8>().ok()?)
        && (1..=31).contains(&time[6..8].parse::<u8>().ok()?)
        && time[8..10].parse::<u8>().ok()? < 24
        && time[10..12].parse::<u8>().ok()? < 60
        && time[12..14].parse::<u8>().ok()? < 60
        && !words.is_empty()
        && words.chars().all(plain);
    well_formed.then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(names: &[&str]) -> Vec<String> {
        let files: Vec<_> = names
            .iter()
            .map(|name| SourceFile::new(&format!("{FOLDER}{name}"), ""))
            .collect();
        check(&files)
    }

    #[test]
    fn timestamped_names_pass() {
        assert!(problems(&["20261122093000_searches.sql", "20261123000000_page_2.sql"]).is_empty());
    }

    #[test]
    fn other_names_fail() {
        for name in [
            "1_searches.sql",
            "20261322093000_month_13.sql",
            "20261122250000_hour_25.sql",
            "20261122093000.sql",
            "20261122093000_Upper.sql",
            "20261122093000_searches.txt",
            "old/20261122093000_searches.sql",
            "2026112209300é_letter.sql",
        ] {
            assert_eq!(problems(&[name]).len(), 1, "{name}");
        }
    }

    #[test]
    fn two_of_one_time_fail() {
        assert_eq!(
            problems(&["20261122093000_a.sql", "20261122093000_b.sql"]).len(),
            1
        );
    }

    #[test]
    fn files_elsewhere_are_not_migrations() {
        assert!(check(&[SourceFile::new("docs/migrations/notes.md", "")]).is_empty());
    }
}
