import GtachCore
import GtachModel
import GtachSystem
import GtachWire

extension PackageRepository {
  /// The bytes of a chunk, hashed as they are read; nil where it is not here. One that is missing or damaged is made
  /// anew from an object, where that is here and what it needs.
  ///
  /// - Parameter numbers: The objects that yield it.
  /// - Throws: `ErrorCode.inputOutput`, `ErrorCode.diskFull`.
  func chunk(of numbers: Range<Int>, in index: ChunkIndex) throws(GtachError) -> [UInt8]? {
    let chunk = index.chunks[index.objects[numbers.lowerBound].chunk]
    if let bytes = try storedChunk(chunk) { return bytes }
    for number in numbers {
      guard case .made(let decoded)? = try state(ofObject: number, in: index) else { continue }
      try storeChunk(decoded, of: index.objects[number], digest: chunk.digest)
      return decoded.bytes
    }
    return nil
  }

  /// Whether all that a chunk takes is here as far as the objects go that yield it: the chunk, or an object, which can
  /// be decoded now or, once the chunks before it are here, later. What is read is checked, as a power cut may have
  /// torn it.
  ///
  /// - Throws: `ErrorCode.inputOutput`, `ErrorCode.diskFull`.
  func isHere(_ numbers: Range<Int>, of index: ChunkIndex) throws(GtachError) -> Bool {
    let chunk = index.chunks[index.objects[numbers.lowerBound].chunk]
    if try storedChunk(chunk) != nil {
      state.withLock { _ = $0.sound.insert(chunk.digest) }
      return true
    }
    var isWaiting = false
    for number in numbers {
      switch try state(ofObject: number, in: index) {
      case .made(let decoded):
        try storeChunk(decoded, of: index.objects[number], digest: chunk.digest)
        return true
      // An older archive does not come, the chunks of this one do.
      case .waiting: isWaiting = isWaiting || index.objects[number].encoding == .full
      case .useless, nil: break
      }
    }
    return isWaiting
  }

  /// What an object is good for.
  enum ObjectState {
    /// It gives the chunk.
    case made(DecodedChunk)
    /// Something that it needs is not here.
    case waiting
    /// It carries nothing: where it is what its id says, its publisher made it wrongly.
    case useless(GtachError)
  }

  /// What an object is good for that is stored; nil where it is not.
  private func state(ofObject number: Int, in index: ChunkIndex) throws(GtachError) -> ObjectState? {
    let object = index.objects[number]
    return try storedObject(object.id).map { encoded throws(GtachError) in try state(of: encoded, object, in: index) }
  }

  /// What the bytes of an object are good for.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func state(
    of encoded: [UInt8], _ object: ChunkIndex.Object, in index: ChunkIndex
  ) throws(GtachError) -> ObjectState {
    do throws(GtachError) {
      return try decode(encoded, of: object, in: index).map { .made($0) } ?? .waiting
    } catch {
      guard error.code == .objectCorrupt || error.code == .chunkCorrupt else { throw error }
      return .useless(error)
    }
  }

  /// The bytes of a stored chunk, hashed as they are read; nil where it is not here, was damaged and is quarantined, or
  /// has another length than somebody says.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func storedChunk(_ chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8]? {
    // The index that says so is wrong: the chunk, which others need, is what its name says.
    try storedChunk(chunk.digest).flatMap { $0.bytes.count == chunk.size ? $0.bytes : nil }
  }

  /// A chunk as it is stored, and its bytes, hashed as they are read; nil where it is not here, or was damaged and is
  /// quarantined.
  ///
  /// - Parameter isHashed: Without it, nobody knows whether the bytes are the chunk's.
  /// - Throws: `ErrorCode.inputOutput`.
  func storedChunk(
    _ digest: Digest, isHashed: Bool = true
  ) throws(GtachError) -> (frame: ArraySlice<UInt8>, bytes: [UInt8])? {
    let path = layout.chunk(digest)
    do throws(GtachError) {
      // One that is longer than any chunk is damaged, too, and the byte too much lets it fail to decode.
      let file = try files.read(path, offset: 0, count: Self.maximumChunkFileBytes + 1)
      let frame = Zstd.afterSkippable(file[...])
      let bytes = try Zstd.decompress(frame, maximumBytes: Chunker.maximumBytes)
      if !isHashed || SHA256().digest(of: bytes) == digest { return (frame, bytes) }
    } catch {
      if error.code == .notFound { return nil }
      guard error.code == .objectCorrupt else { throw error }
    }
    state.withLock { _ = $0.sound.remove(digest) }
    try quarantine(path)
    return nil
  }

  /// Stores a chunk on its own, where it is not here already.
  ///
  /// - Parameters:
  ///   - bytes: The chunk.
  ///   - digest: The SHA-256 of the bytes: whoever calls has hashed them.
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func storeChunk(_ bytes: [UInt8], digest: Digest) throws(GtachError) {
    if try !isStored(digest, size: bytes.count) {
      try withDecoder { decoder throws(GtachError) in
        try store(Zstd.compress(bytes, level: Self.chunkLevel, with: decoder.memory), at: layout.chunk(digest))
      }
    }
    state.withLock { _ = $0.sound.insert(digest) }
  }

  /// Stores a chunk that a stored object yields, where it is not here already: what needs no prefix is on the disk
  /// once, for both.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func storeChunk(_ decoded: DecodedChunk, of object: ChunkIndex.Object, digest: Digest) throws(GtachError) {
    if decoded.isWholeObject, try !isStored(digest, size: decoded.bytes.count) {
      let path = layout.chunk(digest)
      do throws(GtachError) {
        try withObject(object.id) { file throws(GtachError) in
          try files.perform(.makeDirectory(StorePlan.directory(of: path)))
          try file.becomeChunk(at: path)
        }
        state.withLock { _ = $0.sound.insert(digest) }
        return
      } catch {
        // Not every file system has hard links; and whoever looked meanwhile may have found the object to be damaged.
        guard error.code == .inputOutput || error.code == .chunkMissing else { throw error }
      }
    }
    try storeChunk(decoded.bytes, digest: digest)
  }

  /// Whether a chunk is here and right: a power cut may have torn what lies there, so only what was read or stored
  /// counts.
  private func isStored(_ digest: Digest, size: Int) throws(GtachError) -> Bool {
    let isKnown = state.withLock { $0.sound.contains(digest) }
    if isKnown, try files.exists(layout.chunk(digest)) { return true }
    return try storedChunk(ChunkIndex.Chunk(digest: digest, size: size)) != nil
  }

  /// How long the file of a chunk may be: one that is an object's file, too, says of what units that is.
  static let maximumChunkFileBytes =
    Limits.zstdFrameBytes(size: Chunker.maximumBytes)
    + ObjectFile.headerBytes(
      unitCount: UnitList.count(
        size: Limits.zstdFrameBytes(size: Chunker.maximumBytes), unitSize: UnitList.unitSizes.lowerBound))

  /// Stores an object as it travels.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func storeObject(_ bytes: [UInt8], id: ObjectID, units: UnitList) throws(GtachError) {
    try store(ObjectFile.encode(bytes, units: units), at: layout.object(id))
  }

  /// An object's bytes, hashed as they are read; nil where it is not here, or was damaged.
  func storedObject(_ id: ObjectID) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try withObject(id) { file throws(GtachError) in try file.object() }
    } catch {
      guard error.code == .chunkMissing else { throw error }
      return nil
    }
  }

  /// Reads from a stored object; one that is damaged is quarantined.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, or was damaged; `ErrorCode.inputOutput`.
  func withObject<Result>(
    _ id: ObjectID, _ body: (ObjectFile) throws(GtachError) -> Result
  ) throws(GtachError) -> Result {
    let path = layout.object(id)
    do throws(GtachError) {
      return try body(try ObjectFile(path: path, id: id))
    } catch {
      switch error.code {
      case .notFound: throw GtachError(.chunkMissing, "the object \(id) is not here")
      case .objectCorrupt:
        try quarantine(path)
        throw GtachError(.chunkMissing, "the object \(id) is not here any more", reason: "it was damaged")
      default: throw error
      }
    }
  }

  /// The chunk that an object yields; nil where a chunk or an older archive is not here that it needs.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it cannot be decoded, `ErrorCode.chunkCorrupt` where it yields other
  ///   bytes than the chunk's; `ErrorCode.inputOutput`.
  func decode(
    _ bytes: [UInt8], of object: ChunkIndex.Object, in index: ChunkIndex
  ) throws(GtachError) -> DecodedChunk? {
    do throws(GtachError) {
      return try decode(bytes, of: object, in: index, from: UnhashedChunks(repository: self))
    } catch {
      guard error.code == .objectCorrupt || error.code == .chunkCorrupt else { throw error }
    }
    // Either the object is not what it should be, or a chunk that it was decoded from, which is now found.
    decodedChunks.removeAll()
    do throws(GtachError) {
      return try decode(bytes, of: object, in: index, from: self)
    } catch {
      guard error.code == .objectCorrupt || error.code == .chunkCorrupt, case .patch(let number) = object.encoding,
        try disprove(archive: index.bases[number].archive)
      else { throw error }
    }
    // Nor was the archive the one that it was said to be: with another release's, or without one.
    return try decode(bytes, of: object, in: index)
  }

  private func decode(
    _ bytes: [UInt8], of object: ChunkIndex.Object, in index: ChunkIndex, from source: some ChunkSource
  ) throws(GtachError) -> DecodedChunk? {
    try withDecoder { decoder throws(GtachError) in
      let chunk = index.chunks[object.chunk]
      var body = bytes[...]
      let header: ObjectHeader
      do throws(GtachError) {
        switch object.encoding {
        case .full:
          header = try ObjectHeader(takenFrom: &body, chunkSize: chunk.size, archiveSize: 0)
          try readChunks(header.prefix, of: object, in: index, from: source, into: &decoder.prefix)
        case .patch(let number):
          let base = index.bases[number]
          header = try ObjectHeader(takenFrom: &body, chunkSize: chunk.size, archiveSize: base.size)
          guard let archive = try archive(base.archive) else { return nil }
          guard case .pieces(let pieces) = header.prefix, archive.base == base else {
            throw GtachError(
              .objectCorrupt, "the patch \(object.id) does not say which stretches it is made from")
          }
          try archive.read(pieces, from: source, into: &decoder.prefix)
        }
      } catch {
        guard error.code == .chunkMissing else { throw error }
        return nil
      }
      let made = try decoder.chunk(from: body, header.body, prefix: decoder.prefix, size: chunk.size)
      guard SHA256().digest(of: made) == chunk.digest else {
        throw GtachError(
          .chunkCorrupt, "the object \(object.id) yields other bytes than those of its chunk",
          reason: "the chunk is \(chunk.digest)")
      }
      return DecodedChunk(bytes: made, isWholeObject: header == ObjectHeader(prefix: .none, body: .frame))
    }
  }

  /// Does something with a decoder whose memory is kept for the next.
  private func withDecoder<Result>(
    _ body: (ChunkDecoder) throws(GtachError) -> Result
  ) throws(GtachError) -> Result {
    let decoder = state.withLock { $0.decoders.popLast() } ?? ChunkDecoder()
    defer {
      state.withLock { if $0.decoders.count < Self.maximumIdleDecoders { $0.decoders.append(decoder) } }
    }
    return try body(decoder)
  }

  /// The prefix of an object that needs nothing but chunks of its own archive.
  private func readChunks(
    _ prefix: ObjectHeader.Prefix, of object: ChunkIndex.Object, in index: ChunkIndex, from source: some ChunkSource,
    into bytes: inout [UInt8]
  ) throws(GtachError) {
    bytes.removeAll(keepingCapacity: true)
    switch prefix {
    case .none: break
    case .chunks(let names):
      guard let chunks = index.chunks(named: names, before: object.chunk) else {
        throw GtachError(.objectCorrupt, "the object \(object.id) needs a chunk that is not before its own")
      }
      for chunk in chunks { bytes += try source.bytes(of: chunk) }
    case .pieces:
      throw GtachError(.objectCorrupt, "the object \(object.id) needs an older archive, and there is none")
    }
  }

  /// Stores a file whole under its name, or not at all.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func store(_ bytes: [UInt8], at path: String) throws(GtachError) {
    let plan = try plan()
    let name = Workspace.newName()
    try perform(plan.store(bytes, at: path, temporaryName: name), plan: plan, temporaryName: name)
  }
}
