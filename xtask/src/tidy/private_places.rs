//! Nothing in the repository points to one person's machine or to the host of one package
//! registry: the first helps nobody else, the second is the package client's to know.

use super::files::SourceFile;

/// Beginnings of home folders, each followed by a name. Joined so that this file passes itself.
const HOMES: [&str; 4] = [
    concat!("/ho", "me/"),
    concat!("/Use", "rs/"),
    concat!("/ro", "ot/"),
    concat!(r"\Use", r"rs\"),
];

/// Hosts of package registries.
const HOSTS: [&str; 6] = [
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
    concat!("://crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
];

/// Names lines that hold a home folder or a registry's host.
pub(super) fn check(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for (number, line) in file.numbered_lines() {
            if let Some(home) = HOMES.iter().find(|home| names_home(line, home)) {
                problems.push(format!(
                    "{}:{number} names a home folder ({home}…)",
                    file.path
                ));
            }
            if let Some(host) = HOSTS.iter().find(|host| line.contains(*host)) {
                problems.push(format!(
                    "{}:{number} names a package registry ({host})",
                    file.path
                ));
            }
        }
    }
    problems
}

/// Whether a path starts here: what stands before is no part of a longer path or address, and a
/// name follows.
fn names_home(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + home.len()..].chars().next();
        // A drive letter's colon stands before the Windows form, so a colon is allowed.
        let starts =
            !before.is_some_and(|letter| letter.is_alphanumeric() || "._-/}".contains(letter));
        starts && after.is_some_and(|letter| letter.is_alphanumeric() || "._".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(line: &str) -> Vec<String> {
        check(&[SourceFile::new("README.md", line)])
    }

    #[test]
    fn home_folders_are_named() {
        for home in HOMES {
            let line = format!("see `{home}ada/notes`");
            assert_eq!(problems(&line).len(), 1, "{line}");
        }
        assert_eq!(problems(&format!("C:{}ada", HOMES[3])).len(), 1);
    }

    #[test]
    fn other_paths_pass() {
        for line in [
            format!("https://example.org{}page", HOMES[0]),
            format!("a{} b", HOMES[2]),
            format!("`{}`", HOMES[0]),
            "~/.local/share/mirage".to_owned(),
        ] {
            assert!(problems(&line).is_empty(), "{line}");
        }
    }

    #[test]
    fn registry_hosts_are_named_and_their_index_is_not() {
        assert_eq!(
            problems(&format!("https://{}/project/x", HOSTS[0])).len(),
            1
        );
        assert_eq!(problems(&format!("https{}/crates/x", HOSTS[3])).len(), 1);
        assert!(problems("registry+https://github.com/rust-lang/crates.io-index").is_empty());
    }
}
