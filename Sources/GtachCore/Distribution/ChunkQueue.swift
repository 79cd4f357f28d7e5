import GtachModel

/// The chunks of a variant that have still to come: who is asked for which of them next, and in which form.
///
/// A chunk comes in the cheapest form that anybody has. It is asked of one peer at a time, so that no byte comes twice. A
/// peer that lacks one object of it is not asked for that again, and may well have others; when all of them lack it, the
/// chunk's next form is asked for.
public struct ChunkQueue: Sendable {
  /// How many chunks are always asked of one peer before the first has come: the next question travels while an answer
  /// does.
  public static let questionsPerSession = 2
  /// How many may be asked of whoever has sent the last one as long as they are small in all: their answers share TLS
  /// records, and the two sides wake each other less often. Asked is again when half of them have come.
  public static let smallQuestionsPerSession = 16
  /// How small in all, in bytes.
  public static let smallBytes = 256 << 10

  /// What to ask of whom.
  public struct Question: Hashable, Sendable {
    /// Whom.
    public let session: SessionID
    /// For which chunk, by its position in the index.
    public let chunk: Int
    /// In which form.
    public let form: ChunkForm

    /// A question from its parts.
    public init(session: SessionID, chunk: Int, form: ChunkForm) {
      self.session = session
      self.chunk = chunk
      self.form = form
    }
  }

  private struct Entry {
    let chunk: Int
    /// The forms that are left, the cheapest first, and how many bytes to expect of each. The last one is the chunk
    /// itself, of which nobody knows before how well it was compressed.
    var forms: [(form: ChunkForm, bytes: Int)]
    /// Who has not got the first of them.
    var lacking: Set<SessionID> = []

    /// Goes on to the next form, and gives how many bytes more are expected of it.
    mutating func giveUpForm() -> Int {
      guard forms.count > 1 else { return 0 }
      lacking = []
      let given = forms.removeFirst()
      return forms[0].bytes - given.bytes
    }
  }

  /// Chunks that nobody was asked for.
  private var fresh: [Entry] = []
  /// Chunks that somebody was asked for in vain. They go first: a peer that has nothing is found out by its first chunk.
  private var again: [Entry] = []
  /// Who is asked for what.
  private var asked: [Int: (session: SessionID, entry: Entry)] = [:]
  /// Who has sent what it was asked for last. Of anybody else little is asked: it may have nothing.
  private var sending: Set<SessionID> = []
  /// What was asked last of whom, by its position in the index.
  private var previous: [SessionID: Int] = [:]
  /// The bytes that are expected of all that has still to come.
  public private(set) var expectedBytes = 0

  /// The chunks that are lacking of an index.
  public init(_ chunks: [LackingChunk], of index: ChunkIndex) {
    fresh = chunks.map { lacking in
      let objects = lacking.objects.map { (form: ChunkForm.object($0), bytes: index.objects[$0].size) }
      return Entry(chunk: lacking.chunk, forms: objects + [(.bare, index.chunks[lacking.chunk].size)])
    }
    expectedBytes = fresh.reduce(0) { $0 + $1.forms[0].bytes }
  }

  /// Whether everything has come.
  public var isEmpty: Bool { fresh.isEmpty && again.isEmpty && asked.isEmpty }

  /// Chooses what to ask of whom: equal peers in turn, chunks from a random one on, so that neighbours who fetch at the
  /// same time soon hold different ones, and as they follow each other, because such are made from nearly the same.
  ///
  /// - Parameters:
  ///   - holders: Who says that it has the variant.
  ///   - expectsMore: Whether another holder is about to be there. No dearer form is asked for before.
  ///   - load: How many questions are open to whom.
  public mutating func ask(
    holders: [SessionID], expectsMore: Bool, load: [SessionID: Int],
    using generator: inout some RandomNumberGenerator
  ) -> [Question] {
    if !expectsMore, !holders.isEmpty { giveUpForms(thatLack: holders) }
    var (load, bytes, open) = (load, bytesAsked, holders)
    let small = smallLoads(of: holders, load, bytes)
    var questions: [Question] = []
    while !fresh.isEmpty || !again.isEmpty {
      let free = open.filter { session in
        if load[session, default: 0] < Self.questionsPerSession { return true }
        return small.contains(session) && load[session, default: 0] < Self.smallQuestionsPerSession
          && bytes[session, default: 0] < Self.smallBytes
      }
      guard let least = free.map({ load[$0, default: 0] }).min(),
        let session = free.filter({ load[$0, default: 0] == least }).randomElement(using: &generator)
      else { break }
      guard let entry = next(for: session, using: &generator) else {
        open.removeAll { $0 == session }
        continue
      }
      asked[entry.chunk] = (session, entry)
      load[session, default: 0] += 1
      bytes[session, default: 0] += entry.forms[0].bytes
      questions.append(Question(session: session, chunk: entry.chunk, form: entry.forms[0].form))
    }
    return questions
  }

  /// How many bytes are expected of whom.
  private var bytesAsked: [SessionID: Int] {
    asked.values.reduce(into: [:]) { $0[$1.session, default: 0] += $1.entry.forms[0].bytes }
  }

  /// Who may be asked for several chunks because they are small; nobody who is asked for others that this queue does not
  /// know.
  private func smallLoads(
    of holders: [SessionID], _ load: [SessionID: Int], _ bytes: [SessionID: Int]
  ) -> Set<SessionID> {
    let known = asked.values.reduce(into: [:]) { $0[$1.session, default: 0] += 1 }
    return Set(
      holders.filter { session in
        sending.contains(session) && load[session, default: 0] == known[session, default: 0]
          && load[session, default: 0] <= Self.smallQuestionsPerSession / 2
          && bytes[session, default: 0] <= Self.smallBytes / 2
      })
  }

  /// A chunk is here: in any form, and from anybody.
  ///
  /// - Returns: Whether it had still to come.
  public mutating func arrived(_ chunk: Int) -> Bool {
    guard let (session, entry) = asked.removeValue(forKey: chunk) else { return false }
    sending.insert(session)
    expectedBytes -= entry.forms[0].bytes
    return true
  }

  /// A peer has not got what it was asked for.
  public mutating func lacks(_ question: Question) {
    guard var entry = take(question) else { return }
    sending.remove(question.session)
    // Whoever has not even the chunk has not got the variant: it is for the caller not to call it a holder any more.
    if question.form != .bare { entry.lacking.insert(question.session) }
    again.append(entry)
  }

  /// What came does not yield the chunk, and would not from anybody: its next form is asked for.
  public mutating func isUseless(_ question: Question) {
    guard var entry = take(question) else { return }
    expectedBytes += entry.giveUpForm()
    again.append(entry)
  }

  /// Nothing that was asked in a session is answered any more.
  public mutating func lost(_ session: SessionID) {
    for (chunk, question) in asked where question.session == session {
      asked[chunk] = nil
      again.append(question.entry)
    }
  }

  /// What is no longer asked; nil for the answer to a question of an earlier download.
  private mutating func take(_ question: Question) -> Entry? {
    guard let (session, entry) = asked[question.chunk], session == question.session,
      entry.forms[0].form == question.form
    else { return nil }
    asked[question.chunk] = nil
    return entry
  }

  /// A chunk whose form a peer may have.
  private mutating func next(for session: SessionID, using generator: inout some RandomNumberGenerator) -> Entry? {
    if let place = again.firstIndex(where: { !$0.lacking.contains(session) }) { return again.remove(at: place) }
    guard let random = fresh.indices.randomElement(using: &generator) else { return nil }
    var place = random
    if let previous = previous[session] {
      // Fresh ones are in the order of the index; after the last one comes the first.
      place = fresh.firstIndex { $0.chunk > previous } ?? 0
    }
    previous[session] = fresh[place].chunk
    return fresh.remove(at: place)
  }

  /// Gives up the forms that none of the holders has.
  private mutating func giveUpForms(thatLack holders: [SessionID]) {
    for place in again.indices where holders.allSatisfy(again[place].lacking.contains) {
      expectedBytes += again[place].giveUpForm()
    }
  }
}
