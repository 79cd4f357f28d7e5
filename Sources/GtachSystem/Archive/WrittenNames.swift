/// The names in an archive, letter by letter as they are written there.
///
/// libarchive composes those that an archive says are UTF-8 (Unicode's normalisation form C): the `e` with an accent
/// after it that a Mac writes becomes one letter, another name for every file system but a Mac's. Two strings of Swift
/// are equal where they are canonically equivalent, so what libarchive says finds what was written.
final class WrittenNames {
  private var paths: [String: [String]] = [:]
  private var links: [String: [String]] = [:]

  /// Takes note of the path of a member.
  ///
  /// - Parameter read: What libarchive makes of it, but for the form of its letters.
  func note(path: String, readAs read: String? = nil) { paths[Self.key(read ?? path), default: []].append(path) }

  /// Takes note of what a member links to.
  func note(link: String) { links[Self.key(link), default: []].append(link) }

  /// The path of the next member for which libarchive says this one.
  func path(_ read: String) -> String { Self.take(read, from: &paths) }

  /// What the next member links to for which libarchive says this.
  func link(_ read: String) -> String { Self.take(read, from: &links) }

  private static func take(_ read: String, from names: inout [String: [String]]) -> String {
    let key = key(read)
    guard !names.isEmpty, var written = names.removeValue(forKey: key) else { return read }
    let name = written.removeFirst()
    if !written.isEmpty { names[key] = written }
    return name
  }

  /// libarchive ends the paths of directories with a `/`, whatever the archive does.
  private static func key(_ name: String) -> String { name.hasSuffix("/") ? String(name.dropLast()) : name }

  /// Whether libarchive may make another name of it.
  static func mayChange(_ name: String) -> Bool { name.utf8.contains { $0 >= 0x80 } }
}
