extension [LineInfo] {
  /// Finds the line that a plan or a configuration means: `NAME`, or `CHIP:NAME` or `CHIP:OFFSET` with the chip's
  /// label where a name is not unique. Never by the number of a chip: those move between kernels.
  ///
  /// - Throws: `ErrorCode.gpioLineMissing`, `ErrorCode.gpioLineAmbiguous`.
  public func line(named reference: String) throws(GtachError) -> LineInfo {
    var found = filter { $0.name == reference && !reference.isEmpty }
    if found.isEmpty, let colon = reference.lastIndex(of: ":") {
      let (chip, rest) = (reference[..<colon], reference[reference.index(after: colon)...])
      found = filter { $0.chip == chip && ($0.name == rest || $0.offset == Int(rest)) && !rest.isEmpty }
    }
    guard let line = found.first else {
      throw GtachError(
        .gpioLineMissing, "there is no GPIO line \"\(reference)\"",
        reason: isEmpty ? nil : "the machine has \(count) lines, none of that name",
        advice: "gpioinfo lists the lines of a machine and their names")
    }
    guard found.count == 1 else {
      let places = found.map { "\($0.chip):\($0.offset)" }
      throw GtachError(
        .gpioLineAmbiguous, "\(found.count) GPIO lines are called \"\(reference)\"",
        reason: places.joined(separator: ", "), advice: "write the chip's label before it, as in \"\(places[0])\"")
    }
    return line
  }
}
