import CGPIOD
import GtachModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// The GPIO lines of this machine, through libgpiod.
///
/// Nothing is kept open between two calls, so that a line is never held longer than a test takes.
public final class GPIODevice: GPIOAccess {
  private let cancellation: Cancellation?

  /// The machine's lines. A cancellation ends the waits for edges and levels early, with `.cancelled`.
  public init(cancellation: Cancellation? = nil) { self.cancellation = cancellation }

  /// Never.
  public var isMock: Bool { false }

  /// The machine's lines, of all chips.
  ///
  /// - Throws: `ErrorCode.gpioUnavailable` where there are none, `ErrorCode.notPermitted`.
  public func lines() throws(GtachError) -> [LineInfo] {
    var result: [LineInfo] = []
    for chip in try GPIODevice.chips() { result += try chip.lines() }
    return result
  }

  /// Looks at a line without requesting it.
  ///
  /// - Throws: `ErrorCode.gpioLineMissing`, `ErrorCode.gpioLineAmbiguous`, and what `lines` throws.
  public func info(line: String) throws(GtachError) -> LineInfo { try lines().line(named: line) }

  /// Requests a line as input, reads it, and lets it go.
  ///
  /// - Throws: `ErrorCode.gpioLineHeld`, `ErrorCode.inputOutput`, and what `info` throws.
  public func read(line: String, bias: LineBias) throws(GtachError) -> Int {
    let (chip, info) = try find(line)
    let input = try chip.request(info, for: GTACH_GPIO_INPUT, bias: bias)
    // A pull resistor charges the wire first: the RC constant of 50 kΩ and 10 nF is half a millisecond.
    if bias == .pullUp || bias == .pullDown { try pause(milliseconds: Self.biasSettleMilliseconds) }
    return try input.read()
  }

  /// How long a line is given to follow a pull resistor, in milliseconds.
  public static let biasSettleMilliseconds = 5

  /// Drives one line and reads another.
  ///
  /// The input is pulled against the level that is driven: where no wire leads to it, it shows the opposite and not,
  /// by chance or capacitance, the right level.
  ///
  /// - Throws: `ErrorCode.gpioLineHeld`, `ErrorCode.inputOutput`, `ErrorCode.cancelled`, and what `info` throws.
  public func drive(
    output: String, levels: [Int], reading input: String, settleMilliseconds: Int
  ) throws(GtachError) -> [Int] {
    let (outputChip, outputInfo) = try find(output)
    let (inputChip, inputInfo) = try find(input)
    guard outputInfo.chip != inputInfo.chip || outputInfo.offset != inputInfo.offset else {
      throw GtachError(.descriptionInvalid, "a loopback needs two GPIO lines, both are \(outputInfo.name)")
    }
    // Both are looked at before either is touched.
    try GPIOChip.requireFree(outputInfo)
    try GPIOChip.requireFree(inputInfo)
    let driver = try outputChip.request(
      outputInfo, for: GTACH_GPIO_OUTPUT, bias: .asIs, value: levels.first ?? 0)
    let result: Result<[Int], GtachError>
    do throws(GtachError) {
      var seen: [Int] = []
      for level in levels {
        try driver.write(level)
        let reader = try inputChip.request(
          inputInfo, for: GTACH_GPIO_INPUT, bias: level == 0 ? .pullUp : .pullDown)
        try pause(milliseconds: settleMilliseconds)
        seen.append(try reader.read())
      }
      result = .success(seen)
    } catch {
      result = .failure(error)
    }
    // Whatever happened: as an input the line cannot fight what is wired to it.
    driver.release()
    _ = try outputChip.request(outputInfo, for: GTACH_GPIO_INPUT, bias: .asIs)
    return try result.get()
  }

  /// Counts edges.
  ///
  /// - Throws: `ErrorCode.gpioLineHeld`, `ErrorCode.inputOutput`, `ErrorCode.cancelled`, and what `info` throws.
  public func countEdges(line: String, limit: Int, withinMilliseconds: Int) throws(GtachError) -> Int {
    let (chip, info) = try find(line)
    let watched = try chip.request(info, for: GTACH_GPIO_EDGES, bias: .asIs)
    let end = MonotonicClock.now().advanced(byMilliseconds: Int64(withinMilliseconds))
    var count = 0
    while count < limit {
      let remaining = end.milliseconds - MonotonicClock.now().milliseconds
      guard remaining > 0 else { break }
      try cancellation?.check()
      count += try watched.waitForEdges(milliseconds: Int32(min(remaining, Int64(Self.sliceMilliseconds))))
    }
    return min(count, limit)
  }

  /// How long a wait goes on before it looks whether it was cancelled, in milliseconds.
  private static let sliceMilliseconds = 100

  private func find(_ line: String) throws(GtachError) -> (chip: GPIOChip, info: LineInfo) {
    var lines: [LineInfo] = []
    let chips = try GPIODevice.chips()
    for chip in chips { lines += try chip.lines() }
    let info = try lines.line(named: line)
    // Two chips may share a label; only a unique name gets this far, so the chip that has it is the one.
    for chip in chips where chip.label == info.chip {
      if try chip.lines().contains(where: { $0.offset == info.offset && $0.name == info.name }) { return (chip, info) }
    }
    throw GtachError(.gpioLineMissing, "the GPIO line \(line) went away")
  }

  private func pause(milliseconds: Int) throws(GtachError) {
    let end = MonotonicClock.now().advanced(byMilliseconds: Int64(milliseconds))
    _ = try Readiness.wait(for: nil, until: end, cancellation: cancellation)
  }

  /// Opens every chip once: `/dev` may have links from a chip's old number to its new one (Raspberry Pi 5).
  private static func chips() throws(GtachError) -> [GPIOChip] {
    let unavailable = GtachError(
      .gpioUnavailable, "this machine has no GPIO",
      reason: gtach_gpio_is_supported() ? "there is no /dev/gpiochip*" : "gtach was built without libgpiod",
      advice: "describe simulated lines in a file and give it with --mock")
    guard gtach_gpio_is_supported() else { throw unavailable }
    var seen: Set<UInt64> = []
    var result: [GPIOChip] = []
    var firstFailure: GtachError?
    for path in devicePaths() {
      var status = stat()
      guard stat(path, &status) == 0, seen.insert(UInt64(status.st_rdev)).inserted else { continue }
      do throws(GtachError) {
        result.append(try GPIOChip(path: path))
      } catch {
        firstFailure = firstFailure ?? error
      }
    }
    // A chip that cannot be opened must not hide those that can; a line on it will be missing by name.
    if result.isEmpty { throw firstFailure ?? unavailable }
    return result
  }

  private static func devicePaths() -> [String] {
    guard let directory = opendir("/dev") else { return [] }
    defer { closedir(directory) }
    var result: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasPrefix("gpiochip") { result.append("/dev/" + name) }
    }
    return result.sorted()
  }
}
