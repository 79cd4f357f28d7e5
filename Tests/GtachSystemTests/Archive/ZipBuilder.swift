/// Writes zip archives byte by byte (PKWARE's APPNOTE.TXT, 4.3 and 4.4), such as no honest program would. Nothing is
/// compressed.
struct ZipBuilder {
  private var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// - Parameter mode: A Unix mode with its type, as `0o100755`; nil for a zip that was made under DOS.
  mutating func add(
    _ path: String, mode: Int? = 0o100644, content: [UInt8] = [], claimedSize: Int? = nil, flags: Int = 0x0800
  ) {
    let size = claimedSize ?? content.count
    let common =
      Self.little(flags, 2) + Self.little(0, 2) + Self.little(0x0021_0000, 4) + Self.little(Self.crc32(content), 4)
      + Self.little(content.count, 4) + Self.little(size, 4) + Self.little(path.utf8.count, 2) + Self.little(0, 2)
    let offset = bytes.count
    bytes += Self.little(0x0403_4B50, 4) + Self.little(20, 2) + common + Array(path.utf8) + content
    directory += Self.little(0x0201_4B50, 4) + [20, mode == nil ? 0 : 3] + Self.little(20, 2) + common
    directory += Self.little(0, 6) + Self.little((mode ?? 0) << 16, 4) + Self.little(offset, 4) + Array(path.utf8)
    count += 1
  }

  /// The archive with its table.
  var finished: [UInt8] {
    bytes + directory + Self.little(0x0605_4B50, 4) + Self.little(0, 4) + Self.little(count, 2) + Self.little(count, 2)
      + Self.little(directory.count, 4) + Self.little(bytes.count, 4) + Self.little(0, 2)
  }

  private static func little(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }

  private static func crc32(_ bytes: [UInt8]) -> Int {
    var sum: UInt32 = ~0
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return Int(~sum)
  }
}
