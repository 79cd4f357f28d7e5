import GtachModel
import Testing

@testable import GtachCommand

@Suite struct TextTests {
  @Test(arguments: [
    (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1050, "1.1 kB"), (1_234_567, "1.2 MB"),
    (99_949, "99.9 kB"), (99_950, "100 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (999_999, "1.0 MB"),
    (64 << 20, "67.1 MB"), (240_000_000_000, "240 GB"), (.max, "9.2 EB"), (-1500, "-1.5 kB"), (.min, "-9.2 EB"),
  ])
  func bytes(count: Int, text: String) { #expect(Quantity.bytes(count) == text) }

  @Test(arguments: [
    (0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (2345, "2.3 s"), (59_949, "59.9 s"), (59_950, "1 min 0 s"),
    (65_000, "1 min 5 s"), (3_599_499, "59 min 59 s"), (3_599_500, "1 h 0 min"), (12_000_000, "3 h 20 min"),
    (-5, "-5 ms"), (.max, "2562047788015 h 12 min"),
  ])
  func durations(milliseconds: Int, text: String) { #expect(Quantity.duration(milliseconds: milliseconds) == text) }

  @Test func nothingFromElsewhereReachesTheTerminalAsACommand() {
    #expect(Text.printable("plain Ünïcode 漢字") == "plain Ünïcode 漢字")
    #expect(Text.printable("two\nlines\tand") == "two lines and")
    #expect(Text.printable("\u{1B}[31mred\u{7}\r\u{0}") == "\u{FFFD}[31mred\u{FFFD}\u{FFFD}\u{FFFD}")
    // One-byte control sequences, marks that turn the reading direction, invisible characters.
    #expect(Text.printable("a\u{9B}b\u{202E}c\u{200B}d\u{2028}e") == "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}e")
  }

  @Test func wrapsAtBlanks() {
    #expect(Text.wrapped("one two three", to: 7) == ["one two", "three"])
    #expect(Text.wrapped("incomprehensibilities are", to: 5) == ["incomprehensibilities", "are"])
    #expect(
      Text.wrapped("an incomprehensible idea", to: 5, breakingWords: true) == [
        "an", "incom", "prehe", "nsibl", "e", "idea",
      ])
    #expect(Text.wrapped("", to: 5) == [""])
    #expect(Text.wrapped("  a   b  ", to: 5) == ["a b"])
  }

  @Test func tablesAlignAndShrinkToTheWidth() {
    var table = Table(columns: [
      .init(title: "NAME"), .init(title: "SIZE", alignsRight: true), .init(title: "ABOUT", mayShrink: true),
    ])
    table.rows = [["a", "1.2 MB", "short"], ["long-name", "3 B", "much too long for that"], ["b", "-", ""]]
    #expect(
      table.text(for: Terminal(isTerminal: true, columns: 31)) == """
        NAME         SIZE  ABOUT
        a          1.2 MB  short
        long-name     3 B  much too lo…
        b               -

        """)
    #expect(table.text(for: .plain) == "a\t1.2 MB\tshort\nlong-name\t3 B\tmuch too long for that\nb\t-\t\n")
    // A table that cannot shrink further is wider than its terminal rather than unreadable.
    #expect(table.text(for: Terminal(isTerminal: true, columns: 1)).contains("long-name     3 B  much to…\n"))
  }

  @Test func aCellCannotEndItsLineOrItsColumn() {
    var table = Table(columns: [.init(title: "A"), .init(title: "B")])
    table.rows = [[.init("x\ty\nz"), .init("\u{1B}[2J")]]
    #expect(table.text(for: .plain) == "x y z\t\u{FFFD}[2J\n")
  }

  @Test func coloursAreOnlyForTerminalsThatWantThem() {
    func terminal(_ isTerminal: Bool, _ environment: [String: String]) -> Terminal {
      Terminal(isTerminal: isTerminal, columns: nil) { environment[$0] }
    }
    #expect(terminal(true, [:]).colour)
    #expect(terminal(true, ["TERM": "xterm", "NO_COLOR": ""]).colour)
    #expect(!terminal(true, ["NO_COLOR": "1"]).colour)
    #expect(!terminal(true, ["TERM": "dumb"]).colour)
    #expect(!terminal(false, [:]).colour)
    #expect(terminal(true, [:]).columns == 80)
    #expect(Terminal(isTerminal: true, columns: 0) { _ in nil }.columns == 80)
    #expect(Terminal(isTerminal: true, columns: 132) { _ in nil }.columns == 132)
    let painted = Terminal(isTerminal: true, colour: true).painted("ok", .good)
    #expect(painted == "\u{1B}[32mok\u{1B}[0m")
    #expect(Terminal(isTerminal: true).painted("ok", .good) == "ok")
  }
}
