import GtachModel
import GtachWire

/// The chunks of a variant that have still to come, each in the cheapest form that anybody has.
///
/// An object comes unit by unit (`UnitFetch`), each checked against the list of the object's units, which comes first.
/// Where nobody has what is left of an object, or it does not yield its chunk, the chunk's next form is asked for, and
/// in the end the chunk itself.
public struct ChunkFetch: Sendable {
  /// How long a holder may take to tell what it has, in measurements: as long as any answer.
  static let patience = 300
  /// After how many measurements in vain an object whose units all came, and that is not whole, is begun anew.
  static let settling = 20
  /// After how many measurements nothing more follows of what a peer has told: one that fills its last message.
  static let telling = 10
  /// How many objects a question for their lists names at most.
  public static let listsPerQuestion = 64

  /// What a chunk comes as.
  private enum Form: Hashable, Sendable {
    /// An object that yields it, by its number in the index.
    case object(Int)
    /// The chunk itself, lightly compressed: whoever has the variant has this.
    case bare
  }

  /// The numbers of what can come.
  public let map: UnitMap
  private var units: UnitFetch
  /// The forms that are left of each chunk that has still to come, the one that is fetched first; by its position.
  private var forms: [Int: [Form]] = [:]
  /// The objects whose list of units is wanted.
  private var lists: UnitListFetch
  /// Who has told what it has.
  private var told: Set<SessionID> = []
  /// Who has told so much at once that more may follow, and how often it was measured since.
  private var telling: [SessionID: Int] = [:]
  /// How often it was measured since something came while nobody had what is lacking.
  private var measuresInVain = 0

  /// The chunks that are lacking of an index.
  public init(_ chunks: [LackingChunk], of index: ChunkIndex) {
    map = UnitMap(index)
    units = UnitFetch(count: map.count, unitSize: index.unitSize, firstAskedAlone: map.firstBareChunk)
    lists = UnitListFetch(objects: index.objects.count)
    for lacking in chunks {
      forms[lacking.chunk] = lacking.objects.map(Form.object) + [.bare]
      begin(lacking.chunk)
    }
  }

  /// How many units are lacking.
  public var lackingUnits: Int { units.lackingCount + lists.objects.reduce(0) { $0 + map.units(ofObject: $1).count } }

  /// The bytes that are expected of all that has still to come; of a bare chunk nobody knows before how well it was
  /// compressed.
  public var expectedBytes: Int {
    forms.reduce(0) { sum, entry in
      switch entry.value[0] {
      case .bare: return sum + map.index.chunks[entry.key].size
      case .object(let number):
        guard !lists.contains(number) else { return sum + map.index.objects[number].size }
        return sum + map.units(ofObject: number).reduce(0) { $0 + (units.isLacking($1) ? map.bytes($1) : 0) }
      }
    }
  }

  /// Whether everything has come.
  public var isEmpty: Bool { forms.isEmpty }

  // MARK: - What happens

  /// Takes note of what a peer said or sent. Units and chunks are answers to its first question that is open.
  ///
  /// - Returns: Why an object is of no use that is whole now.
  public mutating func take(_ reply: Reply, from session: SessionID) -> GtachError? {
    switch reply {
    case .has(let ranges):
      if ranges.count < Have.rangesPerMessage {
        told.insert(session)
        telling[session] = nil
      } else if !told.contains(session) {
        telling[session] = 0
      }
      units.has(session, ranges.map { $0.clamped(to: 0..<map.count) })
    case .lease(let isGranted): units.lease(session, isGranted: isGranted)
    case .listed(let object, let progress):
      lists.came(object, from: session)
      guard isFetched(object), lists.remove(object) else { return nil }
      units.want(map.units(ofObject: object))
      return note(progress, ofObject: object)
    case .listsLacking(let objects):
      lists.ended(session)
      units.lacks(session, objects.map { map.units(ofObject: $0) }.joined())
    case .unit(let unit, let bytes, let progress):
      units.answered(session, with: unit, bytes: bytes)
      return came(unit, progress)
    case .chunk(let position, let bytes):
      units.answered(session, with: map.number(ofChunk: position), bytes: bytes)
      end(position)
    case .unitsLacking(let lacking):
      units.answered(session, with: nil)
      units.lacks(session, lacking)
    case .chunkLacking:
      // Objects may be evicted; whoever told of a chunk that it has not got is believed nothing more.
      units.answered(session, with: nil)
      units.lacks(session, 0..<map.count)
    case .leaseOver:
      units.answered(session, with: nil)
      units.lease(session, isGranted: false)
    case .notGiven: lost(session)
    case .refused: break
    }
    return nil
  }

  /// Nothing comes from a peer any more.
  public mutating func lost(_ session: SessionID) {
    units.left(session)
    told.remove(session)
    telling[session] = nil
    lists.ended(session)
  }

  /// Something came of what a peer owes to anybody here.
  public mutating func heard(_ session: SessionID) {
    units.heard(session)
    lists.heard(session)
  }

  // MARK: - What to do

  /// What to ask of whom as things stand.
  ///
  /// - Parameters:
  ///   - holders: Who says that it has the variant.
  ///   - expectsMore: Whether another holder is about to be there. No dearer form is asked for before.
  public mutating func advance(
    holders: [SessionID], expectsMore: Bool, using generator: inout some RandomNumberGenerator
  ) -> [(session: SessionID, question: Question)] {
    if !expectsMore, isToldBy(holders) { giveUpForms() }
    let unlisted = lists.ask(units.sessions, using: &generator) { session, object in
      units.has(session, anyOf: map.units(ofObject: object))
    }
    return unlisted.map { ($0.session, .lists($0.objects)) } + questions(units.advance(using: &generator))
  }

  /// Whether nobody has a chunk in any form, although some say that they have the variant.
  public func isLackedBy(_ holders: [SessionID]) -> Bool {
    guard isToldBy(holders), lists.isIdle, units.isStuck else { return false }
    return forms.contains { $0.value == [.bare] && units.holderCount(of: map.number(ofChunk: $0.key)) == 0 }
  }

  /// Who has the variant, was waited for long enough, and has not told what it has.
  public func silent(among holders: [SessionID]) -> [SessionID] {
    measuresInVain < Self.patience ? [] : holders.filter { !told.contains($0) }
  }

  /// Whether all who have the variant have told what they have.
  private func isToldBy(_ holders: [SessionID]) -> Bool { !holders.isEmpty && holders.allSatisfy(told.contains) }

  /// The same when some time has passed.
  public mutating func measure(
    using generator: inout some RandomNumberGenerator
  ) -> [(session: SessionID, question: Question)] {
    measuresInVain = units.isStuck ? measuresInVain + 1 : 0
    lists.measure()
    for (session, measures) in telling {
      telling[session] = measures < Self.telling ? measures + 1 : nil
      if measures == Self.telling { told.insert(session) }
    }
    return questions(units.measure(using: &generator))
  }

  // MARK: - Beneath

  private func questions(_ directives: [UnitFetch.Directive]) -> [(session: SessionID, question: Question)] {
    directives.map { directive in
      switch directive {
      case .claim(let session, let have, let urgent): return (session, .claim(have: have, urgent: urgent))
      case .end(let session): return (session, .endClaim)
      case .ask(let session, let units, let have):
        if case .chunk(let position)? = units.first.map(map.part) { return (session, .chunk(position)) }
        return (session, .unit(units, have: have))
      }
    }
  }

  /// Where nothing goes on as nobody has what is lacking: the next form of all chunks of which that is so.
  private mutating func giveUpForms() {
    guard !forms.isEmpty, lists.isIdle, units.isStuck else { return }
    for (position, left) in forms where left.count > 1 {
      guard case .object(let object) = left[0] else { continue }
      let numbers = map.units(ofObject: object)
      if measuresInVain >= Self.settling, !lists.contains(object), !numbers.contains(where: units.isLacking) {
        // A unit of it was lost since it came.
        stop(position)
        begin(position)
        continue
      }
      let isHad =
        lists.contains(object)
        ? numbers.contains { units.holderCount(of: $0) > 0 }
        : !numbers.contains { units.isLacking($0) && units.holderCount(of: $0) == 0 }
      if !isHad { giveUpForm(of: position) }
    }
  }

  /// Begins with a chunk's first form.
  private mutating func begin(_ position: Int) {
    switch forms[position]?.first {
    case .object(let object):
      let numbers = map.units(ofObject: object)
      if numbers.count == 1 { units.want(numbers) } else { lists.want(object) }
    case .bare:
      let number = map.number(ofChunk: position)
      units.want(number..<number + 1)
    case nil: break
    }
  }

  private mutating func giveUpForm(of position: Int) {
    stop(position)
    forms[position]?.removeFirst()
    begin(position)
  }

  /// Wants nothing more of a chunk's form.
  private mutating func stop(_ position: Int) {
    guard case .object(let object)? = forms[position]?.first else { return }
    lists.remove(object)
    units.give(up: map.units(ofObject: object))
  }

  private mutating func end(_ position: Int) {
    stop(position)
    forms[position] = nil
  }

  private func isFetched(_ object: Int) -> Bool {
    forms[map.index.objects[object].chunk]?.first == .object(object)
  }

  private mutating func came(_ unit: Int, _ progress: ObjectProgress?) -> GtachError? {
    guard let progress, case .unit(_, let object) = map.part(unit), isFetched(object) else { return nil }
    guard case .arriving(units: []) = progress else { return note(progress, ofObject: object) }
    // Nothing of it is here any more, nor its list.
    let position = map.index.objects[object].chunk
    stop(position)
    begin(position)
    return nil
  }

  private mutating func note(_ progress: ObjectProgress, ofObject object: Int) -> GtachError? {
    let position = map.index.objects[object].chunk
    guard isFetched(object) else { return nil }
    switch progress {
    case .whole: end(position)
    case .useless(let error):
      giveUpForm(of: position)
      return error
    case .arriving(let here):
      guard !lists.contains(object) else { return nil }
      let numbers = map.units(ofObject: object)
      let known = Set(here)
      for (unit, number) in numbers.enumerated() {
        if known.contains(unit), units.isLacking(number) { units.came(number) }
        if !known.contains(unit), !units.isLacking(number) { units.lost(number) }
      }
    }
    return nil
  }
}
