import GtachModel
import GtachWire

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Any JSON value, to compare what was decoded with what a vector expects.
enum JSON: Hashable, Codable {
  case null
  case bool(Bool)
  case number(Int)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSON].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSON].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByDictionaryLiteral {
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .number(value) }
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
  }
}

/// The files of `Protocol/vectors`.
enum Vectors {
  static func load<Value: Decodable>(_ name: String, as _: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(Value.self, from: data(of: "Protocol/vectors/\(name)"))
  }

  /// A text file of the checkout.
  static func text(of path: String) throws -> String { String(decoding: try data(of: path), as: UTF8.self) }

  private static func data(of path: String) throws -> Data {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    return try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(path)"))
  }
}

extension MessageStream {
  /// The stream by its name in the vectors.
  init?(name: String) {
    guard let stream = MessageStream.allCases.first(where: { "\($0)" == name }) else { return nil }
    self = stream
  }
}

/// All messages of a stream that arrived in these pieces and then ended.
func messages(in pieces: [[UInt8]], of stream: MessageStream?) throws(GtachError) -> [Message] {
  var decoder = FrameDecoder(for: stream)
  var messages: [Message] = []
  for piece in pieces {
    decoder.push(piece)
    while let frame = try decoder.next() { messages.append(try Message(frame: frame)) }
  }
  try decoder.finish()
  return messages
}

/// The bytes, cut at random places.
func cut(_ bytes: [UInt8], using generator: inout some RandomNumberGenerator) -> [[UInt8]] {
  var pieces: [[UInt8]] = []
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = Int.random(in: 0...min(rest.count, 3000), using: &generator)
    pieces.append(Array(rest.prefix(count)))
    rest = rest.dropFirst(count)
  }
  return pieces
}

/// The error that a piece of code ends with; nil where it ends well.
func caught<Result>(_ body: () throws -> Result) -> GtachError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? GtachError
  }
}
