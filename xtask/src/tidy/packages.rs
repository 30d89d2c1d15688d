//! The workspace's packages and their direct dependencies, read from `cargo metadata`.

use anyhow::{Context, Result};
use serde_json::Value;

/// A member of the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// Its name in its manifest.
    pub(super) name: String,
    /// Everything it names as a dependency: normal, for tests and for its build script.
    pub(super) dependencies: Vec<Dependency>,
}

/// One direct dependency.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    /// The package's own name, also where the manifest renames it.
    pub(super) name: String,
    /// Whether it lies in a folder, as the members of the workspace do.
    pub(super) local: bool,
}

/// Reads what `cargo metadata --no-deps` printed.
///
/// # Errors
/// The text has another form than expected.
pub(super) fn read(metadata: &Value) -> Result<Vec<Package>> {
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    packages.iter().map(package).collect()
}

fn package(value: &Value) -> Result<Package> {
    let name = value["name"]
        .as_str()
        .context("a package has no name")?
        .to_owned();
    let dependencies = value["dependencies"]
        .as_array()
        .with_context(|| format!("the package {name} has no list of dependencies"))?
        .iter()
        .map(|dependency| {
            let name = dependency["name"]
                .as_str()
                .context("a dependency has no name")?;
            Ok(Dependency {
                name: name.to_owned(),
                local: dependency["path"].is_string(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Package { name, dependencies })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Packages from lines like `tests: mirage serenity`; names of other lines are local.
    pub(in crate::tidy) fn packages(lines: &[&str]) -> Vec<Package> {
        let split = |line: &str| {
            let (name, rest) = line.split_once(':').expect("a line has a colon");
            (
                name.to_owned(),
                rest.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            )
        };
        let members: Vec<_> = lines.iter().map(|line| split(line).0).collect();
        lines
            .iter()
            .map(|line| {
                let (name, dependencies) = split(line);
                let dependencies = dependencies
                    .into_iter()
                    .map(|name| Dependency {
                        local: members.contains(&name),
                        name,
                    })
                    .collect();
                Package { name, dependencies }
            })
            .collect()
    }

    #[test]
    fn names_and_places_are_read() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "mirage", "dependencies": [
                { "name": "mirage-models", "path": "/clone/models", "kind": null },
                { "name": "proptest", "kind": "dev", "rename": "property" },
            ]},
            { "name": "mirage-models", "dependencies": [] },
        ]});
        let wanted = packages(&["mirage: mirage-models proptest", "mirage-models:"]);
        assert_eq!(read(&metadata).expect("it is well formed"), wanted);
    }

    #[test]
    fn another_form_is_refused() {
        assert!(read(&serde_json::json!({})).is_err());
        assert!(read(&serde_json::json!({ "packages": [{ "name": "mirage" }] })).is_err());
    }
}
