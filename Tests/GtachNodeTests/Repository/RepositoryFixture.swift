import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

/// A home in a directory of its own, with a source tree beside it.
struct RepositoryFixture {
  let directory: String
  var home: String { "\(directory)/home" }
  var tree: String { "\(directory)/tree" }
  var layout: RepositoryLayout { RepositoryLayout(home: home) }
  let files = FileSystem()

  /// Runs a test in a new directory, which is gone afterwards.
  static func with(_ body: (RepositoryFixture) throws -> Void) throws {
    let path = try FileSystem().temporaryDirectory(prefix: "gtach-test-")
    let result: Result<Void, any Error>
    do { result = .success(try body(RepositoryFixture(directory: path))) } catch { result = .failure(error) }
    try FileSystem().perform(.remove(path))
    try result.get()
  }

  func repository() throws(GtachError) -> PackageRepository { try PackageRepository(home: home) }

  static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: generator.next().littleEndian) { bytes += $0 } }
    return Array(bytes.prefix(count))
  }

  /// Writes a tree with some chunks' worth of bytes, of which `seed` changes a few.
  func writeTree(version: String = "1.0.0", seed: UInt64 = 1, extra: [String: [UInt8]] = [:]) throws(GtachError) {
    let description = "{ \"name\": \"app\", \"version\": \"\(version)\", \"exclude\": [\"*.log\"] }"
    try files.perform([
      .makeDirectory("\(tree)/bin"), .makeDirectory("\(tree)/.git"),
      .write(path: "\(tree)/gtach.json", bytes: Array(description.utf8), permissions: 0o644),
      .write(path: "\(tree)/bin/run", bytes: Array("#!/bin/sh\necho \(seed)\n".utf8), permissions: 0o755),
      .write(path: "\(tree)/data", bytes: Self.noise(2_400_000, seed: 99), permissions: 0o644),
      .write(path: "\(tree)/text", bytes: [UInt8](repeating: 65, count: 300_000), permissions: 0o644),
      .write(path: "\(tree)/debug.log", bytes: [1], permissions: 0o644),
      .write(path: "\(tree)/.git/config", bytes: [1], permissions: 0o644),
    ])
    for (path, bytes) in extra { try files.perform(.write(path: "\(tree)/\(path)", bytes: bytes, permissions: 0o644)) }
  }

  func pack(
    into repository: PackageRepository, created: Int64 = 1_700_000_000, level: Int? = 1, platform: Platform = .any
  ) throws(GtachError) -> PackedRelease {
    try PackageCreator(repository: repository).createPackage(
      source: tree, level: level, platform: platform, created: Timestamp(secondsSinceEpoch: created))
  }

  /// Packs the tree and makes it visible.
  func publish(into repository: PackageRepository, level: Int? = 1) throws(GtachError) -> PackedRelease {
    let packed = try pack(into: repository, level: level)
    try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
    return packed
  }

  /// Sends what another repository lacks, as a peer would.
  static func transfer(
    _ index: ChunkIndex, numbers: [Int], from source: PackageRepository, to target: PackageRepository
  ) throws(GtachError) {
    for number in numbers {
      let object = index.objects[number].id
      let (_, digests) = try source.unitList(object: object)
      var units: [[UInt8]] = []
      for unit in digests.indices { units.append(try source.unit(object: object, number: unit)) }
      try send(units, digests, ofObject: number, of: index, to: target)
    }
  }

  /// Sends all units of an object, and again where gc, or another writer, took away what had come.
  ///
  /// - Throws: What it throws itself, and what makes the object useless.
  static func send(
    _ units: [[UInt8]], _ digests: [UnitDigest], ofObject number: Int, of index: ChunkIndex,
    to target: PackageRepository
  ) throws(GtachError) {
    for _ in 0..<20 {
      var progress: ObjectProgress? = try target.beginObject(number, of: index, digests: digests)
      for (unit, bytes) in units.enumerated() {
        guard case .arriving? = progress ?? .arriving(units: []) else { break }
        progress = try target.storeUnit(bytes, number: unit, ofObject: number, of: index)
      }
      switch progress {
      case .whole?: return
      case .useless(let error)?: throw error
      case .arriving?, nil: continue
      }
    }
    throw GtachError(.bug, "the object \(number) is not whole")
  }

  /// Changes a byte in the middle of a file.
  func damage(_ path: String) throws(GtachError) {
    var bytes = try files.read(path, maximumBytes: 1 << 24)
    bytes[bytes.count / 2] ^= 0x10
    try files.perform(.write(path: path, bytes: bytes, permissions: 0o644))
  }
}

/// The code of the error that the body throws, and nil if it throws none.
func errorCode<Result>(_ body: () throws -> Result) -> ErrorCode? {
  do {
    _ = try body()
    return nil
  } catch let error as GtachError {
    return error.code
  } catch {
    Issue.record(error, "every error is a GtachError")
    return nil
  }
}
