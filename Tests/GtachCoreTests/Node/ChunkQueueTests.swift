import GtachCore
import GtachModel
import GtachSystem
import Testing

@Suite("Which chunk is asked of whom, and in which form")
struct ChunkQueueTests {
  private let sessions = (1...4).map { SessionID(number: $0) }

  /// Chunks of 1,000 bytes, each with a dear object of 500 bytes and a cheap one of 100; or so many times that.
  private func index(chunks: Int, scale: Int) -> ChunkIndex {
    let digests = (0..<chunks).map { SHA256().digest(of: Array("\($0)".utf8)) }
    return ChunkIndex(
      unitSize: 4096, chunks: digests.map { ChunkIndex.Chunk(digest: $0, size: 1000 * scale) },
      objects: (0..<2 * chunks).map { number in
        ChunkIndex.Object(
          id: ObjectID(units: [digests[number / 2]], hashing: SHA256()), size: (number % 2 == 0 ? 500 : 100) * scale,
          chunk: number / 2, encoding: .full)
      })
  }

  private func queue(chunks: Int, scale: Int = 1) -> ChunkQueue {
    ChunkQueue(
      (0..<chunks).map { LackingChunk(chunk: $0, objects: [2 * $0 + 1, 2 * $0]) },
      of: index(chunks: chunks, scale: scale))
  }

  private func ask(
    _ queue: inout ChunkQueue, _ holders: [SessionID], expectsMore: Bool = false, load: [SessionID: Int] = [:],
    seed: UInt64 = 1
  ) -> [ChunkQueue.Question] {
    var generator = SeededGenerator(seed: seed)
    return queue.ask(holders: holders, expectsMore: expectsMore, load: load, using: &generator)
  }

  @Test("the cheapest form that anybody has, and at last the chunk itself, from one peer at a time")
  func forms() throws {
    var queue = queue(chunks: 1)
    #expect(queue.expectedBytes == 100)
    var forms: [ChunkForm] = []
    var askedOf: [SessionID] = []
    while forms.count < 5 {
      let questions = ask(&queue, Array(sessions[..<2]), seed: UInt64(forms.count))
      let question = try #require(questions.first)
      #expect(questions.count == 1)
      #expect(ask(&queue, sessions).isEmpty, "it is under way")
      forms.append(question.form)
      askedOf.append(question.session)
      if question.form != .bare { queue.lacks(question) }
    }
    #expect(forms == [.object(1), .object(1), .object(0), .object(0), .bare])
    #expect(Set(askedOf[..<2]) == Set(sessions[..<2]) && Set(askedOf[2..<4]) == Set(sessions[..<2]))
    #expect(queue.expectedBytes == 1000)
    let isExpected = queue.arrived(0)
    #expect(isExpected && queue.isEmpty && queue.expectedBytes == 0)
    let isExpectedAgain = queue.arrived(0)
    #expect(!isExpectedAgain)
  }

  @Test("who lacks one object is asked for the others")
  func oneObject() throws {
    var queue = queue(chunks: 3)
    let open = ask(&queue, [sessions[0]])
    try #require(open.count == 2)
    queue.lacks(open[0])
    _ = queue.arrived(open[1].chunk)
    let both = ask(&queue, [sessions[0], sessions[1]])
    #expect(both.count == 2)
    // The other peer is asked for what this one lacks, and this one for the rest.
    #expect(both.filter { $0.session == sessions[0] }.allSatisfy { $0.chunk != open[0].chunk })
    #expect(both.filter { $0.chunk == open[0].chunk }.map(\.session) == [sessions[1]])
    #expect(both.allSatisfy { $0.form == .object(2 * $0.chunk + 1) })
  }

  @Test("no dearer form is asked for while another holder is about to be there")
  func patience() throws {
    var queue = queue(chunks: 1)
    let question = try #require(ask(&queue, [sessions[0]]).first)
    queue.lacks(question)
    #expect(ask(&queue, [sessions[0]], expectsMore: true).isEmpty)
    #expect(ask(&queue, [], expectsMore: false).isEmpty)
    #expect(ask(&queue, [sessions[0], sessions[1]], expectsMore: true).map(\.session) == [sessions[1]])
    queue.lost(sessions[1])
    #expect(ask(&queue, [sessions[0]]).map(\.form) == [.object(0)])
  }

  @Test("an object that yields another chunk is asked of nobody else")
  func useless() throws {
    var queue = queue(chunks: 1)
    let question = try #require(ask(&queue, sessions).first)
    queue.isUseless(question)
    #expect(queue.expectedBytes == 500)
    #expect(ask(&queue, [question.session]).map(\.form) == [.object(0)])
  }

  @Test("the answer to a question of an earlier download changes nothing")
  func stale() throws {
    var queue = queue(chunks: 1)
    let question = try #require(ask(&queue, [sessions[0]]).first)
    for (session, form) in [(sessions[1], question.form), (sessions[0], .object(0)), (sessions[0], .bare)] {
      queue.lacks(ChunkQueue.Question(session: session, chunk: 0, form: form))
      queue.isUseless(ChunkQueue.Question(session: session, chunk: 0, form: form))
    }
    #expect(ask(&queue, sessions).isEmpty, "it is under way")
    #expect(queue.expectedBytes == 100)
  }

  @Test("no peer has more than its share of questions")
  func load() {
    var queue = queue(chunks: 20, scale: 2000)
    let questions = ask(&queue, sessions, load: [sessions[0]: 1, sessions[1]: 2])
    let counts = sessions.map { session in questions.count { $0.session == session } }
    #expect(counts == [1, 0, 2, 2])
    #expect(Set(questions.map(\.chunk)).count == 5)
  }

  @Test("small objects are asked for together, and again when half of them have come")
  func small() {
    var queue = queue(chunks: 30)
    #expect(ask(&queue, [sessions[0]], load: [sessions[0]: 1]).count == 1, "another download asked for the first")
    let first = ask(&queue, [sessions[1]])
    #expect(first.count == ChunkQueue.questionsPerSession, "it may have nothing")
    _ = queue.arrived(first[0].chunk)
    var open = [first[1].chunk] + ask(&queue, [sessions[1]], load: [sessions[1]: 1]).map(\.chunk)
    #expect(open.count == ChunkQueue.smallQuestionsPerSession)
    for left in (9...15).reversed() {
      _ = queue.arrived(open.removeFirst())
      #expect(ask(&queue, [sessions[1]], load: [sessions[1]: left]).isEmpty)
    }
    _ = queue.arrived(open.removeFirst())
    #expect(ask(&queue, [sessions[1]], load: [sessions[1]: 8]).count == 8)
    // Of 80,000 bytes each no more than are 256 KiB together.
    var larger = self.queue(chunks: 30, scale: 800)
    for question in ask(&larger, [sessions[0]]) { _ = larger.arrived(question.chunk) }
    var four = ask(&larger, [sessions[0]])
    #expect(four.count == 4)
    // Who has not got one is asked for fewer again.
    for _ in four { larger.lacks(four.removeLast()) }
    #expect(ask(&larger, sessions).count { $0.session == sessions[0] } == 2)
  }

  @Test("who has sent a chunk is asked for the one after it, from any one on", arguments: 1...10)
  func neighbours(seed: Int) throws {
    var queue = queue(chunks: 20, scale: 10_000)
    var chunks: [Int] = []
    while !queue.isEmpty {
      for question in ask(&queue, [sessions[0]], seed: UInt64(seed)) {
        chunks.append(question.chunk)
        _ = queue.arrived(question.chunk)
      }
    }
    let first = try #require(chunks.first)
    #expect(chunks == (0..<20).map { (first + $0) % 20 })
  }

  @Test("whoever has what: every chunk comes once, and in the cheapest form of all", arguments: 1...30)
  func everybody(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let chunks = 30
    var queue = queue(chunks: chunks)
    // Nobody has everything.
    var objects: [Set<Int>] = []
    for _ in sessions {
      objects.append(Set((0..<2 * chunks).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }))
    }
    var open: [ChunkQueue.Question] = []
    var came: [Int: ChunkForm] = [:]
    var steps = 0
    while !queue.isEmpty {
      steps += 1
      try #require(steps < 2000)
      let load = Dictionary(grouping: open, by: \.session).mapValues(\.count)
      open += queue.ask(holders: sessions, expectsMore: false, load: load, using: &generator)
      #expect(Set(open.map(\.chunk)).count == open.count)
      let place = try #require(open.indices.randomElement(using: &generator))
      let question = open.remove(at: place)
      let holder = try #require(sessions.firstIndex(of: question.session))
      if case .object(let number) = question.form, !objects[holder].contains(number) {
        queue.lacks(question)
      } else {
        #expect(came.updateValue(question.form, forKey: question.chunk) == nil)
        let isExpected = queue.arrived(question.chunk)
        #expect(isExpected)
      }
    }
    let all = objects.reduce(into: Set<Int>()) { $0.formUnion($1) }
    for chunk in 0..<chunks {
      let cheapest = [2 * chunk + 1, 2 * chunk].first(where: all.contains).map { ChunkForm.object($0) } ?? .bare
      #expect(came[chunk] == cheapest)
    }
    #expect(queue.expectedBytes == 0)
  }
}
