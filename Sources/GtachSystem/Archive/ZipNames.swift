#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// Reads the names in the table of a zip (PKWARE's APPNOTE.TXT, 4.3.12): those that are UTF-8, and those with `\`, which
/// is a letter like any other where the zip was made under Unix, and for libarchive a `/`.
///
/// Whether the archive is a sound one is not its affair: where there is no table, there are no names.
struct ZipNames {
  /// More than the table of as many files as a release may have.
  private static let maximumTableBytes = 256 << 20
  /// The end of the table with the longest comment (4.3.16), and what a table of more than 4 GB has before it.
  private static let maximumEndBytes = 22 + 65_535 + 20

  /// Takes note of the names in a file; its position stays where it is.
  static func note(in file: Descriptor, size: Int, into names: WrittenNames) {
    guard let table = table(of: file, size: size) else { return }
    var rest = table[...]
    while rest.count >= 46, little(rest, 0, 4) == 0x0201_4B50 {
      let lengths = (name: little(rest, 28, 2), extra: little(rest, 30, 2), comment: little(rest, 32, 2))
      let length = 46 + lengths.name + lengths.extra + lengths.comment
      guard length <= rest.count else { return }
      let bytes = rest.dropFirst(46).prefix(lengths.name)
      let isUnix = [3, 19].contains(little(rest, 5, 1))
      let unicode = unicodeName(in: rest.dropFirst(46 + lengths.name).prefix(lengths.extra))
      if let name = String(validating: unicode ?? bytes, as: UTF8.self) {
        let isSlashed = isUnix && name.contains("\\") && !name.contains("/")
        if isSlashed {
          names.note(path: name, readAs: name.replacing("\\", with: "/"))
        } else if WrittenNames.mayChange(name) {
          names.note(path: name)
        }
      }
      rest = rest.dropFirst(length)
    }
  }

  /// The name in Info-ZIP's field for it: a version, a checksum of the other name, then UTF-8 (4.6.9).
  private static func unicodeName(in extra: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var rest = extra
    while rest.count >= 4 {
      let (kind, length) = (little(rest, 0, 2), little(rest, 2, 2))
      let field = rest.dropFirst(4).prefix(length)
      if kind == 0x7075, field.count > 5, field.first == 1 { return field.dropFirst(5) }
      rest = rest.dropFirst(4 + length)
    }
    return nil
  }

  /// The table, which its end tells the length of, and which ends where that begins.
  private static func table(of file: Descriptor, size: Int) -> [UInt8]? {
    let endStart = max(0, size - maximumEndBytes)
    let tail = read(file, at: endStart, count: size - endStart)
    guard tail.count >= 22 else { return nil }
    for position in stride(from: tail.count - 22, through: 0, by: -1)
    where little(tail[position...], 0, 4) == 0x0605_4B50 {
      var (start, length) = (endStart + position, little(tail[position...], 12, 4))
      if position >= 20, little(tail[(position - 20)...], 0, 4) == 0x0706_4B50 {
        // Its offset is 8 bytes, of which the last would make it longer than any disk.
        let offset = little(tail[(position - 20)...], 8, 7)
        let record = read(file, at: offset, count: 56)
        guard record.count == 56, little(record[...], 0, 4) == 0x0606_4B50 else { return nil }
        (start, length) = (offset, little(record[...], 40, 7))
      }
      guard length <= min(start, maximumTableBytes) else { return nil }
      let table = read(file, at: start - length, count: length)
      return table.count == length ? table : nil
    }
    return nil
  }

  private static func read(_ file: Descriptor, at offset: Int, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let step = bytes.withUnsafeMutableBytes { buffer in
        pread(file.number, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { break }
      done += step
    }
    return Array(bytes.prefix(done))
  }

  private static func little(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ count: Int) -> Int {
    var value = 0
    for position in (0..<count).reversed() { value = value << 8 | Int(bytes[bytes.startIndex + offset + position]) }
    return value
  }
}
