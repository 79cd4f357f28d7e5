/// Random bytes for keys, secrets and serial numbers, from the kernel.
public enum SystemRandom {
  /// That many bytes which nobody can predict.
  public static func bytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    var result: [UInt8] = []
    result.reserveCapacity(count)
    for _ in 0..<count { result.append(generator.next()) }
    return result
  }
}
