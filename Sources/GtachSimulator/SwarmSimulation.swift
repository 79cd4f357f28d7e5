import GtachCore
import GtachModel

/// Nodes that fetch one release from one another, in virtual time: the very decisions of the daemon (`UnitFetch`,
/// `UploadSlots`, `ServedUnits`, `Neighbourhood`) over links with bandwidth, delay and faults.
public struct SwarmSimulation {
  /// How long an answer may take before the neighbour is left, in microseconds.
  static let answerMicroseconds: Int64 = 10_000_000
  /// The lines of events that are due equally long after they are put in: messages, and looks at overdue answers.
  static let (messageLine, overdueLine) = (0, 1)
  /// After how much virtual time a run is given up, in microseconds.
  static let endMicroseconds: Int64 = 3_600_000_000

  /// A message that needs no time but the link's delay.
  enum Message {
    case claim(have: Int, urgent: Bool)
    case end
    case ask([Int], have: Int)
    case lease(Bool)
    case refused([Int])
    case has([Range<Int>])
  }

  /// What can happen. A node knows its neighbours by their places; a connection's messages and units count only while
  /// it is the same.
  enum Event {
    case start(Int)
    case crash(Int)
    case tellNews(Int)
    case measure(Int)
    case message(to: Int, place: Int, connection: Int, Message)
    case segmentSent(Int)
    case unit(to: Int, place: Int, connection: Int, unit: Int, isGood: Bool)
    case overdue(Int, place: Int, connection: Int, question: Int)
    case connect(Int, place: Int)
    case cut
    case partition(Bool)
  }

  let scenario: Scenario
  var events: EventQueue<Event>
  var nodes: [SimulatedNode] = []
  var generator: SeededGenerator
  var isPartitioned = false
  var connectionCount = 0
  /// Units that came although they were here.
  var duplicates = 0
  /// How many nodes that should are not finished.
  var unfinished = 0
  /// What nobody may do, and somebody did.
  var violations: [String] = []

  /// A simulation that has not begun.
  public init(_ scenario: Scenario) {
    self.scenario = scenario
    generator = SeededGenerator(seed: scenario.seed)
    events = EventQueue(delays: [scenario.delayMicroseconds, Self.answerMicroseconds])
    prepare()
  }

  /// Runs until everybody has everything.
  public mutating func run() -> Outcome {
    while unfinished > 0, violations.isEmpty, events.now < Self.endMicroseconds, let event = events.next() {
      handle(event)
    }
    return Outcome(of: self)
  }

  // MARK: - The beginning

  private mutating func prepare() {
    let count = scenario.sources + scenario.receivers
    let rings = Neighbourhood((0..<count).map { _ in generator.next() })
    let neighbourhood = (0..<count).map { rings.neighbours(of: $0) }
    for number in 0..<count {
      let isSource = number < scenario.sources
      let isSlow = !isSource && scenario.faults.contains(.slow) && number % 2 == 0
      let rate = isSlow ? scenario.bytesPerSecond * 2 / 5 : scenario.bytesPerSecond
      nodes.append(
        SimulatedNode(
          neighbours: neighbourhood[number], units: scenario.units, isSource: isSource,
          link: Link(bytesPerSecond: rate, neighbours: neighbourhood[number].count), seed: generator.next()))
    }
    for number in nodes.indices {
      nodes[number].mirrors = nodes[number].neighbours.map { other in
        neighbourhood[other].firstIndex(of: number) ?? 0
      }
    }
    // One in five of those who are no sources, at least one, is what a fault makes of it.
    for fault in [Scenario.Fault.corrupt, .lie, .stall] where scenario.faults.contains(fault) {
      let honest = nodes.indices.dropFirst(scenario.sources).filter { nodes[$0].nature == nil }
      for number in honest.shuffled(using: &generator).prefix(max(1, scenario.receivers / 10)) {
        nodes[number].nature = fault
      }
    }
    unfinished = nodes.count { !$0.isDone && $0.nature == nil }
    for number in nodes.indices {
      let isLate = scenario.faults.contains(.late) && number >= scenario.sources
      events.add(after: isLate ? Int64.random(in: 0...3_000_000, using: &generator) : 0, .start(number))
    }
    if scenario.faults.contains(.cut) { events.add(after: 100_000, .cut) }
    if scenario.faults.contains(.partition) { events.add(after: scenario.idealMicroseconds / 4, .partition(true)) }
    guard scenario.faults.contains(.crash) else { return }
    for number in nodes.indices.dropFirst(scenario.sources) where Bool.random(using: &generator) {
      events.add(after: Int64.random(in: 0...scenario.idealMicroseconds, using: &generator), .crash(number))
    }
  }
}
