#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

@testable import GtachSystem

extension Descriptor {
  /// Writes a few bytes, which fit into any buffer; the other side may be gone.
  func writeForTest(_ bytes: [UInt8]) {
    Signals.ignoreBrokenPipe()
    _ = write(number, bytes, bytes.count)
  }
}

/// A directory of one test for sockets, with a short path, which is gone after the body.
func withSocketDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = try FileSystem().temporaryDirectory(prefix: "gtach-", in: "/tmp")
  defer {
    for name in ["socket", "file"] { _ = unlink("\(path)/\(name)") }
    if rmdir(path) != 0 { print("\(path) is not empty") }
  }
  return try body(path)
}

/// The file's permissions, nil where there is none.
func permissions(of path: String) -> UInt32? {
  var status = stat()
  guard lstat(path, &status) == 0 else { return nil }
  return UInt32(status.st_mode) & 0o777
}

/// Leaves a socket behind as a killed process does.
func makeStaleSocket(at path: String) throws {
  let address = try UnixSocketAddress(path: path)
  let socket = try UnixSocketAddress.makeSocket()
  guard address.withPointer({ bind(socket.number, $0, $1) }) == 0, listen(socket.number, 1) == 0 else {
    throw GtachError.system(.inputOutput, "bind", errno: errno)
  }
}

/// Makes an empty file.
func makeFile(at path: String) throws {
  let number = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
  guard number >= 0 else { throw GtachError.system(.inputOutput, "open", errno: errno) }
  _ = close(number)
}
