/// What values of variables may be written for apart from all others: a platform in `gtach.json`, a package in
/// `config.json`.
public protocol VariableScope: Hashable, Sendable {
  /// The scope as it is written.
  var text: String { get }
  /// The scope that a key names.
  ///
  /// - Throws: `ErrorCode.nameInvalid`.
  static func named(_ key: String) throws(GtachError) -> Self
}

extension Platform: VariableScope {
  /// The platform that a key names; `any` is none.
  public static func named(_ key: String) throws(GtachError) -> Platform { try Dependencies.platform(key) }
}

extension PackageName: VariableScope {
  /// The package that a key names.
  public static func named(_ key: String) throws(GtachError) -> PackageName { try PackageName(key) }
}

/// Values of the variables in configuration templates: for all, and beside that or instead for one platform or package.
///
/// In JSON one object: `{ "port": 8080, "linux-arm64": { "framebuffer": "/dev/fb1" } }`. Whole numbers and booleans
/// become the text that they are written as.
public struct TemplateVariables<Scope: VariableScope>: Hashable, Sendable {
  /// The values that hold everywhere.
  public var everywhere: [String: String]
  /// The values that hold for one of them, before those.
  public var scoped: [Scope: [String: String]]

  /// Values from their parts.
  public init(_ everywhere: [String: String] = [:], scoped: [Scope: [String: String]] = [:]) {
    self.everywhere = everywhere
    self.scoped = scoped
  }

  /// All values in an order that depends on nothing else: equal ones are equal texts.
  public var sorted: [String] {
    let all = everywhere.map { "\($0.key)=\($0.value)" }
    let special = scoped.flatMap { scope, values in values.map { "\(scope.text) \($0.key)=\($0.value)" } }
    return all.sorted() + special.sorted()
  }

  /// The values that hold for one of them.
  public func values(for scope: Scope) -> [String: String] {
    everywhere.merging(scoped[scope] ?? [:]) { _, special in special }
  }
}

/// What a variable and its value may be.
public enum TemplateVariable {
  /// The longest value in bytes.
  public static let maximumValueBytes = 4096

  /// Whether a text is a variable's name: it begins with a letter, and has letters, digits, `-`, `_` and `.`.
  public static func isName(_ text: some StringProtocol) -> Bool {
    func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy { byte in
      isLetter(byte) || (0x30...0x39).contains(byte)
        || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
    }
  }

  fileprivate static func value(
    of key: AnyKey, in container: KeyedDecodingContainer<AnyKey>
  ) throws -> String? {
    let text: String
    if let string = try? container.decode(String.self, forKey: key) {
      text = string
    } else if let isTrue = try? container.decode(Bool.self, forKey: key) {
      text = "\(isTrue)"
    } else if let number = try? container.decode(Int.self, forKey: key) {
      text = "\(number)"
    } else {
      return nil
    }
    func wrong(_ what: String) -> DecodingError {
      .dataCorrupted(DecodingError.Context(codingPath: container.codingPath + [key], debugDescription: what))
    }
    guard isName(key.stringValue) else { throw wrong("this is no name of a variable") }
    guard text.utf8.count <= maximumValueBytes else { throw wrong("this is longer than \(maximumValueBytes) bytes") }
    guard !text.utf8.contains(0) else { throw wrong("this has a NUL byte") }
    return text
  }
}

/// Values of variables in a file that knows neither platforms nor packages.
public struct PlainVariables: Hashable, Sendable, Decodable {
  /// The values.
  public let values: [String: String]

  /// Reads one object of texts, whole numbers and booleans.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: AnyKey.self)
    var values: [String: String] = [:]
    for key in container.allKeys {
      guard let value = try TemplateVariable.value(of: key, in: container) else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath + [key],
            debugDescription: "this is neither a text nor a whole number nor true or false"))
      }
      values[key.stringValue] = value
    }
    self.values = values
  }
}

extension TemplateVariables: Codable {
  /// Reads and checks names, values and what they are for.
  public init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: AnyKey.self)
    for key in container.allKeys {
      let path = decoder.codingPath + [key]
      if let value = try TemplateVariable.value(of: key, in: container) {
        everywhere[key.stringValue] = value
      } else if (try? container.nestedContainer(keyedBy: AnyKey.self, forKey: key)) != nil {
        let scope = try StrictJSON.placed(at: path, key.stringValue, Scope.named)
        scoped[scope] = try container.decode(PlainVariables.self, forKey: key).values
      } else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: path,
            debugDescription: "this is neither a text nor a whole number, true, false or an object of those"))
      }
    }
  }

  /// Writes the one object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: AnyKey.self)
    for (name, value) in everywhere { try container.encode(value, forKey: AnyKey(stringValue: name)) }
    for (scope, values) in scoped { try container.encode(values, forKey: AnyKey(stringValue: scope.text)) }
  }
}
