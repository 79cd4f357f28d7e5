import GtachCore
import GtachModel

/// A node of a simulated swarm: the decisions, and what a real one has on its disk and its connections.
struct SimulatedNode {
  var fetch: UnitFetch
  var slots = UploadSlots()
  var served: ServedUnits
  var link: Link
  var generator: SeededGenerator
  /// What it is beside being a node: nil for an honest one.
  var nature: Scenario.Fault?
  var isUp = false
  var isMeasuring = false
  /// The units on its disk, each verified.
  var stored: UnitSet
  /// Units that the neighbours were not told of.
  var news: [Int] = []
  var tellsNews = false
  /// When it had everything, in microseconds.
  var finished: Int64?

  /// Its neighbours' numbers, and its place among the neighbours of each.
  let neighbours: [Int]
  var mirrors: [Int] = []
  /// By place: the number of the connection on which this node asks, or nil; how many questions were put and answered
  /// on it; and how often it failed.
  var connections: [Int?]
  var asked: [Int]
  var answered: [Int]
  var backoffs: [Backoff]
  /// By place: the number of the connection on which this node is asked.
  var serving: [Int?]

  private let units: Int

  init(neighbours: [Int], units: Int, isSource: Bool, link: Link, seed: UInt64) {
    self.neighbours = neighbours
    self.units = units
    self.link = link
    generator = SeededGenerator(seed: seed)
    fetch = UnitFetch(count: units, unitSize: 1)
    served = ServedUnits(count: units)
    stored = UnitSet(below: units)
    if isSource { for unit in 0..<units { stored.insert(unit) } }
    finished = isSource ? 0 : nil
    connections = [Int?](repeating: nil, count: neighbours.count)
    asked = [Int](repeating: 0, count: neighbours.count)
    answered = asked
    backoffs = [Backoff](repeating: Backoff(), count: neighbours.count)
    serving = connections
  }

  /// Whether it has everything.
  var isDone: Bool { stored.count == units }

  /// Begins anew with what is on the disk.
  mutating func start(unitBytes: Int) {
    isUp = true
    fetch = UnitFetch(count: units, unitSize: unitBytes, have: stored.count)
    slots = UploadSlots()
    served = ServedUnits(count: units)
    news = []
    for unit in 0..<units where !stored.contains(unit) { fetch.want(unit..<unit + 1) }
  }

  /// What it asks of whom as things stand.
  mutating func advance() -> [UnitFetch.Directive] { fetch.advance(using: &generator) }

  /// The same when some time has passed.
  mutating func measure() -> [UnitFetch.Directive] { fetch.measure(using: &generator) }

  /// The connection with a neighbour failed.
  ///
  /// - Returns: How long it is left alone, in milliseconds.
  mutating func failed(_ place: Int, now: Instant) -> Int64 {
    backoffs[place].fail(now: now, using: &generator)
    return (backoffs[place].until ?? now).milliseconds - now.milliseconds
  }

  /// What it tells a neighbour that it has.
  var told: [Range<Int>] { nature == .lie ? [0..<units] : stored.ranges }
}
