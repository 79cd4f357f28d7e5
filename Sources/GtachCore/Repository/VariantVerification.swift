import GtachModel

// From what was signed down to the chunks: whoever sent the bytes, a peer or a file, they are believed only so.

extension ListedVariant {
  /// The manifest that the bytes are, which must be the one that the signed metadata lists, and speak of this variant.
  ///
  /// - Throws: `ErrorCode.manifestUnlisted` where it is another one, `ErrorCode.manifestCorrupt` where it is none.
  public func verifiedManifest(_ bytes: [UInt8], hashing: some Hashing) throws(GtachError) -> Manifest {
    guard manifest == Manifest.Content(digest: hashing.digest(of: bytes), size: bytes.count) else {
      throw GtachError(.manifestUnlisted, "the manifest of \(variant) is not the one that was signed")
    }
    let parsed = try Manifest(json: bytes)
    guard parsed.variant == variant else {
      throw GtachError(.manifestCorrupt, "the manifest of \(variant) speaks of \(parsed.variant)")
    }
    return parsed
  }
}

extension Manifest {
  /// The index that the bytes are, which must be the one that this manifest names.
  ///
  /// - Throws: `ErrorCode.indexCorrupt`.
  public func verifiedIndex(_ bytes: [UInt8], hashing: some Hashing) throws(GtachError) -> ChunkIndex {
    guard index == Content(digest: hashing.digest(of: bytes), size: bytes.count) else {
      throw GtachError(.indexCorrupt, "the index of \(variant) is not the one that its manifest names")
    }
    let decoded = try ChunkIndexCodec.decode(bytes)
    guard decoded.archiveSize == archive.size else {
      throw GtachError(
        .indexCorrupt, "the index of \(variant) is of another archive than its manifest",
        reason: "\(decoded.archiveSize) bytes instead of \(archive.size)")
    }
    return decoded
  }
}
