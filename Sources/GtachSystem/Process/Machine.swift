#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The machine that this runs on.
public enum Machine {
  /// Its operating system and the processor that this program was built for: a 32-bit program on a 64-bit kernel runs
  /// 32-bit packages.
  public static var platform: Platform {
    #if os(macOS)
      let system = "macos"
    #else
      let system = "linux"
    #endif
    #if arch(arm64)
      let processor = "arm64"
    #elseif arch(arm)
      let processor = "armv7"
    #elseif arch(x86_64)
      let processor = "x86_64"
    #elseif arch(i386)
      let processor = "i386"
    #elseif arch(riscv64)
      let processor = "riscv64"
    #else
      #error("unsupported processor")
    #endif
    do throws(GtachError) {
      return try Platform("\(system)-\(processor)")
    } catch {
      preconditionFailure("the names above are no platform: \(error)")
    }
  }

  /// The board's own name of itself, such as `Raspberry Pi Zero 2 W Rev 1.0`; nil where it has none.
  public static var model: String? {
    #if canImport(Darwin)
      var size = 0
      guard sysctlbyname("hw.model", nil, &size, nil, 0) == 0, size > 1 else { return nil }
      var buffer = [UInt8](repeating: 0, count: size)
      guard sysctlbyname("hw.model", &buffer, &size, nil, 0) == 0 else { return nil }
      return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    #else
      // The device tree's root node has a property "model" (Devicetree Specification, section 2.3.2): a string that
      // ends with a zero byte. A machine without a device tree has no such file, and that is no failure.
      guard let bytes = try? FileSystem().read("/proc/device-tree/model", maximumBytes: 4096) else { return nil }
      let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      return text.isEmpty ? nil : text
    #endif
  }

  /// How much memory it has, in bytes.
  public static var memoryBytes: Int {
    #if canImport(Darwin)
      var bytes: UInt64 = 0
      var size = MemoryLayout<UInt64>.size
      guard sysctlbyname("hw.memsize", &bytes, &size, nil, 0) == 0 else { return 0 }
      return Int(clamping: bytes)
    #else
      return max(0, sysconf(Int32(_SC_PHYS_PAGES))) * max(0, sysconf(Int32(_SC_PAGESIZE)))
    #endif
  }

  /// How many processors work.
  public static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
