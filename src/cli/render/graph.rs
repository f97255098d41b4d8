//! `log --graph`: commits as nodes beside their text, joined by lines, as git draws them.

use std::io::{self, Write};

use esker::id::CommitId;
use esker::ops::log::LogEntry;

/// A drawing that grows downwards: each lane waits for a commit that is drawn later.
#[derive(Default)]
pub struct Graph {
    lanes: Vec<CommitId>,
}

/// A line from a lane above to a lane below.
struct Line {
    at: usize,
    to: usize,
}

impl Graph {
    /// Draws a commit, the lines to those below it, and its text beside them.
    pub fn draw(&mut self, out: &mut dyn Write, entry: &LogEntry, text: &str) -> io::Result<()> {
        let below: Vec<CommitId> = entry.edges.iter().map(|(id, _)| *id).collect();
        let mut rows = self.rows(entry.commit, &below).into_iter();
        let mut texts = text.lines();
        // Lanes go on beside text that is longer than the lines need.
        let rest = "| ".repeat(self.lanes.len());
        loop {
            let (row, text) = match (rows.next(), texts.next()) {
                (None, None) => return Ok(()),
                (row, text) => (row.unwrap_or_else(|| rest.clone()), text.unwrap_or_default()),
            };
            writeln!(out, "{}", format!("{row}{text}").trim_end())?;
        }
    }

    /// The row of a commit's node, and those in which the lanes change.
    fn rows(&mut self, id: CommitId, below: &[CommitId]) -> Vec<String> {
        let at = self.lanes.iter().position(|lane| *lane == id).unwrap_or(self.lanes.len());
        let width = self.lanes.len().max(at + 1);
        let node = (0..width).map(|lane| if lane == at { "* " } else { "| " }).collect();
        let mut next: Vec<CommitId> = Vec::new();
        let mut lines = Vec::new();
        for (lane, waited) in
            self.lanes.iter().chain((at == self.lanes.len()).then_some(&id)).enumerate()
        {
            let targets = if lane == at { below } else { std::slice::from_ref(waited) };
            for target in targets {
                let to = next.iter().position(|known| known == target).unwrap_or_else(|| {
                    next.push(*target);
                    next.len() - 1
                });
                lines.push(Line { at: lane, to });
            }
        }
        self.lanes = next;
        let mut rows = vec![node];
        while lines.iter().any(|line| line.at != line.to) {
            rows.push(step(&mut lines, width));
        }
        rows
    }
}

/// Moves each line by one lane towards where it leads, and draws that. Lanes stand in every second
/// column; what moves is drawn between them.
fn step(lines: &mut [Line], width: usize) -> String {
    let lanes = lines.iter().map(|line| line.to + 1).max().unwrap_or(0).max(width);
    let mut row = vec![' '; 2 * lanes];
    for line in lines {
        let (column, mark) = match line.to.cmp(&line.at) {
            std::cmp::Ordering::Equal => (2 * line.at, '|'),
            std::cmp::Ordering::Greater => (2 * line.at + 1, '\\'),
            std::cmp::Ordering::Less => (2 * line.at - 1, '/'),
        };
        row[column] = match row[column] {
            other if other != ' ' && other != mark => 'X',
            _ => mark,
        };
        line.at = match mark {
            '\\' => line.at + 1,
            '/' => line.at - 1,
            _ => line.at,
        };
    }
    row.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> CommitId {
        CommitId::from_bytes([n; 32])
    }

    /// Draws commits given as their number and the numbers below them.
    fn drawn(commits: &[(u8, &[u8])]) -> String {
        let mut graph = Graph::default();
        let mut rows = Vec::new();
        for (commit, below) in commits {
            let below: Vec<_> = below.iter().map(|n| id(*n)).collect();
            rows.extend(graph.rows(id(*commit), &below));
        }
        rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_merge_opens_a_lane_and_its_base_closes_it() {
        let merged: &[(u8, &[u8])] = &[(5, &[4, 3]), (4, &[2]), (3, &[2]), (2, &[1]), (1, &[])];
        assert_eq!(drawn(merged), "*\n|\\\n* |\n| *\n|/\n*\n*");
    }

    #[test]
    fn lanes_to_the_right_make_room_and_close_up() {
        // Two branches, of which the left one is a merge; then the left one ends.
        let commits: &[(u8, &[u8])] =
            &[(9, &[7]), (8, &[6]), (7, &[5, 4]), (5, &[]), (4, &[6]), (6, &[])];
        assert_eq!(drawn(commits), "*\n| *\n* |\n|\\ \\\n* | |\n / /\n* |\n|/\n*");
    }

    #[test]
    fn a_line_crosses_the_lanes_between() {
        let commits: &[(u8, &[u8])] = &[(9, &[1]), (8, &[2]), (7, &[1]), (2, &[1]), (1, &[])];
        assert_eq!(drawn(commits), "*\n| *\n| | *\n| |/\n|/|\n| *\n|/\n*");
    }
}
