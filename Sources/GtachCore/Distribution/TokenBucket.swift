import GtachModel

/// How long to wait before some bytes may be sent, so that not more than so many go out in a second.
///
/// A token bucket without a clock. Whoever asks has its bytes counted at once, and waits until they are covered: so all
/// who send together wait in the order in which they asked, and nobody is overtaken.
public struct TokenBucket: Sendable {
  /// How many bytes per second.
  private let bytesPerSecond: Int64
  /// Thousandths of bytes that may be sent at once; below 0 what is owed. A millisecond brings `bytesPerSecond` of
  /// them, so that nothing is lost by rounding.
  private var level: Int64
  private var counted: Instant

  /// How much may be saved up while nothing is sent, in milliseconds.
  public static let burstMilliseconds: Int64 = 100

  /// A full bucket.
  ///
  /// - Parameter bytesPerSecond: 1 to 10^12.
  public init(bytesPerSecond: Int, now: Instant) {
    self.bytesPerSecond = Int64(bytesPerSecond)
    level = self.bytesPerSecond * Self.burstMilliseconds
    counted = now
  }

  /// Counts bytes that are to be sent.
  ///
  /// - Returns: For how many milliseconds to wait before that.
  public mutating func take(_ bytes: Int, now: Instant) -> Int64 {
    let most = bytesPerSecond * Self.burstMilliseconds
    // However long ago it was: what is over is spilt, and the product stays small.
    let full = (most - level + bytesPerSecond - 1) / bytesPerSecond
    let elapsed = min(max(0, now.milliseconds - counted.milliseconds), full)
    level = min(most, level + elapsed * bytesPerSecond)
    counted = max(counted, now)
    level -= Int64(bytes) * 1_000
    return level >= 0 ? 0 : (-level + bytesPerSecond - 1) / bytesPerSecond
  }
}
