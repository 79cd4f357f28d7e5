import GtachModel

/// The bytes of a TXT record: strings of at most 255 bytes, each `key=value` behind its length (RFC 6763, section 6).
public enum TextStrings {
  /// The longest TXT record that Avahi sends, in bytes: a longer one vanishes although every call succeeds.
  public static let maximumByteCount = 1_300

  /// The bytes of a record with these pairs, in the order of their keys. No pairs make one empty string, as the RFC
  /// wants it.
  ///
  /// - Throws: `ErrorCode.bug` where a key is not printable ASCII without `=`, or a pair or the record is too long.
  public static func encode(_ pairs: [String: String]) throws(GtachError) -> [UInt8] {
    var result: [UInt8] = []
    for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
      let string = Array("\(key)=\(value)".utf8)
      guard !key.isEmpty, key.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x3D }),
        let length = UInt8(exactly: string.count)
      else {
        throw GtachError(
          .bug, "\"\(key)\" cannot be advertised", reason: "a pair of a TXT record has at most 255 bytes")
      }
      result.append(length)
      result += string
    }
    guard result.count <= maximumByteCount else {
      throw GtachError(.bug, "a TXT record of \(result.count) bytes cannot be advertised")
    }
    return result.isEmpty ? [0] : result
  }

  /// The pairs of a record. Whatever is wrong is passed over, as the RFC wants it: strings without a key, repeated
  /// keys, values that are not UTF-8, what follows a length that reaches beyond the end.
  public static func decode(_ bytes: some Collection<UInt8>) -> [String: String] {
    var result: [String: String] = [:]
    var rest = Array(bytes.prefix(maximumByteCount))[...]
    while let length = rest.popFirst(), rest.count >= Int(length) {
      let string = rest.prefix(Int(length))
      rest = rest.dropFirst(Int(length))
      let key = string.prefix { $0 != 0x3D }
      let value = string.dropFirst(key.count + 1)
      guard !key.isEmpty, key.allSatisfy({ (0x20...0x7E).contains($0) }),
        let text = String(validating: value, as: UTF8.self)
      else { continue }
      let name = String(decoding: key, as: UTF8.self).lowercased()
      if result[name] == nil { result[name] = text }
    }
    return result
  }
}
