import GtachModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How the last transactions ended: `history.jsonl`, one JSON document a line, the newest last.
public enum InstallHistory {
  /// The most entries that are kept.
  public static let maximumEntries = 500
  /// The most bytes that are kept.
  public static let maximumBytes = 512 << 10

  /// The history with one more entry. Where its last line is of the same transaction already, because the power was
  /// lost right after it was written, that line gives way. The oldest go where there are too many.
  ///
  /// - Throws: `ErrorCode.bug` where the entry cannot be written.
  static func appending(_ entry: HistoryEntry, to bytes: [UInt8]) throws(GtachError) -> [UInt8] {
    var lines = bytes.split(separator: 0x0A)
    if let last = lines.last, transaction(of: last) == entry.transaction { lines.removeLast() }
    let line = try InstallCoding.encode(entry)
    var size = line.count + lines.reduce(0) { $0 + $1.count + 1 }
    var first = lines.startIndex
    while first < lines.endIndex, lines.count - first >= maximumEntries || size > maximumBytes {
      size -= lines[first].count + 1
      first += 1
    }
    return Array(lines[first...].joined(separator: [0x0A])) + (first < lines.endIndex ? [0x0A] : []) + line
  }

  /// The transactions that can be read, the newest last. A line that cannot be is left out: what it told is lost, and
  /// the others are as true as before.
  public static func entries(_ bytes: [UInt8]) -> [HistoryEntry] {
    bytes.split(separator: 0x0A).compactMap { try? JSONReading.decode(HistoryEntry.self, from: $0) }
  }

  private struct Number: Decodable { let transaction: Int }

  // A line that cannot be read is of no transaction: it stays, and harms nobody.
  private static func transaction(of line: ArraySlice<UInt8>) -> Int? {
    do {
      return try JSONReading.decode(Number.self, from: line).transaction
    } catch {
      return nil
    }
  }
}
