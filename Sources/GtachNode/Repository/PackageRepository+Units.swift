import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// Begins with an object, or goes on with it after a restart: what is here of it is read and hashed, and what a crash
  /// tore counts as absent. Several threads may begin with the same object, whose units then come together in one file.
  ///
  /// - Parameter digests: The digests of its units, which nobody needs for an object of one unit.
  /// - Throws: `ErrorCode.objectCorrupt` where the list is not that of the object's id, or the index has no such
  ///   object; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func beginObject(
    _ number: Int, of index: ChunkIndex, digests: [UnitDigest]?
  ) throws(GtachError) -> ObjectProgress {
    let object = try object(number, of: index)
    if let progress = try progress(ofWhole: object, in: index) { return progress }
    guard UnitList.count(size: object.size, unitSize: index.unitSize) > 1 else { return .arriving(units: []) }
    let units = try UnitList(
      digests ?? [], size: object.size, unitSize: index.unitSize, object: object.id, hashing: SHA256())
    let fresh = ArrivingObject(id: object.id, units: units, path: layout.arrivingObject(object.id))
    let arriving = state.withLock { state in
      let known = state.arriving[object.id] ?? fresh
      state.arriving[object.id] = known
      return known
    }
    guard arriving.units == units else {
      return .useless(GtachError(.objectCorrupt, "the object \(object.id) has another length in another index"))
    }
    // Another thread may have brought the last unit since it was looked for.
    if let progress = try progress(ofWhole: object, in: index) {
      forget(arriving)
      return progress
    }
    try arriving.open { header, path throws(GtachError) in try store(header, at: path) }
    if arriving.beginSettling() { return try settle(arriving, object, in: index) }
    return .arriving(units: arriving.here.numbers)
  }

  /// Stores a unit of an object that was begun with, and with the last one the object and the chunk that it yields. A
  /// unit that comes twice changes nothing.
  ///
  /// - Returns: How far the object is, where that is more than this unit: nil while others are missing. It is
  ///   `.arriving` where units that were here are not any more, as somebody removed or damaged their file; with none
  ///   of them here, `beginObject` has to be called again.
  /// - Throws: `ErrorCode.objectCorrupt` where the unit is not what the list says, or the object of one unit not what
  ///   its id says: that is the sender's fault; `ErrorCode.diskFull`, `ErrorCode.inputOutput`: what was stored before
  ///   is here still, and the same unit may be stored again.
  public func storeUnit(
    _ bytes: [UInt8], number unit: Int, ofObject number: Int, of index: ChunkIndex
  ) throws(GtachError) -> ObjectProgress? {
    let object = try object(number, of: index)
    if UnitList.count(size: object.size, unitSize: index.unitSize) == 1 {
      let units = try UnitList(
        [UnitDigest(of: bytes[...], hashing: SHA256())], size: bytes.count, unitSize: index.unitSize,
        object: object.id, hashing: SHA256())
      guard unit == 0, bytes.count == object.size else {
        throw GtachError(.objectCorrupt, "there is no such unit of the object \(object.id)")
      }
      if try isSettled(object, in: index) { return .whole(isChunkHere: true) }
      return try keep(try state(of: bytes, object, in: index), object, in: index) { () throws(GtachError) in
        try storeObject(bytes, id: object.id, units: units)
      }
    }
    guard let arriving = arrivingObject(object.id) else {
      // It came from somebody else meanwhile, or nobody wants it any more.
      return try progress(ofWhole: object, in: index) ?? .arriving(units: [])
    }
    switch try arriving.store(bytes, number: unit) {
    case .stored: return nil
    case .whole: return try settle(arriving, object, in: index)
    case .gone:
      forget(arriving)
      return try progress(ofWhole: object, in: index) ?? .arriving(units: [])
    }
  }

  /// What of a variant can be given out now, by number. Nothing is read for it: what turns out to be damaged is not
  /// given out.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func unitsHere(of map: UnitMap) throws(GtachError) -> UnitSet {
    let arriving = state.withLock { $0.arriving }
    var units = UnitSet(below: map.count)
    for (object, entry) in map.index.objects.enumerated() {
      let numbers = map.units(ofObject: object)
      if let here = arriving[entry.id]?.here, !here.isEmpty {
        // Another index may say of the same object that it is longer.
        for unit in here.numbers.prefix(while: { $0 < numbers.count }) { units.insert(numbers.lowerBound + unit) }
      } else if try files.exists(layout.object(entry.id)) {
        for unit in numbers { units.insert(unit) }
      }
    }
    for number in map.firstBareChunk..<map.count {
      guard case .chunk(let position) = map.part(number) else { continue }
      if try files.exists(layout.chunk(map.index.chunks[position].digest)) { units.insert(number) }
    }
    return units
  }

  /// Forgets which units of an index's objects are here, for a fetch that nobody goes on with at present. They stay on
  /// the disk: whoever goes on with it begins with the objects again and finds them, until gc takes them away.
  ///
  /// - Parameter others: Indexes of what is fetched still.
  func leaveArrivingObjects(of index: ChunkIndex, keeping others: [ChunkIndex]) {
    let kept = Set(others.flatMap(\.objects).map(\.id))
    state.withLock { state in
      for object in index.objects where !kept.contains(object.id) { state.arriving[object.id] = nil }
    }
  }

  /// Forgets the units of an index's objects that are not whole, and removes them: for a variant that is complete
  /// without them.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func discardArrivingObjects(of index: ChunkIndex) throws(GtachError) {
    let arriving = state.withLock { state in index.objects.compactMap { state.arriving.removeValue(forKey: $0.id) } }
    for object in arriving { try files.perform(.remove(layout.arrivingObject(object.id))) }
  }

  /// An object whose units arrive; nil where it is stored whole, or was not begun with.
  func arrivingObject(_ id: ObjectID) -> ArrivingObject? { state.withLock { $0.arriving[id] } }

  // MARK: Beneath

  private func object(_ number: Int, of index: ChunkIndex) throws(GtachError) -> ChunkIndex.Object {
    guard index.objects.indices.contains(number), index.chunks.indices.contains(index.objects[number].chunk) else {
      throw GtachError(.objectCorrupt, "the index has no object \(number)")
    }
    return index.objects[number]
  }

  /// How far an object is that is stored whole; nil where it is not.
  private func progress(ofWhole object: ChunkIndex.Object, in index: ChunkIndex) throws(GtachError) -> ObjectProgress? {
    if try isSettled(object, in: index) { return .whole(isChunkHere: true) }
    guard let bytes = try storedObject(object.id) else { return nil }
    return try keep(try state(of: bytes, object, in: index), object, in: index) {}
  }

  /// Whether an object is here and its chunk, which this process stored or read: late units of it are none of anybody's
  /// business, and many where several peers send the last ones.
  private func isSettled(_ object: ChunkIndex.Object, in index: ChunkIndex) throws(GtachError) -> Bool {
    let chunk = index.chunks[object.chunk].digest
    guard state.withLock({ $0.sound.contains(chunk) }), try files.exists(layout.chunk(chunk)) else { return false }
    return try files.exists(layout.object(object.id))
  }

  /// Makes a stored object of one whose units are all here.
  private func settle(
    _ arriving: ArrivingObject, _ object: ChunkIndex.Object, in index: ChunkIndex
  ) throws(GtachError) -> ObjectProgress {
    let plan = try plan()
    let (path, taken) = (layout.arrivingObject(object.id), "\(plan.workspace)/\(Workspace.newName())")
    do throws(GtachError) {
      // What is looked at has to be what is stored: another process may store the same file, or make it anew.
      try arriving.move(to: taken)
    } catch {
      arriving.endSettling()
      guard error.code == .notFound else { throw error }
      forget(arriving)
      return try progress(ofWhole: object, in: index) ?? .arriving(units: [])
    }
    do throws(GtachError) {
      let state = try state(of: try arriving.content(), object, in: index)
      if case .made = state {
        // A chunk that hashes as it should is what all this is for: whoever reads the object later hashes it.
      } else if try !arriving.recheck() {
        // It was made anew, or the disk is to blame: not the publisher.
        try arriving.move(to: path)
        arriving.endSettling()
        return .arriving(units: arriving.here.numbers)
      }
      let progress = try keep(state, object, in: index) { () throws(GtachError) in
        try files.perform(plan.settle(object.id, from: taken))
      }
      forget(arriving)
      if case .useless = progress { try files.perform(.remove(taken)) }
      return progress
    } catch {
      // It can be tried again, unless it has its place by now. The first error is the one that counts.
      try? arriving.move(to: path)
      arriving.endSettling()
      throw error
    }
  }

  /// Stores an object, if it is good for something, and then the chunk that it yields.
  private func keep(
    _ state: ObjectState, _ object: ChunkIndex.Object, in index: ChunkIndex, store: () throws(GtachError) -> Void
  ) throws(GtachError) -> ObjectProgress {
    switch state {
    case .useless(let error): return .useless(error)
    case .waiting:
      try store()
      return .whole(isChunkHere: false)
    case .made(let decoded):
      // The object first: a chunk that is here is never asked for again, and then nobody could be served the object.
      try store()
      try storeChunk(decoded, of: object, digest: index.chunks[object.chunk].digest)
      return .whole(isChunkHere: true)
    }
  }

  private func forget(_ arriving: ArrivingObject) {
    state.withLock { state in
      if state.arriving[arriving.id] === arriving { state.arriving[arriving.id] = nil }
    }
  }
}
