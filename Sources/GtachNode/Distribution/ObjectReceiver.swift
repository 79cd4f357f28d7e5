import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// The arrival of one object, all of whose units one peer is asked for. So nobody need send their list: the units give it
/// when all of them are here, and the object's id is the check. A peer that lies wastes one object's bytes, once.
struct ObjectReceiver {
  let variant: VariantID
  let number: Int
  let index: ChunkIndex
  private var units: [Int: [UInt8]] = [:]
  private let unitCount: Int
  /// Bytes of units that are here.
  private(set) var receivedBytes = 0

  init(variant: VariantID, number: Int, index: ChunkIndex) {
    self.variant = variant
    self.number = number
    self.index = index
    unitCount = UnitList.count(size: index.objects[number].size, unitSize: index.unitSize)
  }

  var object: ChunkIndex.Object { index.objects[number] }

  /// The question that brings it.
  func request(id: UInt32) -> Message {
    .getUnits(GetUnits(id: id, object: object.id, first: 0, count: UInt16(unitCount)))
  }

  /// Takes a unit.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for one that the object does not have, or that is longer or shorter than the
  ///   index says; `protocolViolation` for one that came already.
  mutating func accept(_ unit: ObjectUnit) throws(GtachError) {
    let number = Int(unit.number)
    guard units[number] == nil else { throw GtachError(.protocolViolation, "a unit came twice") }
    guard number < unitCount, unit.bytes.count == min(index.unitSize, object.size - number * index.unitSize) else {
      throw GtachError(
        .objectCorrupt, "the peer sent a unit that the object \(object.id) does not have",
        reason: "number \(number) of \(unitCount), \(unit.bytes.count) bytes")
    }
    units[number] = unit.bytes
    receivedBytes += unit.bytes.count
  }

  /// Whether every unit is here.
  var isWhole: Bool { units.count == unitCount }

  /// The object that came, and the digests of its units.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it is another one, which is the peer's fault.
  func content() throws(GtachError) -> (bytes: [UInt8], digests: [UnitDigest]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(object.size)
    for position in 0..<unitCount { bytes += units[position] ?? [] }
    let list = UnitList(object: bytes[...], unitSize: index.unitSize, hashing: SHA256())
    guard list.objectID(hashing: SHA256()) == object.id else {
      throw GtachError(.objectCorrupt, "the peer sent other bytes than those of the object \(object.id)")
    }
    return (bytes, list.digests)
  }
}
