import GtachCore
import GtachModel
import GtachSystem
import Synchronization

/// What this node gives out unit by unit, to whom, and who is told what it has: all of it that connections share.
///
/// The decisions are `UploadSlots`' and `ServedUnits`'; this is the lock around them, and the way to those whom they
/// concern.
final class UnitSharing: Sendable {
  /// Whether anything is given out, and how fast.
  let gate: UploadGate
  private let repository: PackageRepository
  private let isUnavailable: @Sendable (Digest) -> Void
  private let state: Mutex<SharedUnits>

  /// - Parameters:
  ///   - limits: What is given out at all.
  ///   - isUnavailable: Is told of chunks of variants that are listed as complete and are not here, from any thread.
  init(
    repository: PackageRepository, limits: UploadLimits, isUnavailable: @escaping @Sendable (Digest) -> Void
  ) {
    self.repository = repository
    gate = UploadGate(limits)
    self.isUnavailable = isUnavailable
    state = Mutex(
      SharedUnits(slots: UploadSlots(limit: limits.peers ?? LeaseRoom.most), measured: MonotonicClock.now()))
  }

  // MARK: - What this node fetches

  /// This node fetches a variant in one more session; `open` is to follow.
  func begin(_ index: Digest) { state.withLock { $0.variant(index).sessions += 1 } }

  /// What this node has of a variant that it fetches is given out.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func open(_ index: Digest, _ map: UnitMap) throws(GtachError) {
    guard state.withLock({ $0.variants[index].map { $0.map == nil } ?? false }) else { return }
    try read(index, map)
  }

  /// A session that fetches a variant is over.
  func end(_ index: Digest) {
    state.withLock { state in
      state.variants[index]?.sessions -= 1
      state.forget(index)
    }
  }

  /// Whether any session of this node fetches a variant.
  func isFetched(_ index: Digest) -> Bool { state.withLock { ($0.variants[index]?.sessions ?? 0) > 0 } }

  /// Units are here.
  func stored(_ units: [Int], of index: Digest) {
    let news = state.withLock { state in
      guard let shared = state.variants[index], shared.map != nil else { return SharedUnits.News() }
      return state.add(units, to: shared)
    }
    news.post()
  }

  /// A variant is complete: chunks that waited for others to be decoded are here, too.
  func completed(_ index: Digest) {
    let news = state.withLock { state in
      guard let shared = state.variants[index], let map = shared.map else { return SharedUnits.News() }
      return state.add(map.firstBareChunk..<map.count, to: shared)
    }
    news.post()
  }

  // MARK: - Who fetches from it

  /// A connection that may have to tell something, and who does so.
  func enter(_ connection: Int, _ teller: PeerTeller) {
    state.withLock { $0.tellers[connection] = teller }
  }

  /// A connection is over.
  func leave(_ connection: Int, claims: some Sequence<LeaseClaim>) {
    for claim in claims { end(claim) }
    state.withLock { state in
      state.tellers[connection] = nil
      for index in state.variants.keys {
        state.variants[index]?.followers.removeAll { $0.connection == connection }
        state.forget(index)
      }
    }
  }

  /// A peer wants to be told what is here of a variant, from now on.
  ///
  /// - Returns: What is here now.
  /// - Throws: `ErrorCode.inputOutput`.
  func follow(_ index: Digest, connection: Int, id: UInt32) throws(GtachError) -> [Range<Int>] {
    guard gate.isOpen else { return [] }
    let isKnown = state.withLock { state in
      let shared = state.variant(index)
      shared.followers.append(SharedUnits.Follower(connection: connection, id: id))
      return shared.map != nil
    }
    if !isKnown, let bytes = try indexBytes(index) {
      let map = UnitMap(try ChunkIndexCodec.decode(bytes))
      let here = try read(index, map)
      // Whoever lists a variant has its chunks.
      for number in map.firstBareChunk..<map.count where !here.contains(number) {
        if case .chunk(let position) = map.part(number) { isUnavailable(map.index.chunks[position].digest) }
      }
    }
    return state.withLock { state in
      // All that is here: what came between is in it.
      guard let shared = state.variants[index] else { return [] }
      let place = shared.followers.firstIndex { $0.connection == connection && $0.id == id }
      guard let place else { return [] }
      shared.followers[place].news = []
      return shared.has.ranges
    }
  }

  /// A peer no longer wants to be told.
  func unfollow(_ index: Digest, connection: Int, id: UInt32) {
    state.withLock { state in
      state.variants[index]?.followers.removeAll { $0.connection == connection && $0.id == id }
      state.forget(index)
    }
  }

  /// What a connection's peer was not told of yet, by the number of the follow.
  func news(for connection: Int) -> [(id: UInt32, ranges: [Range<Int>])] {
    let news = state.withLock { state in
      var all: [(id: UInt32, units: [Int])] = []
      for shared in state.variants.values {
        for place in shared.followers.indices
        where shared.followers[place].connection == connection && !shared.followers[place].news.isEmpty {
          all.append((shared.followers[place].id, shared.followers[place].news))
          shared.followers[place].news = []
        }
      }
      return all
    }
    return news.map { id, units in
      var set = UnitSet(below: (units.max() ?? 0) + 1)
      for unit in units { set.insert(unit) }
      return (id, set.ranges)
    }
  }

  /// A peer claims a lease.
  func claim(_ claim: LeaseClaim, have: Int, isUrgent: Bool) {
    guard gate.isOpen else { return }
    state.withLock { state in
      state.obeySlots { $0.claim(claim, have: have, urgent: isUrgent) }
    }
  }

  /// A peer's claim is over.
  func end(_ claim: LeaseClaim) {
    state.withLock { state in state.obeySlots { $0.end(claim) } }
  }

  /// Which of the units that a peer would like it gets.
  ///
  /// - Throws: `ErrorCode.noLease` where it may not ask, `ErrorCode.chunkMissing` where none of them is here,
  ///   `ErrorCode.notFound` where the variant has no such units.
  func choose(
    _ units: [Int], of index: Digest, for claim: LeaseClaim, have: Int
  ) throws(GtachError) -> (object: ObjectID, unit: Int, number: Int) {
    let result: Result<(object: ObjectID, unit: Int, number: Int), GtachError> = state.withLock { state in
      guard state.slots.mayAsk(claim) else {
        return .failure(GtachError(.noLease, "the peer has no lease here, or no longer"))
      }
      guard let shared = state.variants[index], let map = shared.map else {
        return .failure(GtachError(.chunkMissing, "nothing of this variant is here"))
      }
      guard units.allSatisfy({ $0 < map.firstBareChunk }) else {
        return .failure(GtachError(.notFound, "the variant has no such units"))
      }
      let here = units.filter(shared.has.contains)
      guard let number = shared.served.choose(here), case .unit(let unit, let object) = map.part(number)
      else { return .failure(GtachError(.chunkMissing, "none of these units is here")) }
      let bytes = map.bytes(number)
      state.obeySlots { slots in
        slots.serves(claim, have: have, bytes: bytes)
        return []
      }
      return .success((map.index.objects[object].id, unit, number))
    }
    return try result.get()
  }

  /// What turned out not to be here.
  func lost(_ unit: Int, of index: Digest) {
    state.withLock { _ = $0.variants[index]?.has.remove(unit) }
  }

  /// What the numbers of a variant mean; nil where nobody here knows.
  func map(of index: Digest) -> UnitMap? { state.withLock { $0.variants[index]?.map } }

  // MARK: - Beneath

  /// Finds out what is here of a variant, and gives it.
  @discardableResult
  private func read(_ index: Digest, _ map: UnitMap) throws(GtachError) -> UnitSet {
    let here = try repository.unitsHere(of: map)
    let news = state.withLock { state in
      guard let shared = state.variants[index], shared.map == nil else { return SharedUnits.News() }
      shared.map = map
      shared.has = UnitSet(below: map.count)
      shared.served = ServedUnits(count: map.count)
      return state.add(here.ranges.joined(), to: shared)
    }
    news.post()
    return here
  }

  /// The index of a variant that is here complete; nil where none of that digest is.
  private func indexBytes(_ index: Digest) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try repository.indexBytes(digest: index)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
  }
}
