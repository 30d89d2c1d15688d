//! What must be absent: dependencies that belong to one package alone, and crates that are used
//! in one part of a package alone.

use super::files::SourceFile;
use super::packages::Package;

/// A family of crates and the packages that may name it in their manifest.
struct Home {
    /// The crate, or the first words of the names of several.
    family: &'static str,
    packages: &'static [&'static str],
    reason: &'static str,
}

const HOMES: &[Home] = &[
    Home {
        family: "serenity",
        packages: &["mirage-commands", "mirage-playground", "mirage-tests"],
        reason: "Discord's types stay in commands; playground and tests decode with them",
    },
    Home {
        family: "poise",
        packages: &["mirage-commands"],
        reason: "Discord's types stay in commands",
    },
    Home {
        family: "twilight",
        packages: &["mirage-playground", "mirage-tests"],
        reason: "it is the independent decoder of the tests",
    },
    Home {
        family: "sqlx",
        packages: &["mirage", "mirage-tests"],
        reason: "SQL stays in src/store; tests may look behind its back",
    },
    Home {
        family: "lancedb",
        packages: &["mirage"],
        reason: "LanceDB stays in src/atlas",
    },
    Home {
        family: "candle",
        packages: &["mirage-models"],
        reason: "networks stay in models",
    },
];

/// All that xtask may depend on: it is built before anything else and must stay small.
const XTASK: &[&str] = &["anyhow", "protoc-bin-vendored", "serde_json"];

/// A crate and the only places where Rust code may use it.
const USES: &[(&str, &[&str])] = &[
    ("sqlx", &["src/store.rs", "src/store/", "tests/"]),
    ("lancedb", &["src/atlas.rs", "src/atlas/"]),
];

/// Names dependencies that are not at home in the package that has them.
pub(super) fn check_dependencies(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            let (from, to) = (&package.name, &dependency.name);
            if let Some(home) = HOMES.iter().find(|home| belongs(to, home.family))
                && !home.packages.contains(&from.as_str())
            {
                problems.push(format!("{from} must not depend on {to}: {}", home.reason));
            }
            if from == "xtask" && !XTASK.contains(&to.as_str()) {
                problems.push(format!(
                    "xtask must not depend on {to}: it builds in seconds"
                ));
            }
        }
    }
    problems
}

/// Names Rust files that use a crate outside of its place.
pub(super) fn check_use(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for (name, places) in USES {
            if places.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            for (number, line) in file.numbered_lines() {
                if uses(line, name) {
                    problems.push(format!(
                        "{}:{number} uses {name}, which stays in {}",
                        file.path,
                        places.join(" and ")
                    ));
                }
            }
        }
    }
    problems
}

fn belongs(name: &str, family: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

/// Whether code on this line names the crate: `name::…` or `use name…`. Comments and strings
/// don't count.
fn uses(line: &str, name: &str) -> bool {
    let code = code_of(line);
    let part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        !before.ends_with(part_of_word)
            && (after.starts_with("::")
                || (before.ends_with("use ") && !after.starts_with(part_of_word)))
    })
}

/// The line without its comment and without the contents of its string literals.
fn code_of(line: &str) -> String {
    let mut code = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    let mut in_string = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if in_string => drop(letters.next()),
            '"' => in_string = !in_string,
            '/' if !in_string && letters.peek() == Some(&'/') => break,
            _ if in_string => {}
            _ => code.push(letter),
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::packages;
    use super::*;

    #[test]
    fn a_dependency_away_from_home_is_named() {
        let found = packages(&[
            "mirage: sqlx lancedb",
            "mirage-models: candle-core twilight-model",
            "mirage-commands: poise serenity sqlx",
            "mirage-playground: serenity serenitylike",
        ]);
        let problems = check_dependencies(&found);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("mirage-models must not depend on twilight-model"));
        assert!(problems[1].starts_with("mirage-commands must not depend on sqlx"));
    }

    #[test]
    fn xtask_stays_small() {
        let problems = check_dependencies(&packages(&["xtask: anyhow serde_json tokio"]));
        assert_eq!(
            problems,
            ["xtask must not depend on tokio: it builds in seconds"]
        );
    }

    #[test]
    fn use_outside_its_place_is_named_with_its_line() {
        let inside = SourceFile::new("src/store/jobs.rs", "use sqlx::SqlitePool;\n");
        let outside = SourceFile::new("src/atlas/search.rs", "//! Head.\n\nuse sqlx::Row;\n");
        let problems = check_use(&[inside, outside]);
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].starts_with("src/atlas/search.rs:3 uses sqlx"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_module_with_a_longer_name_is_not_the_place() {
        let file = SourceFile::new("src/storekeeper.rs", "type Pool = sqlx::SqlitePool;\n");
        assert_eq!(check_use(&[file]).len(), 1);
    }

    #[test]
    fn comments_strings_and_longer_names_do_not_count() {
        for line in [
            "// sqlx::query is in the store",
            "let filter = \"info,sqlx::query=warn\";",
            "mirage_sqlx::open();",
            "use sqlx_like::Pool;",
            "let sqlx = 3;",
        ] {
            assert!(!uses(line, "sqlx"), "{line}");
        }
        for line in [
            "use sqlx;",
            "use sqlx as sql;",
            "a(\"\\\"\", sqlx::query(x))",
            "sqlx::X",
        ] {
            assert!(uses(line, "sqlx"), "{line}");
        }
    }
}
