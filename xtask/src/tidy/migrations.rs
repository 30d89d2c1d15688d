//! Migrations run in the order of the timestamps in their names: each has one, and no two share
//! it. Each database has a folder of its own, with the same names in all.

use std::collections::BTreeMap;

use super::files::SourceFile;

const FOLDER: &str = "migrations/";
/// Databases that Mirage runs on.
const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Names files in `migrations/DATABASE/` that are not called `YYYYMMDDHHMMSS_what_it_does.sql`,
/// timestamps that occur twice, and migrations that one database lacks.
pub(super) fn check(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for path in files
        .iter()
        .filter_map(|file| file.path.strip_prefix(FOLDER))
    {
        let known = path
            .split_once('/')
            .filter(|(database, _)| DATABASES.contains(database));
        let Some((database, name)) = known else {
            let folders = DATABASES.join(" or ");
            problems.push(format!("{FOLDER}{path} must lie in {folders}"));
            continue;
        };
        match timestamp(name) {
            None => problems.push(format!(
                "{FOLDER}{path} must be named by its time: YYYYMMDDHHMMSS_what_it_does.sql"
            )),
            Some(time) => {
                if seen.insert((database, time), name).is_some() {
                    problems.push(format!("{FOLDER}{path} has the time of another migration"));
                }
            }
        }
    }
    for ((database, time), name) in &seen {
        let others = DATABASES.iter().filter(|other| *other != database);
        for other in others {
            if seen.get(&(*other, *time)) != Some(name) {
                problems.push(format!(
                    "{FOLDER}{other}/{name} is missing; {database} has it"
                ));
            }
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

    /// The problems of files with these names in the folders of all databases.
    fn problems(names: &[&str]) -> Vec<String> {
        let files: Vec<_> = DATABASES
            .iter()
            .flat_map(|database| names.iter().map(move |name| format!("{database}/{name}")))
            .map(|path| SourceFile::new(&format!("{FOLDER}{path}"), ""))
            .collect();
        check(&files)
    }

    #[test]
    fn a_migration_that_one_database_lacks_is_named() {
        let path = format!("{FOLDER}sqlite/20261122093000_searches.sql");
        let problems = check(&[SourceFile::new(&path, "")]);
        assert_eq!(
            problems,
            ["migrations/postgres/20261122093000_searches.sql is missing; sqlite has it"]
        );
        let path = format!("{FOLDER}20261122093000_searches.sql");
        assert_eq!(check(&[SourceFile::new(&path, "")]).len(), 1);
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
            "older/20261122093000_searches.sql",
            "2026112209300é_letter.sql",
        ] {
            assert_eq!(problems(&[name]).len(), 2, "{name}");
        }
    }

    #[test]
    fn two_of_one_time_fail() {
        assert_eq!(
            problems(&["20261122093000_a.sql", "20261122093000_b.sql"]).len(),
            2
        );
    }

    #[test]
    fn files_elsewhere_are_not_migrations() {
        assert!(check(&[SourceFile::new("docs/migrations/notes.md", "")]).is_empty());
    }
}
