/// Quantities for people.
public enum Quantity {
  /// A number of bytes in decimal units: `512 B`, `1.2 MB`, `240 GB`.
  public static func bytes(_ count: Int) -> String {
    if count < 0 { return "-" + bytes(count == .min ? .max : -count) }
    if count < 1000 { return "\(count) B" }
    var unit = 1000
    for (position, name) in ["kB", "MB", "GB", "TB", "PB", "EB"].enumerated() {
      // Rounded to tenths: whoever reaches 1000 of a unit takes the next.
      let tenths = count / (unit / 10) + (count % (unit / 10) >= unit / 20 ? 1 : 0)
      if tenths < 1000 { return "\(tenths / 10).\(tenths % 10) \(name)" }
      let whole = count / unit + (count % unit >= unit / 2 ? 1 : 0)
      if whole < 1000 || position == 5 { return "\(whole) \(name)" }
      unit *= 1000
    }
    return "\(count) B"
  }

  /// A time in milliseconds: `850 ms`, `2.3 s`, `1 min 5 s`, `3 h 20 min`.
  public static func duration(milliseconds: Int) -> String {
    if milliseconds < 0 { return "-" + duration(milliseconds: milliseconds == .min ? .max : -milliseconds) }
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let tenths = milliseconds / 100 + (milliseconds % 100 >= 50 ? 1 : 0)
    if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
    let seconds = milliseconds / 1000 + (milliseconds % 1000 >= 500 ? 1 : 0)
    if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
    return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
  }

  /// A number and what it counts: `1 peer`, `3 peers`.
  public static func count(_ number: Int, _ singular: String, _ plural: String? = nil) -> String {
    "\(number) \(number == 1 ? singular : plural ?? singular + "s")"
  }
}
