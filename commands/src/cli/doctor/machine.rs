//! The machine itself: processor, memory, disks. What Mirage keeps on it is checked elsewhere.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Check;

/// What the bot holds when it runs, in megabytes, and what it needs to be at ease.
const LEAST_MEMORY: u64 = 600;
const GOOD_MEMORY: u64 = 1_000;
/// Room for weights and the starter atlas, in megabytes, and for a collection beside them.
const LEAST_DISK: u64 = 300;
const GOOD_DISK: u64 = 2_000;

/// A feature of a processor: its name, whether this one has it, and whether the program was built
/// to use it.
type Feature = (&'static str, bool, bool);

/// Whether the networks run as fast as the processor can.
pub(super) fn processor() -> Check {
    judge_processor(&features())
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<Feature> {
    vec![
        (
            "AVX2",
            std::arch::is_x86_feature_detected!("avx2"),
            cfg!(target_feature = "avx2"),
        ),
        (
            "FMA",
            std::arch::is_x86_feature_detected!("fma"),
            cfg!(target_feature = "fma"),
        ),
        (
            "F16C",
            std::arch::is_x86_feature_detected!("f16c"),
            cfg!(target_feature = "f16c"),
        ),
    ]
}

/// On other processors the baseline holds what is used.
#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<Feature> {
    Vec::new()
}

fn judge_processor(features: &[Feature]) -> Check {
    const NAME: &str = "processor";
    let names = |pick: fn(&Feature) -> bool| {
        let names = features.iter().filter(|feature| pick(feature));
        names.map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
    };
    let unused = names(|(_, has, built)| *has && !built);
    let lacking = names(|(_, has, _)| !has);
    if !unused.is_empty() {
        let text = format!("The program was built without {unused}, which this processor has.");
        let mend = "Build it with the flags of .cargo/config.toml; an own RUSTFLAGS replaces them.";
        return Check::warning(NAME, text, mend);
    }
    if !lacking.is_empty() {
        let text = format!("This processor lacks {lacking}: encoding is slow.");
        return Check::warning(NAME, text, "Use a processor made after 2015.");
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let all = names(|_| true);
    let extras = if all.is_empty() {
        String::new()
    } else {
        format!(" The program uses {all}.")
    };
    Check::ok(
        NAME,
        format!("Threads that can run at once: {threads}.{extras}"),
    )
}

/// Memory that is free, also below the limit of a container.
pub(super) fn memory() -> Check {
    let system = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| available_of(&text));
    let number = |path: &str| -> Option<u64> {
        std::fs::read_to_string(path)
            .ok()?
            .trim()
            .parse::<u64>()
            .ok()
    };
    // Without a limit the file says "max", which is no number.
    let container = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(limit, used)| limit.saturating_sub(used) / 1_000_000);
    judge_memory(system.into_iter().chain(container).min())
}

fn judge_memory(free: Option<u64>) -> Check {
    const NAME: &str = "memory";
    let mend = "End other programs, or take a machine with more memory.";
    match free {
        None => Check::ok(
            NAME,
            "How much memory is free is unknown: this system doesn't tell it as Linux does.",
        ),
        Some(free) if free < LEAST_MEMORY => {
            let text = format!("{free} MB are free; the bot needs {LEAST_MEMORY} MB.");
            Check::problem(NAME, text, mend)
        }
        Some(free) if free < GOOD_MEMORY => {
            Check::warning(NAME, format!("Only {free} MB are free."), mend)
        }
        Some(free) => Check::ok(NAME, format!("{free} MB are free.")),
    }
}

/// `MemAvailable` in megabytes.
fn available_of(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}

/// Room on the disk of a folder, which need not exist yet.
pub(super) fn disk(name: &'static str, folder: &Path) -> Check {
    let existing = folder.ancestors().find(|folder| folder.is_dir());
    judge_disk(name, folder, existing.and_then(free_megabytes))
}

fn judge_disk(name: &'static str, folder: &Path, free: Option<u64>) -> Check {
    let folder = folder.display();
    let mend = "Make room, or set MIRAGE_HOME to a folder on another disk.";
    match free {
        None => {
            let text = format!("How much room there is for {folder} could not be found out.");
            Check::warning(name, text, "Look with `df` or what your system has for it.")
        }
        Some(free) if free < LEAST_DISK => {
            let text = format!("{free} MB are free for {folder}; {LEAST_DISK} MB are needed.");
            Check::problem(name, text, mend)
        }
        Some(free) if free < GOOD_DISK => Check::warning(
            name,
            format!("{free} MB are free for {folder}: enough for the starter atlas alone."),
            mend,
        ),
        Some(free) => Check::ok(name, format!("{free} MB are free for {folder}.")),
    }
}

/// Asks `df`, whose form with these flags POSIX fixes.
fn free_megabytes(folder: &Path) -> Option<u64> {
    let output = Command::new("df")
        .arg("-Pk")
        .arg(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    free_of(&String::from_utf8_lossy(&output.stdout))
}

/// The column before the percentage; the names at both ends of the line may hold spaces.
fn free_of(table: &str) -> Option<u64> {
    let cells: Vec<&str> = table.lines().nth(1)?.split_whitespace().collect();
    let percentage = cells.iter().rposition(|cell| {
        cell.strip_suffix('%')
            .is_some_and(|number| number.parse::<u64>().is_ok())
    })?;
    let kibibytes: u64 = cells.get(percentage.checked_sub(1)?)?.parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_program_that_leaves_features_unused_is_told() {
        let check = judge_processor(&[("AVX2", true, true), ("FMA", true, false)]);
        assert_eq!(check.state, State::Warning);
        assert!(check.text.contains("without FMA"), "{}", check.text);
        let check = judge_processor(&[("AVX2", false, false)]);
        assert!(check.text.contains("lacks AVX2"), "{}", check.text);
        assert_eq!(judge_processor(&[("FMA", true, true)]).state, State::Ok);
        assert_eq!(judge_processor(&[]).state, State::Ok);
    }

    #[test]
    fn memory_is_judged_by_what_is_free() {
        let free = available_of("MemTotal: 9 kB\nMemAvailable:   4000000 kB\n");
        assert_eq!(free, Some(4_096));
        assert_eq!(judge_memory(free).state, State::Ok);
        assert_eq!(judge_memory(Some(700)).state, State::Warning);
        assert_eq!(judge_memory(Some(599)).state, State::Problem);
        assert!(judge_memory(None).text.contains("unknown"));
    }

    #[test]
    fn the_table_of_df_is_read_with_any_name() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                     my disk 9000000 1 2000000 78% /mnt/my 5% disk x\n";
        assert_eq!(free_of(table), None, "a name that looks like a number");
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                     my disk 9000000 1 2000000 78% /mnt/my disk\n";
        assert_eq!(free_of(table), Some(2_048));
        assert_eq!(free_of(""), None);
    }

    #[test]
    fn a_full_disk_is_a_problem() {
        let folder = Path::new("somewhere");
        assert_eq!(
            judge_disk("data disk", folder, Some(10)).state,
            State::Problem
        );
        assert_eq!(
            judge_disk("data disk", folder, Some(900)).state,
            State::Warning
        );
        assert_eq!(
            judge_disk("data disk", folder, Some(90_000)).state,
            State::Ok
        );
        assert_eq!(judge_disk("data disk", folder, None).state, State::Warning);
    }
}
