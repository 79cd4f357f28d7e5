import GtachModel

/// An object inside a metadata file, read field by field: a field that is missing or of another kind is an error that
/// names the file and the field.
struct MetadataObject: Sendable {
  let fields: [String: JSONValue]
  /// The file.
  let file: String
  /// Where in it: empty for the outermost object, else ending in a dot.
  let path: String

  init(_ value: JSONValue, file: String, path: String = "") throws(GtachError) {
    guard case .object(let fields) = value else {
      throw GtachError.metadata(.metadataMalformed, file, "\(path.isEmpty ? "it" : path) is not an object")
    }
    self.fields = fields
    self.file = file
    self.path = path.isEmpty ? "" : path + "."
  }

  func failure(_ key: String, _ reason: String) -> GtachError {
    GtachError.metadata(.metadataMalformed, file, "\(path)\(key) \(reason)")
  }

  private func required<Value>(_ key: String, _ kind: String, _ value: Value?) throws(GtachError) -> Value {
    guard let value else { throw failure(key, fields[key] == nil ? "is missing" : "is not \(kind)") }
    return value
  }

  func string(_ key: String) throws(GtachError) -> String {
    var text: String?
    if case .string(let value) = fields[key] { text = value }
    return try required(key, "a string", text)
  }

  func boolean(_ key: String) throws(GtachError) -> Bool {
    var flag: Bool?
    if case .boolean(let value) = fields[key] { flag = value }
    return try required(key, "true or false", flag)
  }

  /// A whole number that may be a version, a length or a threshold. Every JSON reader agrees on numbers up to 2^53 - 1
  /// (RFC 8259, section 6), and adding one to such a number never overflows.
  func integer(_ key: String, atLeast minimum: Int) throws(GtachError) -> Int {
    var number: Int?
    if case .integer(let value) = fields[key], value >= Int64(minimum), value < 1 << 53 { number = Int(value) }
    return try required(key, "a whole number from \(minimum) to 2^53 - 1", number)
  }

  func object(_ key: String) throws(GtachError) -> MetadataObject {
    try MetadataObject(required(key, "an object", fields[key]), file: file, path: path + key)
  }

  func array(_ key: String) throws(GtachError) -> [JSONValue] {
    var elements: [JSONValue]?
    if case .array(let value) = fields[key] { elements = value }
    return try required(key, "an array", elements)
  }

  func strings(_ key: String) throws(GtachError) -> [String] {
    var texts: [String] = []
    for element in try array(key) {
      guard case .string(let text) = element else { throw failure(key, "is not an array of strings") }
      texts.append(text)
    }
    return texts
  }

  func timestamp(_ key: String) throws(GtachError) -> Timestamp {
    guard let time = Timestamp(try string(key)) else {
      throw failure(key, "is not a time such as 2026-11-20T13:34:00Z")
    }
    return time
  }

  func has(_ key: String) -> Bool { fields[key] != nil }

  /// The fields whose values are objects, in the order of their names.
  func objects() throws(GtachError) -> [(key: String, object: MetadataObject)] {
    var result: [(key: String, object: MetadataObject)] = []
    for key in fields.keys.sorted() { result.append((key, try object(key))) }
    return result
  }
}

extension GtachError {
  /// A metadata file is refused.
  static func metadata(_ code: ErrorCode, _ file: String, _ reason: String, advice: String? = nil) -> GtachError {
    GtachError(code, "the metadata file \(file) is refused", reason: reason, advice: advice)
  }
}
