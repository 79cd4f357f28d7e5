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
      throw GtachError(code, "\(what) is not valid", reason: explanation(of: error))
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
          codingPath: decoder.codingPath,
          debugDescription: "unknown key \"\(key.stringValue)\"; known are \(names.joined(separator: ", "))"))
    }
  }

  /// A decoder's error without its types: where, and what.
  public static func explanation(of error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let context: DecodingError.Context? =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
        .dataCorrupted(let context):
        context
      @unknown default: nil
      }
    guard let context else { return "\(error)" }
    let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    return place.isEmpty ? context.debugDescription : "\(place): \(context.debugDescription)"
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
