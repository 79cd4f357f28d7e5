import GtachCore
import GtachModel
import GtachSystem

/// Encodes chunks into objects, on all processors, and cuts them into units.
struct ObjectEncoder {
  /// The most processors that are used: each needs some 60 MB at level 19, with a prefix as long as it may be.
  static let maximumThreads = 4

  let repository: PackageRepository
  let level: Int
  /// Whether earlier chunks are looked for that a chunk may stand on.
  let usesPrefixes: Bool

  /// Makes an object of each different chunk, stores it, and gives the index.
  ///
  /// - Parameters:
  ///   - chunks: The chunks of an archive in their order, all stored.
  ///   - earlier: Objects that carry a chunk already, by the chunk's digest: their bytes are used where they are here.
  ///   - progress: Told how many bytes of chunks are done, and how many there are; may throw to end it.
  /// - Throws: `ErrorCode.chunkMissing` where a chunk is not stored; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func encode(
    _ chunks: [ChunkIndex.Chunk], reusing earlier: [Digest: ObjectID], progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> ChunkIndex {
    var seen: Set<Digest> = []
    let firsts = chunks.indices.filter { seen.insert(chunks[$0].digest).inserted }
    // How long units are depends on all objects, and an object's id on its units: so they wait in files.
    let workspace = try repository.plan().workspace
    let directory = "\(workspace)/\(Workspace.newName())"
    try repository.files.perform(.makeDirectory(directory))
    let result: Result<ChunkIndex, GtachError>
    do throws(GtachError) {
      let sizes = try encode(firsts, of: chunks, into: directory, reusing: earlier, progress: progress)
      result = .success(try store(chunks, firsts: firsts, sizes: sizes, from: directory))
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
  /// zstd made them, at this level and of this archive.
  ///
  /// - Returns: The numbers of those.
  /// - Throws: As `encode`.
  func remake(_ numbers: [Int], of index: ChunkIndex) throws(GtachError) -> Set<Int> {
    let similar = SimilarChunks(in: try sampled(index.chunks), sizes: index.chunks.map(\.size))
    var remade: Set<Int> = []
    for number in numbers {
      let object = index.objects[number]
      let bytes = try self.object(at: object.chunk, of: index.chunks, similar: similar, reusing: nil)
      let units = UnitList(object: bytes[...], unitSize: index.unitSize, hashing: SHA256())
      guard units.objectID(hashing: SHA256()) == object.id else { continue }
      try repository.storeObject(bytes, id: object.id, units: units)
      remade.insert(number)
    }
    return remade
  }

  /// Encodes the chunks at some positions into files named by their numbers.
  ///
  /// - Returns: The length of each.
  private func encode(
    _ firsts: [Int], of chunks: [ChunkIndex.Chunk], into directory: String, reusing earlier: [Digest: ObjectID],
    progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> [Int] {
    let similar = usesPrefixes ? SimilarChunks(in: try sampled(chunks), sizes: chunks.map(\.size)) : nil
    let jobs = Mailbox<Int>()
    let results = Mailbox<(number: Int, size: Result<Int, GtachError>)>()
    for number in firsts.indices { jobs.post(number) }
    jobs.close()
    let (encoder, stop) = (self, try Cancellation())
    var threads: [WorkerThread] = []
    defer {
      stop.cancel()
      for thread in threads { thread.join() }
    }
    for number in 0..<min(Self.maximumThreads, Machine.processorCount, firsts.count) {
      threads.append(
        try WorkerThread(name: "encoder \(number)") {
          while !stop.isCancelled, let number = jobs.receive(until: nil) {
            do throws(GtachError) {
              let position = firsts[number]
              let bytes = try encoder.object(
                at: position, of: chunks, similar: similar, reusing: earlier[chunks[position].digest])
              try encoder.repository.files.perform(
                .write(path: "\(directory)/\(number)", bytes: bytes, permissions: 0o644))
              results.post((number, .success(bytes.count)))
            } catch {
              results.post((number, .failure(error)))
            }
          }
        })
    }
    let total = firsts.reduce(0) { $0 + chunks[$1].size }
    var done = 0
    var sizes = Array(repeating: 0, count: firsts.count)
    for _ in firsts {
      guard let (number, size) = results.receive(until: nil) else { break }
      sizes[number] = try size.get()
      done += chunks[firsts[number]].size
      try progress(done, total)
    }
    return sizes
  }

  /// Where the sampled hashes of the archive are.
  private func sampled(_ chunks: [ChunkIndex.Chunk]) throws(GtachError) -> SampledArchive {
    var archive = SampledArchive(size: chunks.reduce(0) { $0 + $1.size })
    var offset = 0
    for chunk in chunks {
      archive.add(SampledHash.hashes(of: try stored(chunk)[...]), at: offset)
      offset += chunk.size
    }
    archive.finish()
    return archive
  }

  private func object(
    at position: Int, of chunks: [ChunkIndex.Chunk], similar: SimilarChunks?, reusing id: ObjectID?
  ) throws(GtachError) -> [UInt8] {
    let chunk = chunks[position]
    if let id, let bytes = try repository.storedObject(id), isUsable(bytes, at: position, of: chunks) { return bytes }
    let bytes = try stored(chunk)
    let before = similar?.similar(to: bytes[...], at: position).map { chunks[$0] } ?? []
    var prefix: [UInt8] = []
    for chunk in before { prefix += try stored(chunk) }
    return try ChunkEncoder(level: level, triesDifferences: false).object(
      of: bytes, after: before.isEmpty ? .none : .chunks(before.map(\.name)), prefix)
  }

  /// Whether an object of an earlier release can be decoded in this one: the chunks that it needs stand before it here.
  private func isUsable(_ object: [UInt8], at position: Int, of chunks: [ChunkIndex.Chunk]) -> Bool {
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

  private func stored(_ chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8] {
    if let bytes = try repository.storedChunk(chunk) { return bytes }
    throw GtachError(.chunkMissing, "the chunk \(chunk.digest) is gone", advice: "pack again")
  }

  /// Cuts the encoded chunks into units and stores them under their ids.
  private func store(
    _ chunks: [ChunkIndex.Chunk], firsts: [Int], sizes: [Int], from directory: String
  ) throws(GtachError) -> ChunkIndex {
    let unitSize = UnitList.unitSize(objectBytes: sizes.reduce(0, +))
    var objects: [ChunkIndex.Object] = []
    for (number, position) in firsts.enumerated() {
      let path = "\(directory)/\(number)"
      let bytes = try repository.files.read(path, maximumBytes: sizes[number])
      let units = UnitList(object: bytes[...], unitSize: unitSize, hashing: SHA256())
      let id = units.objectID(hashing: SHA256())
      try repository.storeObject(bytes, id: id, units: units)
      try repository.files.perform(.remove(path))
      objects.append(ChunkIndex.Object(id: id, size: bytes.count, chunk: position, encoding: .full))
    }
    return ChunkIndex(unitSize: unitSize, chunks: chunks, objects: objects)
  }
}
