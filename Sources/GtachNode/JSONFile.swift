import GtachModel
import GtachSystem

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Small JSON documents in a node's home.
enum JSONFile {
  /// The longest document that is read, in bytes.
  static let maximumBytes = 1 << 20

  /// The value as indented JSON with sorted keys.
  ///
  /// - Throws: `ErrorCode.bug` where it cannot be written.
  static func encode(_ value: some Encodable) throws(GtachError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value)) + [0x0A]
    } catch {
      throw GtachError(.bug, "a document cannot be written", reason: "\(error)")
    }
  }

  /// Reads a document.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` where it is not what it should be.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], name: String
  ) throws(GtachError) -> Value {
    try StrictJSON.decode(type, from: bytes, what: name, code: .configurationInvalid)
  }

  /// Replaces a document durably: after a crash it is the old or the new one.
  static func replace(_ path: String, with bytes: [UInt8], in directory: String) throws(GtachError) {
    try FileSystem().perform([
      .write(path: "\(path).new", bytes: bytes, permissions: 0o600), .syncFile("\(path).new"),
      .rename(from: "\(path).new", to: path), .syncDirectory(directory),
    ])
  }
}
