import GtachModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What every message can do. `Message` is the choice between them.
public protocol MessageBody: Hashable, Sendable {
  /// The type byte of its frames.
  static var type: MessageType { get }
  /// Reads a frame's body.
  ///
  /// - Throws: `ErrorCode.frameMalformed`; `Hello` also `ErrorCode.protocolVersion`.
  init(body: ArraySlice<UInt8>) throws(GtachError)
  /// The whole frame, header included.
  func encoded() -> [UInt8]
}

/// A message whose body is a JSON object (RFC 8259). Unknown members are ignored.
protocol JSONMessage: MessageBody, Codable {
  /// What is wrong with a value that JSON itself cannot refuse, such as a string that is too long.
  var flaw: String? { get }
}

extension JSONMessage {
  var flaw: String? { nil }

  /// Reads a JSON object.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    self = try JSONBody.decode(Self.self, from: body, of: Self.type)
    if let flaw { throw .malformed(Self.type, flaw) }
  }

  /// The whole frame, header included; members sorted by name, so that equal messages are equal bytes.
  public func encoded() -> [UInt8] {
    let body = JSONBody.encode(self)
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: body.count)
    writer.append(body)
    return writer.bytes
  }
}

/// Foundation's JSON coder behind the project's errors.
enum JSONBody {
  static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value))
    } catch {
      // Only a value that JSON cannot express gets here, such as an infinite number, and no message holds one.
      preconditionFailure("a message cannot be written as JSON: \(error)")
    }
  }

  static func decode<Value: Decodable>(
    _: Value.Type, from body: ArraySlice<UInt8>, of type: MessageType
  ) throws(GtachError) -> Value {
    guard body.count <= type.bodyBytes else {
      throw GtachError(.frameOversize, "the peer sent too large a \(type.name)", reason: "\(body.count) bytes")
    }
    do {
      return try JSONReading.decode(Value.self, from: body)
    } catch {
      throw .malformed(type, PeerText.cleaned(describe(error), maximumBytes: 200))
    }
  }

  private static func describe(_ error: any Error) -> String {
    if let error = error as? GtachError { return error.message }
    guard let error = error as? DecodingError else { return "\(error)" }
    switch error {
    case .keyNotFound(let key, _):
      return "the field \"\(key.stringValue)\" is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    @unknown default:
      return "\(error)"
    }
  }
}

/// Text that a peer chose and a person will read.
enum PeerText {
  /// The text without control and format characters, which could repaint a terminal, and cut to a number of bytes.
  static func cleaned(_ text: String, maximumBytes: Int) -> String {
    var result = String.UnicodeScalarView()
    var bytes = 0
    for scalar in text.unicodeScalars {
      let plain: Unicode.Scalar
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: plain = " "
      default: plain = scalar
      }
      bytes += UTF8.width(plain)
      if bytes > maximumBytes { break }
      result.append(plain)
    }
    return String(result)
  }
}
