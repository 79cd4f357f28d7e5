/// The names of systemd's units, as systemd.unit(5) has them.
enum UnitName {
  /// The longest name of a unit in bytes.
  static let maximumBytes = 255

  /// Whether it is the name of a service that can be started as it is: not a template, whose name has an `@`.
  static func isService(_ name: String) -> Bool {
    guard name.hasSuffix(".service"), name.utf8.count <= maximumBytes else { return false }
    let stem = name.dropLast(".service".count)
    return !stem.isEmpty
      && stem.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: ":"):
          true
        default: false
        }
      }
  }
}
