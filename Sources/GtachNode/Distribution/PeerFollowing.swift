import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// What one peer follows, and which leases it claims, on the connection that it dialled. Used by the thread that serves
/// it; its teller says what becomes of that.
final class PeerFollowing {
  private let connection: Int
  private let sharing: UnitSharing
  private let channel: PeerChannel
  private let teller: PeerTeller
  private var follows: [UInt32: Digest] = [:]
  /// The follow that each claim is for.
  private var claims: [UInt32: UInt32] = [:]

  init(connection: Int, sharing: UnitSharing, channel: PeerChannel, teller: PeerTeller) {
    self.connection = connection
    self.sharing = sharing
    self.channel = channel
    self.teller = teller
    sharing.enter(connection, teller)
  }

  /// Ends all of it. To be called when the connection is over.
  func close() {
    sharing.leave(connection, claims: claims.keys.map(leaseClaim))
    teller.close()
  }

  /// A peer wants to know what is here of a variant.
  ///
  /// - Throws: `ErrorCode.protocolViolation` for one too many, or a number that is taken; as `UnitSharing.follow`.
  func follow(_ follow: Follow) throws(GtachError) {
    guard follows.count < Limits.follows, follows[follow.id] == nil, claims[follow.id] == nil else {
      throw GtachError(.protocolViolation, "the peer follows too much, or twice under one number")
    }
    follows[follow.id] = follow.index
    let ranges = try sharing.follow(follow.index, connection: connection, id: follow.id)
    try channel.enqueue(Have.messages(id: follow.id, ranges: ranges).map { .have($0) })
  }

  /// A peer claims a lease.
  ///
  /// - Throws: `ErrorCode.protocolViolation` for one too many, or of what it does not follow.
  func claim(_ claim: Claim) throws(GtachError) {
    guard follows[claim.follow] != nil, follows[claim.id] == nil,
      claims[claim.id] == claim.follow || claims[claim.id] == nil && claims.count < Limits.claims
    else { throw GtachError(.protocolViolation, "the peer claims too much, or what it does not follow") }
    claims[claim.id] = claim.follow
    teller.waitForRoom()
    sharing.claim(leaseClaim(claim.id), have: claim.have, isUrgent: claim.urgent)
  }

  /// A peer no longer wants what it follows or claims.
  func end(_ end: End) {
    if let index = follows.removeValue(forKey: end.id) {
      sharing.unfollow(index, connection: connection, id: end.id)
      for claim in claims.filter({ $0.value == end.id }).keys.sorted() { endClaim(claim) }
    } else {
      endClaim(end.id)
    }
  }

  private func endClaim(_ id: UInt32) {
    guard claims.removeValue(forKey: id) != nil else { return }
    sharing.end(leaseClaim(id))
  }

  private func leaseClaim(_ id: UInt32) -> LeaseClaim {
    LeaseClaim(peer: channel.peer, connection: connection, number: id)
  }

  /// The lists of some objects.
  ///
  /// - Throws: `ErrorCode.protocolViolation` for a number under which nothing is followed; `ErrorCode.uploadOff`;
  ///   `ErrorCode.chunkMissing` where a list is not here; `ErrorCode.notFound` for an object that has none. Those
  ///   before it are sent.
  func sendLists(_ request: GetUnitLists, from repository: PackageRepository) throws(GtachError) {
    guard let index = follows[request.follow] else {
      throw GtachError(.protocolViolation, "the peer asks for lists of what it does not follow")
    }
    try sharing.gate.requireOpen()
    guard let map = sharing.map(of: index) else {
      throw GtachError(.chunkMissing, "nothing of this variant is here")
    }
    for number in request.objects {
      guard map.index.objects.indices.contains(number), map.units(ofObject: number).count > 1 else {
        throw GtachError(.notFound, "the object \(number) has no list")
      }
      let digests = try repository.unitList(object: map.index.objects[number].id).digests
      try channel.enqueue([.unitList(UnitListing(id: request.id, object: number, digests: digests))])
    }
  }

  /// One of the units that a peer would like.
  ///
  /// - Throws: `ErrorCode.uploadOff`; as `UnitSharing.choose`.
  func sendUnit(_ request: GetUnit, from repository: PackageRepository) throws(GtachError) {
    try sharing.gate.requireOpen()
    guard let follow = claims[request.claim], let index = follows[follow] else {
      throw GtachError(.noLease, "the peer has no lease here, or no longer")
    }
    while true {
      let chosen = try sharing.choose(request.units, of: index, for: leaseClaim(request.claim), have: request.have)
      let bytes: [UInt8]
      do throws(GtachError) {
        bytes = try repository.unit(object: chosen.object, number: chosen.unit)
      } catch {
        // That none of the others is here either is said only where it is so.
        guard error.code == .chunkMissing else { throw error }
        sharing.lost(chosen.number, of: index)
        continue
      }
      try sharing.gate.pass(bytes.count, on: channel)
      return try channel.enqueue([.unit(ObjectUnit(id: request.id, unit: chosen.number, bytes: bytes))])
    }
  }
}
