import GtachCore
import GtachModel
import GtachSystem

/// Where what arrives in sessions goes: verified and stored, and from then on given out.
struct UnitStore: Sendable {
  let repository: PackageRepository
  let sharing: UnitSharing

  /// Stores what has come.
  ///
  /// - Returns: What it is for the decisions; `.refused` where this machine could not store it.
  /// - Throws: `ErrorCode.objectCorrupt`, `ErrorCode.chunkCorrupt` where the peer sent something else.
  func store(
    _ arrival: PendingRequest.Arrival, of followed: FetchConversation.Followed
  ) throws(GtachError) -> ChunkFetch.Reply {
    do throws(GtachError) {
      switch arrival {
      case .unit(let number, let bytes): return try store(unit: number, bytes, of: followed)
      case .list(let object, let digests): return try store(list: digests, object: object, of: followed)
      case .chunk(let receiver):
        let bytes = try receiver.bytes()
        try repository.storeChunk(bytes, digest: receiver.chunk.digest)
        sharing.stored([followed.map.number(ofChunk: receiver.position)], of: followed.index)
        return .chunk(receiver.position, bytes: receiver.frame.count)
      }
    } catch {
      guard error.code != .objectCorrupt, error.code != .chunkCorrupt else { throw error }
      return .refused(error)
    }
  }

  /// Ends what arrived of a variant that nobody here fetches any more, for what came too late to be ended with the
  /// others.
  func leave(_ followed: FetchConversation.Followed) {
    if !sharing.isFetched(followed.index) { repository.leaveArrivingObjects(of: followed.map.index, keeping: []) }
  }

  private func store(
    unit number: Int, _ bytes: [UInt8], of followed: FetchConversation.Followed
  ) throws(GtachError) -> ChunkFetch.Reply {
    guard case .unit(let unit, let object) = followed.map.part(number) else {
      throw GtachError(.bug, "a bare chunk came as a unit")
    }
    let progress = try repository.storeUnit(bytes, number: unit, ofObject: object, of: followed.map.index)
    share(progress ?? .arriving(units: [unit]), ofObject: object, of: followed)
    return .unit(number, bytes: bytes.count, progress)
  }

  private func store(
    list digests: [UnitDigest], object: Int, of followed: FetchConversation.Followed
  ) throws(GtachError) -> ChunkFetch.Reply {
    let progress = try repository.beginObject(object, of: followed.map.index, digests: digests)
    share(progress, ofObject: object, of: followed)
    return .listed(object: object, progress)
  }

  private func share(_ progress: ObjectProgress, ofObject object: Int, of followed: FetchConversation.Followed) {
    let numbers = followed.map.units(ofObject: object)
    switch progress {
    case .arriving(let units): sharing.stored(units.map { numbers.lowerBound + $0 }, of: followed.index)
    case .whole(let isChunkHere):
      let chunk = isChunkHere ? [followed.map.number(ofChunk: followed.map.index.objects[object].chunk)] : []
      sharing.stored(numbers + chunk, of: followed.index)
    case .useless: break
    }
  }
}
