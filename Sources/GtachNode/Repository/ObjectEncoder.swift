import GtachCore
import GtachModel
import GtachSystem

/// Encodes chunks into objects, on all processors, and cuts them into units.
struct ObjectEncoder {
  /// The most processors that are used: each needs some 20 MB at level 19.
  static let maximumThreads = 4

  let repository: PackageRepository
  let level: Int

  /// Makes an object of each different chunk, stores it, and gives the index.
  ///
  /// - Parameters:
  ///   - chunks: The chunks of an archive in their order, all stored.
  ///   - earlier: Objects that carry a chunk already, by the chunk's digest: their bytes are used where they are here.
  ///   - progress: Told how many bytes of chunks are done, and how many there are.
  /// - Throws: `ErrorCode.chunkMissing` where a chunk is not stored; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func encode(
    _ chunks: [ChunkIndex.Chunk], reusing earlier: [Digest: Digest], progress: (Int, Int) -> Void
  ) throws(GtachError) -> ChunkIndex {
    var seen: Set<Digest> = []
    let firsts = chunks.indices.filter { seen.insert(chunks[$0].digest).inserted }
    // How long units are depends on all objects, and an object's id on its units: so they wait in files.
    let workspace = try repository.plan().workspace
    let directory = "\(workspace)/\(Workspace.newName())"
    try repository.files.perform(.makeDirectory(directory))
    let result: Result<ChunkIndex, GtachError>
    do throws(GtachError) {
      let sizes = try encode(firsts.map { chunks[$0] }, into: directory, reusing: earlier, progress: progress)
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

  /// Encodes chunks into files named by their position.
  ///
  /// - Returns: The length of each.
  private func encode(
    _ chunks: [ChunkIndex.Chunk], into directory: String, reusing earlier: [Digest: Digest],
    progress: (Int, Int) -> Void
  ) throws(GtachError) -> [Int] {
    let jobs = Mailbox<Int>()
    let results = Mailbox<(number: Int, size: Result<Int, GtachError>)>()
    for number in chunks.indices { jobs.post(number) }
    jobs.close()
    let (encoder, stop) = (self, try Cancellation())
    var threads: [WorkerThread] = []
    defer {
      stop.cancel()
      for thread in threads { thread.join() }
    }
    for number in 0..<min(Self.maximumThreads, Machine.processorCount, chunks.count) {
      threads.append(
        try WorkerThread(name: "encoder \(number)") {
          while !stop.isCancelled, let number = jobs.receive(until: nil) {
            do throws(GtachError) {
              let bytes = try encoder.object(of: chunks[number], reusing: earlier[chunks[number].digest])
              try encoder.repository.files.perform(
                .write(path: "\(directory)/\(number)", bytes: bytes, permissions: 0o644))
              results.post((number, .success(bytes.count)))
            } catch {
              results.post((number, .failure(error)))
            }
          }
        })
    }
    let total = chunks.reduce(0) { $0 + $1.size }
    var done = 0
    var sizes = Array(repeating: 0, count: chunks.count)
    for _ in chunks {
      guard let (number, size) = results.receive(until: nil) else { break }
      sizes[number] = try size.get()
      done += chunks[number].size
      progress(done, total)
    }
    return sizes
  }

  private func object(of chunk: ChunkIndex.Chunk, reusing id: Digest?) throws(GtachError) -> [UInt8] {
    if let id, let bytes = try repository.storedObject(id) { return bytes }
    guard let bytes = try repository.chunk(chunk, object: nil) else {
      throw GtachError(.chunkMissing, "the chunk \(chunk.digest) is gone", advice: "pack again")
    }
    return try Zstd.compress(bytes, level: level)
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
      objects.append(ChunkIndex.Object(id: id, size: bytes.count, chunk: position, encoding: .zstd))
    }
    return ChunkIndex(unitSize: unitSize, chunks: chunks, objects: objects)
  }
}
