//! Columns of a table: at least six wide, three blanks between them, the last one as it is.
//!
//! Source: kubelet.md 3.1.

const LEAST: usize = 6;
const BETWEEN: usize = 3;

/// Rows of cells as aligned lines.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column).filter(|_| column + 1 < row.len()));
        cells.map(|cell| (cell.len() + BETWEEN).max(LEAST)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if at + 1 < row.len() {
                text.push_str(&" ".repeat(widths[at].saturating_sub(cell.len())));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns() {
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        let rows = [row(&["NAME", "A", "LAST"]), row(&["longer", "", "x"]), row(&["a", "b", ""])];
        assert_eq!(aligned(&rows), "NAME     A     LAST\nlonger         x\na        b     \n");
        assert_eq!(aligned(&[]), "");
    }
}
