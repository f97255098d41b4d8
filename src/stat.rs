//! What the operating system says of a file without reading it.
//!
//! Owns [`Stat`], the four values by which a file is judged unchanged. The scanner makes them,
//! the stat cache keeps them, writers into a worktree hand them back.

use std::fs::Metadata;

/// The size, times and number of a file as the file system keeps them.
///
/// Times are nanoseconds since 1970, negative before it and saturated at the bounds of `i64`
/// (the years 1677 and 2262). Where a platform lacks a value it is zero: Windows has neither the
/// time of the last status change nor, through the standard library, a file number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stat {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change of the content; a program may set it to any value.
    pub mtime_ns: i64,
    /// Time of the last change of content, name or attributes; no program can set it.
    pub ctime_ns: i64,
    /// File number, unique within one file system at one time.
    pub inode: u64,
}

/// Whether the owner may run a file.
#[cfg(unix)]
pub fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o100 != 0
}

/// Whether the owner may run a file: a system without such a mark says no.
#[cfg(not(unix))]
pub fn is_executable(_: &Metadata) -> bool {
    false
}

impl Stat {
    /// Takes the values from what the operating system answered.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Stat {
        use std::os::unix::fs::MetadataExt;
        Stat {
            size: metadata.len(),
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// Takes the values from what the operating system answered.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Stat {
        let mtime_ns = metadata.modified().map_or(0, system_time_ns);
        Stat { size: metadata.len(), mtime_ns, ctime_ns: 0, inode: 0 }
    }
}

/// Joins whole seconds and the nanoseconds above them, saturating.
pub fn nanoseconds(seconds: i64, above: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(above)
}

/// Nanoseconds between 1970 and a moment, negative before it, saturating.
pub fn system_time_ns(time: std::time::SystemTime) -> i64 {
    match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn times_saturate_and_go_below_1970() {
        assert_eq!(nanoseconds(1, 5), 1_000_000_005);
        assert_eq!(nanoseconds(-1, 999_999_999), -1);
        assert_eq!(nanoseconds(i64::MAX, 0), i64::MAX);
        assert_eq!(system_time_ns(UNIX_EPOCH + Duration::from_nanos(7)), 7);
        assert_eq!(system_time_ns(UNIX_EPOCH - Duration::from_nanos(7)), -7);
    }

    #[test]
    fn a_written_file_changes_its_stat() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("f");
        std::fs::write(&path, b"one").expect("write");
        let one = Stat::of(&std::fs::symlink_metadata(&path).expect("stat"));
        assert_eq!(one.size, 3);
        std::fs::write(&path, b"three").expect("write");
        let two = Stat::of(&std::fs::symlink_metadata(&path).expect("stat"));
        assert_ne!(one, two);
        assert_eq!(one.inode, two.inode);
    }
}
