import GtachCore
import GtachModel
import GtachSystem

/// Which variants are in a repository, read from its directories. A manifest is read again only when its file changed.
struct Catalogue {
  /// A variant that is complete.
  struct Entry {
    /// The variant's directory.
    let directory: String
    /// What its manifest says.
    let manifest: Manifest
    /// The SHA-256 of its manifest.
    let digest: Digest
    fileprivate let status: FileStatus
  }

  private var known: [String: Entry] = [:]

  /// Reads the directories. What is no variant of a release, or cannot be read as one, is not listed: it is not
  /// complete here, whatever it is.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  mutating func read(_ layout: RepositoryLayout) throws(GtachError) -> [VariantID: Entry] {
    var entries: [VariantID: Entry] = [:]
    var seen: [String: Entry] = [:]
    for name in try Self.list(layout.packages) {
      for version in try Self.list("\(layout.packages)/\(name)") {
        for platform in try Self.list("\(layout.packages)/\(name)/\(version)") {
          let target = "\(name)/\(version)/\(platform)"
          guard let variant = VariantID(targetPath: "\(target)/\(RepositoryLayout.manifestName)"),
            let entry = try entry(for: variant, directory: "\(layout.packages)/\(target)")
          else { continue }
          seen[entry.directory] = entry
          // Versions that differ only in build metadata are one; the first in order counts.
          if entries[variant] == nil { entries[variant] = entry }
        }
      }
    }
    known = seen
    return entries
  }

  private func entry(for variant: VariantID, directory: String) throws(GtachError) -> Entry? {
    let path = "\(directory)/\(RepositoryLayout.manifestName)"
    guard let status = try FileSystem().status(of: path), status.kind == .file else { return nil }
    if let entry = known[directory], entry.status == status { return entry }
    do throws(GtachError) {
      let bytes = try FileSystem().read(path, offset: 0, count: Manifest.maximumBytes + 1)
      let manifest = try Manifest(json: bytes)
      guard manifest.variant == variant, manifest.index.size <= ChunkIndexCodec.maximumBytes else { return nil }
      return Entry(directory: directory, manifest: manifest, digest: SHA256().digest(of: bytes), status: status)
    } catch {
      // It vanished meanwhile, or is damaged: a variant that is not here.
      guard error.code == .notFound || error.code == .manifestCorrupt else { throw error }
      return nil
    }
  }

  /// The names in a directory; none where there is no such directory.
  private static func list(_ directory: String) throws(GtachError) -> [String] {
    guard try FileSystem().kind(of: directory) == .directory else { return [] }
    do throws(GtachError) {
      return try FileSystem().list(directory)
    } catch {
      guard error.code == .notFound else { throw error }
      return []
    }
  }
}
