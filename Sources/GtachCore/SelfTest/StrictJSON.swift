import GtachModel

/// Reads the JSON files that people write for self-tests, and says where they are wrong.
enum StrictJSON {
  /// Decodes a file.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid`, with the place and the reason.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], what: String
  ) throws(GtachError) -> Value {
    do {
      return try JSONReading.decode(type, from: bytes)
    } catch let error as DecodingError {
      throw GtachError(.descriptionInvalid, "\(what) is not valid", reason: reason(error))
    } catch {
      throw GtachError(.descriptionInvalid, "\(what) is not valid", reason: "\(error)")
    }
  }

  /// Throws where the object has a key that is not one of these.
  static func refuseUnknownKeys<Key: CodingKey & RawRepresentable<String>>(
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

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private static func reason(_ error: DecodingError) -> String {
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
}
