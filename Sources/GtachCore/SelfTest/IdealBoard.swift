import GtachModel

extension SelfTestCheck {
  /// Whether it is about GPIO lines only, so that a mock can tell whether it passes.
  public var isOfLines: Bool {
    switch self {
    case .loopback, .level, .edges, .consumer: true
    case .path, .tcp, .service, .command: false
    }
  }
}

extension MockGPIO {
  /// The board on which a plan passes if it can pass anywhere: every line that the plan names is there, wired, held and
  /// driven as the plan wants it. What two checks contradict each other on, one of them finds otherwise.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid` for a name that no line can have.
  public static func ideal(for checks: [SelfTestCheck]) throws(GtachError) -> MockGPIO {
    var lines: [String: IdealLine] = [:]
    var wires: [[String]] = []
    for check in checks {
      for name in check.lines {
        // What gpiod_chip_info and gpioinfo show: names are short, and have nothing in them that cannot be typed.
        guard !name.isEmpty, name.utf8.count <= 64, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
          throw GtachError(
            .descriptionInvalid, "\"\(name)\" is no name of a GPIO line",
            reason: "a name has 1 to 64 letters, digits and signs, and no space",
            advice: "gpioinfo lists the lines of a machine and their names, as in GPIO17")
        }
        lines[name, default: IdealLine()].take(check)
      }
      if case .loopback(let output, let input) = check, output != input { wires.append([output, input]) }
    }
    let board = Board(lines: lines.sorted { $0.key < $1.key }.map { $0.value.line(named: $0.key) }, wires: wires)
    return try MockGPIO(board: board)
  }

  /// What a plan wants of one line.
  private struct IdealLine {
    var floats = true
    var level: Int?
    var edgesPerSecond = 0
    var consumer: String?

    mutating func take(_ check: SelfTestCheck) {
      switch check {
      case .level(_, let expect, let bias):
        // What a pull resistor alone makes of it needs nobody to drive it.
        if expect != (bias == .pullUp ? 1 : 0) { floats = false }
        level = level ?? expect
      case .edges(_, let atLeast, let within):
        let needed = (Int64(atLeast) * 1000 + Int64(within) - 1) / Int64(within)
        edgesPerSecond = max(edgesPerSecond, Int(min(needed, Int64(Line.maximumEdgesPerSecond))))
      case .consumer(_, let heldBy): consumer = consumer ?? heldBy
      case .loopback, .path, .tcp, .service, .command: break
      }
    }

    func line(named name: String) -> Line {
      Line(
        name: name, level: floats ? nil : level, edgesPerSecond: edgesPerSecond == 0 ? nil : edgesPerSecond,
        consumer: consumer)
    }
  }
}

extension SelfTestCheck {
  /// The lines that it names.
  var lines: [String] {
    switch self {
    case .loopback(let output, let input): [output, input]
    case .level(let line, _, _), .edges(let line, _, _), .consumer(let line, _): [line]
    case .path, .tcp, .service, .command: []
    }
  }
}
