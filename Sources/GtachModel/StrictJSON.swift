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
      try check(bytes)
      return try JSONReading.decode(type, from: bytes)
    } catch {
      throw GtachError(
        code, "\(what) is not valid", reason: explanation(of: error, in: bytes), advice: advice(on: error))
    }
  }

  /// Throws where the bytes are no JSON text, or an object in it has a name twice: Foundation's decoder overlooks some
  /// of that.
  public static func check(_ bytes: [UInt8]) throws {
    guard let flaw = JSONReading.flaw(in: bytes) ?? JSONPlaces.flaw(in: bytes) else { return }
    let isText = String(validating: bytes, as: UTF8.self) != nil && !bytes.starts(with: JSONReading.byteOrderMark)
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: [], debugDescription: flaw.reason,
        underlyingError: isText
          ? nil
          : GtachError(.descriptionInvalid, flaw.reason, advice: "save it as UTF-8, without a byte order mark")))
  }

  /// Reads a value that stands there as a string.
  ///
  /// - Throws: `DecodingError`, with the value's own error beneath it.
  public static func parsed<Value>(
    _ decoder: any Decoder, _ parse: (String) throws(GtachError) -> Value
  ) throws -> Value {
    try placed(at: decoder.codingPath, try decoder.singleValueContainer().decode(String.self), parse)
  }

  /// Reads a value from a string, and says where it stands if it is none.
  static func placed<Value>(
    at path: [any CodingKey], _ text: String, _ parse: (String) throws(GtachError) -> Value
  ) throws -> Value {
    do throws(GtachError) {
      return try parse(text)
    } catch {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: path, debugDescription: error.message + (error.reason.map { ": \($0)" } ?? ""),
          underlyingError: error))
    }
  }

  /// Reads one of a few words.
  static func word<Word: RawRepresentable<String> & CaseIterable>(_ decoder: any Decoder) throws -> Word {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let word = Word(rawValue: text) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "\"\(text)\" is none of \(Word.allCases.map(\.rawValue).joined(separator: ", "))"))
    }
    return word
  }

  /// Throws where the object has a key that is not one of these.
  public static func refuseUnknownKeys<Key: CodingKey & RawRepresentable<String>>(
    _ decoder: any Decoder, _ known: [Key]
  ) throws {
    let names = known.map(\.rawValue)
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys where !names.contains(key.stringValue) {
      let what = "unknown key \"\(key.stringValue)\""
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + [key], debugDescription: what,
          underlyingError: GtachError(
            .descriptionInvalid, what, advice: "known keys here are \(names.joined(separator: ", "))")))
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
      // It does not know where a number is that no Int can hold.
      if context.underlyingError as? GtachError == nil, let place = JSONPlaces.oddNumber(in: bytes) {
        return "\(TextPosition(of: place, in: bytes)): this is no whole number, or too large a one"
      }
    }
    let place = position(of: context.codingPath, in: bytes).map { "\($0): " } ?? ""
    let words = words(for: error, context)
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    return place + (path.isEmpty ? words : "\(path): \(words)")
  }

  /// What to do about a decoder's error, as far as the value that could not be read knows.
  public static func advice(on error: any Error) -> String? {
    cause(of: error)?.advice
  }

  /// The error of a value that could not be read from its string; nil for every other error.
  public static func cause(of error: any Error) -> GtachError? {
    guard case DecodingError.dataCorrupted(let context) = error else { return error as? GtachError }
    return context.underlyingError as? GtachError
  }

  /// What is wrong, without the names of Swift's types.
  private static func words(for error: DecodingError, _ context: DecodingError.Context) -> String {
    switch error {
    case .keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
    case .valueNotFound(let type, _): "\(kind(type)) is missing"
    case .typeMismatch(let type, _): "this is not \(kind(type))"
    default: context.debugDescription
    }
  }

  private static func kind(_ type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    default: "\(type)".hasPrefix("Array") ? "an array" : "an object"
    }
  }

  /// Where a decoder's path leads to in a text, or the last of it that is there: a member's name, or an element.
  public static func position(of path: [any CodingKey], in bytes: [UInt8]) -> TextPosition? {
    JSONPlaces.place(of: path, in: bytes).map { TextPosition(of: $0, in: bytes) }
  }
}

/// A key of an object whose names are not known before.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
