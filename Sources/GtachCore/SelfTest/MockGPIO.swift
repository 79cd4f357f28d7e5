import GtachModel

/// Simulated GPIO lines, described in a JSON file:
///
/// ```json
/// { "lines": [ { "name": "GPIO4", "level": 1 },
///              { "name": "GPIO17" }, { "name": "GPIO27", "stuck": 0 },
///              { "name": "GPIO22", "edgesPerSecond": 100 },
///              { "name": "GPIO19", "consumer": "backlight", "output": true },
///              { "name": "GPIO5", "fault": "input-output" } ],
///   "wires": [ ["GPIO17", "GPIO27"] ] }
/// ```
///
/// A line has the `level` that something outside drives it to; without one it floats, and shows what a wire or else a
/// pull resistor makes of it. `stuck` overrides everything. A `fault` is the error code that every request of the line
/// fails with. Time does not pass: edges are counted, not waited for.
public final class MockGPIO: GPIOAccess, Sendable {
  /// What the chip of a line is called that names none.
  public static let defaultChip = "mock"

  struct Line: Decodable, Sendable {
    enum CodingKeys: String, CodingKey, CaseIterable {
      case name, chip, level, stuck, edgesPerSecond, consumer, output, fault
    }
    var name: String
    var chip: String?
    var level, stuck: Int?
    var edgesPerSecond: Int?
    var consumer: String?
    var output: Bool?
    var fault: ErrorCode?

    init(name: String, level: Int?, edgesPerSecond: Int?, consumer: String?) {
      self.name = name
      self.level = level
      self.edgesPerSecond = edgesPerSecond
      self.consumer = consumer
    }

    init(from decoder: any Decoder) throws {
      try StrictJSON.refuseUnknownKeys(decoder, CodingKeys.allCases)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      chip = try container.decodeIfPresent(String.self, forKey: .chip)
      level = try Self.level(container, .level)
      stuck = try Self.level(container, .stuck)
      edgesPerSecond = try container.decodeIfPresent(Int.self, forKey: .edgesPerSecond)
      consumer = try container.decodeIfPresent(String.self, forKey: .consumer)
      output = try container.decodeIfPresent(Bool.self, forKey: .output)
      fault = try container.decodeIfPresent(ErrorCode.self, forKey: .fault)
      guard (0...Self.maximumEdgesPerSecond).contains(edgesPerSecond ?? 0) else {
        throw DecodingError.dataCorruptedError(
          forKey: .edgesPerSecond, in: container, debugDescription: "0 to \(Self.maximumEdgesPerSecond)")
      }
    }

    static let maximumEdgesPerSecond = 1_000_000

    private static func level(_ container: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) throws -> Int? {
      let value = try container.decodeIfPresent(Int.self, forKey: key)
      guard value.map((0...1).contains) ?? true else {
        throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "a level is 0 or 1")
      }
      return value
    }
  }

  struct Board: Decodable, Sendable {
    enum CodingKeys: String, CodingKey, CaseIterable { case lines, wires }
    var lines: [Line]
    var wires: [[String]]

    init(lines: [Line], wires: [[String]]) {
      self.lines = lines
      self.wires = wires
    }

    init(from decoder: any Decoder) throws {
      try StrictJSON.refuseUnknownKeys(decoder, CodingKeys.allCases)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      lines = try container.decode([Line].self, forKey: .lines)
      wires = try container.decodeIfPresent([[String]].self, forKey: .wires) ?? []
      guard wires.allSatisfy({ $0.count == 2 }) else {
        throw DecodingError.dataCorruptedError(
          forKey: .wires, in: container, debugDescription: "a wire has two ends: [\"GPIO17\", \"GPIO27\"]")
      }
    }
  }

  private let board: Board
  private let infos: [LineInfo]
  /// The places of the lines at the two ends of each wire.
  private let wires: [(Int, Int)]

  /// Reads the description of a board.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid`; `ErrorCode.gpioLineMissing` where a wire leads to no line.
  public convenience init(json: [UInt8]) throws(GtachError) {
    try self.init(
      board: try StrictJSON.decode(Board.self, from: json, what: "the description of the simulated GPIO lines"))
  }

  init(board: Board) throws(GtachError) {
    var infos: [LineInfo] = []
    for line in board.lines {
      let chip = line.chip ?? Self.defaultChip
      infos.append(
        LineInfo(
          name: line.name, chip: chip, offset: infos.count { $0.chip == chip }, consumer: line.consumer,
          isOutput: line.output ?? false))
    }
    var wires: [(Int, Int)] = []
    for wire in board.wires {
      wires.append((try Self.place(of: wire[0], in: infos), try Self.place(of: wire[1], in: infos)))
    }
    self.board = board
    self.infos = infos
    self.wires = wires
  }

  /// Always.
  public var isMock: Bool { true }

  /// Looks at a line.
  public func info(line: String) throws(GtachError) -> LineInfo { try infos.line(named: line) }

  /// Reads a line.
  public func read(line: String, bias: LineBias) throws(GtachError) -> Int {
    level(of: try request(line), bias: bias, driving: nil)
  }

  /// Drives one line and reads another, which follows where a wire connects them.
  public func drive(
    output: String, levels: [Int], reading input: String, settleMilliseconds: Int
  ) throws(GtachError) -> [Int] {
    let (from, to) = (try request(output), try request(input))
    guard from != to else {
      throw GtachError(.descriptionInvalid, "a loopback needs two GPIO lines, both are \(infos[from].name)")
    }
    return levels.map { driven in
      level(of: to, bias: driven == 0 ? .pullUp : .pullDown, driving: (from, driven))
    }
  }

  /// How many edges would come in that time.
  public func countEdges(line: String, limit: Int, withinMilliseconds: Int) throws(GtachError) -> Int {
    let line = board.lines[try request(line)]
    guard line.stuck == nil else { return 0 }
    // In 64 bits, because Int has 32 of them on an armv7 Pi.
    return Int(min(Int64(limit), Int64(line.edgesPerSecond ?? 0) * Int64(withinMilliseconds) / 1000))
  }

  private func request(_ reference: String) throws(GtachError) -> Int {
    let place = try Self.place(of: reference, in: infos)
    if let consumer = infos[place].consumer {
      throw GtachError(.gpioLineHeld, "the GPIO line \(infos[place].name) is held by \"\(consumer)\"")
    }
    if let fault = board.lines[place].fault {
      throw GtachError(
        fault, "the simulated GPIO line \(infos[place].name) fails", reason: "its description says so")
    }
    return place
  }

  /// The level of a line under a bias, while another one may be driven.
  private func level(of place: Int, bias: LineBias, driving: (place: Int, level: Int)?) -> Int {
    let line = board.lines[place]
    if let stuck = line.stuck { return stuck }
    if let driving, isWired(driving.place, to: place) { return board.lines[driving.place].stuck ?? driving.level }
    if let level = line.level { return level }
    // Something outside may drive the other end of a wire.
    for (other, line) in board.lines.enumerated() where other != place && isWired(other, to: place) {
      if let level = line.stuck ?? line.level { return level }
    }
    return bias == .pullUp ? 1 : 0
  }

  private func isWired(_ one: Int, to other: Int) -> Bool {
    wires.contains { $0 == (one, other) || $0 == (other, one) }
  }

  private static func place(of reference: String, in infos: [LineInfo]) throws(GtachError) -> Int {
    let line = try infos.line(named: reference)
    guard let place = infos.firstIndex(of: line) else {
      throw GtachError(.gpioLineMissing, "there is no GPIO line \"\(reference)\"")
    }
    return place
  }
}
