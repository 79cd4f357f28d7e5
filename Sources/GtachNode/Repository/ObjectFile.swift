import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// A stored object: its unit size and its length (4 bytes each, big-endian), the digest of each unit (16 bytes), and its bytes.
/// With the digests beside it, any unit can be checked against the object's id without reading the rest.
struct ObjectFile {
  /// What stands before the object's bytes.
  let units: UnitList
  private let path: String

  /// The file's content for an object.
  static func encode(_ object: [UInt8], units: UnitList) -> [UInt8] { header(units) + object }

  /// What stands in the file before the object's bytes.
  static func header(_ units: UnitList) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headerBytes(unitCount: units.digests.count))
    for number in [units.unitSize, units.size] {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    for digest in units.digests { bytes += digest.bytes }
    return bytes
  }

  /// Opens a stored object, and checks its list of units against its id.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here, `ErrorCode.objectCorrupt` where it is damaged,
  ///   `ErrorCode.inputOutput`.
  init(path: String, id: ObjectID) throws(GtachError) {
    let damaged = GtachError(.objectCorrupt, "the stored object \(id) is damaged")
    let maximumUnits = UnitList.count(
      size: Limits.zstdFrameBytes(size: Chunker.maximumBytes),
      unitSize: UnitList.unitSizes.lowerBound)
    let bytes = try FileSystem().read(path, offset: 0, count: Self.headerBytes(unitCount: maximumUnits))
    guard bytes.count > Self.headerBytes(unitCount: 0) else { throw damaged }
    let unitSize = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
    let size = bytes[4..<8].reduce(0) { $0 << 8 | Int($1) }
    guard UnitList.unitSizes.contains(unitSize) else { throw damaged }
    let count = UnitList.count(size: size, unitSize: unitSize)
    guard count <= maximumUnits, bytes.count > Self.headerBytes(unitCount: count) else { throw damaged }
    var digests: [UnitDigest] = []
    for number in 0..<count {
      let start = Self.headerBytes(unitCount: number)
      guard let digest = UnitDigest(bytes[start..<start + UnitDigest.byteCount]) else { throw damaged }
      digests.append(digest)
    }
    self.path = path
    units = try UnitList(digests, size: size, unitSize: unitSize, object: id, hashing: SHA256())
  }

  /// The bytes of a unit, hashed as they are read.
  ///
  /// - Throws: `ErrorCode.objectCorrupt`, `ErrorCode.inputOutput`.
  func unit(_ number: Int) throws(GtachError) -> [UInt8] {
    let range = units.bytes(ofUnit: number)
    let start = Self.headerBytes(unitCount: units.digests.count)
    let bytes = try FileSystem().read(path, offset: start + range.lowerBound, count: range.count)
    try units.check(bytes[...], number: number, hashing: SHA256())
    return bytes
  }

  /// All of the object's bytes, hashed as they are read.
  ///
  /// - Throws: `ErrorCode.objectCorrupt`, `ErrorCode.inputOutput`.
  func object() throws(GtachError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(units.size)
    for number in units.digests.indices { bytes += try unit(number) }
    return bytes
  }

  /// How many bytes stand in the file of an object of so many units before the object's own.
  static func headerBytes(unitCount: Int) -> Int { 8 + unitCount * UnitDigest.byteCount }
}
