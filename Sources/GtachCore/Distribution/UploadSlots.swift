import GtachModel

/// A peer's claim to a lease.
public struct LeaseClaim: Hashable, Comparable, Sendable {
  /// Whose it is; nil where each connection is of another.
  public let peer: NodeID?
  /// On which connection it came, and under which number there.
  public let connection: Int
  /// The number.
  public let number: UInt32

  /// A claim.
  public init(peer: NodeID? = nil, connection: Int, number: UInt32 = 0) {
    self.peer = peer
    self.connection = connection
    self.number = number
  }

  /// Whether another claim is of the same peer.
  func isFromPeer(of other: LeaseClaim) -> Bool {
    peer == nil ? connection == other.connection : peer == other.peer
  }

  /// The order of connections, and on each that of numbers.
  public static func < (left: LeaseClaim, right: LeaseClaim) -> Bool {
    (left.connection, left.number) < (right.connection, right.number)
  }
}

/// Who may ask this node for units, and which of those that somebody would like it is sent.
///
/// A node serves few peers at a time, those first that have least: so whatever it sends can be passed on soonest, and
/// nobody waits for one who has nearly everything. A value without clock and connections; the simulator and the daemon
/// obey it.
public struct UploadSlots: Sendable {
  /// How often `measure` is to be called while there are leases, in milliseconds.
  public static let measureMilliseconds: Int64 = 100

  /// What to tell whoever claims.
  public enum Directive: Hashable, Sendable {
    /// It may ask.
    case grant(LeaseClaim)
    /// It may no longer.
    case revoke(LeaseClaim)
  }

  private struct Lease: Sendable {
    let claim: LeaseClaim
    /// How many units the peer had when it last asked.
    var have: Int
    var speed = LeaseRoom.Speed()
    /// How often it was measured since the peer asked for something.
    var idleMeasures = 0
  }

  /// How many more units than a peer that waits must one have that loses its lease to it: leases that change all the
  /// time help nobody.
  public static let margin = 8
  /// How many units a peer gets whose lease was taken back: it may have asked before it heard of that.
  public static let grace = 16

  /// After how many measurements without a question a lease goes to somebody else who waits. On a slow link what was
  /// asked before may have to come first: of 1 Mbit/s, shared by eight, a unit of 64 KiB takes four seconds.
  public static let idleMeasures = 60

  private var leases: [Lease] = []
  /// Claims whose leases were taken back and that their peers have not ended yet, and how many units these get.
  private var revoked: [LeaseClaim: Int] = [:]
  private var waiting: [(claim: LeaseClaim, have: Int)] = []
  private var room: LeaseRoom

  /// The slots of a node that serves nobody yet.
  ///
  /// - Parameter limit: How many leases it grants at most.
  public init(limit: Int = LeaseRoom.most) { room = LeaseRoom(limit: limit) }

  /// Whether a claim was granted and still is.
  private func isGranted(_ claim: LeaseClaim) -> Bool { leases.contains { $0.claim == claim } }

  /// Whether a peer may ask for units: while it has a lease, and a little longer.
  public func mayAsk(_ claim: LeaseClaim) -> Bool { isGranted(claim) || revoked[claim, default: 0] > 0 }

  /// A peer asks for a lease, or asks again.
  ///
  /// - Parameters:
  ///   - have: How many units of the variant it has.
  ///   - urgent: Whether it has waited: then it takes the lease of a peer that has more.
  public mutating func claim(_ claim: LeaseClaim, have: Int, urgent: Bool) -> [Directive] {
    guard !isGranted(claim) else { return [] }
    revoked[claim] = nil
    waiting.removeAll { $0.claim == claim }
    waiting.append((claim, have))
    var directives = fill()
    guard urgent, !isGranted(claim), !isServed(claim) else { return directives }
    let richest = leases.indices.max { left, right in
      (leases[left].have, leases[left].claim) < (leases[right].have, leases[right].claim)
    }
    guard let richest, leases[richest].have > have + Self.margin else { return directives }
    waiting.removeAll { $0.claim == claim }
    revoked[leases[richest].claim] = Self.grace
    directives += [.revoke(leases[richest].claim), .grant(claim)]
    leases[richest] = Lease(claim: claim, have: have)
    return directives
  }

  /// A peer needs no lease, or no longer.
  public mutating func end(_ claim: LeaseClaim) -> [Directive] {
    leases.removeAll { $0.claim == claim }
    waiting.removeAll { $0.claim == claim }
    revoked[claim] = nil
    return fill()
  }

  /// A peer that may asked for a unit, and gets so many bytes.
  public mutating func serves(_ claim: LeaseClaim, have: Int, bytes: Int) {
    guard let place = leases.firstIndex(where: { $0.claim == claim }) else {
      if let left = revoked[claim] { revoked[claim] = left - 1 }
      return
    }
    leases[place].have = have
    leases[place].speed.count(bytes)
    leases[place].idleMeasures = 0
  }

  /// Some time has passed.
  public mutating func measure() -> [Directive] {
    var speeds = leases.map(\.speed)
    room.measure(&speeds)
    for place in leases.indices {
      leases[place].speed = speeds[place]
      leases[place].idleMeasures += 1
    }
    var directives = fill()
    while isWaitedFor, let idle = leases.firstIndex(where: { $0.idleMeasures >= Self.idleMeasures }) {
      let claim = leases.remove(at: idle).claim
      revoked[claim] = Self.grace
      directives += [.revoke(claim)] + fill()
    }
    return directives
  }

  /// Whether somebody without a lease waits for one.
  private var isWaitedFor: Bool { waiting.contains { !isServed($0.claim) } }

  /// Whether whoever claims this has another lease: one is enough for anybody.
  private func isServed(_ claim: LeaseClaim) -> Bool { leases.contains { $0.claim.isFromPeer(of: claim) } }

  /// Where whoever has least waits, of those who have no lease.
  private var poorest: Int? {
    var poorest: Int?
    for place in waiting.indices where !isServed(waiting[place].claim) {
      if let poorest, (waiting[poorest].have, waiting[poorest].claim) < (waiting[place].have, waiting[place].claim) {
        continue
      }
      poorest = place
    }
    return poorest
  }

  /// Grants free slots to those who have least.
  private mutating func fill() -> [Directive] {
    var directives: [Directive] = []
    while leases.count < room.count, let poorest {
      let (claim, have) = waiting.remove(at: poorest)
      leases.append(Lease(claim: claim, have: have))
      directives.append(.grant(claim))
    }
    return directives
  }
}

/// How often each unit of a variant was sent by this node: of those that a peer would like it gets the one that was
/// sent least. So a source sends everything once before it sends anything twice.
public struct ServedUnits: Sendable {
  private var times: [UInt16]

  /// Nothing of a variant was sent yet.
  ///
  /// - Parameter count: How many units it has.
  public init(count: Int) { times = [UInt16](repeating: 0, count: count) }

  /// Chooses among units, the best liked first.
  ///
  /// - Returns: The one that was sent least often; nil where there are none.
  public mutating func choose(_ units: some Collection<Int>) -> Int? {
    guard let unit = units.min(by: { times[$0] < times[$1] }) else { return nil }
    if times[unit] < .max { times[unit] += 1 }
    return unit
  }
}
