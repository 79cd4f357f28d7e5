import GtachModel

/// Asks for a file (JSON); answered by one or more `filePart`.
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
  /// Files that the asker has and that may be much like it, by the first 16 bytes of their SHA-256: at most
  /// `Limits.bases`. The answer may refer to one of them.
  public let bases: [ShortDigest]

  /// A request from its fields.
  public init(id: UInt32, file: File, bases: [ShortDigest] = []) {
    self.id = id
    self.file = file
    self.bases = bases
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
    if bases.count > Limits.bases { return "there are \(bases.count) bases" }
    return nil
  }

  private enum CodingKeys: String, CodingKey { case id, kind, name, bases }
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
    bases = try container.decodeIfPresent([ShortDigest].self, forKey: .bases) ?? []
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
    if !bases.isEmpty { try container.encode(bases, forKey: .bases) }
  }
}
