import GtachModel

extension ReleaseQuery {
  /// What the words and options of `gtach search` ask for.
  ///
  /// - Throws: `ErrorCode.usage`, also where nothing is asked for; `ErrorCode.nameInvalid`, `ErrorCode.rangeInvalid`.
  init(_ scan: ArgumentScanner) throws(GtachError) {
    self.init()
    for text in scan.arguments {
      words += try SearchWord.parse(text)
      texts.insert(text.lowercased())
    }
    for text in scan.values["--author"] ?? [] { author += try SearchWord.parse(text) }
    name = try scan.value("--name").map { text throws(GtachError) in try PackageName(text) }
    platform = try scan.value("--platform").map { text throws(GtachError) in try Platform(text) }
    versions = try scan.value("--version").map { text throws(GtachError) in try VersionRange(text) }
    since = try Self.instant(scan, "--since", ofDay: "00:00:00")
    until = try Self.instant(scan, "--until", ofDay: "23:59:59")
    guard self != ReleaseQuery() else {
      throw GtachError(
        .usage, "search needs a word or an option", reason: "`gtach list` shows all that is here",
        advice: ArgumentScanner.advice(scan.specification))
    }
    if let since, let until, until < since {
      throw GtachError(.usage, "nothing is packed since \(since) and until \(until)", advice: "exchange the two")
    }
  }

  /// A day, or an instant as manifests have it.
  private static func instant(
    _ scan: ArgumentScanner, _ option: String, ofDay time: String
  ) throws(GtachError) -> Timestamp? {
    guard let text = scan.value(option) else { return nil }
    guard let time = Timestamp(text) ?? Timestamp("\(text)T\(time)Z") else {
      throw GtachError(
        .usage, "\(option) is \"\(text)\"", advice: "write a day as 2026-11-20, or a time as 2026-11-20T13:34:00Z")
    }
    return time
  }
}
