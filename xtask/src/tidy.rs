//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that the compiler can't check.
//! Each check is a function from text to a list of problems, one plain sentence each.

mod absences;
mod arrow;
mod file_length;
mod files;
mod migrations;
mod module_heads;
mod packages;
mod private_places;

use anyhow::{Result, bail};

use crate::cargo::Workspace;

/// Runs every check and prints every problem, not the first alone.
///
/// # Errors
/// There are problems, or the workspace can't be read.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let packages = packages::read(&workspace.metadata()?)?;
    let files = files::read(workspace.root())?;
    let problems: Vec<String> = [
        arrow::check(&packages),
        absences::check_dependencies(&packages),
        absences::check_use(&files),
        module_heads::check(&files),
        file_length::check(&files),
        private_places::check(&files),
        migrations::check(&files),
    ]
    .concat();
    if !problems.is_empty() {
        for problem in &problems {
            eprintln!("tidy: {problem}");
        }
        bail!("tidy found {} problem(s)", problems.len());
    }
    println!(
        "tidy: {} packages and {} files are in order",
        packages.len(),
        files.len()
    );
    Ok(())
}
