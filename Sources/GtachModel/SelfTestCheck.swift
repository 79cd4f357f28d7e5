/// One test of the hardware or of the machine, as a package's author or a node's owner writes it:
/// `{ "gpio.level": { "line": "GPIO4", "expect": 1, "bias": "pull-up" } }`.
public enum SelfTestCheck: Hashable, Sendable {
  /// Drives one line low and high and expects the other, wired to it, to follow.
  case loopback(output: String, input: String)
  /// Expects a line to have a level (0 or 1) under a bias.
  case level(line: String, expect: Int, bias: LineBias)
  /// Expects at least so many edges on a line within so many milliseconds.
  case edges(line: String, atLeast: Int, withinMilliseconds: Int)
  /// Expects a line to be held by a driver or program of that name.
  case consumer(line: String, heldBy: String)
  /// Expects something of that kind to exist at a path.
  case path(exists: String, kind: PathKind?)
  /// Expects that somebody takes connections there within so many seconds.
  case tcp(Endpoint, withinSeconds: Int)
  /// Expects a service to be active for so many seconds without being started again: that of this unit, or the
  /// package's own.
  case service(unit: String?, stableSeconds: Int)
  /// Expects a program of the package to exit with 0 within so many seconds.
  case command(run: [String], timeoutSeconds: Int)
}

/// The resistor that is switched to a line while it is read.
public enum LineBias: String, Hashable, Sendable, Codable, CaseIterable {
  /// Whatever it was before.
  case asIs = "as-is"
  /// None.
  case disabled
  /// Towards 1.
  case pullUp = "pull-up"
  /// Towards 0.
  case pullDown = "pull-down"

  /// Reads the word.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.word(decoder) }
}

/// What kind of thing a path names.
public enum PathKind: String, Hashable, Sendable, Codable, CaseIterable {
  /// A regular file.
  case file
  /// A directory.
  case directory
  /// A character device, such as `/dev/fb0`.
  case characterDevice = "character-device"
  /// A block device.
  case blockDevice = "block-device"
  /// A Unix socket.
  case socket

  /// Reads the word.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.word(decoder) }
}

extension SelfTestCheck: Codable {
  private enum Kind: String, CodingKey, CaseIterable {
    case loopback = "gpio.loopback"
    case level = "gpio.level"
    case edges = "gpio.edges"
    case consumer = "gpio.consumer"
    case path
    case tcp
    case service
    case command
  }
  private struct Loopback: Codable { var output, input: String }
  private struct Level: Codable {
    var line: String
    var expect: Int
    var bias: LineBias?
  }
  private struct Edges: Codable {
    var line: String
    var atLeast, withinMilliseconds: Int
  }
  private struct Consumer: Codable { var line, heldBy: String }
  private struct Path: Codable {
    var exists: String
    var kind: PathKind?
  }
  private struct TCP: Codable {
    var host: String?
    var port: UInt16
    var withinSeconds: Int?
  }
  private struct Service: Codable {
    var unit: String?
    var stableSeconds: Int?
  }
  private struct Command: Codable {
    var run: [String]
    var timeoutSeconds: Int?
  }

  /// The host of a `tcp` whose author names none.
  public static let defaultHost = "127.0.0.1"
  /// How long a `tcp` waits where its author does not say, in seconds.
  public static let defaultConnectionTimeoutSeconds = 10
  /// How long a `service` has to be active where its author does not say, in seconds.
  public static let defaultStableSeconds = 5
  /// The longest that a `command` may take where its author does not say, in seconds.
  public static let defaultCommandTimeoutSeconds = 10
  /// The longest that any check may be told to wait, in seconds.
  public static let maximumTimeoutSeconds = 600

  /// Reads a check: an object of exactly one known key.
  public init(from decoder: any Decoder) throws {
    func invalid(_ text: String) -> DecodingError {
      .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
    }
    let container = try decoder.container(keyedBy: Kind.self)
    guard let kind = container.allKeys.first, container.allKeys.count == 1 else {
      throw invalid("a self-test is an object with one key: \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    switch kind {
    case .loopback:
      let fields = try container.decode(Loopback.self, forKey: kind)
      self = .loopback(output: fields.output, input: fields.input)
    case .level:
      let fields = try container.decode(Level.self, forKey: kind)
      guard (0...1).contains(fields.expect) else { throw invalid("gpio.level: expect is 0 or 1") }
      self = .level(line: fields.line, expect: fields.expect, bias: fields.bias ?? .asIs)
    case .edges:
      let fields = try container.decode(Edges.self, forKey: kind)
      guard fields.atLeast > 0, (1...Self.maximumTimeoutSeconds * 1000).contains(fields.withinMilliseconds) else {
        throw invalid("gpio.edges: atLeast and withinMilliseconds are positive, at most ten minutes")
      }
      self = .edges(line: fields.line, atLeast: fields.atLeast, withinMilliseconds: fields.withinMilliseconds)
    case .consumer:
      let fields = try container.decode(Consumer.self, forKey: kind)
      self = .consumer(line: fields.line, heldBy: fields.heldBy)
    case .path:
      let fields = try container.decode(Path.self, forKey: kind)
      self = .path(exists: fields.exists, kind: fields.kind)
    case .tcp:
      let fields = try container.decode(TCP.self, forKey: kind)
      let seconds = fields.withinSeconds ?? Self.defaultConnectionTimeoutSeconds
      guard fields.port > 0, fields.host != "", (1...Self.maximumTimeoutSeconds).contains(seconds) else {
        throw invalid("tcp: port is 1 to 65535, withinSeconds is 1 to \(Self.maximumTimeoutSeconds)")
      }
      self = .tcp(Endpoint(host: fields.host ?? Self.defaultHost, port: fields.port), withinSeconds: seconds)
    case .service:
      let fields = try container.decode(Service.self, forKey: kind)
      let seconds = fields.stableSeconds ?? Self.defaultStableSeconds
      guard fields.unit.map(Self.isServiceName) ?? true, (1...Self.maximumTimeoutSeconds).contains(seconds) else {
        throw invalid(
          "service: unit is the name of a unit that ends in .service, stableSeconds is 1 to "
            + "\(Self.maximumTimeoutSeconds)")
      }
      self = .service(unit: fields.unit, stableSeconds: seconds)
    case .command:
      let fields = try container.decode(Command.self, forKey: kind)
      let seconds = fields.timeoutSeconds ?? Self.defaultCommandTimeoutSeconds
      guard !fields.run.isEmpty, (1...Self.maximumTimeoutSeconds).contains(seconds) else {
        throw invalid("command: run names a program, timeoutSeconds is 1 to \(Self.maximumTimeoutSeconds)")
      }
      self = .command(run: fields.run, timeoutSeconds: seconds)
    }
  }

  /// Writes the object of one key.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Kind.self)
    switch self {
    case .loopback(let output, let input):
      try container.encode(Loopback(output: output, input: input), forKey: .loopback)
    case .level(let line, let expect, let bias):
      try container.encode(Level(line: line, expect: expect, bias: bias), forKey: .level)
    case .edges(let line, let atLeast, let within):
      try container.encode(Edges(line: line, atLeast: atLeast, withinMilliseconds: within), forKey: .edges)
    case .consumer(let line, let heldBy):
      try container.encode(Consumer(line: line, heldBy: heldBy), forKey: .consumer)
    case .path(let exists, let kind):
      try container.encode(Path(exists: exists, kind: kind), forKey: .path)
    case .tcp(let endpoint, let seconds):
      try container.encode(TCP(host: endpoint.host, port: endpoint.port, withinSeconds: seconds), forKey: .tcp)
    case .service(let unit, let seconds):
      try container.encode(Service(unit: unit, stableSeconds: seconds), forKey: .service)
    case .command(let run, let seconds):
      try container.encode(Command(run: run, timeoutSeconds: seconds), forKey: .command)
    }
  }

  /// Whether it may be handed to a manager of services as the name of one: no option, no path, no pattern.
  private static func isServiceName(_ name: String) -> Bool {
    name.hasSuffix(".service") && !name.hasPrefix("-") && UnitName.isUnit(name)
  }
}
