/// Text for people: harmless, padded, cut and wrapped. Widths are counted in characters.
enum Text {
  /// The width that help texts keep to, and that a terminal of unknown width is taken to have.
  static let usualColumns = 80

  /// The text on one line, without anything that a terminal would obey or a reader would not see: names, descriptions
  /// and errors come from other machines.
  static func printable(_ text: some StringProtocol) -> String {
    // What nearly all of it is: a long list is mostly that.
    if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return String(text) }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
        result.append(scalar == "\n" || scalar == "\t" ? " " : "\u{FFFD}")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// The text with blanks after it.
  static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// The text with blanks before it.
  static func rightAligned(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// The text, or its beginning and an ellipsis.
  static func cut(_ text: String, to width: Int) -> String {
    text.count <= width ? text : String(text.prefix(max(0, width - 1))) + "…"
  }

  /// The text in lines of at most so many characters, at least one line, broken at blanks. A longer word stays whole,
  /// as it may be a path that somebody copies, unless it has to be broken.
  static func wrapped(_ text: String, to width: Int, breakingWords: Bool = false) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      var rest = word
      if !line.isEmpty, line.count + 1 + rest.count > width {
        lines.append(line)
        line = ""
      }
      while breakingWords, rest.count > width {
        lines.append(String(rest.prefix(width)))
        rest = rest.dropFirst(width)
      }
      line += (line.isEmpty ? "" : " ") + rest
    }
    return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
  }
}
