import GtachCore
import GtachModel

extension SwarmSimulation {
  mutating func handle(_ event: Event) {
    switch event {
    case .start(let node): start(node)
    case .crash(let node): crash(node)
    case .tellNews(let node): tellNews(node)
    case .measure(let node): measure(node)
    case .message(let node, let place, let connection, let message):
      receive(message, at: node, place, connection: connection)
    case .segmentSent(let node): segmentSent(node)
    case .unit(let node, let place, let connection, let unit, let isGood):
      receive(unit: unit, isGood: isGood, at: node, place, connection: connection)
    case .overdue(let node, let place, _, _):
      if !Self.isAnswered(event, by: nodes) { fail(node, place) }
    case .connect(let node, let place): connect(node, place)
    case .cut:
      let node = Int.random(in: nodes.indices, using: &generator)
      let place = Int.random(in: nodes[node].neighbours.indices, using: &generator)
      if nodes[node].connections[place] != nil { fail(node, place) }
      events.add(after: 20_000, .cut)
    case .partition(let begins):
      isPartitioned = begins
      if begins {
        events.add(after: 5_000_000, .partition(false))
        for node in nodes.indices {
          for place in nodes[node].neighbours.indices where !reaches(node, nodes[node].neighbours[place]) {
            if nodes[node].connections[place] != nil { fail(node, place) }
          }
        }
      }
    }
  }

  private func reaches(_ node: Int, _ other: Int) -> Bool {
    nodes[node].isUp && nodes[other].isUp && !(isPartitioned && node % 2 != other % 2)
  }

  // MARK: - Coming and going

  private mutating func start(_ node: Int) {
    nodes[node].start(unitBytes: scenario.unitBytes)
    if !nodes[node].isMeasuring {
      nodes[node].isMeasuring = true
      let interval = UnitFetch.measureMilliseconds * 1000
      events.add(after: Int64.random(in: 0..<interval, using: &generator), .measure(node))
    }
    for place in nodes[node].neighbours.indices {
      events.add(after: 0, .connect(node, place: place))
      events.add(after: 0, .connect(nodes[node].neighbours[place], place: nodes[node].mirrors[place]))
    }
  }

  private mutating func crash(_ node: Int) {
    nodes[node].isUp = false
    for place in nodes[node].neighbours.indices {
      if nodes[node].connections[place] != nil { fail(node, place) }
      if nodes[node].serving[place] != nil { fail(nodes[node].neighbours[place], nodes[node].mirrors[place]) }
    }
    events.add(after: Int64.random(in: 1_000_000...3_000_000, using: &generator), .start(node))
  }

  /// A node dials a neighbour, to fetch from it.
  private mutating func connect(_ node: Int, _ place: Int) {
    let (other, mirror) = (nodes[node].neighbours[place], nodes[node].mirrors[place])
    guard nodes[node].isUp, nodes[node].connections[place] == nil, !nodes[node].isDone else { return }
    guard reaches(node, other) else {
      retry(node, place)
      return
    }
    let connection = nextConnection()
    nodes[node].connections[place] = connection
    (nodes[node].asked[place], nodes[node].answered[place]) = (0, 0)
    nodes[other].serving[mirror] = connection
    send(.has(nodes[other].told), from: other, mirror, connection)
  }

  private mutating func nextConnection() -> Int {
    connectionCount += 1
    return connectionCount
  }

  /// The connection on which a node fetches from a neighbour ends, by whoever's fault; it is made anew after a pause.
  private mutating func fail(_ node: Int, _ place: Int) {
    let (other, mirror) = (nodes[node].neighbours[place], nodes[node].mirrors[place])
    nodes[node].connections[place] = nil
    nodes[node].fetch.left(SessionID(number: place))
    obey(nodes[node].advance(), of: node)
    nodes[other].serving[mirror] = nil
    nodes[other].link.clear(mirror)
    obey(nodes[other].slots.end(LeaseClaim(connection: mirror)), of: other)
    retry(node, place)
  }

  private mutating func retry(_ node: Int, _ place: Int) {
    let now = Instant(milliseconds: events.now / 1000)
    let pause = nodes[node].failed(place, now: now)
    events.add(after: pause * 1000, .connect(node, place: place))
  }

  // MARK: - Telling and measuring

  private mutating func tellNews(_ node: Int) {
    nodes[node].tellsNews = false
    let news = nodes[node].news.map { $0..<$0 + 1 }
    nodes[node].news = []
    for place in nodes[node].neighbours.indices {
      // All who hear it hear it now: the delay is in the pause before.
      let (other, mirror) = (nodes[node].neighbours[place], nodes[node].mirrors[place])
      guard let connection = nodes[node].serving[place], nodes[other].connections[mirror] == connection else {
        continue
      }
      nodes[other].fetch.has(SessionID(number: mirror), news)
      obey(nodes[other].advance(), of: other)
    }
  }

  private mutating func measure(_ node: Int) {
    events.add(after: UnitFetch.measureMilliseconds * 1000, .measure(node))
    guard nodes[node].isUp else { return }
    obey(nodes[node].measure(), of: node)
    obey(nodes[node].advance(), of: node)
    obey(nodes[node].slots.measure(), of: node)
  }

  private mutating func send(_ message: Message, from node: Int, _ place: Int, _ connection: Int) {
    events.add(
      inLine: Self.messageLine,
      .message(
        to: nodes[node].neighbours[place], place: nodes[node].mirrors[place], connection: connection, message))
  }

  // MARK: - Fetching

  private mutating func obey(_ directives: [UnitFetch.Directive], of node: Int) {
    for directive in directives {
      switch directive {
      case .claim(let session, let have, let urgent):
        ask(.claim(have: have, urgent: urgent), from: node, session)
      case .end(let session): ask(.end, from: node, session)
      case .ask(let session, let units, let have):
        ask(.ask(units, have: have), from: node, session)
        nodes[node].asked[session.number] += 1
        events.add(
          inLine: Self.overdueLine,
          .overdue(
            node, place: session.number, connection: nodes[node].connections[session.number] ?? 0,
            question: nodes[node].asked[session.number]))
        // Nearly all questions are answered long before they would be overdue.
        let nodes = nodes
        events.drop(fromLine: Self.overdueLine) { Self.isAnswered($0, by: nodes) }
      }
    }
  }

  /// Whether what was to be looked at when it is overdue needs no look any more.
  private static func isAnswered(_ event: Event, by nodes: [SimulatedNode]) -> Bool {
    guard case .overdue(let node, let place, let connection, let question) = event else { return false }
    return nodes[node].connections[place] != connection || nodes[node].answered[place] >= question
  }

  private mutating func ask(_ message: Message, from node: Int, _ session: SessionID) {
    guard let connection = nodes[node].connections[session.number] else { return }
    send(message, from: node, session.number, connection)
  }

  private mutating func receive(_ message: Message, at node: Int, _ place: Int, connection: Int) {
    let session = SessionID(number: place)
    switch message {
    case .has(let units):
      guard nodes[node].connections[place] == connection else { return }
      nodes[node].fetch.has(session, units)
    case .lease(let isGranted):
      guard nodes[node].connections[place] == connection else { return }
      nodes[node].fetch.lease(session, isGranted: isGranted)
    case .refused(let units):
      guard nodes[node].connections[place] == connection else { return }
      nodes[node].answered[place] += 1
      nodes[node].fetch.answered(session, with: nil)
      nodes[node].fetch.lacks(session, units)
    case .claim(let have, let urgent):
      guard nodes[node].serving[place] == connection else { return }
      obey(nodes[node].slots.claim(LeaseClaim(connection: place), have: have, urgent: urgent), of: node)
      return
    case .end:
      guard nodes[node].serving[place] == connection else { return }
      obey(nodes[node].slots.end(LeaseClaim(connection: place)), of: node)
      return
    case .ask(let units, let have):
      guard nodes[node].serving[place] == connection else { return }
      answer(units, have: have, at: node, place, connection)
      return
    }
    obey(nodes[node].advance(), of: node)
  }

  private mutating func receive(unit: Int, isGood: Bool, at node: Int, _ place: Int, connection: Int) {
    guard nodes[node].connections[place] == connection else { return }
    guard isGood else {
      // It does not hash to what the list says: the neighbour is at fault.
      fail(node, place)
      return
    }
    nodes[node].answered[place] += 1
    nodes[node].backoffs[place].reset()
    if nodes[node].fetch.answered(SessionID(number: place), with: unit, bytes: scenario.bytes(ofUnit: unit)) {
      store(unit, isGood: isGood, at: node)
    } else {
      duplicates += 1
    }
    obey(nodes[node].advance(), of: node)
  }

  private mutating func store(_ unit: Int, isGood: Bool, at node: Int) {
    if !isGood { violations.append("node \(node) stored the unit \(unit), which is damaged") }
    nodes[node].stored.insert(unit)
    nodes[node].news.append(unit)
    if !nodes[node].tellsNews {
      nodes[node].tellsNews = true
      events.add(after: UnitFetch.newsMilliseconds(unitSize: scenario.unitBytes) * 1000, .tellNews(node))
    }
    guard nodes[node].isDone, nodes[node].finished == nil else { return }
    nodes[node].finished = events.now
    if nodes[node].nature == nil { unfinished -= 1 }
  }

  // MARK: - Serving

  private mutating func obey(_ directives: [UploadSlots.Directive], of node: Int) {
    for directive in directives {
      let (place, isGranted) =
        switch directive {
        case .grant(let claim): (claim.connection, true)
        case .revoke(let claim): (claim.connection, false)
        }
      guard let connection = nodes[node].serving[place] else { continue }
      send(.lease(isGranted), from: node, place, connection)
    }
  }

  private mutating func answer(_ units: [Int], have: Int, at node: Int, _ place: Int, _ connection: Int) {
    if nodes[node].nature == .stall { return }
    let held = units.filter(nodes[node].stored.contains)
    let claim = LeaseClaim(connection: place)
    guard nodes[node].slots.mayAsk(claim), nodes[node].nature != .lie, let unit = nodes[node].served.choose(held)
    else {
      let lacking = nodes[node].slots.mayAsk(claim) ? units : []
      send(.refused(lacking), from: node, place, connection)
      return
    }
    let bytes = scenario.bytes(ofUnit: unit)
    nodes[node].slots.serves(claim, have: have, bytes: bytes)
    nodes[node].link.queue(unit, bytes: bytes, to: place)
    transmit(node)
  }

  private mutating func transmit(_ node: Int) {
    if let duration = nodes[node].link.begin() { events.add(after: duration, .segmentSent(node)) }
  }

  private mutating func segmentSent(_ node: Int) {
    let (place, unit, bytes, isLast) = nodes[node].link.finish()
    let other = nodes[node].neighbours[place]
    let arrival = nodes[other].link.arrival(of: bytes, at: events.now + scenario.delayMicroseconds)
    if let connection = nodes[node].serving[place], nodes[other].connections[nodes[node].mirrors[place]] == connection {
      nodes[other].fetch.heard(SessionID(number: nodes[node].mirrors[place]))
    }
    if isLast, let connection = nodes[node].serving[place] {
      let isGood = nodes[node].nature != .corrupt || Int.random(in: 0..<5, using: &generator) > 0
      events.add(
        after: arrival - events.now,
        .unit(to: other, place: nodes[node].mirrors[place], connection: connection, unit: unit, isGood: isGood))
    }
    transmit(node)
  }
}
