//! Whether the machine's memory is short, as far as the system tells.

/// Share of the memory that is still available, 0 to 1; `None` where the system doesn't tell.
pub fn available() -> Option<f64> {
    let table = std::fs::read_to_string("/proc/meminfo").ok()?;
    available_of(&table)
}

fn available_of(table: &str) -> Option<f64> {
    let kibibytes = |name: &str| -> Option<f64> {
        let line = table.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_end_matches("kB").trim().parse().ok()
    };
    let total = kibibytes("MemTotal:").filter(|total| *total > 0.0)?;
    Some(kibibytes("MemAvailable:")? / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_read_from_the_table() {
        let table = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    250 kB\n";
        assert_eq!(available_of(table), Some(0.25));
        assert_eq!(available_of("MemTotal: 1000 kB\n"), None);
        assert_eq!(available_of(""), None);
    }
}
