import GtachCore
import GtachModel
import GtachSystem

/// A release that was published from here, is not here any more, and is packed again: what was signed of it still
/// holds, so it has to come out as it was, to the byte.
struct LostRelease {
  let listed: ListedVariant
  let repository: PackageRepository

  /// The release as it was signed, where what was packed now is that.
  ///
  /// Its manifest says when it was packed: that is tried which the manifest in quarantine says, and that at which the
  /// metadata was signed that was the first to list it; with the index that comes out now, and with the one that is
  /// here still. None of that need be believed, as the manifest has to hash as signed.
  ///
  /// - Throws: `ErrorCode.releaseExists` where it does not come out as it was; `ErrorCode.inputOutput`.
  func restored(from packed: PackedRelease) throws(GtachError) -> PackedRelease {
    let directory = repository.layout.directory(of: listed.variant)
    if try repository.files.exists(directory) { try repository.withdraw(listed.variant, from: directory) }
    var times: [Timestamp] = []
    for (bytes, directory) in try quarantined() {
      let manifest = try Manifest(json: bytes)
      times.append(manifest.created)
      guard manifest.archive == packed.manifest.archive, manifest.description == packed.manifest.description,
        let index = try index(of: manifest, in: directory)
      else { continue }
      try remakeObjects(of: index, archive: manifest.archive.digest)
      return packed.replacing(manifest, bytes: bytes, index: index)
    }
    if let time = try signingTime() { times.append(time) }
    let known = try bytes(at: repository.layout.partialIndex(of: listed.variant))
    for created in times {
      for index in [packed.indexBytes, known].compactMap(\.self) {
        var manifest = packed.manifest
        manifest.created = created
        manifest.index = Manifest.Content(digest: SHA256().digest(of: index), size: index.count)
        let bytes = try manifest.json()
        guard isListed(bytes) else { continue }
        try remakeObjects(of: index, archive: manifest.archive.digest)
        return packed.replacing(manifest, bytes: bytes, index: index)
      }
    }
    throw GtachError(
      .releaseExists, "\(listed.variant) is published and no longer here",
      reason: "what was packed now is not the same to the byte: the tree, --level, --patches or the other releases "
        + "that are here differ",
      advice: "fetch it with gtach sync, bring it in with gtach import, or raise the version")
  }

  private func isListed(_ manifest: [UInt8]) -> Bool {
    listed.manifest == Manifest.Content(digest: SHA256().digest(of: manifest), size: manifest.count)
  }

  /// Its manifests that something damaged took along into quarantine, and where they are.
  private func quarantined() throws(GtachError) -> [(bytes: [UInt8], directory: String)] {
    let (files, layout) = (repository.files, repository.layout)
    guard try files.exists(layout.quarantine) else { return [] }
    var found: [(bytes: [UInt8], directory: String)] = []
    let ending = PackageRepository.quarantineName(listed.variant)
    for name in try files.list(layout.quarantine) where name.hasSuffix(ending) {
      let directory = "\(layout.quarantine)/\(name)"
      do throws(GtachError) {
        let bytes = try files.read("\(directory)/\(RepositoryLayout.manifestName)", maximumBytes: Manifest.maximumBytes)
        if isListed(bytes) { found.append((bytes, directory)) }
      } catch {
        // It is there because something of it could not be read.
        guard error.code == .notFound || error.code == .inputOutput else { throw error }
      }
    }
    return found
  }

  /// The index that a manifest names: in quarantine with it, or where a fetch would go on.
  private func index(of manifest: Manifest, in directory: String) throws(GtachError) -> [UInt8]? {
    for path in ["\(directory)/\(RepositoryLayout.indexName)", repository.layout.partialIndex(of: listed.variant)] {
      if let bytes = try bytes(at: path), SHA256().digest(of: bytes) == manifest.index.digest { return bytes }
    }
    return nil
  }

  /// What may be an index; nil where it cannot be read.
  private func bytes(at path: String) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try repository.files.read(path, maximumBytes: ChunkIndexCodec.maximumBytes)
    } catch {
      guard error.code == .notFound || error.code == .inputOutput else { throw error }
      return nil
    }
  }

  /// Makes what is lacking of its objects, as far as they come out as they were: without the others its chunks travel.
  private func remakeObjects(of indexBytes: [UInt8], archive: Digest) throws(GtachError) {
    let index = try ChunkIndexCodec.decode(indexBytes)
    var lacking: [Int] = []
    for (number, object) in index.objects.enumerated() {
      if try !repository.files.exists(repository.layout.object(object.id)) { lacking.append(number) }
    }
    if !lacking.isEmpty { _ = try ObjectEncoder(repository: repository).remake(lacking, of: index, archive: archive) }
  }

  /// When the metadata was signed that was the first to list it; nil where that cannot be told.
  private func signingTime() throws(GtachError) -> Timestamp? {
    let package = listed.variant.release.name
    var versions = try repository.metadataFiles().compactMap { MetadataFileName($0) }
      .filter { $0.role == .package(package) }.sorted()[...]
    var time: Timestamp?
    // Whatever follows the first that lists it lists it, too.
    while !versions.isEmpty {
      let middle = versions.startIndex + versions.count / 2
      let bytes = try repository.metadataIfPresent(versions[middle].description)
      if let bytes, let known = MetadataPublisher.signingTime(of: listed, in: bytes) {
        time = known
        versions = versions[..<middle]
      } else {
        versions = versions[(middle + 1)...]
      }
    }
    return time
  }
}
