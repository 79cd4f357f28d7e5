/// The grammar of a JSON text (RFC 8259), and where things are in it. Foundation's decoder says neither: it passes over
/// commas before a closing brace and takes any of several members of one name.
struct JSONPlaces {
  /// What breaks the grammar, and where.
  private struct Flaw: Error {
    let offset: Int
    let reason: String
  }

  private let text: [UInt8]
  private let path: [any CodingKey]
  private var position = 0
  private var place: Int?
  private var oddNumber: Int?

  /// What first breaks the grammar; nil where nothing does. What is nested deeper than `JSONReading` allows does, and a
  /// name that an object has twice: which of the two counts is for nobody to guess.
  static func flaw(in text: [UInt8]) -> (offset: Int, reason: String)? {
    var places = JSONPlaces(text: text, path: [])
    do throws(Flaw) {
      try places.walk()
      return nil
    } catch {
      return (error.offset, error.reason)
    }
  }

  /// Where a decoder's path leads to, or the last of it that is there: a member's name, or an element.
  static func place(of path: [any CodingKey], in text: [UInt8]) -> Int? {
    var places = JSONPlaces(text: text, path: path)
    // What was found before a flaw was found.
    try? places.walk()
    return places.place
  }

  /// Where the first number is that is no whole one, or one that no `Int` holds.
  static func oddNumber(in text: [UInt8]) -> Int? {
    var places = JSONPlaces(text: text, path: [])
    // What was found before a flaw was found.
    try? places.walk()
    return places.oddNumber
  }

  private init(text: [UInt8], path: [any CodingKey]) {
    self.text = text
    self.path = path
  }

  // MARK: Grammar

  private mutating func walk() throws(Flaw) {
    skipSpace()
    place = position
    try value(matched: 0, depth: 0)
    skipSpace()
    if position < text.count { throw flaw("it goes on after its end") }
  }

  /// - Parameter matched: How much of the path leads to this value; nil where it leads elsewhere.
  private mutating func value(matched: Int?, depth: Int) throws(Flaw) {
    guard depth <= JSONReading.maximumDepth else { throw flaw("it is nested too deep") }
    guard position < text.count else { throw flaw("it ends in the middle") }
    switch text[position] {
    case UInt8(ascii: "{"): try object(matched: matched, depth: depth)
    case UInt8(ascii: "["): try array(matched: matched, depth: depth)
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
    default:
      for word in ["true", "false", "null"] where text[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return
      }
      throw flaw("no value begins like this")
    }
  }

  private mutating func object(matched: Int?, depth: Int) throws(Flaw) {
    position += 1
    skipSpace()
    if take(UInt8(ascii: "}")) { return }
    var names: Set<String> = []
    while true {
      let start = position
      guard position < text.count, text[position] == UInt8(ascii: "\"") else {
        throw flaw("a name in quotation marks is missing")
      }
      let name = JSONReading.string(try string())
      if let name, !names.insert(name).inserted {
        position = start
        throw flaw("\"\(name)\" is there a second time")
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw flaw("a colon is missing") }
      skipSpace()
      let step = step(after: matched, at: start) { $0.intValue == nil && $0.stringValue == name }
      try value(matched: step, depth: depth + 1)
      skipSpace()
      if take(UInt8(ascii: "}")) { return }
      guard take(UInt8(ascii: ",")) else { throw flaw("a comma or a closing brace is missing") }
      skipSpace()
    }
  }

  private mutating func array(matched: Int?, depth: Int) throws(Flaw) {
    position += 1
    skipSpace()
    if take(UInt8(ascii: "]")) { return }
    var index = 0
    while true {
      let step = step(after: matched, at: position) { $0.intValue == index }
      try value(matched: step, depth: depth + 1)
      index += 1
      skipSpace()
      if take(UInt8(ascii: "]")) { return }
      guard take(UInt8(ascii: ",")) else { throw flaw("a comma or a closing bracket is missing") }
      skipSpace()
    }
  }

  /// How much of the path leads to a member or an element.
  private mutating func step(after matched: Int?, at start: Int, _ isNext: (any CodingKey) -> Bool) -> Int? {
    guard let matched, matched < path.count, isNext(path[matched]) else { return nil }
    place = start
    return matched + 1
  }

  private mutating func string() throws(Flaw) -> ArraySlice<UInt8> {
    let start = position
    position = JSONReading.endOfString(in: text, from: start)
    // One that ends with the text, and not with a quotation mark that no backslash is before.
    let inside = text[(start + 1)..<max(position - 1, start + 1)]
    let backslashes = inside.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
    guard position - start >= 2, text[position - 1] == UInt8(ascii: "\""), backslashes % 2 == 0,
      !inside.contains(where: { $0 < 0x20 })
    else {
      position = start
      throw flaw("a string is not closed")
    }
    return text[start..<position]
  }

  private mutating func number() throws(Flaw) {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let isZero = take(UInt8(ascii: "0"))
    var isRight = isZero || digits() > 0
    if take(UInt8(ascii: ".")) { isRight = digits() > 0 && isRight }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      isRight = digits() > 0 && isRight
    }
    if isZero, digits() > 0 { isRight = false }
    guard isRight else {
      position = start
      throw flaw("this is no number")
    }
    let token = String(decoding: text[start..<position], as: UTF8.self)
    if oddNumber == nil, Double(token).flatMap({ Int(exactly: $0) }) == nil { oddNumber = start }
  }

  // MARK: Bytes

  private mutating func digits() -> Int {
    let start = position
    while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) { position += 1 }
    return position - start
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < text.count, text[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x0A, 0x0D, 0x09].contains(text[position]) { position += 1 }
  }

  private func flaw(_ reason: String) -> Flaw { Flaw(offset: position, reason: reason) }
}
