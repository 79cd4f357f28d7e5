import GtachWire

/// The units of a variant that have still to come: whom this node asks for a lease, and whom for which unit.
///
/// Everybody who fetches a variant passes on what has come. A node holds few leases at a time, asks its holders for
/// what is rarest among its neighbours, for no unit two of them, and claims another lease when one has nothing left
/// that it needs. With equal links that keeps all of them busy in both directions: the bound is size / rate and one
/// unit for each doubling of the number of nodes (Mundinger, Weber, Weiss: Optimal scheduling of peer-to-peer file
/// dissemination).
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
  /// After how many measurements without a byte of what it owes a neighbour counts as silent. Not fewer: of a unit that
  /// comes from a link of 1 Mbit/s, shared by twelve, a packet comes every 0.15 s, and one that is lost may take a
  /// second.
  public static let silentMeasures = 20
  /// The most patience with one that has been slow before, and was not silent for good.
  static let mostPatience = 100

  /// How many questions are open to the only neighbour: of two downloads, and beside files and lists, no more than may
  /// be.
  static func questionsOfOne(unitSize: Int) -> Int {
    min(Limits.outstandingRequests * 3 / 8, max(questionsPerLease, openBytesOfOne / unitSize))
  }

  /// How long units that have come wait for others, to be told of together, in milliseconds. Others ask for them so
  /// much later; but each telling costs work at both ends, and is worth less where a unit takes long.
  public static func newsMilliseconds(unitSize: Int) -> Int64 { unitSize > 16 << 10 ? 20 : 5 }

  /// What to ask of whom.
  public enum Directive: Hashable, Sendable {
    /// A lease.
    case claim(SessionID, have: Int, urgent: Bool)
    /// No lease any more, whether it was granted or not.
    case end(SessionID)
    /// One of some units, the best liked first.
    case ask(SessionID, [Int], have: Int)
  }

  struct Neighbour {
    var has: UnitSet
    var isClaimed = false
    var speed = LeaseRoom.Speed()
    /// What was asked, in order.
    var questions: [[Int]] = []
    /// How often it was measured since anything came of what it owes, and how often before it is called silent.
    var quietMeasures = 0
    var patience = silentMeasures

    /// Whether it owes answers, and nothing has come of them for long.
    var isSilent: Bool { quietMeasures >= patience }
  }

  /// What has still to come, and of that what nobody was asked for.
  var lacking: UnitSet
  var free: UnitSet
  /// How many neighbours have each unit.
  var rarity: UnitRarity
  /// The neighbours. Each has its place in both of these.
  public internal(set) var sessions: [SessionID] = []
  var neighbours: [Neighbour] = []
  /// The places of those who granted a lease, ascending.
  var leased: [Int] = []
  var room = LeaseRoom()
  /// A unit's bytes; the last of an object may have fewer.
  let unitSize: Int
  /// Units from this number on are asked for one at a time.
  let firstAskedAlone: Int
  /// How many units have come, or were here before.
  public private(set) var have = 0
  /// The unit that the only neighbour was asked for last.
  var lastOfOne: Int?
  /// Whether neighbours may have become worth a question or a claim since they were last looked at: any of them, or
  /// those at these places, which have told of more.
  var isHungry = true
  var told: [Int] = []
  /// Who granted a lease for which there is no room any more.
  var declined: [SessionID] = []

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
    rarity = UnitRarity(count: count)
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
  public mutating func has(_ session: SessionID, _ ranges: [Range<Int>]) {
    let place: Int
    if let known = self.place(of: session) {
      place = known
    } else {
      place = neighbours.count
      sessions.append(session)
      neighbours.append(Neighbour(has: UnitSet(below: rarity.count)))
    }
    for units in ranges {
      for unit in units where neighbours[place].has.insert(unit) { rarity.add(unit) }
    }
    if lacking.isEmpty {
      isHungry = true
    } else if !isHungry {
      told.append(place)
    }
  }

  /// A neighbour has not got a unit that it told of, or no longer.
  public mutating func lacks(_ session: SessionID, _ units: some Sequence<Int>) {
    guard let place = place(of: session) else { return }
    for unit in units where neighbours[place].has.remove(unit) { rarity.remove(unit) }
  }

  /// A lease was granted, or taken back.
  public mutating func lease(_ session: SessionID, isGranted: Bool) {
    guard let place = place(of: session) else { return }
    neighbours[place].isClaimed = false
    guard leased.contains(place) != isGranted else { return }
    isHungry = true
    guard isGranted else {
      leased.removeAll { $0 == place }
      return
    }
    guard hasRoom else {
      declined.append(session)
      return
    }
    leased.insert(place, at: leased.firstIndex { $0 > place } ?? leased.count)
    neighbours[place].speed = LeaseRoom.Speed()
  }

  /// The first question of a neighbour that is open was answered: with one of its units, or with none of them.
  ///
  /// - Returns: Whether the unit had still to come.
  @discardableResult
  public mutating func answered(_ session: SessionID, with unit: Int?, bytes: Int = 0) -> Bool {
    guard let place = place(of: session), !neighbours[place].questions.isEmpty else { return false }
    heard(place)
    giveBack(neighbours[place].questions.removeFirst())
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
    sessions.remove(at: place)
    let gone = neighbours.remove(at: place)
    leased = leased.filter { $0 != place }.map { $0 > place ? $0 - 1 : $0 }
    for unit in gone.has.ranges.joined() { rarity.remove(unit) }
    if !gone.isSilent { gone.questions.forEach { giveBack($0) } }
    isHungry = true
  }

  // MARK: - Silence

  /// Some time has passed for those who owe something. Whoever has sent nothing of it for long is silent: others may be
  /// asked for what was asked of it, and its lease counts no more.
  mutating func measureSilence() {
    for place in neighbours.indices where !neighbours[place].questions.isEmpty {
      neighbours[place].quietMeasures += 1
      guard neighbours[place].quietMeasures == neighbours[place].patience else { continue }
      for units in neighbours[place].questions { giveBack(units) }
      isHungry = true
    }
  }

  /// Something came of what a neighbour owes, if no whole unit.
  public mutating func heard(_ session: SessionID) {
    if let place = place(of: session) { heard(place) }
  }

  /// Whoever was silent is forgiven. What others were asked for since is theirs, and its place may be, too. One that
  /// takes its time, as its owner limits what it gives out, is not called silent twice for that.
  private mutating func heard(_ place: Int) {
    let (wasSilent, quiet) = (neighbours[place].isSilent, neighbours[place].quietMeasures)
    neighbours[place].quietMeasures = 0
    neighbours[place].patience = min(Self.mostPatience, max(neighbours[place].patience, 2 * quiet))
    guard wasSilent else { return }
    for number in neighbours[place].questions.indices {
      neighbours[place].questions[number].removeAll { !free.remove($0) }
    }
    isHungry = true
    guard leased.contains(place), leaseCount > room.count else { return }
    leased.removeAll { $0 == place }
    declined.append(sessions[place])
  }

  private mutating func giveBack(_ units: [Int]) {
    for unit in units where lacking.contains(unit) { free.insert(unit) }
  }

  // MARK: - How it stands

  /// How many units have still to come.
  public var lackingCount: Int { lacking.count }

  /// Whether a unit has still to come.
  public func isLacking(_ unit: Int) -> Bool { lacking.contains(unit) }

  /// Whether a neighbour has any of some units.
  public func has(_ session: SessionID, anyOf units: Range<Int>) -> Bool {
    place(of: session).map { place in units.contains(where: neighbours[place].has.contains) } ?? false
  }

  /// Whether no question is open, and nobody has anything of what is lacking.
  public var isStuck: Bool {
    neighbours.allSatisfy(\.questions.isEmpty) && !lacking.ranges.joined().contains { rarity.holders(of: $0) > 0 }
  }

  /// How many neighbours have a unit.
  public func holderCount(of unit: Int) -> Int { rarity.holders(of: unit) }

  var leaseCount: Int { leased.count { !neighbours[$0].isSilent } }

  var hasRoom: Bool { !lacking.isEmpty && leaseCount < room.count }

  func place(of session: SessionID) -> Int? { sessions.firstIndex(of: session) }
}
