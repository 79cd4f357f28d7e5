import GtachModel

/// Which GPIO lines a self-test drives at the moment, kept on disk: after a crash or a power cut they are made inputs
/// first thing.
public struct DrivenLineRecord: Hashable, Sendable, Decodable {
  /// The lines, as the plan calls them.
  public var lines: [String]

  /// A record of these lines.
  public init(lines: [String]) { self.lines = lines }

  /// The largest record that is read, in bytes.
  public static let maximumByteCount = 65_536

  /// Reads a record.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid`.
  public init(json: [UInt8]) throws(GtachError) {
    self = try StrictJSON.decode(Self.self, from: json, what: "the record of driven GPIO lines")
  }

  /// What puts the record on the disk, before a line is driven: durable, and whole or not at all.
  public func writing(to path: String) -> [FileOperation] {
    let json = JSONValue.object(["lines": .array(lines.map { .string($0) })])
    let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    return [
      .makeDirectory(directory), .write(path: path + ".new", bytes: json.fileBytes, permissions: 0o600),
      .syncFile(path + ".new"), .rename(from: path + ".new", to: path), .syncDirectory(directory),
    ]
  }

  /// What takes the record away once the lines are inputs. Not synced: a record that comes back after a power cut costs
  /// one request of a line as input.
  public static func clearing(_ path: String) -> [FileOperation] { [.remove(path)] }
}
