import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// How a stored chunk or object is.
  enum Condition: Equatable {
    case sound
    /// It was, and is in quarantine now.
    case damaged
    case missing
    /// Nobody knows: reading it failed, or it is damaged and could not be moved.
    case unreadable(GtachError)
  }

  /// Reads and hashes a stored chunk.
  func condition(of chunk: ChunkIndex.Chunk) -> Condition {
    condition(at: layout.chunk(chunk.digest)) { () throws(GtachError) in try storedChunk(chunk) != nil }
  }

  /// Reads and hashes a stored object, all of its units.
  func condition(ofObject id: ObjectID) -> Condition {
    condition(at: layout.object(id)) { () throws(GtachError) in try storedObject(id) != nil }
  }

  /// Takes out of sight what is complete here no longer, because a chunk is missing that cannot be made of an object:
  /// so it is wanted again. What is left of it is noted as half fetched, and gc leaves that alone.
  ///
  /// - Parameter suspects: Chunks that are read; of the others it is enough to see them.
  /// - Returns: What went out of sight.
  /// - Throws: `ErrorCode.busy` where another process holds the lock for a minute; `ErrorCode.inputOutput`,
  ///   `ErrorCode.diskFull`.
  func withdrawDamaged(suspects: Set<Digest>) throws(GtachError) -> [VariantID] {
    var damaged: [VariantID] = []
    var isHere: [Digest: Bool] = [:]
    for (variant, entry) in try entries().sorted(by: { $0.key < $1.key }) where try files.exists(entry.directory) {
      let index: ChunkIndex
      do throws(GtachError) {
        index = try ChunkIndexCodec.decode(try indexBytes(of: entry))
      } catch {
        // Nobody knows what it lacks, and the others are looked at all the same.
        if error.code == .inputOutput { continue }
        guard error.code == .notFound || error.code == .indexCorrupt else { throw error }
        try withdraw(variant, from: entry.directory)
        damaged.append(variant)
        continue
      }
      var isWhole = true
      for numbers in index.objectsByChunk {
        let chunk = index.chunks[index.objects[numbers.lowerBound].chunk].digest
        if isHere[chunk] == nil {
          isHere[chunk] = try available(numbers, of: index, isSuspect: suspects.contains(chunk))
        }
        if isHere[chunk] == false { isWhole = false }
      }
      // Removed or cleared away since this began: nobody's damage.
      guard !isWhole, try files.exists(entry.directory) else { continue }
      try noteFetching(variant, index: index, quarantining: entry.directory)
      damaged.append(variant)
    }
    return damaged
  }

  private func available(
    _ numbers: Range<Int>, of index: ChunkIndex, isSuspect: Bool
  ) throws(GtachError) -> Bool {
    let path = layout.chunk(index.chunks[index.objects[numbers.lowerBound].chunk].digest)
    if !isSuspect, try files.exists(path) { return true }
    do throws(GtachError) {
      return try chunk(of: numbers, in: index) != nil
    } catch {
      guard error.code == .inputOutput, isSuspect else { throw error }
      // What the disk does not give is not here.
      try quarantine(path)
      return try chunk(of: numbers, in: index) != nil
    }
  }

  /// The directories that lie where those of variants do, and can be of none: relative to `packages`. What the disk does
  /// not give, `unreadablePaths` says.
  func strayDirectories() throws(GtachError) -> [String] {
    var strays: [String] = []
    let unreadable = Set(unreadablePaths().map(\.path))
    func names(in path: String) throws(GtachError) -> [String] {
      let directory = path.isEmpty ? layout.packages : "\(layout.packages)/\(path)"
      guard !unreadable.contains(path), try files.kind(of: directory) == .directory else { return [] }
      return try files.list(directory)
    }
    for name in try names(in: "") {
      for version in try names(in: name) {
        for platform in try names(in: "\(name)/\(version)") {
          let path = "\(name)/\(version)/\(platform)"
          guard VariantID(targetPath: "\(path)/\(RepositoryLayout.manifestName)") == nil,
            try files.kind(of: "\(layout.packages)/\(path)") == .directory
          else { continue }
          strays.append(path)
        }
      }
    }
    return strays
  }

  private func condition(at path: String, _ isSound: () throws(GtachError) -> Bool) -> Condition {
    do throws(GtachError) {
      let wasThere = try files.exists(path)
      return try isSound() ? .sound : wasThere ? .damaged : .missing
    } catch {
      return .unreadable(error)
    }
  }
}
