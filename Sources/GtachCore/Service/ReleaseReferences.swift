import GtachModel

/// The places of a unit file that lead to a package's active release: `/opt/gtach/current/NAME`,
/// `%h/.gtach/apps/current/NAME`.
enum ReleaseReferences {
  /// The unit file with every such path leading into one install root.
  ///
  /// - Parameter layout: Whose root has only characters that stand for themselves in a unit file.
  static func redirected(_ unit: [UInt8], of name: PackageName, to layout: InstallLayout) -> [UInt8] {
    let marker = Array(InstallLayout(root: "").active(name).utf8)
    let target = Array(layout.active(name).utf8)
    var result: [UInt8] = []
    // Where the word begins that the next byte belongs to, in `result`.
    var word = 0
    var position = unit.startIndex
    while position < unit.endIndex {
      let end = position + marker.count
      if unit[position...].starts(with: marker), end == unit.endIndex || isEnd(unit[end]), isRoot(result[word...]) {
        result.removeSubrange(word...)
        result += target
        position = end
        continue
      }
      let byte = unit[position]
      result.append(byte)
      // The letters before a program in ExecStart= say how it is run.
      if isSeparator(byte) || (word == result.count - 1 && "@-+!|".utf8.contains(byte)) { word = result.count }
      position += 1
    }
    return result
  }

  /// Whether it is an absolute path, or one below a specifier ("Specifiers" in systemd.unit(5)).
  private static func isRoot(_ path: ArraySlice<UInt8>) -> Bool {
    guard path.first == UInt8(ascii: "%") else { return path.first == UInt8(ascii: "/") }
    return path.count == 2 || (path.count > 2 && path[path.startIndex + 2] == UInt8(ascii: "/"))
  }

  private static func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || isSeparator(byte) }

  private static func isSeparator(_ byte: UInt8) -> Bool { " \t\r\n\"'=:;,".utf8.contains(byte) }
}
