import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// The arrival of one object: its unit list is checked against its id, each unit against the list, in any order. An object
/// of one unit has the list that its bytes give, so that nobody need send it.
struct ObjectReceiver {
  let variant: VariantID
  let number: Int
  let index: ChunkIndex
  private var list: UnitList?
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

  /// The digests of its units, once they are here.
  var digests: [Digest]? { list?.digests }

  var object: ChunkIndex.Object { index.objects[number] }

  /// The questions that bring it, to be sent one after the other.
  func requests(id: UInt32) -> [Message] {
    let units = Message.getUnits(GetUnits(id: id, object: object.id, first: 0, count: UInt16(unitCount)))
    return unitCount == 1 ? [units] : [.getUnitList(GetUnitList(id: id, object: object.id)), units]
  }

  /// Takes the list of unit digests.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it is not the one that the object is named by.
  mutating func accept(_ listing: UnitListing) throws(GtachError) {
    guard list == nil else { throw GtachError(.protocolViolation, "a unit list came twice") }
    list = try list(listing.digests)
  }

  private func list(_ digests: [Digest]) throws(GtachError) -> UnitList {
    try UnitList(digests, size: object.size, unitSize: index.unitSize, object: object.id, hashing: SHA256())
  }

  /// Takes a unit.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it does not hash to what the list, or the id, says; `protocolViolation`
  ///   before the list is here.
  mutating func accept(_ unit: ObjectUnit) throws(GtachError) {
    if unitCount == 1, list == nil { list = try list([SHA256().digest(of: unit.bytes)]) }
    guard let list else {
      throw GtachError(.protocolViolation, "a unit came before its object's unit list")
    }
    guard units[Int(unit.number)] == nil else {
      throw GtachError(.protocolViolation, "a unit came twice")
    }
    try list.check(unit.bytes[...], number: Int(unit.number), hashing: SHA256())
    units[Int(unit.number)] = unit.bytes
    receivedBytes += unit.bytes.count
  }

  /// The object's bytes, once every unit is here.
  var bytes: [UInt8]? {
    guard units.count == unitCount else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(object.size)
    for position in 0..<unitCount { bytes += units[position] ?? [] }
    return bytes
  }
}
