import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// The manifest of that SHA-256.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here; `ErrorCode.inputOutput`.
  public func manifestBytes(digest: Digest) throws(GtachError) -> [UInt8] {
    let missing = GtachError(.notFound, "no manifest \(digest) is here")
    guard let entry = try entries().values.first(where: { $0.digest == digest }) else { throw missing }
    let bytes: [UInt8]
    do throws(GtachError) {
      bytes = try files.read(
        "\(entry.directory)/\(RepositoryLayout.manifestName)", maximumBytes: Manifest.maximumBytes)
    } catch {
      throw error.code == .notFound ? missing : error
    }
    guard SHA256().digest(of: bytes) == digest else {
      // The file was right when it was read before, and nobody wrote to it: the disk did.
      try quarantine(entry.directory)
      throw missing
    }
    return bytes
  }

  /// The index of that SHA-256.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here; `ErrorCode.inputOutput`.
  public func indexBytes(digest: Digest) throws(GtachError) -> [UInt8] {
    guard let entry = try entries().values.first(where: { $0.manifest.index.digest == digest }) else {
      throw GtachError(.notFound, "no index \(digest) is here")
    }
    return try indexBytes(of: entry)
  }

  /// The length of an object in bytes, and the SHA-256 of each of its units.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, or was damaged; `ErrorCode.inputOutput`.
  public func unitList(object id: ObjectID) throws(GtachError) -> (size: Int, digests: [Digest]) {
    let units = try withObject(id) { file throws(GtachError) in file.units }
    return (units.size, units.digests)
  }

  /// Some units of an object with their numbers, hashed as they are read.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where the object is not here, or was damaged; `ErrorCode.notFound` where it has
  ///   no such units; `ErrorCode.inputOutput`.
  public func units(object id: ObjectID, range: Range<Int>) throws(GtachError) -> [(Int, [UInt8])] {
    let units: [(Int, [UInt8])]? = try withObject(id) { file throws(GtachError) in
      guard range.lowerBound >= 0, range.upperBound <= file.units.digests.count else { return nil }
      var units: [(Int, [UInt8])] = []
      for number in range { units.append((number, try file.unit(number))) }
      return units
    }
    guard let units else { throw GtachError(.notFound, "the object \(id) has no units \(range)") }
    return units
  }
}
