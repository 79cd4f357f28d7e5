import GtachCore
import GtachModel
import GtachSystem
import Synchronization

/// An object whose units arrive one by one, in any order and from several threads, and are given out meanwhile: a file
/// as `ObjectFile` has it, with holes where units are missing. In memory are only the list of its units and a bit for
/// each; the file is opened for one unit at a time, as thousands of objects may arrive at once.
///
/// Nothing is synced: what a crash leaves is read and hashed by whoever goes on with it.
final class ArrivingObject: Sendable {
  /// What storing a unit came to.
  enum Step {
    /// Others are missing still, or somebody settles the object already.
    case stored
    /// It was the last one: whoever is told so settles the object.
    case whole
    /// The file is gone.
    case gone
  }

  /// The object's id.
  let id: ObjectID
  /// The digests of its units.
  let units: UnitList
  private let files = FileSystem()
  private let state: Mutex<State>

  private struct State {
    /// Where the file is.
    var path: String
    var isOpen = false
    var here: UnitSet
    /// The units are all here, and one thread makes a stored object of them.
    var isSettling = false
  }

  /// - Parameter path: Where its file is, or will be.
  init(id: ObjectID, units: UnitList, path: String) {
    self.id = id
    self.units = units
    state = Mutex(State(path: path, here: UnitSet(below: units.digests.count)))
  }

  /// The units that are here.
  var here: UnitSet { state.withLock { $0.here } }

  /// Takes up what an earlier process left, each unit read and hashed; makes a new file where there is none of this
  /// object. Does so once; meanwhile, other threads that have to do with this object wait.
  ///
  /// - Parameter make: Stores the beginning of the file.
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func open(_ make: (_ header: [UInt8], _ path: String) throws(GtachError) -> Void) throws(GtachError) {
    try state.withLock { state throws(GtachError) in
      guard !state.isOpen else { return }
      if let found = try units(in: state.path) {
        state.here = found
      } else {
        try make(ObjectFile.header(units), state.path)
      }
      state.isOpen = true
    }
  }

  /// Stores a unit, unless it is here already.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it is not what the list says; `ErrorCode.diskFull`,
  ///   `ErrorCode.inputOutput`.
  func store(_ unit: [UInt8], number: Int) throws(GtachError) -> Step {
    let isKnown = units.digests.indices.contains(number) && state.withLock { $0.here.contains(number) }
    if !isKnown {
      try units.check(unit[...], number: number, hashing: SHA256())
      do throws(GtachError) {
        try files.write(
          number == 0 ? ObjectFile.exchangingFirst(unit) : unit, to: path, offset: range(ofUnit: number).lowerBound)
      } catch {
        guard error.code == .notFound else { throw error }
        // It is gone for good, unless the same unit came twice and was the last one.
        return state.withLock { $0.isSettling ? .stored : .gone }
      }
    }
    state.withLock { _ = $0.here.insert(number) }
    return beginSettling() ? .whole : .stored
  }

  /// The bytes of a unit, hashed as they are read; nil where it is not here, or not any more.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func unit(_ number: Int) throws(GtachError) -> [UInt8]? {
    guard units.digests.indices.contains(number), state.withLock({ $0.here.contains(number) }) else { return nil }
    let (path, range) = (path, range(ofUnit: number))
    do throws(GtachError) {
      var bytes = try files.read(path, offset: range.lowerBound, count: range.count)
      if number == 0 { bytes = ObjectFile.exchangingFirst(bytes) }
      try units.check(bytes[...], number: number, hashing: SHA256())
      return bytes
    } catch {
      switch error.code {
      case .notFound where self.path != path: return try self.unit(number)
      case .notFound: break
      case .objectCorrupt: state.withLock { _ = $0.here.remove(number) }
      default: throw error
      }
      return nil
    }
  }

  // MARK: Settling

  /// Whether all units are here and the caller is the one who settles the object.
  func beginSettling() -> Bool {
    state.withLock { state in
      guard state.here.count == units.digests.count, !state.isSettling else { return false }
      state.isSettling = true
      return true
    }
  }

  /// Says that settling failed, so that it can be tried again.
  func endSettling() { state.withLock { $0.isSettling = false } }

  /// Moves the file: to where no other process writes to it or replaces it, and back.
  ///
  /// - Throws: `ErrorCode.notFound`, `ErrorCode.inputOutput`.
  func move(to path: String) throws(GtachError) {
    try state.withLock { state throws(GtachError) in
      try files.perform(.rename(from: state.path, to: path))
      state.path = path
    }
  }

  /// The bytes of the whole object as they are on the disk.
  ///
  /// - Throws: `ErrorCode.notFound`, `ErrorCode.inputOutput`.
  func content() throws(GtachError) -> [UInt8] {
    let start = ObjectFile.headerBytes(unitCount: units.digests.count)
    return ObjectFile.exchangingFirst(try files.read(path, offset: start, count: units.size))
  }

  /// Reads all units again, and keeps those that are right.
  ///
  /// - Returns: Whether all are.
  /// - Throws: `ErrorCode.inputOutput`.
  func recheck() throws(GtachError) -> Bool {
    let found = try units(in: path) ?? UnitSet(below: units.digests.count)
    return state.withLock { state in
      state.here = found
      return found.count == units.digests.count
    }
  }

  // MARK: Beneath

  /// Where the file is; it may be moved at any time.
  private var path: String { state.withLock { $0.path } }

  /// Which units are in a file, and right; nil where there is no file of this object.
  private func units(in path: String) throws(GtachError) -> UnitSet? {
    let header = ObjectFile.header(units)
    let bytes: [UInt8]
    do throws(GtachError) {
      bytes = try files.read(path, offset: 0, count: header.count + units.size)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
    guard bytes.starts(with: header) else { return nil }
    var found = UnitSet(below: units.digests.count)
    for number in units.digests.indices {
      let range = range(ofUnit: number)
      guard range.upperBound <= bytes.count else { break }
      do throws(GtachError) {
        let unit = Array(bytes[range])
        try units.check(
          (number == 0 ? ObjectFile.exchangingFirst(unit) : unit)[...], number: number, hashing: SHA256())
        found.insert(number)
      } catch {
        // A hole, or torn by a power cut: it is fetched again.
        continue
      }
    }
    return found
  }

  private func range(ofUnit number: Int) -> Range<Int> {
    let (start, range) = (ObjectFile.headerBytes(unitCount: units.digests.count), units.bytes(ofUnit: number))
    return start + range.lowerBound..<start + range.upperBound
  }
}
