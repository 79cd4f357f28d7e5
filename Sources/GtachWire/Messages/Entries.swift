import GtachModel

/// Some of the entries that were asked for (JSON).
public struct Entries: Hashable, Sendable {
  /// A variant that the sender holds complete.
  public struct Entry: Hashable, Sendable {
    /// The variant.
    public let variant: VariantID
    /// The SHA-256 of its manifest.
    public let manifest: Digest

    /// An entry from its fields.
    public init(variant: VariantID, manifest: Digest) {
      self.variant = variant
      self.manifest = manifest
    }
  }

  /// The request that it answers.
  public let id: UInt32
  /// At most `Limits.entriesPerMessage` entries.
  public let entries: [Entry]
  /// Whether another `entries` with the same id follows.
  public let more: Bool
  /// In the first answer to a request that named known entries: which of these are none any more. Where it is nil, the
  /// entries are all that there are in the buckets.
  public let gone: EntryIDs?

  /// An answer from its fields.
  public init(id: UInt32, entries: [Entry], more: Bool, gone: EntryIDs? = nil) {
    self.id = id
    self.entries = entries
    self.more = more
    self.gone = gone
  }

  /// As many messages as these entries need, at least one; only the first says what is gone, and only the last that no
  /// more follow.
  public static func messages(id: UInt32, entries: [Entry], gone: EntryIDs? = nil) -> [Entries] {
    var messages: [Entries] = []
    var rest = entries[...]
    repeat {
      let part = Array(rest.prefix(Limits.entriesPerMessage))
      rest = rest.dropFirst(part.count)
      messages.append(
        Entries(id: id, entries: part, more: !rest.isEmpty, gone: messages.isEmpty ? gone : nil))
    } while !rest.isEmpty
    return messages
  }
}

extension Entries: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .entries }

  var flaw: String? {
    if entries.count > Limits.entriesPerMessage { return "it has \(entries.count) entries" }
    // Whoever says that more follow without sending any would keep a dialler waiting for ever.
    return more && entries.isEmpty ? "it is empty although more follow" : nil
  }
}

extension Entries.Entry: Codable {
  private enum CodingKeys: String, CodingKey { case target, manifest }

  /// Reads the fields; the variant comes as the TUF target path of its manifest.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let path = try container.decode(String.self, forKey: .target)
    guard path.utf8.count <= Limits.targetPathBytes, let variant = VariantID(targetPath: path) else {
      throw DecodingError.dataCorruptedError(
        forKey: .target, in: container, debugDescription: "not a target path: \(path.prefix(64))")
    }
    self.variant = variant
    manifest = try container.decode(Digest.self, forKey: .manifest)
  }

  /// Writes the fields; the variant as the TUF target path of its manifest.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(variant.targetPath, forKey: .target)
    try container.encode(manifest, forKey: .manifest)
  }
}
