/// The names of systemd's units, as systemd.unit(5) has them.
public enum UnitName {
  /// The longest name of a unit in bytes.
  static let maximumBytes = 255

  /// Whether it is the name of a service that can be started as it is: not a template, whose name has an `@`.
  public static func isService(_ name: String) -> Bool {
    name.hasSuffix(".service") && name.utf8.count <= maximumBytes && isStem(name.dropLast(".service".count), beside: "")
  }

  /// Whether it is the name of a unit of any kind, an instance of a template among them.
  public static func isUnit(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: "."), name.utf8.count <= maximumBytes else { return false }
    return kinds.contains(String(name[name.index(after: dot)...])) && isStem(name[..<dot], beside: "@\\")
  }

  private static let kinds: Set<String> = [
    "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope",
  ]

  private static func isStem(_ stem: Substring, beside others: String) -> Bool {
    !stem.isEmpty
      && stem.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: ":"):
          true
        default: others.utf8.contains(byte)
        }
      }
  }
}
