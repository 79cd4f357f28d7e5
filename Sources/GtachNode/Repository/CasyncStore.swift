import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// What lies in a directory that casync and gtach share.
struct CasyncLayout {
  let directory: String

  /// What the names of casync's blob indexes end with.
  static let indexSuffix = ".caibx"
  /// What the names of release files end with that have their chunks in the store.
  static let releaseFileSuffix = ".release.tar"

  /// Where casync looks for chunks where nobody tells it.
  var store: String { "\(directory)/default.castr" }

  /// `NAME-VERSION.release.tar`.
  func releaseFile(of release: ReleaseID) -> String {
    "\(directory)/\(release.name)-\(release.version)\(Self.releaseFileSuffix)"
  }

  /// `NAME-VERSION.caibx`, for a platform `NAME-VERSION_PLATFORM.caibx`: no name and no version has a `_`.
  func index(of variant: VariantID) -> String {
    let platform = variant.platform == .any ? "" : "_\(variant.platform)"
    return "\(directory)/\(variant.release.name)-\(variant.release.version)\(platform)\(Self.indexSuffix)"
  }
}

/// A store of casync, `.castr`: a file for each chunk, one zstd frame, named `DIGEST.cacnk` in a directory named after
/// the digest's first four digits.
struct CasyncStore {
  let path: String
  private let files = FileSystem()

  init(path: String) { self.path = path }

  /// A chunk's bytes, which hash as its name says.
  ///
  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.chunkCorrupt`, `ErrorCode.inputOutput`.
  func read(_ chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8] {
    let frame: [UInt8]
    do throws(GtachError) {
      frame = try files.read(file(of: chunk), offset: 0, count: Limits.zstdFrameBytes(size: chunk.size) + 1)
    } catch {
      guard error.code == .notFound else { throw error }
      throw GtachError(
        .chunkMissing, "a chunk is missing in \(path)", reason: "there is no \(file(of: chunk))",
        advice: "copy the store again, or make it anew")
    }
    let damaged = GtachError(
      .chunkCorrupt, "a chunk in \(path) is damaged", reason: "\(file(of: chunk)) holds other bytes than its name says",
      advice: "copy the store again, or make it anew")
    let bytes: [UInt8]
    do throws(GtachError) {
      bytes = try Zstd.decompress(frame, size: chunk.size)
    } catch {
      guard let other = Self.compressions.first(where: { frame.starts(with: $0.magic) }) else { throw damaged }
      throw GtachError(
        .chunkCorrupt, "a chunk in \(path) cannot be read", reason: "it is compressed with \(other.name)",
        advice: "make the store with casync --compression=zstd")
    }
    guard SHA256().digest(of: bytes) == chunk.digest else { throw damaged }
    return bytes
  }

  /// Stores a chunk where it is not there already, whole.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func write(_ chunk: ChunkIndex.Chunk, _ bytes: [UInt8], level: Int) throws(GtachError) {
    do throws(GtachError) {
      _ = try read(chunk)
      return
    } catch {
      guard error.code == .chunkMissing || error.code == .chunkCorrupt else { throw error }
    }
    let file = file(of: chunk)
    let temporary = "\(path)/\(chunk.digest.hex.prefix(4))/.\(Workspace.newName())"
    do throws(GtachError) {
      try files.perform([
        .makeDirectory("\(path)/\(chunk.digest.hex.prefix(4))"),
        .write(path: temporary, bytes: Zstd.compress(bytes, level: level), permissions: 0o444),
        .rename(from: temporary, to: file),
      ])
    } catch {
      // The first error is the one that counts.
      try? files.perform(.remove(temporary))
      throw error
    }
  }

  /// How casync compresses that gtach does not read.
  private static let compressions: [(name: String, magic: [UInt8])] = [
    ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]), ("gzip", [0x1F, 0x8B]),
  ]

  private func file(of chunk: ChunkIndex.Chunk) -> String {
    "\(path)/\(chunk.digest.hex.prefix(4))/\(chunk.digest.hex).cacnk"
  }
}
