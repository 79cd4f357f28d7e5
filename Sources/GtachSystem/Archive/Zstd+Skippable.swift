// Skippable frames (RFC 8878, 3.1.2): whatever one likes, which every decoder of zstd passes over.
extension Zstd {
  /// What one begins with, in the order of its bytes. The last four bits of the first byte are free.
  private static let skippableMagic: [UInt8] = [0x50, 0x2A, 0x4D, 0x18]
  /// How many bytes of a skippable frame stand before its content: what it begins with, and the content's length.
  public static let skippableHeadBytes = 8

  /// A skippable frame's bytes before its content.
  ///
  /// - Parameter contentBytes: How long the content is, in bytes.
  public static func skippableHead(contentBytes: UInt32) -> [UInt8] {
    skippableMagic + [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: contentBytes >> $0) }
  }

  /// What follows the skippable frames that some bytes begin with.
  public static func afterSkippable(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = bytes
    while rest.count >= skippableHeadBytes, rest.first.map({ $0 & 0xF0 == skippableMagic[0] }) ?? false,
      rest.dropFirst().starts(with: skippableMagic.dropFirst())
    {
      let size = rest.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard size <= rest.count - skippableHeadBytes else { break }
      rest = rest.dropFirst(skippableHeadBytes + size)
    }
    return rest
  }
}
