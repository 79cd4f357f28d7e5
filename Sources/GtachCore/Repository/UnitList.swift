import GtachModel

/// The digests of the units that an object is cut into. The object's id is made of them, so a list can be
/// checked against an id before any unit is here, and each unit on its own in any order.
public struct UnitList: Hashable, Sendable {
  /// The smallest and the largest length of a unit in bytes, the last of an object excepted.
  public static let unitSizes = 4096...65_536

  /// The length of the object in bytes.
  public let size: Int
  /// The length of a unit in bytes, the last excepted.
  public let unitSize: Int
  /// The digest of each unit.
  public let digests: [UnitDigest]

  /// Cuts an object into units.
  public init(object: ArraySlice<UInt8>, unitSize: Int, hashing: some Hashing) {
    size = object.count
    self.unitSize = unitSize
    digests = stride(from: object.startIndex, to: object.endIndex, by: unitSize).map {
      UnitDigest(of: object[$0..<min($0 + unitSize, object.endIndex)], hashing: hashing)
    }
  }

  /// Checks a list that somebody sent.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it is not of that many bytes, or not the list of that id.
  public init(
    _ digests: [UnitDigest], size: Int, unitSize: Int, object id: ObjectID, hashing: some Hashing
  ) throws(GtachError) {
    func fail(_ reason: String) -> GtachError {
      GtachError(.objectCorrupt, "the list of units of object \(id) is wrong", reason: reason)
    }
    guard Self.unitSizes.contains(unitSize), size > 0 else {
      throw fail("units of \(unitSize) bytes, an object of \(size)")
    }
    guard digests.count == Self.count(size: size, unitSize: unitSize) else {
      throw fail("\(digests.count) units of \(unitSize) bytes for \(size) bytes")
    }
    self.size = size
    self.unitSize = unitSize
    self.digests = digests
    guard objectID(hashing: hashing) == id else { throw fail("it is another object's") }
  }

  /// The id of the object.
  public func objectID(hashing: some Hashing) -> ObjectID { ObjectID(units: digests, hashing: hashing) }

  /// Which bytes of the object a unit is.
  public func bytes(ofUnit number: Int) -> Range<Int> { number * unitSize..<min((number + 1) * unitSize, size) }

  /// Checks a unit.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where there is no unit of that number, or its length or digest is another.
  public func check(_ unit: ArraySlice<UInt8>, number: Int, hashing: some Hashing) throws(GtachError) {
    guard digests.indices.contains(number) else {
      throw GtachError(.objectCorrupt, "there is no unit \(number)", reason: "the object has \(digests.count)")
    }
    guard unit.count == bytes(ofUnit: number).count, UnitDigest(of: unit, hashing: hashing) == digests[number] else {
      throw GtachError(.objectCorrupt, "unit \(number) of an object is damaged")
    }
  }

  /// How many units an object has.
  public static func count(size: Int, unitSize: Int) -> Int {
    size / unitSize + (size % unitSize == 0 ? 0 : 1)
  }

  /// The unit size for a release: about 1,000 units if its objects are neither small nor large. A power of two, so
  /// that one release after the other has the same, and with it the same objects.
  public static func unitSize(objectBytes: Int) -> Int {
    // Between 707 and 1,414 units; the middle, on a logarithmic scale, is 1,000.
    var size = unitSizes.lowerBound
    while size < unitSizes.upperBound, objectBytes > size * 1414 { size *= 2 }
    return size
  }
}
