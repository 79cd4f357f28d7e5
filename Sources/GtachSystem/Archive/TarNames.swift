/// Listens to the bytes of a tar archive, and takes note of the names in its pax headers (POSIX.1-2017, pax, "pax
/// Interchange Format"): no other header of a tar says what its bytes mean, and libarchive leaves those as they are.
///
/// Whether the archive is a sound one is not its affair. Where it loses its place, as in data that a header does not
/// tell of, it finds the next header by its checksum.
struct TarNames {
  /// Longer extended headers have no names of a release.
  private static let maximumHeaderBytes = 1 << 20
  private static let blockBytes = 512

  private let names: WrittenNames
  private var block: [UInt8] = []
  private var wantedBytes = Self.blockBytes
  private var skippedBytes = 0
  private var isExtended = false
  /// What the extended header before a member says of it.
  private var records: [String: String] = [:]

  init(into names: WrittenNames) { self.names = names }

  /// Listens to the next bytes.
  mutating func scan(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let skipped = min(skippedBytes, rest.count)
      skippedBytes -= skipped
      rest = rest.dropFirst(skipped)
      let taken = rest.prefix(wantedBytes - block.count)
      block += taken
      rest = rest.dropFirst(taken.count)
      guard block.count == wantedBytes else { continue }
      if isExtended { endExtended() } else { endHeader() }
      block.removeAll(keepingCapacity: true)
    }
  }

  private mutating func endExtended() {
    isExtended = false
    skippedBytes = Self.padding(block.count)
    wantedBytes = Self.blockBytes
    records = Self.records(in: block[...])
  }

  private mutating func endHeader() {
    guard Self.isHeader(block), let size = Self.number(block[124..<136]) else { return }
    switch block[156] {
    case UInt8(ascii: "x") where (1...Self.maximumHeaderBytes).contains(size):
      isExtended = true
      wantedBytes = size
    case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"): skip(size)
    default:
      let path = records["GNU.sparse.name"] ?? records["path"]
      if let path, WrittenNames.mayChange(path) { names.note(path: path) }
      if let link = records["linkpath"], WrittenNames.mayChange(link) { names.note(link: link) }
      // Links, devices and directories have no data, whatever their length says.
      let hasData = !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(block[156])
      if hasData { skip(records["size"].flatMap { Int($0) } ?? size) }
      records = [:]
    }
  }

  private mutating func skip(_ size: Int) {
    guard size >= 0, size <= Int.max - Self.blockBytes else { return }
    skippedBytes = size + Self.padding(size)
  }

  private static func padding(_ size: Int) -> Int { (blockBytes - size % blockBytes) % blockBytes }

  /// Whether a block has the checksum of a header: the sum of its bytes, those of the checksum as spaces.
  private static func isHeader(_ block: [UInt8]) -> Bool {
    var sum = 8 * 0x20
    for (position, byte) in block.enumerated() where !(148..<156).contains(position) { sum += Int(byte) }
    return number(block[148..<156]) == sum && sum > 8 * 0x20
  }

  /// A number of a header: octal digits between spaces, or, for one that is too long, big-endian after a first bit.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      var value = Int(first & 0x3F)
      for byte in field.dropFirst() {
        guard value <= Int.max >> 8 else { return nil }
        value = value << 8 | Int(byte)
      }
      return value
    }
    let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    var value = 0
    for digit in digits { value = value << 3 | Int(digit - 0x30) }
    return value
  }

  /// The records of an extended header: `LENGTH KEYWORD=VALUE` and a line break, which the length counts, too.
  private static func records(in header: ArraySlice<UInt8>) -> [String: String] {
    var records: [String: String] = [:]
    var rest = header
    while let space = rest.firstIndex(of: 0x20), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
      length > space - rest.startIndex + 1, length <= rest.count
    {
      let record = rest[(space + 1)..<(rest.startIndex + length)].dropLast()
      rest = rest.dropFirst(length)
      guard let equals = record.firstIndex(of: 0x3D),
        let value = String(validating: record[(equals + 1)...], as: UTF8.self)
      else { continue }
      records[String(decoding: record[..<equals], as: UTF8.self)] = value
    }
    return records
  }
}
