#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A time of the calendar in whole seconds, written as RFC 3339 in UTC: `2026-11-20T13:34:00Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Seconds since 1970-01-01T00:00:00Z.
  public let secondsSinceEpoch: Int64

  /// The time that many seconds after 1970-01-01T00:00:00Z.
  public init(secondsSinceEpoch: Int64) { self.secondsSinceEpoch = secondsSinceEpoch }

  /// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`, the form that TUF metadata uses; nil for anything else.
  public init?(_ text: String) {
    guard text.utf8.count == 20, text.hasSuffix("Z"),
      let date = try? Date(text, strategy: .iso8601)
    else { return nil }
    secondsSinceEpoch = Int64(date.timeIntervalSince1970)
    // The parser takes 30 February, 24:00 and one-digit months for something; what it made of them reads otherwise.
    guard description == text else { return nil }
  }

  /// This time moved by a number of days of 86,400 seconds.
  public func advanced(byDays days: Int64) -> Timestamp {
    Timestamp(secondsSinceEpoch: secondsSinceEpoch + days * 86_400)
  }

  /// Whether the left one is earlier.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.secondsSinceEpoch < right.secondsSinceEpoch }
}

extension Timestamp: CustomStringConvertible {
  /// `YYYY-MM-DDTHH:MM:SSZ`.
  public var description: String {
    Date(timeIntervalSince1970: TimeInterval(secondsSinceEpoch)).formatted(.iso8601)
  }
}

extension Timestamp: Codable {
  /// Reads `YYYY-MM-DDTHH:MM:SSZ`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let time = Timestamp(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time in UTC: \(text)")
    }
    self = time
  }

  /// Writes `YYYY-MM-DDTHH:MM:SSZ`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
