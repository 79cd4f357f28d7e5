import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// What is said of a variant, verified from the signed metadata down.
struct VerifiedVariant {
  let manifest: Manifest
  let manifestBytes: [UInt8]
  let index: ChunkIndex
  let indexBytes: [UInt8]
}

/// Reads a release file, and stores what is verified: metadata as soon as it is, chunks one after the other.
final class ReleaseFileReader {
  private let path: String
  private let metadata: MetadataReceiver
  private let repository: PackageRepository

  private var part = ReleaseFileMember.Part.metadata
  private var files: [String: [UInt8]] = [:]
  private var metadataBytes = 0
  private var trusted: TrustedMetadata?
  private var pending: (manifest: Manifest, bytes: [UInt8])?
  private(set) var variants: [VerifiedVariant] = []
  /// Chunks that are still to come, and how long they are.
  private var missing: [Digest: Int] = [:]
  private var totalBytes = 0
  private var doneBytes = 0

  init(path: String, repository: PackageRepository, metadata: MetadataReceiver) {
    self.path = path
    self.repository = repository
    self.metadata = metadata
  }

  /// Reads the file to its end.
  ///
  /// - Parameter progress: Told how many bytes of chunks are done, and how many there are; what it throws ends it.
  /// - Returns: The variants, of which nothing is visible yet.
  func read(progress: (Int, Int) throws(GtachError) -> Void) throws(GtachError) -> [VerifiedVariant] {
    let input = try InputFile(path)
    do throws(GtachError) {
      try ArchiveReader.readFiles(
        source: { () throws(GtachError) in
          let bytes = try input.read(Self.readBytes)
          return bytes.isEmpty ? nil : bytes
        },
        maximumBytes: { path throws(GtachError) in try maximumBytes(path) },
        take: { path, bytes throws(GtachError) in
          try take(path, bytes)
          try progress(doneBytes, totalBytes)
        })
    } catch {
      throw inFile(error)
    }
    if part == .metadata { try endMetadata() }
    guard pending == nil, !variants.isEmpty else {
      throw GtachError(
        .archiveInvalid, "\(path) carries no release",
        reason: pending == nil ? "it ends before one begins" : "it is cut off", advice: "copy it or export it again")
    }
    return variants
  }

  private static let readBytes = 256 << 10

  /// The archive's own faults say which archive it is.
  private func inFile(_ error: GtachError) -> GtachError {
    switch error.code {
    case .archiveInvalid, .archivePathUnsafe, .archiveMemberUnsupported:
      GtachError(
        error.code, "\(path) is not a whole release file",
        reason: error.message + (error.reason.map { ": \($0)" } ?? ""), advice: "copy it or export it again")
    default: error
    }
  }

  private func misplaced(_ path: String, _ reason: String) -> GtachError {
    GtachError(.archiveInvalid, "\"\(path)\" does not belong there", reason: reason)
  }

  private func member(_ path: String) throws(GtachError) -> ReleaseFileMember {
    guard let member = ReleaseFileMember(path: path) else {
      throw misplaced(path, "no release file has such a member")
    }
    return member
  }

  /// How long a member may be, now that those before it are verified.
  private func maximumBytes(_ path: String) throws(GtachError) -> Int {
    let member = try member(path)
    guard member.part >= part else { throw misplaced(path, "it comes too late") }
    if part == .metadata, member.part > .metadata { try endMetadata() }
    part = member.part
    if case .index = member {} else if pending != nil { throw misplaced(path, "an index must come before it") }
    switch member {
    case .metadata(let name):
      return min(name.role.maximumBytes, ReleaseFileMember.maximumMetadataBytes - metadataBytes)
    case .manifest(let variant): return min(try listed(variant).manifest.size, Manifest.maximumBytes)
    case .index(let variant):
      guard let pending, pending.manifest.variant == variant else {
        throw misplaced(path, "its manifest must come before it")
      }
      return min(pending.manifest.index.size, ChunkIndexCodec.maximumBytes)
    case .chunk(let digest):
      guard let size = missing[digest] else { throw misplaced(path, "no index names it, or it came already") }
      return Limits.zstdFrameBytes(size: size)
    }
  }

  private func take(_ path: String, _ bytes: [UInt8]) throws(GtachError) {
    switch try member(path) {
    case .metadata(let name):
      guard files.updateValue(bytes, forKey: name.description) == nil else {
        throw misplaced(path, "it is there twice")
      }
      metadataBytes += bytes.count
    case .manifest(let variant):
      guard variants.count < ReleaseFileMember.maximumVariants,
        !variants.contains(where: { $0.manifest.variant == variant })
      else { throw misplaced(path, "it is there twice, or there are too many") }
      pending = (try listed(variant).verifiedManifest(bytes, hashing: SHA256()), bytes)
    case .index:
      guard let (manifest, manifestBytes) = pending else { return }
      let index = try manifest.verifiedIndex(bytes, hashing: SHA256())
      for chunk in index.chunks where missing.updateValue(chunk.size, forKey: chunk.digest) == nil {
        totalBytes += chunk.size
      }
      variants.append(
        VerifiedVariant(manifest: manifest, manifestBytes: manifestBytes, index: index, indexBytes: bytes))
      pending = nil
    case .chunk(let digest):
      guard let size = missing.removeValue(forKey: digest) else { return }
      try repository.storeChunk(chunk(digest, size: size, frame: bytes), digest: digest)
      doneBytes += size
    }
  }

  private func chunk(_ digest: Digest, size: Int, frame: [UInt8]) throws(GtachError) -> [UInt8] {
    let damaged = GtachError(
      .chunkCorrupt, "\(path) is damaged", reason: "the chunk \(digest) in it holds other bytes than its name says",
      advice: "copy it or export it again")
    do throws(GtachError) {
      let bytes = try Zstd.decompress(frame, size: size)
      if SHA256().digest(of: bytes) == digest { return bytes }
    } catch {
      guard error.code == .objectCorrupt else { throw error }
    }
    throw damaged
  }

  private func endMetadata() throws(GtachError) {
    trusted = try metadata.receive(files, from: path)
    files = [:]
    part = .variants
  }

  private func listed(_ variant: VariantID) throws(GtachError) -> ListedVariant {
    if let listed = trusted?.targets[variant] { return listed }
    throw GtachError(
      .manifestUnlisted, "\(variant) in \(path) is not listed",
      reason: "neither by the signed metadata in the file nor by that of this machine",
      advice: "export it again on a machine that has the newest metadata")
  }
}
