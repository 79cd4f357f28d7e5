/// Rows and columns: aligned under headings and cut or wrapped to the width on a terminal, lines with tabs between the
/// cells in a pipe, where nothing is cut and `cut -f` finds its way.
struct Table {
  struct Column {
    var title: String
    var alignsRight = false
    /// Whether it may be narrower than its cells where the terminal is.
    var mayShrink = false
    /// Whether it goes on in the next line then, and is not cut: what somebody has to read to the end.
    var wraps = false
  }

  struct Cell: ExpressibleByStringLiteral {
    var text: String
    var look: Terminal.Look?

    init(_ text: String, _ look: Terminal.Look? = nil) {
      self.text = text
      self.look = look
    }

    init(stringLiteral value: String) { self.init(value) }
  }

  /// The narrowest that a column is cut to, in characters.
  static let minimumWidth = 8
  /// Between columns.
  private static let gap = "  "

  var columns: [Column]
  var rows: [[Cell]] = []

  func text(for terminal: Terminal) -> String {
    let rows = rows.map { row in row.map { Cell(Text.printable($0.text), $0.look) } }
    guard terminal.isTerminal else {
      return rows.map { row in row.map(\.text).joined(separator: "\t") + "\n" }.joined()
    }
    let widths = widths(of: rows, within: terminal.columns)
    let heading = columns.map { Cell($0.title, .heading) }
    return ([heading] + rows).map { lines($0, widths, terminal) }.joined()
  }

  private func widths(of rows: [[Cell]], within available: Int) -> [Int] {
    var widths = columns.indices.map { column in
      max(columns[column].title.count, rows.map { $0[column].text.count }.max() ?? 0)
    }
    var excess = widths.reduce(Self.gap.count * (columns.count - 1), +) - available
    // The widest of those that may shrink gives way first.
    while excess > 0 {
      let candidates = columns.indices.filter { columns[$0].mayShrink && widths[$0] > Self.minimumWidth }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func lines(_ cells: [Cell], _ widths: [Int], _ terminal: Terminal) -> String {
    let columns: [[Cell]] = cells.enumerated().map { column, cell in
      let texts =
        self.columns[column].wraps
        ? Text.wrapped(cell.text, to: widths[column], breakingWords: true) : [Text.cut(cell.text, to: widths[column])]
      return texts.map { Cell($0, cell.look) }
    }
    let count = columns.map(\.count).max() ?? 0
    return (0..<count).map { number in
      line(columns.map { number < $0.count ? $0[number] : "" }, widths, terminal) + "\n"
    }.joined()
  }

  private func line(_ cells: [Cell], _ widths: [Int], _ terminal: Terminal) -> String {
    var parts: [String] = []
    for (column, cell) in cells.enumerated() {
      let text = cell.text
      let padding = String(repeating: " ", count: widths[column] - text.count)
      let painted = terminal.painted(text, cell.look)
      if columns[column].alignsRight {
        parts.append(padding + painted)
      } else {
        parts.append(column == cells.count - 1 ? painted : painted + padding)
      }
    }
    // Empty cells at the end leave no blanks behind.
    var line = parts.joined(separator: Self.gap)
    while line.last == " " { line.removeLast() }
    return line
  }
}
