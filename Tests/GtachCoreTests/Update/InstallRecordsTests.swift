import GtachModel
import Testing

@testable import GtachCore

@Suite("The files of an install root")
struct InstallRecordsTests {
  private func read(
    state: String? = nil, journal: String? = nil, entries: [String] = []
  ) throws(GtachError) -> InstallRecords {
    try InstallRecords(
      state: state.map { Array($0.utf8) }, journal: journal.map { Array($0.utf8) }, history: [], entries: entries)
  }

  /// The files of a machine in the middle of an update.
  private func midway() throws -> (state: String, journal: String) {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node = try node.cut(before: "selfTest app@1.1.0") { try $0.install("1.1.0") }
    func text(_ path: String) -> String { String(decoding: node.disk.read(path) ?? [], as: UTF8.self) }
    return (text(node.layout.state), text(node.layout.journal))
  }

  @Test("a new install root is empty; one that lost its state is not")
  func missingState() throws {
    #expect(try read().isNew)
    #expect(try read(entries: ["lock", "state.json.new", "state"]).isNew)
    for trace in ["releases", "generations", "current", "journal.json"] {
      #expect(thrownError { try read(entries: ["lock", trace]) }?.code == .journalCorrupt, "\(trace)")
    }
    #expect(thrownError { try read(journal: midway().journal) }?.code == .journalCorrupt)
  }

  @Test(
    "a file that cannot be understood is never taken for an empty one",
    arguments: [
      "", " ", "{}", "null", "[]", "{\"format\":1", "\u{0}\u{0}\u{0}", "{\"format\":2}",
      #"{"format":1,"generation":0,"lastTransaction":0}"#,
      #"{"format":1,"generation":-1,"lastTransaction":0,"packages":{}}"#,
      #"{"format":1,"generation":3,"lastTransaction":2,"packages":{}}"#,
      #"{"format":2,"generation":0,"lastTransaction":0,"packages":{}}"#,
      #"{"format":1,"generation":0,"lastTransaction":0,"packages":{"../etc":{"refused":[],"held":false}}}"#,
    ])
  func damagedState(text: String) throws {
    #expect(thrownError { try read(state: text) }?.code == .journalCorrupt)
    #expect(thrownError { try read(state: midway().state, journal: text) }?.code == .journalCorrupt)
  }

  @Test("cut anywhere, a state or a journal is refused")
  func truncated() throws {
    let (state, journal) = try midway()
    #expect(try read(state: state, journal: journal).journal?.phase == .activated)
    for length in stride(from: 0, to: state.utf8.count - 1, by: 7) {
      #expect(thrownError { try read(state: String(state.prefix(length))) }?.code == .journalCorrupt)
    }
    for length in stride(from: 0, to: journal.utf8.count - 1, by: 7) {
      let cut = String(journal.prefix(length))
      #expect(thrownError { try read(state: state, journal: cut) }?.code == .journalCorrupt)
    }
  }

  @Test("a journal that does not belong to the state beside it is refused")
  func foreignJournal() throws {
    let (state, journal) = try midway()
    for text in [
      journal.replacing("\"transaction\":2", with: "\"transaction\":7"),
      journal.replacing("\"transaction\":2", with: "\"transaction\":0"),
      journal.replacing("\"generationBefore\":1", with: "\"generationBefore\":2"),
      journal.replacing("\"generationBefore\":1", with: "\"generationBefore\":-1"),
      journal.replacing("\"attempt\":1", with: "\"attempt\":-1"),
      journal.replacing("\"phase\":\"activated\"", with: "\"phase\":\"installed\""),
    ] {
      #expect(text != journal)
      #expect(thrownError { try read(state: state, journal: text) }?.code == .journalCorrupt)
    }
    let renamed = state.replacing("\"app\":{", with: "\"other\":{")
    #expect(thrownError { try read(state: renamed) }?.code == .journalCorrupt)
  }

  @Test("a link to the active generation that is missing or leads elsewhere is made again")
  func repair() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    try node.disk.perform(.remove("/opt/gtach/current"))
    try node.recover()
    #expect(try node.active() == "1.0.0")
    try node.disk.perform(.remove("/opt/gtach/current"))
    try node.disk.perform(.makeSymbolicLink(at: "/opt/gtach/current", to: "generations/77"))
    try node.recover()
    #expect(try node.active() == "1.0.0")
  }

  @Test("a history keeps its newest entries, one for each transaction, and survives lines that it cannot read")
  func history() throws {
    func entry(_ number: Int, _ message: String = "done") -> HistoryEntry {
      HistoryEntry(
        transaction: number, started: Timestamp(secondsSinceEpoch: 0), kind: .install,
        result: UpdateResult(
          name: Sample.name, version: Sample.version("1.0.0"), success: true, message: message))
    }
    var bytes = Array("not JSON\n".utf8)
    for number in 1...3 { bytes = try InstallHistory.appending(entry(number), to: bytes) }
    bytes = try InstallHistory.appending(entry(3, "done twice"), to: bytes)
    var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.last?.contains("done twice") == true)
    for number in 4...600 { bytes = try InstallHistory.appending(entry(number), to: bytes) }
    lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == InstallHistory.maximumEntries)
    #expect(lines.last?.contains("\"transaction\":600") == true)
    let long = entry(601, String(repeating: "x", count: InstallHistory.maximumBytes))
    #expect(try InstallHistory.appending(long, to: bytes).split(separator: 0x0A).count == 1)
  }

  @Test("what of the history can be read is, and a line that cannot be keeps nobody from the others")
  func historyEntries() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
    try node.install("1.1.0")
    let bytes = try #require(node.disk.read(node.layout.history))
    let entries = InstallHistory.entries(Array("{\n".utf8) + bytes)
    #expect(entries.map(\.result.success) == [true, false])
    #expect(entries.map(\.transaction) == [1, 2])
    #expect(entries[1].result.selfTest?.results.first?.actual == "0")
    #expect(entries[1].concerns(Sample.name))
    #expect(!entries[1].concerns(Sample.name("lib")))
  }
}
