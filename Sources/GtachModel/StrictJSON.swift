/// JSON that people write: says where it is wrong, and takes an unknown key for the mistake that it mostly is.
public enum StrictJSON {
  /// Decodes a file.
  ///
  /// - Parameters:
  ///   - what: What the file is, for the error: `the self-test plan`.
  ///   - code: The error's code.
  /// - Throws: An error of that code, with the place and the reason.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], what: String, code: ErrorCode = .descriptionInvalid
  ) throws(GtachError) -> Value {
    do {
      return try JSONReading.decode(type, from: bytes)
    } catch {
      throw GtachError(code, "\(what) is not valid", reason: explanation(of: error, in: bytes))
    }
  }

  /// Throws where the object has a key that is not one of these.
  public static func refuseUnknownKeys<Key: CodingKey & RawRepresentable<String>>(
    _ decoder: any Decoder, _ known: [Key]
  ) throws {
    let names = known.map(\.rawValue)
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys where !names.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + [key],
          debugDescription: "unknown key \"\(key.stringValue)\"; known are \(names.joined(separator: ", "))"))
    }
  }

  /// A decoder's error without its types: where, and what.
  ///
  /// - Parameter bytes: The text, for line and column.
  public static func explanation(of error: any Error, in bytes: [UInt8]) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let context: DecodingError.Context? =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
        .dataCorrupted(let context):
        context
      @unknown default: nil
      }
    guard let context else { return "\(error)" }
    if context.codingPath.isEmpty, case .dataCorrupted = error {
      // Foundation's decoder reads the grammar of the whole text first, and says little of it.
      let flaw = JSONReading.flaw(in: bytes) ?? JSONPlaces.flaw(in: bytes)
      if let flaw { return "\(TextPosition(of: flaw.offset, in: bytes)): \(flaw.reason)" }
    }
    let place = position(of: context.codingPath, in: bytes).map { "\($0): " } ?? ""
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    return place + (path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)")
  }

  /// Where a decoder's path leads to in a text, or the last of it that is there: a member's name, or an element.
  public static func position(of path: [any CodingKey], in bytes: [UInt8]) -> TextPosition? {
    JSONPlaces.place(of: path, in: bytes).map { TextPosition(of: $0, in: bytes) }
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
