/// Random bytes for keys, secrets and serial numbers, from the kernel.
public enum SystemRandom {
  /// That many bytes which nobody can predict.
  public static func bytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    var result: [UInt8] = []
    result.reserveCapacity(count)
    while result.count < count {
      // Each word is a system call.
      let word: UInt64 = generator.next()
      withUnsafeBytes(of: word) { result.append(contentsOf: $0.prefix(count - result.count)) }
    }
    return result
  }
}
