//! The Markdown of `docs/concepts` as text for a terminal: headings, paragraphs, lists, tables, code.

use std::io::{self, Write};

use crate::cli::term::Palette;

/// Prints a page. Paragraphs are broken anew to fit `width` columns.
pub fn page(out: &mut dyn Write, palette: &Palette, text: &str, width: usize) -> io::Result<()> {
    let mut page = Page { out, palette, width, open: String::new(), table: Vec::new() };
    let mut is_code = false;
    let mut is_comment = false;
    for line in text.lines() {
        if is_comment || line.starts_with("<!--") {
            // What only tests of the page need.
            is_comment = !line.ends_with("-->");
        } else if line.starts_with("```") {
            page.finish()?;
            is_code = !is_code;
        } else if is_code {
            writeln!(page.out, "    {line}")?;
        } else {
            page.line(line)?;
        }
    }
    page.finish()
}

struct Page<'p> {
    out: &'p mut dyn Write,
    palette: &'p Palette,
    width: usize,
    /// A paragraph or list item that may go on.
    open: String,
    table: Vec<Vec<String>>,
}

impl Page<'_> {
    fn line(&mut self, line: &str) -> io::Result<()> {
        if let Some(row) = line.strip_prefix('|') {
            let cells: Vec<String> =
                row.trim_end_matches('|').split('|').map(|cell| plain(cell.trim())).collect();
            if !cells
                .iter()
                .all(|cell| cell.chars().all(|c| c == '-' || c == ':') && !cell.is_empty())
            {
                self.table.push(cells);
            }
            return Ok(());
        }
        if line.is_empty() {
            self.finish()?;
            return writeln!(self.out);
        }
        if line.starts_with('#') {
            self.finish()?;
            let strong = self.palette.strong;
            return writeln!(
                self.out,
                "{strong}{}{strong:#}",
                plain(line.trim_start_matches(['#', ' ']))
            );
        }
        if line.starts_with("- ") {
            self.finish()?;
        }
        if !self.open.is_empty() {
            self.open.push(' ');
        }
        self.open.push_str(line.trim());
        Ok(())
    }

    /// Prints the paragraph or table that was gathered.
    fn finish(&mut self) -> io::Result<()> {
        let text = plain(&std::mem::take(&mut self.open));
        let indent = if text.starts_with("- ") { "  " } else { "" };
        for (number, line) in
            wrapped(&text, self.width.saturating_sub(indent.len())).iter().enumerate()
        {
            let indent = if number == 0 { "" } else { indent };
            writeln!(self.out, "{indent}{line}")?;
        }
        self.print_table()
    }

    fn print_table(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.table);
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width_of = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width_of(column).unwrap_or(0)).collect();
        let before = widths.iter().rev().skip(1).sum::<usize>() + 2 * columns;
        for (number, row) in rows.iter().enumerate() {
            let style = if number == 0 { self.palette.strong } else { Default::default() };
            let Some((last, cells)) = row.split_last() else { continue };
            let mut line = String::from("  ");
            for (cell, width) in cells.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            // The last column takes what is left of the line, and goes on below itself.
            let parts = wrapped(last, self.width.saturating_sub(before).max(24));
            line.push_str(parts.first().map_or("", String::as_str));
            writeln!(self.out, "{style}{}{style:#}", line.trim_end())?;
            for part in parts.iter().skip(1) {
                writeln!(self.out, "{:before$}{part}", "")?;
            }
        }
        Ok(())
    }
}

/// Words in lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Text without the marks of emphasis, code and links.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((code, after)) = rest.strip_prefix('`').and_then(|r| r.split_once('`')) {
            out.push_str(code);
            rest = after;
        } else if let Some((strong, after)) =
            rest.strip_prefix("**").and_then(|r| r.split_once("**"))
        {
            out.push_str(&plain(strong));
            rest = after;
        } else if let Some((name, after)) = link(rest) {
            out.push_str(&plain(name));
            rest = after;
        } else if let Some((word, after)) = emphasis(rest) {
            out.push_str(word);
            rest = after;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out + rest
}

fn link(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('[')?.split_once("](")?;
    if name.contains(['[', ']']) {
        return None;
    }
    Some((name, after.split_once(')')?.1))
}

fn emphasis(text: &str) -> Option<(&str, &str)> {
    let (word, after) = text.strip_prefix('*')?.split_once('*')?;
    let is_word = !word.is_empty() && !word.starts_with(' ') && !word.ends_with(' ');
    is_word.then_some((word, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_text() {
        let text = "# Title\n\nSome `code`, **strong** and\n[a link](x.md) that *is* wrapped.\n\n<!-- setup\nx -->\n\
                    - one\n  more\n- two * 3\n\n| a | b |\n|---|---|\n| `long` | x |\n\n```\n$ esker **x**\n```\n";
        let mut out = Vec::new();
        page(&mut out, &Palette::default(), text, 20).expect("a Vec takes all");
        let expected = "Title\n\nSome code, strong\nand a link that is\nwrapped.\n\n- one more\n- two * 3\n\n  a     b\n  \
                        long  x\n\n    $ esker **x**\n";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }
}
