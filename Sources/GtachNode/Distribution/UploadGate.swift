import GtachCore
import GtachModel
import GtachSystem
import Synchronization

/// Whether this node gives out units and chunks, and how fast: all of its connections together.
///
/// Metadata, manifests and indexes go past it. They are small, and without them nobody would learn of a release, not
/// even from others.
final class UploadGate: Sendable {
  /// Whether anything is given out.
  let isOpen: Bool
  private let bucket: Mutex<TokenBucket?>
  private let ending = Mailbox<Void>()

  init(_ limits: UploadLimits) {
    isOpen = limits.isOn
    let now = MonotonicClock.now()
    bucket = Mutex(limits.bytesPerSecond.map { TokenBucket(bytesPerSecond: $0, now: now) })
  }

  /// Waits until so many bytes may be sent on a connection; what it holds back is sent before.
  ///
  /// - Throws: As `PeerChannel.flush`.
  func pass(_ bytes: Int, on channel: PeerChannel) throws(GtachError) {
    let now = MonotonicClock.now()
    let pause = bucket.withLock { $0?.take(bytes, now: now) ?? 0 }
    guard pause > 0 else { return }
    try channel.flush()
    _ = ending.receive(until: now.advanced(byMilliseconds: pause))
  }

  /// Nobody waits any longer.
  func close() { ending.close() }

  /// Refuses what is asked for, where nothing is given out.
  ///
  /// - Throws: `ErrorCode.uploadOff`.
  func requireOpen() throws(GtachError) {
    guard !isOpen else { return }
    throw GtachError(.uploadOff, "this node gives out no releases")
  }
}
