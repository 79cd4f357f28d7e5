import CGPIOD
import GtachModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// An open GPIO chip; closed when nobody refers to it any more.
final class GPIOChip {
  /// The chip's label, `pinctrl-bcm2835`.
  let label: String
  private let handle: OpaquePointer
  private let lineCount: UInt32

  /// Opens a chip by the path of its device.
  ///
  /// - Throws: `.notPermitted`, `.gpioUnavailable`.
  init(path: String) throws(GtachError) {
    var handle: OpaquePointer?
    let result = gtach_gpio_chip_open(path, &handle)
    guard result == 0, let handle else { throw GPIOChip.failure(-result, "cannot open \(path)") }
    var label = GPIOName()
    var lineCount: UInt32 = 0
    let described = withUnsafeMutableBytes(of: &label.bytes) { bytes in
      gtach_gpio_chip_describe(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), &lineCount)
    }
    guard described == 0 else {
      gtach_gpio_chip_close(handle)
      throw GPIOChip.failure(-described, "cannot ask \(path) for its label")
    }
    self.handle = handle
    self.label = label.text
    self.lineCount = lineCount
  }

  deinit { gtach_gpio_chip_close(handle) }

  /// What every line of the chip is, at this moment.
  func lines() throws(GtachError) -> [LineInfo] {
    var result: [LineInfo] = []
    for offset in 0..<lineCount {
      var info = gtach_gpio_line_info()
      let described = gtach_gpio_line_describe(handle, offset, &info)
      guard described == 0 else {
        throw GPIOChip.failure(-described, "cannot look at line \(offset) of \(label)")
      }
      let consumer = GPIOName(bytes: info.consumer).text
      result.append(
        LineInfo(
          name: GPIOName(bytes: info.name).text, chip: label, offset: Int(offset),
          consumer: info.used ? (consumer.isEmpty ? Self.unnamedConsumer : consumer) : nil, isOutput: info.output))
    }
    return result
  }

  /// What is said of a holder that gave no name.
  static let unnamedConsumer = "(unnamed)"

  /// Requests a line. `value` is the level that an output starts with.
  ///
  /// - Throws: `.gpioLineHeld`, `.notPermitted`, `.inputOutput`.
  func request(
    _ line: LineInfo, for use: gtach_gpio_use, bias: LineBias, value: Int = 0
  ) throws(GtachError) -> GPIOLine {
    try GPIOChip.requireFree(line)
    let pull: gtach_gpio_bias =
      switch bias {
      case .asIs: GTACH_GPIO_AS_IS
      case .disabled: GTACH_GPIO_DISABLED
      case .pullUp: GTACH_GPIO_PULL_UP
      case .pullDown: GTACH_GPIO_PULL_DOWN
      }
    var requested: OpaquePointer?
    let result = gtach_gpio_line_request(handle, UInt32(line.offset), use, pull, Int32(value), &requested)
    guard result == 0, let requested else {
      // Somebody was faster between the look and the request.
      if -result == EBUSY { throw GPIOChip.held(line, by: GPIOChip.unnamedConsumer) }
      throw GPIOChip.failure(-result, "cannot request the GPIO line \(line.name)", otherwise: .inputOutput)
    }
    return GPIOLine(requested, name: line.name, chip: self)
  }

  /// Throws `.gpioLineHeld` where somebody has the line.
  static func requireFree(_ line: LineInfo) throws(GtachError) {
    if let consumer = line.consumer { throw held(line, by: consumer) }
  }

  private static func held(_ line: LineInfo, by consumer: String) -> GtachError {
    GtachError(
      .gpioLineHeld, "the GPIO line \(line.name) is held by \"\(consumer)\"",
      advice: "a self-test may ask who holds a line (gpio.consumer) but never touches one that is held")
  }

  /// The error for an errno of the library.
  static func failure(_ number: Int32, _ message: String, otherwise: ErrorCode = .gpioUnavailable) -> GtachError {
    let reason = String(cString: strerror(number))
    return switch number {
    case EACCES, EPERM:
      GtachError(.notPermitted, message, reason: reason, advice: "add the user to the group that owns it, often gpio")
    case EBUSY: GtachError(.gpioLineHeld, message, reason: reason)
    default: GtachError(otherwise, message, reason: reason)
    }
  }
}

/// A requested line; released when nobody refers to it any more.
final class GPIOLine {
  private var handle: OpaquePointer?
  private let name: String
  // A line of libgpiod 1.6 belongs to its chip, which must outlive it.
  private let chip: GPIOChip

  fileprivate init(_ handle: OpaquePointer, name: String, chip: GPIOChip) {
    self.handle = handle
    self.name = name
    self.chip = chip
  }

  deinit { release() }

  /// Lets the line go.
  func release() {
    guard let handle else { return }
    withExtendedLifetime(chip) { gtach_gpio_line_release(handle) }
    self.handle = nil
  }

  /// The line's level, 0 or 1.
  func read() throws(GtachError) -> Int {
    let value = handle.map(gtach_gpio_line_read) ?? -EBADF
    guard value >= 0 else { throw failure(value, "cannot read the GPIO line") }
    return Int(value)
  }

  /// Drives an output.
  func write(_ value: Int) throws(GtachError) {
    let result = handle.map { gtach_gpio_line_write($0, Int32(value)) } ?? -EBADF
    guard result == 0 else { throw failure(result, "cannot drive the GPIO line") }
  }

  /// Waits for edges, for at most so many milliseconds; returns how many came, up to 16 at once.
  func waitForEdges(milliseconds: Int32) throws(GtachError) -> Int {
    let count = handle.map { gtach_gpio_line_wait($0, milliseconds) } ?? -EBADF
    guard count >= 0 else { throw failure(count, "cannot watch the GPIO line") }
    return Int(count)
  }

  private func failure(_ result: Int32, _ message: String) -> GtachError {
    GPIOChip.failure(-result, "\(message) \(name)", otherwise: .inputOutput)
  }
}

/// A C array of 32 characters, of which those before the first NUL count.
private struct GPIOName {
  typealias Bytes = (
    CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar,
    CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar, CChar
  )
  var bytes: Bytes = (
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  )

  /// The characters as text; what is not UTF-8 becomes replacement characters.
  var text: String {
    withUnsafeBytes(of: bytes) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
