import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// Begins to fetch a variant, or to go on with it: until it is complete or nobody wants it any more, gc leaves what
  /// it needs alone.
  ///
  /// - Returns: As `lackingChunks`.
  /// - Throws: As `lackingChunks`; `ErrorCode.busy` where another process holds the lock for a minute.
  public func beginFetching(_ variant: VariantID, index: ChunkIndex) throws(GtachError) -> [LackingChunk] {
    try noteFetching(variant, index: index)
    var durable: Set<Digest> = []
    for entry in try entries(nearest: variant).prefix(Self.lookedThrough) {
      if let archive = try archive(of: entry) { durable.formUnion(archive.chunks.map(\.digest)) }
    }
    return try lackingChunks(index: index, durable: durable)
  }

  /// In how many of the package's other releases is looked for chunks that need not be read.
  private static let lookedThrough = 4

  /// Notes that what a variant needs is needed although it is not complete here.
  ///
  /// - Parameter directory: Where it is in sight and goes out of it, as it is not complete any more.
  func noteFetching(
    _ variant: VariantID, index: ChunkIndex, quarantining directory: String? = nil
  ) throws(GtachError) {
    let plan = try plan()
    let name = Workspace.newName()
    // A gc that has begun is over before anything is found to be here.
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    let operations = plan.beginFetching(variant, index: ChunkIndexCodec.encode(index), temporaryName: name)
    try perform(operations, plan: plan, temporaryName: name)
    if let directory { try withdraw(variant, from: directory) }
  }

  /// The chunks of an index that neither are here nor can be made of what is here, and how they can be had. Whatever is
  /// here is read and hashed, as a power cut may have torn it. An object that is here and does not help is of no use,
  /// wherever it is from.
  ///
  /// - Parameter durable: Chunks of releases that are complete here. They were on the disk before these became visible,
  ///   so that it is enough to see them: a small update of a large application would else take as long as reading all
  ///   of it.
  /// - Throws: `ErrorCode.inputOutput`, `ErrorCode.diskFull`.
  public func lackingChunks(index: ChunkIndex, durable: Set<Digest> = []) throws(GtachError) -> [LackingChunk] {
    let choice = try choice(of: index)
    var lacking: [LackingChunk] = []
    for numbers in index.objectsByChunk {
      let chunk = index.chunks[index.objects[numbers.lowerBound].chunk].digest
      if durable.contains(chunk), try files.exists(layout.chunk(chunk)) {
        state.withLock { _ = $0.sound.insert(chunk) }
        continue
      }
      guard try !isHere(numbers, of: index) else { continue }
      var objects: [Int] = []
      for number in choice.ways(numbers, of: index) where try storedObject(index.objects[number].id) == nil {
        objects.append(number)
      }
      lacking.append(LackingChunk(chunk: index.objects[numbers.lowerBound].chunk, objects: objects))
    }
    return lacking
  }

  /// Makes a variant visible whose chunks are all here. Doing so again changes nothing.
  ///
  /// - Throws: `ErrorCode.manifestCorrupt`, `ErrorCode.indexCorrupt` where they cannot be read or do not fit together;
  ///   `ErrorCode.chunkMissing` where a chunk is not here; `ErrorCode.releaseExists` where the same variant is here
  ///   with another archive or description; `ErrorCode.busy` where another process holds the lock for a minute;
  ///   `ErrorCode.diskFull`, `ErrorCode.inputOutput`: then nothing of it is visible.
  public func complete(manifest manifestBytes: [UInt8], index indexBytes: [UInt8]) throws(GtachError) {
    let manifest = try Manifest(json: manifestBytes)
    let index = try manifest.verifiedIndex(indexBytes, hashing: SHA256())
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    let digest = SHA256().digest(of: manifestBytes)
    let existing = try entryIfPresent(of: manifest.variant)
    if existing?.digest == digest { return }
    if let existing, try !isSameRelease(existing, manifest) {
      throw Self.exists(manifest.variant, among: try entries(of: manifest.variant.release.name).keys)
    }
    // In the order of the archive: what an object needs stands before its chunk.
    for numbers in index.objectsByChunk where try !isSound(numbers, of: index) {
      throw GtachError(
        .chunkMissing, "\(manifest.variant) is not complete",
        reason: "the chunk \(index.chunks[index.objects[numbers.lowerBound].chunk].digest) is not here")
    }
    let plan = try plan()
    let name = Workspace.newName()
    // The same archive under a manifest that nobody signed, or something damaged.
    var obstacles: Set<String> = []
    if let existing { obstacles.insert(existing.directory) }
    let directory = layout.directory(of: manifest.variant)
    if try files.exists(directory) { obstacles.insert(directory) }
    try perform(
      plan.publish(
        manifest.variant, manifest: manifestBytes, index: indexBytes, temporaryName: name,
        replacing: obstacles.sorted()), plan: plan, temporaryName: name)
    try state.withLock { state throws(GtachError) in
      for chunk in index.chunks { state.sound.remove(chunk.digest) }
      state.decoders = []
      // From now on it is known, and peers that ask for it by its digest get it without a look at everything.
      _ = try state.catalogue.entry(of: manifest.variant)
    }
    // Of chunks that came in another way. What cannot be removed now, gc removes.
    try? discardArrivingObjects(of: index)
    decodedChunks.removeAll()
    FreedMemory.giveBack()
  }

  /// Whether a manifest is of the release that is here: another date, level or index makes no other.
  private func isSameRelease(_ entry: Catalogue.Entry, _ other: Manifest) throws(GtachError) -> Bool {
    guard entry.archive == other.archive else { return false }
    return try manifest(of: entry).description == other.description
  }

  static func exists(_ variant: VariantID, among variants: some Sequence<VariantID>) -> GtachError {
    let name = variant.release.name
    let newest = variants.lazy.filter { $0.release.name == name }.map(\.release.version).max()
    return GtachError(
      .releaseExists, "\(variant) exists with other content",
      reason: "a release never changes: others may have it already",
      advice: "give the new one another version; the newest here is \(newest ?? variant.release.version)")
  }

  /// Whether the chunk that some objects yield is here; what this process has read or stored is not read again.
  private func isSound(_ numbers: Range<Int>, of index: ChunkIndex) throws(GtachError) -> Bool {
    let chunk = index.chunks[index.objects[numbers.lowerBound].chunk]
    if state.withLock({ $0.sound.contains(chunk.digest) }), try files.exists(layout.chunk(chunk.digest)) {
      return true
    }
    guard try self.chunk(of: numbers, in: index) != nil else { return false }
    state.withLock { _ = $0.sound.insert(chunk.digest) }
    return true
  }
}
