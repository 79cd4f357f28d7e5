import GtachModel

/// The lists of objects' units that have still to come, by the objects' numbers, and who is asked for which.
struct UnitListFetch: Sendable {
  /// What somebody was asked for and has not answered.
  private struct Question {
    var objects: [Int]
    /// How often it was measured since anything came of what the peer owes.
    var quietMeasures = 0

    var isSilent: Bool { quietMeasures >= UnitFetch.silentMeasures }
  }

  /// What is wanted, and of that what nobody was asked for, or only such as fell silent.
  private var wanted: UnitSet
  private var free: UnitSet
  private var questions: [SessionID: Question] = [:]

  /// Nothing is wanted yet of an index with so many objects.
  init(objects count: Int) {
    wanted = UnitSet(below: count)
    free = wanted
  }

  /// Whether nobody owes an answer.
  var isIdle: Bool { questions.isEmpty }
  /// The objects whose lists are wanted.
  var objects: [Int] { wanted.numbers }
  /// Whether an object's list is wanted.
  func contains(_ object: Int) -> Bool { wanted.contains(object) }

  /// An object's list is wanted.
  mutating func want(_ object: Int) {
    if wanted.insert(object) { free.insert(object) }
  }

  /// An object's list is here, or not wanted any more.
  ///
  /// - Returns: Whether it was wanted.
  @discardableResult
  mutating func remove(_ object: Int) -> Bool {
    free.remove(object)
    return wanted.remove(object)
  }

  /// One of the lists came that a peer was asked for.
  mutating func came(_ object: Int, from session: SessionID) {
    questions[session]?.objects.removeAll { $0 == object }
    if questions[session]?.objects.isEmpty == true { questions[session] = nil }
  }

  /// No more lists come from a peer: it lacks them, or is gone.
  mutating func ended(_ session: SessionID) {
    if let question = questions.removeValue(forKey: session), !question.isSilent { giveBack(question.objects) }
  }

  // MARK: - Silence, as `UnitFetch` has it

  mutating func measure() {
    for session in Array(questions.keys) {
      guard questions[session]?.isSilent == false else { continue }
      questions[session]?.quietMeasures += 1
      if let question = questions[session], question.isSilent { giveBack(question.objects) }
    }
  }

  mutating func heard(_ session: SessionID) {
    guard let question = questions[session] else { return }
    questions[session]?.quietMeasures = 0
    // What others were asked for since is theirs.
    if question.isSilent { questions[session]?.objects.removeAll { wanted.contains($0) && !free.remove($0) } }
  }

  private mutating func giveBack(_ objects: [Int]) {
    for object in objects where wanted.contains(object) { free.insert(object) }
  }

  // MARK: - Asking

  /// Asks those who have something of objects for their lists, nobody for two lots at a time.
  mutating func ask(
    _ sessions: [SessionID], using generator: inout some RandomNumberGenerator,
    whoHas isThere: (SessionID, _ object: Int) -> Bool
  ) -> [(session: SessionID, objects: [Int])] {
    guard !free.isEmpty else { return [] }
    var asked: [(session: SessionID, objects: [Int])] = []
    for session in sessions.filter({ questions[$0] == nil }).shuffled(using: &generator) {
      var objects: [Int] = []
      var next = free.first(in: free, from: 0)
      while let object = next, objects.count < ChunkFetch.listsPerQuestion {
        if isThere(session, object) { objects.append(object) }
        next = free.first(in: free, from: object + 1)
      }
      guard !objects.isEmpty else { continue }
      for object in objects { free.remove(object) }
      questions[session] = Question(objects: objects)
      asked.append((session, objects))
    }
    return asked
  }
}
