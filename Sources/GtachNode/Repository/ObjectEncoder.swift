import GtachCore
import GtachModel
import GtachSystem

/// Encodes the chunks of an archive into objects, on all processors, and cuts them into units.
struct ObjectEncoder {
  /// The most processors that are used: each needs some 60 MB at level 19, with a prefix as long as it may be.
  static let maximumThreads = 4
  /// By how many bytes a patch must be smaller than the full object: the index names it, too.
  static let minimumGain = 64

  let repository: PackageRepository
  /// The zstd level of objects.
  var level = PackageCreator.defaultLevel
  /// The zstd level of full objects that only newcomers want: machines that have none of the releases that patches are
  /// made from.
  var newcomerLevel = PackageCreator.newcomerLevel
  /// Whether earlier chunks are looked for that a chunk may stand on.
  var usesPrefixes = true

  /// Makes a full object of each different chunk, and patches where an older archive lacks the chunk; stores them, and
  /// gives the index.
  ///
  /// - Parameters:
  ///   - archive: The archive; its chunks are all stored.
  ///   - bases: The older archives.
  ///   - earlier: Objects of other releases: their bytes are used where they are here.
  ///   - progress: Told how many bytes of chunks are done, and how many there are; may throw to end it.
  /// - Throws: `ErrorCode.chunkMissing` where a chunk is not stored; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func encode(
    _ archive: HeldArchive, patchesFrom bases: [HeldArchive], reusing earlier: EarlierObjects,
    progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> ChunkIndex {
    // How long units are depends on all objects, and an object's id on its units: so they wait in files.
    let workspace = try repository.plan().workspace
    let directory = "\(workspace)/\(Workspace.newName())"
    try repository.files.perform(.makeDirectory(directory))
    let result: Result<ChunkIndex, GtachError>
    do throws(GtachError) {
      result = .success(
        try store(
          encode(archive, bases, reusing: earlier, into: directory, progress: progress), of: archive, bases))
    } catch {
      result = .failure(error)
    }
    do throws(GtachError) {
      try repository.files.perform(.remove(directory))
    } catch {
      // The workspace goes as a whole later; the first error is the one that counts.
      if case .success = result { throw error }
    }
    return try result.get()
  }

  /// Makes objects of an index anew, and stores those that come out as the index says: as they do where this version of
  /// zstd made them, at this level, and what they need is here.
  ///
  /// - Returns: The numbers of those.
  /// - Throws: As `encode`.
  func remake(_ numbers: [Int], of index: ChunkIndex, archive digest: Digest) throws(GtachError) -> Set<Int> {
    let archive = HeldArchive(digest, ArchiveMap(index.chunks), in: repository)
    let full = try fullObjectMaker(archive)
    var patches: [Int: PatchMaker] = [:]
    var remade: Set<Int> = []
    for number in numbers {
      let object = index.objects[number]
      switch object.encoding {
      case .full:
        for demand in FullObjectMaker.Demand.allCases {
          if try store(full.object(at: object.chunk, for: demand), as: object, of: index) {
            remade.insert(number)
            break
          }
        }
      case .patch(let base):
        if patches[base] == nil, let older = try repository.archive(index.bases[base].archive) {
          patches[base] = try patchMaker(archive, from: older)
        }
        if let patch = try patches[base]?.object(at: object.chunk), try store(patch, as: object, of: index) {
          remade.insert(number)
        }
      }
    }
    return remade
  }

  /// Stores an object where it is the one that the index names.
  private func store(
    _ bytes: [UInt8], as object: ChunkIndex.Object, of index: ChunkIndex
  ) throws(GtachError) -> Bool {
    let units = UnitList(object: bytes[...], unitSize: index.unitSize, hashing: SHA256())
    guard units.objectID(hashing: SHA256()) == object.id else { return false }
    try repository.storeObject(bytes, id: object.id, units: units)
    return true
  }

  // MARK: Beneath

  /// An object in a file.
  private struct Encoded {
    let chunk: Int
    let encoding: ChunkIndex.Encoding
    let path: String
    let size: Int
  }

  /// Makes all objects: the patches from one base after the other, so that what is remembered of only one base takes
  /// memory at a time; then the full ones, as it depends on the patches how many will want them.
  private func encode(
    _ archive: HeldArchive, _ bases: [HeldArchive], reusing earlier: EarlierObjects, into directory: String,
    progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> [Encoded] {
    var seen: Set<Digest> = []
    let firsts = archive.chunks.indices.filter { seen.insert(archive.chunks[$0].digest).inserted }
    let lacking = bases.map { base in
      let here = Set(base.chunks.map(\.digest))
      return firsts.filter { !here.contains(archive.chunks[$0].digest) }
    }
    let total = (lacking + [firsts]).joined().reduce(0) { $0 + archive.chunks[$1].size }
    var done = 0
    func run(
      _ positions: [Int], _ encoding: ChunkIndex.Encoding, base: Digest?, name: String,
      _ make: @escaping @Sendable (_ position: Int, _ again: Bool) throws(GtachError) -> [UInt8]?
    ) throws(GtachError) -> [Encoded] {
      let repository = repository
      let sizes = try ParallelWork.map(count: positions.count, threads: Self.maximumThreads) {
        number throws(GtachError) in
        let position = positions[number]
        var stored: [UInt8]?
        if let known = earlier.object(of: archive.chunks[position].digest, base: base) {
          stored = try repository.storedObject(known)
        }
        let bytes: [UInt8]?
        if let stored, Self.isUsable(stored, at: position, of: archive.chunks, hasBase: base != nil) {
          bytes = stored
        } else {
          bytes = try make(position, stored != nil)
        }
        guard let bytes else { return 0 }
        try repository.files.perform(
          .write(path: "\(directory)/\(name)-\(position)", bytes: bytes, permissions: 0o644))
        return bytes.count
      } done: { number throws(GtachError) in
        done += archive.chunks[positions[number]].size
        try progress(done, total)
      }
      return zip(positions, sizes).filter { $1 > 0 }.map {
        Encoded(chunk: $0, encoding: encoding, path: "\(directory)/\(name)-\($0)", size: $1)
      }
    }

    var patches: [Encoded] = []
    for (number, base) in bases.enumerated() where !lacking[number].isEmpty {
      guard let maker = try patchMaker(archive, from: base) else { continue }
      patches += try run(lacking[number], .patch(base: number), base: base.digest, name: "\(number)") {
        (position, _) throws(GtachError) in try maker.object(at: position)
      }
    }
    let smallest = Dictionary(patches.map { ($0.chunk, $0.size) }, uniquingKeysWith: min)
    let maker = try fullObjectMaker(archive)
    let full = try run(firsts, .full, base: nil, name: "full") { (position, again) throws(GtachError) in
      try maker.object(at: position, patch: smallest[position], again: again)
    }
    let fullSizes = Dictionary(uniqueKeysWithValues: full.map { ($0.chunk, $0.size) })
    return full + patches.filter { $0.size + Self.minimumGain <= fullSizes[$0.chunk, default: 0] }
  }

  private func fullObjectMaker(_ archive: HeldArchive) throws(GtachError) -> FullObjectMaker {
    try FullObjectMaker(archive, level: level, newcomerLevel: newcomerLevel, usesPrefixes: usesPrefixes)
  }

  /// What makes patches; nil where the older archive is damaged, which is no reason not to pack a new one.
  private func patchMaker(_ archive: HeldArchive, from base: HeldArchive) throws(GtachError) -> PatchMaker? {
    do throws(GtachError) {
      return try PatchMaker(archive, from: base, level: level)
    } catch {
      guard error.code == .chunkMissing else { throw error }
      return nil
    }
  }

  /// Whether an object of an earlier release can be decoded in this one: the chunks that it needs stand before it here.
  private static func isUsable(
    _ object: [UInt8], at position: Int, of chunks: [ChunkIndex.Chunk], hasBase: Bool
  ) -> Bool {
    // A patch needs its base and nothing else.
    if hasBase { return true }
    var body = object[...]
    guard let header = try? ObjectHeader(takenFrom: &body, chunkSize: chunks[position].size, archiveSize: 0) else {
      return false
    }
    switch header.prefix {
    case .none: return true
    case .chunks(let names): return names.allSatisfy { name in chunks[..<position].contains { $0.name == name } }
    case .pieces: return false
    }
  }

  /// Cuts the objects into units and stores them under their ids.
  private func store(
    _ encoded: [Encoded], of archive: HeldArchive, _ bases: [HeldArchive]
  ) throws(GtachError) -> ChunkIndex {
    let unitSize = UnitList.unitSize(
      objectBytes: encoded.reduce(0) { $0 + ($1.encoding == .full ? $1.size : 0) })
    var used: [Int] = []
    var objects: [Int: [ChunkIndex.Object]] = [:]
    for item in encoded {
      let bytes = try repository.files.read(item.path, maximumBytes: item.size)
      let units = UnitList(object: bytes[...], unitSize: unitSize, hashing: SHA256())
      let id = units.objectID(hashing: SHA256())
      try repository.storeObject(bytes, id: id, units: units)
      try repository.files.perform(.remove(item.path))
      var encoding = item.encoding
      // A base that no patch came of is not named.
      if case .patch(let base) = encoding {
        if used.last != base { used.append(base) }
        encoding = .patch(base: used.count - 1)
      }
      objects[item.chunk, default: []].append(
        ChunkIndex.Object(id: id, size: bytes.count, chunk: item.chunk, encoding: encoding))
    }
    return ChunkIndex(
      unitSize: unitSize, chunks: archive.chunks, bases: used.map { bases[$0].base },
      objects: objects.sorted { $0.key < $1.key }.flatMap(\.value))
  }
}
