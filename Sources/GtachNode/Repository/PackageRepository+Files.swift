import GtachCore
import GtachModel
import GtachSystem
import GtachWire

// Files between nodes. They are much like earlier ones of their kind, which both sides mostly have: so what travels is
// what is new in them.
extension PackageRepository {
  /// A file that a peer asks for, on its way: as one bare zstd frame, after the first of its bases that is here too.
  ///
  /// - Returns: The parts, in order.
  /// - Throws: `ErrorCode.notFound` where the file is not here; `ErrorCode.inputOutput`.
  func parts(of request: GetFile) throws(GtachError) -> [FilePart] {
    let bytes: [UInt8]
    switch request.file {
    case .metadata(let name):
      do throws(GtachError) {
        bytes = try readMetadata(name)
      } catch {
        // The peer reads it: where this node keeps its files is not its business.
        throw error.code == .notFound ? GtachError(.notFound, "no metadata \(name) is here") : error
      }
    case .manifest(let digest): bytes = try manifestBytes(digest: digest)
    case .index(let digest): bytes = try indexBytes(digest: digest)
    }
    let base = base(for: request)
    return FilePart.messages(
      id: request.id, size: bytes.count, base: base.number, frame: try Self.frame(of: bytes, after: base.bytes))
  }

  /// A file as it travels.
  static func frame(of bytes: [UInt8], after base: [UInt8]) throws(GtachError) -> [UInt8] {
    // A long file would keep the peer waiting for some seconds, and a Raspberry Pi busy.
    try Zstd.compressBare(bytes[...], after: base, level: bytes.count + base.count <= shortFileBytes ? 19 : 3)
  }

  /// Files that are here and that may be much like one that is to be asked for, the likeliest first. What cannot be
  /// read is no help, and the file comes all the same.
  func bases(for request: SessionRequest) -> [[UInt8]] {
    switch request {
    case .metadata(let name, _): Array(earlierMetadata(than: name).prefix(1))
    case .manifest(let variant, _):
      relatives(of: variant).prefix(1).compactMap { try? manifestBytes(of: $0) }
    case .index(let variant, _): relatives(of: variant).prefix(Limits.bases).compactMap { try? indexBytes(of: $0) }
    case .buckets, .entries, .watch, .peers, .follow, .unfollow, .fetch: []
    }
  }

  private static let shortFileBytes = 1 << 20
  /// In how many earlier files of a role a peer's base is looked for.
  private static let earlierFiles = 16

  /// The first base that is here, and its number; number 0 and nothing where none is.
  private func base(for request: GetFile) -> (number: Int, bytes: [UInt8]) {
    for (number, base) in request.bases.enumerated() {
      let bytes: [UInt8]? =
        switch request.file {
        case .metadata(let name):
          earlierMetadata(than: name).first { ShortDigest(SHA256().digest(of: $0)) == base }
        case .manifest:
          entry(knownBy: .manifest, base).flatMap { try? manifestBytes(of: $0) }
        case .index:
          entry(knownBy: .index, base).flatMap { try? indexBytes(of: $0) }
        }
      if let bytes { return (number + 1, bytes) }
    }
    return (0, [])
  }

  /// What is known by such a digest, without looking for it in all directories: a peer may name any number that are not
  /// here.
  private func entry(knownBy content: Catalogue.Content, _ digest: ShortDigest) -> Catalogue.Entry? {
    try? state.withLock { state throws(GtachError) in try state.catalogue.entry(knownBy: content, digest) }
  }

  /// What is here of the same role as a file of signed metadata and of an earlier version, the newest first.
  private func earlierMetadata(than name: String) -> some Sequence<[UInt8]> {
    var earlier: [(version: Int, name: String)] = []
    if let wanted = MetadataFileName(name), let version = wanted.version {
      for name in (try? metadataFiles()) ?? [] {
        guard let file = MetadataFileName(name), file.role == wanted.role, let other = file.version, other < version
        else { continue }
        earlier.append((other, name))
      }
    }
    return earlier.sorted { $0.version > $1.version }.prefix(Self.earlierFiles).lazy.compactMap {
      try? self.readMetadata($0.name)
    }
  }

  private func relatives(of variant: VariantID) -> [Catalogue.Entry] { (try? entries(nearest: variant)) ?? [] }
}
