//! Whether the machine's memory is short, as far as the system tells.

/// Where Linux tells how much memory there is.
const TABLE: &str = "/proc/meminfo";

/// Share of the memory that is still available, 0 to 1; `None` where the system doesn't tell.
pub fn available() -> Option<f64> {
    available_of(&std::fs::read_to_string(TABLE).ok()?)
}

/// Megabytes that are still available; `None` where the system doesn't tell.
pub fn available_megabytes() -> Option<u64> {
    megabytes_of(&std::fs::read_to_string(TABLE).ok()?)
}

fn available_of(table: &str) -> Option<f64> {
    let total = kibibytes(table, "MemTotal:").filter(|total| *total > 0.0)?;
    Some(kibibytes(table, "MemAvailable:")? / total)
}

fn megabytes_of(table: &str) -> Option<u64> {
    Some((kibibytes(table, "MemAvailable:")? * 1024.0 / 1e6) as u64)
}

fn kibibytes(table: &str, name: &str) -> Option<f64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_end_matches("kB").trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_read_from_the_table() {
        let table = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    250 kB\n";
        assert_eq!(available_of(table), Some(0.25));
        assert_eq!(megabytes_of(table), Some(0));
        let large = "MemAvailable:    3000000 kB\n";
        assert_eq!(megabytes_of(large), Some(3_072));
        assert_eq!(available_of("MemTotal: 1000 kB\n"), None);
        assert_eq!(available_of(""), None);
    }
}
