import GtachModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// What the program was started with: its terminal, its environment, its directory.
public enum Console {
  /// Where a program writes.
  public enum Stream: Int32, Sendable {
    /// Results.
    case output = 1
    /// Errors, hints and progress.
    case errors = 2

    fileprivate var name: String {
      switch self {
      case .output: "standard output"
      case .errors: "standard error"
      }
    }
  }

  /// Whether people read a stream as it comes.
  public static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  /// The width of a stream's terminal in characters; nil where it has none.
  public static func columns(_ stream: Stream) -> Int? {
    var size = winsize()
    guard ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// A variable of the environment; nil where it is not set.
  public static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Whether whoever started it is root.
  public static var isRoot: Bool { geteuid() == 0 }

  /// The directory that relative paths are relative to.
  public static var directory: String? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return String(cString: path)
  }

  /// The machine's host name, up to the first dot.
  public static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return String(name.prefix { $0 != "." })
  }

  /// Writes text to a stream. That nobody reads it any more, a closed pipe, is no error: whoever closed it has seen
  /// enough.
  ///
  /// - Throws: `ErrorCode.diskFull` or `ErrorCode.inputOutput`.
  public static func write(_ text: String, to stream: Stream) throws(GtachError) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { writeBytes(stream.rawValue, $0.baseAddress, $0.count) }
      if count < 0 {
        let number = errno
        if number == EINTR { continue }
        if number == EPIPE { return }
        throw .system(.inputOutput, "cannot write the \(stream.name)", errno: number)
      }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Says something on the standard error. Where that cannot be written, there is nowhere to say so, and the work goes
  /// on.
  public static func say(_ text: String) { try? write(text, to: .errors) }
}

/// `write(2)`, whose name the function above takes.
private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
