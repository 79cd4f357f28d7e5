/// A GPIO line: where it is and who has it.
public struct LineInfo: Hashable, Sendable {
  /// The line's name, `GPIO17`.
  public let name: String
  /// The label of its chip, `pinctrl-bcm2835`.
  public let chip: String
  /// Its number on the chip.
  public let offset: Int
  /// Who holds it; nil where it is free.
  public let consumer: String?
  /// Whether it is an output at the moment.
  public let isOutput: Bool

  /// Describes a line.
  public init(name: String, chip: String, offset: Int, consumer: String?, isOutput: Bool) {
    self.name = name
    self.chip = chip
    self.offset = offset
    self.consumer = consumer
    self.isOutput = isOutput
  }
}

/// The GPIO lines of a machine, real or simulated. Lines are named, never numbered: chip numbers move between kernels.
///
/// Every function throws `ErrorCode.gpioUnavailable` on a machine without GPIO, `gpioLineMissing` or
/// `gpioLineAmbiguous` where no or more than one line has the name, and those that request a line `gpioLineHeld` where
/// somebody else has it: a held line is never touched.
public protocol GPIOAccess: AnyObject {
  /// Whether this is a simulation: said in every result.
  var isMock: Bool { get }
  /// Looks at a line without requesting it.
  func info(line: String) throws(GtachError) -> LineInfo
  /// Requests a line as input and reads it: 0 or 1.
  func read(line: String, bias: LineBias) throws(GtachError) -> Int
  /// Drives `output` to each of the levels in turn, reads `input` after each time `settleMilliseconds`, and leaves
  /// `output` as an input, whatever happens. Returns what was read.
  func drive(output: String, levels: [Int], reading input: String, settleMilliseconds: Int) throws(GtachError) -> [Int]
  /// Counts edges, at most `limit` of them, for at most so many milliseconds.
  func countEdges(line: String, limit: Int, withinMilliseconds: Int) throws(GtachError) -> Int
}
