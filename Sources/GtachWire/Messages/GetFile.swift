import GtachModel

/// Asks for a part of a file (JSON); answered by one `filePart`.
public struct GetFile: Hashable, Sendable {
  /// A file that a node serves.
  public enum File: Hashable, Sendable {
    /// TUF metadata, by its consistent-snapshot file name: `timestamp.json`, `3.root.json`, `7.package-app.json`.
    case metadata(String)
    /// A manifest, by its SHA-256.
    case manifest(Digest)
    /// A chunk index, by its SHA-256.
    case index(Digest)
  }

  /// The request's number, repeated in the answer.
  public let id: UInt32
  /// The file.
  public let file: File
  /// Where the part starts, in bytes from the start of the file.
  public let offset: Int
  /// The most bytes that the answer may have: 1 to `Limits.partBytes`.
  public let length: Int

  /// A request from its fields.
  public init(id: UInt32, file: File, offset: Int = 0, length: Int = Limits.partBytes) {
    self.id = id
    self.file = file
    self.offset = offset
    self.length = length
  }

  /// Whether a name is one that metadata can have: lower-case letters, digits, `-` and `.`, starting with a letter or
  /// digit, ending in `.json`, without `..`. So it is always one harmless path component.
  public static func isMetadataName(_ name: String) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
    let bytes = name.utf8
    guard bytes.count <= Limits.fileNameBytes, let first = bytes.first, isPlain(first) else { return false }
    return bytes.allSatisfy { isPlain($0) || $0 == 0x2D || $0 == 0x2E } && name.hasSuffix(".json")
      && !name.contains("..")
  }
}

extension GetFile: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .getFile }

  var flaw: String? {
    if case .metadata(let name) = file, !Self.isMetadataName(name) { return "name is no file name of metadata" }
    if !(0...Limits.integer).contains(offset) { return "offset is out of range" }
    if !(1...Limits.partBytes).contains(length) { return "length is out of range" }
    return nil
  }

  private enum CodingKeys: String, CodingKey { case id, kind, name, offset, length }
  private enum Kind: String, Codable { case metadata, manifest, index }

  /// Reads the fields.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decode(Kind.self, forKey: .kind) {
    case .metadata: file = .metadata(try container.decode(String.self, forKey: .name))
    case .manifest: file = .manifest(try container.decode(Digest.self, forKey: .name))
    case .index: file = .index(try container.decode(Digest.self, forKey: .name))
    }
    id = try container.decode(UInt32.self, forKey: .id)
    offset = try container.decode(Int.self, forKey: .offset)
    length = try container.decode(Int.self, forKey: .length)
  }

  /// Writes the fields.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch file {
    case .metadata(let name):
      try container.encode(Kind.metadata, forKey: .kind)
      try container.encode(name, forKey: .name)
    case .manifest(let digest):
      try container.encode(Kind.manifest, forKey: .kind)
      try container.encode(digest, forKey: .name)
    case .index(let digest):
      try container.encode(Kind.index, forKey: .kind)
      try container.encode(digest, forKey: .name)
    }
    try container.encode(id, forKey: .id)
    try container.encode(offset, forKey: .offset)
    try container.encode(length, forKey: .length)
  }
}
