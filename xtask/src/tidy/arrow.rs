//! The dependency arrow between the workspace's packages, against an allow-list.
//! A new edge is an architectural change: it is made in the list below and in ARCHITECTURE.md.

use super::packages::Package;

/// Every edge between two members: the first depends on the second.
const ALLOWED: &[(&str, &str)] = &[
    ("mirage", "mirage-models"),
    ("mirage", "mirage-vectors"),
    ("mirage-commands", "mirage"),
    ("mirage-commands", "mirage-models"),
    ("mirage-tests", "mirage"),
    ("mirage-tests", "mirage-commands"),
    ("mirage-tests", "mirage-models"),
    ("mirage-tests", "mirage-playground"),
];

/// Names edges that are not allowed and allowed edges that no longer exist.
pub(super) fn check(packages: &[Package]) -> Vec<String> {
    compare(packages, ALLOWED)
}

fn compare(packages: &[Package], allowed: &[(&str, &str)]) -> Vec<String> {
    let edges: Vec<(&str, &str)> = packages
        .iter()
        .flat_map(|package| {
            let local = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.local);
            local.map(|dependency| (package.name.as_str(), dependency.name.as_str()))
        })
        .collect();
    let forbidden = edges
        .iter()
        .filter(|edge| !allowed.contains(edge))
        .map(|(from, to)| {
            format!("{from} must not depend on {to}; the arrow in ARCHITECTURE.md has no such edge")
        });
    let stale = allowed
        .iter()
        .filter(|edge| !edges.contains(edge))
        .map(|(from, to)| {
            format!("{from} no longer depends on {to}; take the edge out of xtask's allow-list")
        });
    forbidden.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::super::packages::tests::packages;
    use super::*;

    const SMALL: &[(&str, &str)] = &[("commands", "mirage"), ("mirage", "models")];

    #[test]
    fn the_arrow_as_drawn_passes() {
        let found = packages(&[
            "commands: mirage serenity",
            "mirage: models",
            "models: candle",
        ]);
        assert!(compare(&found, SMALL).is_empty());
    }

    #[test]
    fn an_edge_backwards_is_named() {
        let found = packages(&["commands: mirage", "mirage: models", "models: mirage"]);
        let problems = compare(&found, SMALL);
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].starts_with("models must not depend on mirage"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_folder_outside_the_workspace_is_an_edge_too() {
        let mut found = packages(&["commands: mirage", "mirage: models", "models: fork"]);
        found[2].dependencies[0].local = true;
        assert_eq!(compare(&found, SMALL).len(), 1);
    }

    #[test]
    fn an_edge_that_is_gone_is_stale() {
        let found = packages(&["commands: mirage", "mirage:", "models:"]);
        let problems = compare(&found, SMALL);
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].starts_with("mirage no longer depends on models"),
            "{problems:?}"
        );
    }
}
