#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// Reads the names in the table of a zip (PKWARE's APPNOTE.TXT, 4.3.12): those that are UTF-8, and those with `\`, which
/// is a letter like any other where the zip was made under Unix, and for libarchive a `/`; and where its links lead.
///
/// Whether the archive is a sound one is not its affair: where there is no table, there are no names.
struct ZipNames {
  /// More than the table of as many files as a release may have.
  private static let maximumTableBytes = 256 << 20
  /// The end of the table with the longest comment (4.3.16), and what a table of more than 4 GB has before it.
  private static let maximumEndBytes = 22 + 65_535 + 20

  /// Takes note of the names in a file; its position stays where it is.
  static func note(in file: Descriptor, size: Int, into names: WrittenNames) {
    guard let (table, start) = table(of: file, size: size) else { return }
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
      if isUnix, let link = linkTarget(rest, in: file, start: start), WrittenNames.mayChange(link) {
        names.note(link: link)
      }
      rest = rest.dropFirst(length)
    }
  }

  /// Where a symbolic link leads whose data are not compressed, as those of links hardly ever are; nil for anything else.
  ///
  /// - Parameter start: Where the first member is in the file.
  private static func linkTarget(_ entry: ArraySlice<UInt8>, in file: Descriptor, start: Int) -> String? {
    let isLink = little(entry, 40, 2) & 0o170000 == 0o120000
    let (method, size, offset) = (little(entry, 10, 2), little(entry, 20, 4), little(entry, 42, 4))
    guard isLink, method == 0, size <= ArchiveLimits.maximumPathBytes else { return nil }
    let header = read(file, at: start + offset, count: 30)
    guard header.count == 30, little(header[...], 0, 4) == 0x0403_4B50 else { return nil }
    let data = start + offset + 30 + little(header[...], 26, 2) + little(header[...], 28, 2)
    return String(validating: read(file, at: data, count: size), as: UTF8.self)
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

  /// The table, which its end tells the length of, and which ends where that begins; and where the archive begins, as a
  /// program may stand before it.
  private static func table(of file: Descriptor, size: Int) -> (bytes: [UInt8], start: Int)? {
    let endStart = max(0, size - maximumEndBytes)
    let tail = read(file, at: endStart, count: size - endStart)
    guard tail.count >= 22 else { return nil }
    for position in stride(from: tail.count - 22, through: 0, by: -1)
    where little(tail[position...], 0, 4) == 0x0605_4B50 {
      var (end, length) = (endStart + position, little(tail[position...], 12, 4))
      var offset = little(tail[position...], 16, 4)
      if position >= 20, little(tail[(position - 20)...], 0, 4) == 0x0706_4B50 {
        // Its offset is 8 bytes, of which the last would make it longer than any disk.
        end = little(tail[(position - 20)...], 8, 7)
        let record = read(file, at: end, count: 56)
        guard record.count == 56, little(record[...], 0, 4) == 0x0606_4B50 else { return nil }
        (length, offset) = (little(record[...], 40, 7), little(record[...], 48, 7))
      }
      guard length <= min(end, maximumTableBytes), offset <= end - length else { return nil }
      let table = read(file, at: end - length, count: length)
      return table.count == length ? (table, end - length - offset) : nil
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
