import GtachModel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was read from an install root: the only thing that a decision about it knows of the disk.
public struct InstallRecords: Hashable, Sendable {
  /// What is installed.
  public var state: InstallState
  /// The transaction that was under way; nil where none was.
  public var journal: UpdateJournal?
  /// The bytes of `history.jsonl`.
  public var history: [UInt8]
  /// Whether nothing was ever written here.
  public var isNew: Bool

  /// The largest `state.json`, `journal.json` or `history.jsonl` that is read, in bytes.
  public static let maximumBytes = 16 << 20

  /// Reads the files of an install root.
  ///
  /// A file that cannot be understood is never taken for an empty one: whoever believed that nothing is installed
  /// would remove every release as a leftover.
  ///
  /// - Parameters:
  ///   - state: The bytes of `state.json`; nil where it is absent.
  ///   - journal: The bytes of `journal.json`; nil where it is absent.
  ///   - history: The bytes of `history.jsonl`; empty where it is absent.
  ///   - entries: The names in the install root; empty where that is absent.
  /// - Throws: `ErrorCode.journalCorrupt`.
  public init(state: [UInt8]?, journal: [UInt8]?, history: [UInt8], entries: [String]) throws(GtachError) {
    self.history = history
    if let state {
      self.state = try Self.decode(InstallState.self, state, "state.json")
      isNew = false
      try Self.check(format: self.state.format, known: InstallState.format, "state.json")
      guard self.state.generation >= 0, self.state.lastTransaction >= self.state.generation else {
        throw Self.corrupt("state.json", "its generations contradict each other")
      }
      for (name, package) in self.state.packages {
        let strangers = package.kept.filter { $0.id.name != name }
        guard strangers.isEmpty else { throw Self.corrupt("state.json", "\(name) has a release of another package") }
        let files = package.kept.flatMap { ($0.configuration ?? [:]).keys }
        guard files.allSatisfy({ ReleasePath.components(of: $0)?.isEmpty == false }) else {
          throw Self.corrupt("state.json", "\(name) has a configuration that lies elsewhere")
        }
      }
    } else {
      let traces = entries.filter { Self.traces.contains($0) }
      guard traces.isEmpty, journal == nil else {
        throw Self.corrupt("state.json", "it is missing, although \(traces.joined(separator: ", ")) is there")
      }
      self.state = InstallState()
      isNew = true
    }
    self.journal = nil
    if let journal {
      let journal = try Self.decode(UpdateJournal.self, journal, "journal.json")
      try Self.check(format: journal.format, known: UpdateJournal.format, "journal.json")
      // A journal belongs to the state beside it: its transaction is the next one, or has just ended.
      guard journal.attempt >= 0, journal.generationBefore >= 0, journal.transaction != journal.generationBefore,
        (0...1).contains(journal.transaction - self.state.lastTransaction)
      else { throw Self.corrupt("journal.json", "its numbers do not follow those of state.json") }
      guard !journal.members.isEmpty else { throw Self.corrupt("journal.json", "it is about no release") }
      var names: Set<PackageName> = []
      for member in journal.members {
        guard names.insert(member.name).inserted, member.before.kept.allSatisfy({ $0.id.name == member.name }) else {
          throw Self.corrupt("journal.json", "it mixes packages")
        }
        let preserved = PreservedData(member.release, layout: InstallLayout(root: "")).paths.map(\.text)
        guard Set(member.seeded ?? []).isSubset(of: preserved) else {
          throw Self.corrupt("journal.json", "\(member.release.id) does not preserve all that it says to have brought")
        }
      }
      for dependent in journal.dependents where !names.insert(dependent.release.id.name).inserted {
        throw Self.corrupt("journal.json", "it has \(dependent.release.id.name) twice")
      }
      self.journal = journal
    }
  }

  /// Forgets releases that are no longer there, because somebody removed them: nothing may be made to lead to them.
  ///
  /// - Parameter isPresent: Whether a release's directory exists.
  public mutating func forget(unless isPresent: (ReleaseID) throws(GtachError) -> Bool) throws(GtachError) {
    for (name, package) in state.packages {
      if let active = package.active, try !isPresent(active.id) { state.packages[name]?.active = nil }
      if let previous = package.previous, try !isPresent(previous.id) { state.packages[name]?.previous = nil }
      var older: [InstallState.Release] = []
      for release in package.older ?? [] where try isPresent(release.id) { older.append(release) }
      state.packages[name]?.older = older.isEmpty ? nil : older
    }
  }

  // What exists only where state.json was written before.
  private static let traces: Set<String> = ["current", "releases", "generations", "journal.json"]

  private static func check(format: Int, known: Int, _ file: String) throws(GtachError) {
    guard format == known else {
      throw corrupt(file, "it has format \(format), this program knows \(known)")
    }
  }

  private static func corrupt(_ file: String, _ reason: String) -> GtachError {
    GtachError(
      .journalCorrupt, "\(file) of the install root cannot be trusted", reason: reason,
      advice: "nothing was changed and what is active keeps running; restore the file from a backup, "
        + "or move the whole install root away and install again")
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], _ file: String
  ) throws(GtachError) -> Value {
    do {
      return try JSONReading.decode(type, from: bytes)
    } catch {
      throw corrupt(file, StrictJSON.explanation(of: error, in: bytes))
    }
  }
}

/// Writes the files of an install root.
enum InstallCoding {
  /// A value as JSON on one line, keys sorted.
  ///
  /// - Throws: `ErrorCode.bug` where it cannot be written.
  static func encode(_ value: some Encodable) throws(GtachError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value)) + [0x0A]
    } catch {
      throw GtachError(.bug, "the state of an install root cannot be written", reason: "\(error)")
    }
  }
}
