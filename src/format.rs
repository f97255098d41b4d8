//! The parameters that are part of a repository's format.
//!
//! They are fixed when a repository is made and travel with it. Nothing here enters an id: two
//! repositories with different parameters give the same ids to the same files.

use crate::chunk::ChunkLengths;

/// A parameter that is missing or outside the bounds that keep every reader's memory bounded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("format parameter {name} is missing or out of bounds")]
pub struct FormatError {
    /// The parameter.
    pub name: &'static str,
}

/// How a repository lays data out; all in bytes. `docs/design` holds the measurements behind the
/// defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatParameters {
    /// Lengths of chunks.
    pub chunk: ChunkLengths,
    /// Raw size at which a block of trees or recipes is closed.
    pub tree_block_bytes: u32,
    /// Raw size at which a block of small files is closed.
    pub small_file_block_bytes: u32,
    /// Raw size at which a block inside one large file is closed. A writer that compresses harder may
    /// choose more, see [`FormatParameters::large_block_bytes`].
    pub large_file_block_bytes: u32,
    /// Bytes that one chaining value of a recipe covers, a power of two.
    pub group_bytes: u32,
}

impl Default for FormatParameters {
    fn default() -> Self {
        Self {
            chunk: ChunkLengths::DEFAULT,
            tree_block_bytes: 64 << 10,
            small_file_block_bytes: 128 << 10,
            large_file_block_bytes: 256 << 10,
            group_bytes: 128 << 10,
        }
    }
}

impl FormatParameters {
    /// Raw size of a block inside a large file at a zstd level. From level 3 on size is what is asked
    /// for, and zstd needs more than 256 KiB to find it; below, small blocks make random reads cheap.
    pub fn large_block_bytes(&self, compression_level: i32) -> u32 {
        match compression_level {
            ..=2 => self.large_file_block_bytes,
            _ => self.large_file_block_bytes.max(1 << 20),
        }
    }

    /// Checks the fixed bounds, which values from a file or a remote must keep too.
    pub fn check(&self) -> Result<(), FormatError> {
        let block = |n: u32| (16 << 10..=8 << 20).contains(&n);
        let group = self.group_bytes;
        // At worst each chunk of a page is a run of its own, of some 50 bytes.
        let runs_a_page = u64::from(group) * 4096 / u64::from(self.chunk.min.max(1));
        let checks = [
            ("chunk_average_bytes", self.chunk.is_valid()),
            ("tree_block_bytes", block(self.tree_block_bytes)),
            ("small_file_block_bytes", block(self.small_file_block_bytes)),
            ("large_file_block_bytes", block(self.large_file_block_bytes)),
            // A segment of an ingest holds whole groups, hence the upper bound.
            ("group_bytes", group.is_power_of_two() && (64 << 10..=2 << 20).contains(&group)),
            ("chunk_min_bytes", runs_a_page * 50 < 16 << 20),
        ];
        match checks.into_iter().find(|(_, is_right)| !is_right) {
            Some((name, _)) => Err(FormatError { name }),
            None => Ok(()),
        }
    }

    /// Name and value of each parameter, as they are kept.
    pub fn rows(&self) -> [(&'static str, u32); 7] {
        [
            ("chunk_min_bytes", self.chunk.min),
            ("chunk_average_bytes", self.chunk.avg),
            ("chunk_max_bytes", self.chunk.max),
            ("tree_block_bytes", self.tree_block_bytes),
            ("small_file_block_bytes", self.small_file_block_bytes),
            ("large_file_block_bytes", self.large_file_block_bytes),
            ("group_bytes", self.group_bytes),
        ]
    }

    /// Reads each parameter by its name and checks the bounds.
    pub fn from_rows<E: From<FormatError>>(
        mut get: impl FnMut(&str) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        let mut value = |name: &'static str| match get(name)?.and_then(|text| text.parse().ok()) {
            Some(number) => Ok(number),
            None => Err(E::from(FormatError { name })),
        };
        let parameters = Self {
            chunk: ChunkLengths {
                min: value("chunk_min_bytes")?,
                avg: value("chunk_average_bytes")?,
                max: value("chunk_max_bytes")?,
            },
            tree_block_bytes: value("tree_block_bytes")?,
            small_file_block_bytes: value("small_file_block_bytes")?,
            large_file_block_bytes: value("large_file_block_bytes")?,
            group_bytes: value("group_bytes")?,
        };
        parameters.check()?;
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_round_trip_and_keep_their_bounds() {
        let good = FormatParameters::default();
        let rows = good.rows();
        let get = |name: &str| {
            let found = rows.iter().find(|(n, _)| *n == name);
            Ok::<_, FormatError>(found.map(|(_, v)| v.to_string()))
        };
        assert_eq!(FormatParameters::from_rows(get), Ok(good));
        let bad = [
            FormatParameters { chunk: ChunkLengths { min: 0, ..good.chunk }, ..good },
            FormatParameters { chunk: ChunkLengths { max: 1 << 30, ..good.chunk }, ..good },
            FormatParameters { large_file_block_bytes: u32::MAX, ..good },
            FormatParameters { tree_block_bytes: 0, ..good },
            FormatParameters { group_bytes: (1 << 20) + 1, ..good },
        ];
        for parameters in bad {
            assert!(parameters.check().is_err(), "{parameters:?}");
        }
        assert!(FormatParameters::from_rows(|_| Ok::<_, FormatError>(None)).is_err());
    }
}
