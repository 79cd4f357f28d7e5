/// What the clock on the wall says, and whether it can be believed.
public struct LocalTime: Hashable, Sendable {
  /// Seconds since midnight, in the machine's time zone.
  public let secondsOfDay: Int
  /// Whether somebody keeps the clock right.
  public let isSynchronised: Bool

  /// A time from its fields.
  public init(secondsOfDay: Int, isSynchronised: Bool) {
    self.secondsOfDay = secondsOfDay
    self.isSynchronised = isSynchronised
  }
}

/// When a machine installs by itself: `installWindows` of `config.json`, `["03:00-05:00", "22:30-00:15"]`, in local
/// time.
public struct InstallWindows: Hashable, Sendable {
  /// One window: from its first minute on, up to its last, which is not in it; over midnight where that is the smaller.
  public struct Window: Hashable, Sendable {
    /// The first minute of it, counted from midnight.
    public let first: Int
    /// The minute at which it ends.
    public let end: Int

    /// Reads `HH:MM-HH:MM`.
    ///
    /// - Throws: `ErrorCode.configurationInvalid`.
    public init(_ text: String) throws(GtachError) {
      let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(Self.minute)
      guard parts.count == 2, let first = parts[0], let end = parts[1], first != end else {
        throw GtachError(
          .configurationInvalid, "\"\(text)\" is no window of time",
          advice: "write two different times from 00:00 to 23:59, as in \"03:00-05:00\"")
      }
      (self.first, self.end) = (first, end)
    }

    private static func minute(_ text: Substring) -> Int? {
      let bytes = Array(text.utf8)
      guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
      let digits = [bytes[0], bytes[1], bytes[3], bytes[4]].map { Int($0) - 0x30 }
      guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
      let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
      return hour < 24 && minute < 60 ? hour * 60 + minute : nil
    }
  }

  /// What the windows say of a time.
  public enum State: Hashable, Sendable {
    /// One is open; in so many seconds the last of those ends that are open now.
    case inside(endsInSeconds: Int)
    /// None is open; the next one opens in so many seconds.
    case outside(opensInSeconds: Int)
    /// They do not hold, as nobody keeps the clock right.
    case ignored
  }

  /// The most windows.
  public static let maximumCount = 16
  private static let secondsPerDay = 86_400

  /// For how long a node that has just started waits for somebody to set its clock before it goes without windows, in
  /// seconds.
  public static let clockPatienceSeconds = 600

  /// The windows; at least one.
  public let windows: [Window]

  /// Windows of time.
  public init(_ windows: [Window]) { self.windows = windows }

  /// What they say of a time.
  public func state(at time: LocalTime) -> State {
    guard time.isSynchronised else { return .ignored }
    func seconds(until minute: Int) -> Int {
      let difference = (minute * 60 - time.secondsOfDay) % Self.secondsPerDay
      return difference < 0 ? difference + Self.secondsPerDay : difference
    }
    let ends = windows.filter { window in
      let minute = time.secondsOfDay / 60
      return window.first < window.end
        ? (window.first..<window.end).contains(minute) : minute >= window.first || minute < window.end
    }.map { seconds(until: $0.end) }
    if let last = ends.max() { return .inside(endsInSeconds: last) }
    return .outside(opensInSeconds: windows.map { seconds(until: $0.first) }.min() ?? 0)
  }
}

extension InstallWindows.Window: CustomStringConvertible {
  /// `HH:MM-HH:MM`.
  public var description: String { "\(Self.text(first))-\(Self.text(end))" }

  /// `HH:MM`, of any number of minutes.
  static func text(_ minute: Int) -> String {
    func pair(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(pair(minute / 60 % 24)):\(pair(minute % 60))"
  }
}

extension InstallWindows: Codable {
  /// Reads an array of windows.
  public init(from decoder: any Decoder) throws {
    let windows = try decoder.singleValueContainer().decode([Window].self)
    guard (1...Self.maximumCount).contains(windows.count) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "there are 1 to \(Self.maximumCount) windows; without them there is always one open"))
    }
    self.init(windows)
  }

  /// Writes the array.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(windows)
  }
}

extension InstallWindows.Window: Codable {
  /// Reads `HH:MM-HH:MM`.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.parsed(decoder, Self.init(_:)) }
  /// Writes `HH:MM-HH:MM`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
