import GtachWire

/// The units of a variant that have still to come: whom this node asks for a lease, and whom for which unit.
///
/// Everybody who fetches a variant passes on what has come. A node holds few leases at a time, asks its holders for what is
/// rarest among its neighbours, for no unit two of them, and claims another lease when one has nothing left that it needs.
/// With equal links that keeps all of them busy in both directions: the bound is size / rate and one unit for each doubling of
/// the number of nodes (Mundinger, Weber, Weiss: Optimal scheduling of peer-to-peer file dissemination).
///
/// A value: the simulator and the daemon run the very same decisions.
public struct UnitFetch: Sendable {
  /// How often `measure` is to be called while units are lacking, in milliseconds.
  public static let measureMilliseconds: Int64 = 100
  /// How many units a question names: the one asked sends that which it has sent least often.
  public static let unitsPerQuestion = 16
  /// How many questions are open to each who granted a lease.
  public static let questionsPerLease = 2
  /// How many bytes are asked for at a time of the only neighbour: nobody else waits for its answers.
  public static let openBytesOfOne = 512 << 10
  /// Of how many neighbours a hungry node demands a lease each time that it measures.
  public static let urgentClaims = 4

  /// How many questions are open to the only neighbour: of two downloads, and beside files and lists, no more than may be.
  static func questionsOfOne(unitSize: Int) -> Int {
    min(Limits.outstandingRequests * 3 / 8, max(questionsPerLease, openBytesOfOne / unitSize))
  }

  /// How long units that have come wait for others, to be told of together, in milliseconds. Others ask for them so much
  /// later; but each telling costs work at both ends, and is worth less where a unit takes long.
  public static func newsMilliseconds(unitSize: Int) -> Int64 { unitSize > 16 << 10 ? 10 : 5 }

  /// What to ask of whom.
  public enum Directive: Hashable, Sendable {
    /// A lease.
    case claim(SessionID, have: Int, urgent: Bool)
    /// No lease any more, whether it was granted or not.
    case end(SessionID)
    /// One of some units, the best liked first.
    case ask(SessionID, [Int], have: Int)
  }

  private struct Neighbour {
    let session: SessionID
    var has: UnitSet
    var isClaimed = false
    var isLeased = false
    var speed = LeaseRoom.Speed()
    /// What was asked, in order.
    var questions: [[Int]] = []
  }

  /// What has still to come, and of that what nobody was asked for.
  private var lacking: UnitSet
  private var free: UnitSet
  /// How many neighbours have each unit.
  private var holders: [UInt16]
  private var neighbours: [Neighbour] = []
  private var room = LeaseRoom()
  /// A unit's bytes; the last of an object may have fewer.
  private let unitSize: Int
  /// Units from this number on are asked for one at a time.
  private let firstAskedAlone: Int
  /// How many units have come, or were here before.
  public private(set) var have = 0
  /// The unit that the only neighbour was asked for last.
  private var lastOfOne: Int?
  /// Whether neighbours may have become worth a claim since they were last looked at.
  private var isHungry = true
  /// Who granted a lease for which there is no room any more.
  private var declined: [SessionID] = []

  /// Nothing is lacking yet.
  ///
  /// - Parameters:
  ///   - count: How many units the variant has.
  ///   - unitSize: The length of most of them in bytes.
  ///   - firstAskedAlone: From which number on a question names one unit only.
  ///   - have: How many units are here.
  public init(count: Int, unitSize: Int, have: Int = 0, firstAskedAlone: Int = .max) {
    self.have = max(0, have)
    self.firstAskedAlone = firstAskedAlone
    lacking = UnitSet(below: count)
    free = lacking
    holders = [UInt16](repeating: 0, count: count)
    self.unitSize = unitSize
  }

  // MARK: - What happens

  /// Some units are wanted.
  public mutating func want(_ units: Range<Int>) {
    for unit in units where lacking.insert(unit) { free.insert(unit) }
    isHungry = true
  }

  /// Some units are no longer wanted. What was asked for comes nevertheless.
  public mutating func give(up units: Range<Int>) {
    for unit in units where lacking.remove(unit) { free.remove(unit) }
  }

  /// A neighbour tells which units it has, or which more.
  public mutating func has(_ session: SessionID, _ units: some Sequence<Int>) {
    let place: Int
    if let known = self.place(of: session) {
      place = known
    } else {
      place = neighbours.count
      neighbours.append(Neighbour(session: session, has: UnitSet(below: holders.count)))
    }
    for unit in units where neighbours[place].has.insert(unit) { holders[unit] += 1 }
    isHungry = true
  }

  /// A neighbour has not got a unit that it told of, or no longer.
  public mutating func lacks(_ session: SessionID, _ units: some Sequence<Int>) {
    guard let place = place(of: session) else { return }
    for unit in units where neighbours[place].has.remove(unit) { holders[unit] -= 1 }
  }

  /// A lease was granted, or taken back.
  public mutating func lease(_ session: SessionID, isGranted: Bool) {
    guard let place = place(of: session) else { return }
    neighbours[place].isClaimed = false
    guard neighbours[place].isLeased != isGranted else { return }
    isHungry = true
    guard !isGranted || hasRoom else {
      declined.append(session)
      return
    }
    neighbours[place].isLeased = isGranted
    neighbours[place].speed = LeaseRoom.Speed()
  }

  /// The first question of a neighbour that is open was answered: with one of its units, or with none of them.
  ///
  /// - Returns: Whether the unit had still to come.
  @discardableResult
  public mutating func answered(_ session: SessionID, with unit: Int?, bytes: Int = 0) -> Bool {
    guard let place = place(of: session), !neighbours[place].questions.isEmpty else { return false }
    for asked in neighbours[place].questions.removeFirst() where lacking.contains(asked) { free.insert(asked) }
    isHungry = true
    guard let unit else { return false }
    neighbours[place].speed.count(bytes)
    return came(unit)
  }

  /// A unit is here.
  ///
  /// - Returns: Whether it had still to come.
  @discardableResult
  public mutating func came(_ unit: Int) -> Bool {
    free.remove(unit)
    guard lacking.remove(unit) else { return false }
    have += 1
    return true
  }

  /// What came as a unit was none, or could not be kept: it is lacking again.
  public mutating func lost(_ unit: Int) {
    guard lacking.insert(unit) else { return }
    have = max(0, have - 1)
    free.insert(unit)
    isHungry = true
  }

  /// A neighbour is gone.
  public mutating func left(_ session: SessionID) {
    guard let place = place(of: session) else { return }
    let gone = neighbours.remove(at: place)
    for unit in gone.has.ranges.joined() { holders[unit] -= 1 }
    for asked in gone.questions.joined() where lacking.contains(asked) { free.insert(asked) }
    isHungry = true
  }

  // MARK: - What to do

  /// How many units have still to come.
  public var lackingCount: Int { lacking.count }

  /// Whether a unit has still to come.
  public func isLacking(_ unit: Int) -> Bool { lacking.contains(unit) }

  /// The neighbours.
  public var sessions: [SessionID] { neighbours.map(\.session) }

  /// Whether a neighbour has any of some units.
  public func has(_ session: SessionID, anyOf units: Range<Int>) -> Bool {
    place(of: session).map { place in units.contains(where: neighbours[place].has.contains) } ?? false
  }

  /// Whether no question is open, and nobody has anything of what is lacking.
  public var isStuck: Bool {
    neighbours.allSatisfy(\.questions.isEmpty) && !lacking.ranges.joined().contains { holders[$0] > 0 }
  }

  /// How many neighbours have a unit.
  public func holderCount(of unit: Int) -> Int { Int(holders[unit]) }

  /// Whom to ask for what as things stand. To be called after everything that happens.
  public mutating func advance(using generator: inout some RandomNumberGenerator) -> [Directive] {
    var directives = declined.map { Directive.end($0) }
    declined = []
    for place in neighbours.indices where neighbours[place].isLeased {
      ask(place, using: &generator, &directives)
    }
    claim(&directives)
    return directives
  }

  /// Some time has passed: whoever has room for a lease demands it of some that have what is lacking.
  public mutating func measure(using generator: inout some RandomNumberGenerator) -> [Directive] {
    var speeds = neighbours.filter(\.isLeased).map(\.speed)
    room.measure(&speeds)
    for place in neighbours.indices.reversed() where neighbours[place].isLeased {
      neighbours[place].speed = speeds.removeLast()
    }
    guard hasRoom else { return [] }
    let useful = neighbours.indices.filter { !neighbours[$0].isLeased && isUseful($0) }
    return useful.shuffled(using: &generator).prefix(Self.urgentClaims).map { place in
      neighbours[place].isClaimed = true
      return .claim(neighbours[place].session, have: have, urgent: true)
    }
  }

  private var hasRoom: Bool { !lacking.isEmpty && neighbours.count(where: \.isLeased) < room.count }

  private func isUseful(_ place: Int) -> Bool { neighbours[place].has.intersects(free) }

  private func place(of session: SessionID) -> Int? { neighbours.firstIndex { $0.session == session } }

  /// Asks the holder of a lease, or gives it back where it has nothing that is lacking, or is one too many.
  private mutating func ask(
    _ place: Int, using generator: inout some RandomNumberGenerator, _ directives: inout [Directive]
  ) {
    let session = neighbours[place].session
    let isAlone = neighbours.count == 1
    let open = isAlone ? Self.questionsOfOne(unitSize: unitSize) : Self.questionsPerLease
    while neighbours[place].questions.count < open {
      let units = isAlone ? nextOfOne(using: &generator) : rarest(of: place, using: &generator)
      guard let first = units.first else { break }
      // A bare chunk is longer than a unit.
      if first >= firstAskedAlone, neighbours[place].questions.count >= Self.questionsPerLease { break }
      for unit in units { free.remove(unit) }
      neighbours[place].questions.append(units)
      directives.append(.ask(session, units, have: have))
    }
    if neighbours[place].questions.isEmpty {
      neighbours[place].isLeased = false
      directives.append(.end(session))
      isHungry = true
    }
  }

  /// Asks all who have something that is lacking for a lease, while there is room for one.
  private mutating func claim(_ directives: inout [Directive]) {
    guard isHungry else { return }
    isHungry = false
    let hasRoom = hasRoom
    for place in neighbours.indices where !neighbours[place].isLeased {
      if neighbours[place].isClaimed {
        guard lacking.isEmpty else { continue }
        neighbours[place].isClaimed = false
        directives.append(.end(neighbours[place].session))
      } else if hasRoom, isUseful(place) {
        neighbours[place].isClaimed = true
        directives.append(.claim(neighbours[place].session, have: have, urgent: false))
      }
    }
  }

  /// The unit that the only neighbour is asked for: from a random one on in their order, as neighbouring chunks are made from
  /// nearly the same, and what one of them needs is decoded already.
  private mutating func nextOfOne(using generator: inout some RandomNumberGenerator) -> [Int] {
    let start = lastOfOne.map { $0 + 1 } ?? Int.random(in: 0..<max(1, holders.count), using: &generator)
    lastOfOne = free.first(in: neighbours[0].has, from: start) ?? free.first(in: neighbours[0].has, from: 0)
    return lastOfOne.map { [$0] } ?? []
  }

  /// Some of the units that a neighbour has and fewest others do, at random. Few when few are left: what one is asked for
  /// nobody else can be.
  private func rarest(of place: Int, using generator: inout some RandomNumberGenerator) -> [Int] {
    let count = max(1, min(Self.unitsPerQuestion, free.count / Self.unitsPerQuestion))
    var (fewest, seen) = (UInt16.max, 0)
    var chosen: [Int] = []
    chosen.reserveCapacity(count)
    neighbours[place].has.forEachCommon(with: free) { unit in
      let holders = holders[unit]
      if holders < fewest {
        (fewest, seen) = (holders, 0)
        chosen.removeAll(keepingCapacity: true)
      }
      guard holders == fewest else { return }
      seen += 1
      if chosen.count < count {
        chosen.append(unit)
      } else {
        let other = Int.random(in: 0..<seen, using: &generator)
        if other < count { chosen[other] = unit }
      }
    }
    guard let first = chosen.first else { return [] }
    return first < firstAskedAlone ? chosen.filter { $0 < firstAskedAlone } : [first]
  }
}
