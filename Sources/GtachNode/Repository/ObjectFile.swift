import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// A stored object. With the digests of its units beside it, any unit can be checked against the object's id without
/// reading the rest.
///
///     8 bytes   the head of a skippable frame of zstd (RFC 8878, 3.1.2), which says how long the next two are
///     8 bytes   the unit size and the object's length, big-endian
///     each unit: its digest (16 bytes)
///     3 bytes   those that a frame of zstd begins with, without the last
///     the object
///
/// An object that needs nothing else is one zero byte and a frame without its first four bytes. In its file, the fourth
/// of them takes the zero byte's place: any decoder of zstd makes the chunk of the file, which so is the stored chunk as
/// well, under two names and once on the disk. It stands there from the start: a file that changed when it became a chunk
/// would be damaged by another process that stores the same first unit once more.
struct ObjectFile {
  /// Where the unit size stands, and behind it the object's length: four bytes each.
  private static let sizesOffset = Zstd.skippableHeadBytes
  /// Where the digests of the units begin.
  private static let digestsOffset = sizesOffset + 8
  /// What stands before the object's bytes.
  let units: UnitList
  private let path: String

  /// The file's content for an object.
  static func encode(_ object: [UInt8], units: UnitList) -> [UInt8] { header(units) + exchangingFirst(object) }

  /// An object or its first unit as the file has it, and back: of the first byte, zero and the last of a frame's magic
  /// number have changed places. No object begins with the latter: it would have a prefix of 31 parts.
  static func exchangingFirst(_ bytes: [UInt8]) -> [UInt8] {
    guard let first = bytes.first, let last = Zstd.magic.last, first == 0 || first == last else { return bytes }
    var exchanged = bytes
    exchanged[0] = first ^ last
    return exchanged
  }

  /// What stands in the file before the object's bytes.
  static func header(_ units: UnitList) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headerBytes(unitCount: units.digests.count))
    let described = digestsOffset - sizesOffset + units.digests.count * UnitDigest.byteCount
    bytes += Zstd.skippableHead(contentBytes: UInt32(described))
    for number in [units.unitSize, units.size] {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    for digest in units.digests { bytes += digest.bytes }
    bytes += Zstd.magic.dropLast()
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
    let unitSize = bytes[Self.sizesOffset...].prefix(4).reduce(0) { $0 << 8 | Int($1) }
    let size = bytes[(Self.sizesOffset + 4)...].prefix(4).reduce(0) { $0 << 8 | Int($1) }
    guard UnitList.unitSizes.contains(unitSize) else { throw damaged }
    let count = UnitList.count(size: size, unitSize: unitSize)
    guard count <= maximumUnits, bytes.count > Self.headerBytes(unitCount: count) else { throw damaged }
    var digests: [UnitDigest] = []
    for number in 0..<count {
      let start = Self.digestsOffset + number * UnitDigest.byteCount
      guard let digest = UnitDigest(bytes[start..<start + UnitDigest.byteCount]) else { throw damaged }
      digests.append(digest)
    }
    self.path = path
    units = try UnitList(digests, size: size, unitSize: unitSize, object: id, hashing: SHA256())
    guard bytes.starts(with: Self.header(units)) else { throw damaged }
  }

  /// The bytes of a unit, hashed as they are read.
  ///
  /// - Throws: `ErrorCode.objectCorrupt`, `ErrorCode.inputOutput`.
  func unit(_ number: Int) throws(GtachError) -> [UInt8] {
    let range = units.bytes(ofUnit: number)
    let start = Self.headerBytes(unitCount: units.digests.count)
    var bytes = try FileSystem().read(path, offset: start + range.lowerBound, count: range.count)
    if number == 0 { bytes = Self.exchangingFirst(bytes) }
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

  /// Gives the file of an object that needs nothing else its chunk's name as well; nothing where another one has it.
  ///
  /// - Parameter path: The chunk's.
  /// - Throws: `ErrorCode.inputOutput`, also where the file system knows no hard links; `ErrorCode.diskFull`.
  func becomeChunk(at path: String) throws(GtachError) {
    try FileSystem().makeHardLink(to: self.path, at: path)
  }

  /// How many bytes stand in the file of an object of so many units before the object's own.
  static func headerBytes(unitCount: Int) -> Int {
    digestsOffset + unitCount * UnitDigest.byteCount + Zstd.magic.count - 1
  }
}
