import GtachWire

// What to do as things stand.

extension UnitFetch {
  /// Whom to ask for what as things stand. To be called after everything that happens.
  public mutating func advance(using generator: inout some RandomNumberGenerator) -> [Directive] {
    var directives = declined.map { Directive.end($0) }
    declined = []
    // Of the others nothing more can be asked than when they were looked at last.
    for place in leased where (isHungry || told.contains(place)) && !neighbours[place].isSilent {
      ask(place, using: &generator, &directives)
    }
    claim(&directives)
    return directives
  }

  /// Some time has passed: whoever has room for a lease demands it of some that have what is lacking.
  public mutating func measure(using generator: inout some RandomNumberGenerator) -> [Directive] {
    measureSilence()
    let used = leased.filter { !neighbours[$0].isSilent }
    var speeds = used.map { neighbours[$0].speed }
    let before = room.count
    room.measure(&speeds)
    if room.count > before { isHungry = true }
    for (place, speed) in zip(used, speeds) { neighbours[place].speed = speed }
    guard hasRoom else { return [] }
    let useful = neighbours.indices.filter { !leased.contains($0) && isUseful($0) }
    return useful.shuffled(using: &generator).prefix(Self.urgentClaims).map { place in
      neighbours[place].isClaimed = true
      return .claim(sessions[place], have: have, urgent: true)
    }
  }

  private func isUseful(_ place: Int) -> Bool { !neighbours[place].isSilent && neighbours[place].has.intersects(free) }

  /// Asks the holder of a lease, or gives it back where it has nothing that is lacking, or is one too many.
  private mutating func ask(
    _ place: Int, using generator: inout some RandomNumberGenerator, _ directives: inout [Directive]
  ) {
    let session = sessions[place]
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
      leased.removeAll { $0 == place }
      directives.append(.end(session))
      isHungry = true
    }
  }

  /// Asks all who have something that is lacking for a lease, while there is room for one.
  private mutating func claim(_ directives: inout [Directive]) {
    defer {
      isHungry = false
      told.removeAll(keepingCapacity: true)
    }
    let hasRoom = hasRoom
    guard hasRoom || lacking.isEmpty else { return }
    for place in isHungry ? Array(neighbours.indices) : told where !leased.contains(place) {
      if neighbours[place].isClaimed {
        guard lacking.isEmpty else { continue }
        neighbours[place].isClaimed = false
        directives.append(.end(sessions[place]))
      } else if hasRoom, isUseful(place) {
        neighbours[place].isClaimed = true
        directives.append(.claim(sessions[place], have: have, urgent: false))
      }
    }
  }

  /// The unit that the only neighbour is asked for: from a random one on in their order, as neighbouring chunks are
  /// made from nearly the same, and what one of them needs is decoded already.
  private mutating func nextOfOne(using generator: inout some RandomNumberGenerator) -> [Int] {
    let start = lastOfOne.map { $0 + 1 } ?? Int.random(in: 0..<max(1, rarity.count), using: &generator)
    lastOfOne = free.first(in: neighbours[0].has, from: start) ?? free.first(in: neighbours[0].has, from: 0)
    return lastOfOne.map { [$0] } ?? []
  }

  /// Some of the units that a neighbour has and fewest others do, at random. Few when few are left: what one is asked
  /// for nobody else can be.
  private func rarest(of place: Int, using generator: inout some RandomNumberGenerator) -> [Int] {
    let count = max(1, min(Self.unitsPerQuestion, free.count / Self.unitsPerQuestion))
    let chosen = rarity.rarest(of: neighbours[place].has, free: free, most: count, using: &generator)
    guard let first = chosen.first else { return [] }
    return first < firstAskedAlone ? chosen.filter { $0 < firstAskedAlone } : [first]
  }
}
