//! Calls cargo for the workspace, always in the same way: same folder, same `PROTOC`, nothing of
//! the outer `cargo run` left in the environment. A difference would compile everything again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::environment::{forget_outer_cargo, variable};
use crate::protoc;

/// The workspace that xtask belongs to.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The folder above xtask's own: where cargo says it runs from, else where it was built.
    ///
    /// # Errors
    /// That folder holds no `Cargo.toml`.
    pub(crate) fn find() -> Result<Self> {
        let own = variable("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = own
            .parent()
            .context("xtask's folder has no parent")?
            .to_owned();
        if !root.join("Cargo.toml").is_file() {
            bail!(
                "There is no workspace at {}. Run `cargo xtask` in a clone.",
                root.display()
            );
        }
        Ok(Self { root })
    }

    /// The workspace's top folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that cargo builds into.
    ///
    /// # Errors
    /// cargo can't read the workspace.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let folder = metadata["target_directory"].as_str();
        Ok(PathBuf::from(
            folder.context("cargo metadata names no target folder")?,
        ))
    }

    /// `cargo metadata` of the workspace's own packages; needs no network.
    ///
    /// # Errors
    /// cargo can't read the workspace.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let output = self
            .bare_cargo()
            .args([
                "metadata",
                "--format-version",
                "1",
                "--no-deps",
                "--offline",
            ])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo could not be started")?;
        if !output.status.success() {
            bail!("cargo metadata failed");
        }
        serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")
    }

    /// A cargo that may build: `PROTOC` is set.
    ///
    /// # Errors
    /// No `protoc` runs here.
    pub(crate) fn cargo(&self) -> Result<Command> {
        let mut command = self.bare_cargo();
        command.env("PROTOC", protoc::choose(&self.target()?)?);
        Ok(command)
    }

    /// Builds every program of the workspace and returns their paths by name.
    ///
    /// # Errors
    /// The build fails; cargo has printed why.
    pub(crate) fn build_programs(&self) -> Result<Programs> {
        let output = self
            .cargo()?
            .args(["build", "--workspace", "--bins"])
            .arg("--message-format=json-render-diagnostics")
            .stderr(Stdio::inherit())
            .output()
            .context("cargo could not be started")?;
        if !output.status.success() {
            bail!("cargo build failed");
        }
        Ok(Programs(executables(&String::from_utf8_lossy(
            &output.stdout,
        ))))
    }

    fn bare_cargo(&self) -> Command {
        let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
        forget_outer_cargo(&mut command);
        command.current_dir(&self.root);
        // A relative folder counts from where the person stands, not from the workspace.
        if let Some(target) = variable("CARGO_TARGET_DIR").map(PathBuf::from)
            && let Ok(absolute) = std::path::absolute(&target)
        {
            command.env("CARGO_TARGET_DIR", absolute);
        }
        command
    }
}

/// The programs that a build made.
pub(crate) struct Programs(BTreeMap<String, PathBuf>);

impl Programs {
    /// The path of one program.
    ///
    /// # Errors
    /// The workspace has no program of that name.
    pub(crate) fn get(&self, name: &str) -> Result<&Path> {
        let path = self.0.get(name).with_context(|| {
            let made: Vec<_> = self.0.keys().map(String::as_str).collect();
            format!(
                "the build made no program `{name}` (it made: {})",
                made.join(", ")
            )
        })?;
        Ok(path)
    }
}

/// Reads cargo's JSON messages: one object a line, those with an `executable` are programs.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| {
            let path = message["executable"].as_str()?;
            Some((
                message["target"]["name"].as_str()?.to_owned(),
                PathBuf::from(path),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_from_the_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"mirage"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"mirage"},"executable":"/t/mirage"}"#,
            "\nnot JSON\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let programs = Programs(executables(messages));
        assert_eq!(
            programs.get("mirage").expect("it is there"),
            Path::new("/t/mirage")
        );
        let missing = programs
            .get("playground")
            .expect_err("it is not there")
            .to_string();
        assert_eq!(
            missing,
            "the build made no program `playground` (it made: mirage)"
        );
    }

    #[test]
    fn this_workspace_is_found_and_read() {
        let workspace = Workspace::find().expect("a workspace");
        assert!(workspace.root().join("xtask/Cargo.toml").is_file());
        assert!(
            workspace
                .target()
                .expect("cargo metadata works")
                .is_absolute()
        );
    }
}
