#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// From a host's name to addresses.
enum NameResolution {
  /// The addresses of an endpoint, in the order in which the system would try them (RFC 6724).
  ///
  /// Digits are read at once. A name is looked up on a thread of its own, as the system's resolver knows no deadline;
  /// a look-up that takes longer ends unheard.
  ///
  /// - Parameter forListening: Whether to bind to the address rather than to connect to it.
  /// - Throws: `ErrorCode.peerUnreachable`, `ErrorCode.peerTimeout`, `ErrorCode.cancelled`.
  static func addresses(
    of endpoint: Endpoint, forListening: Bool, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> [SocketAddress] {
    if case .found(let addresses) = lookUp(endpoint, flags: AI_NUMERICHOST | (forListening ? AI_PASSIVE : 0)) {
      return addresses
    }
    let results = Mailbox<Outcome>()
    let finished = try Cancellation()
    _ = try WorkerThread(name: "resolver") {
      results.post(lookUp(endpoint, flags: forListening ? AI_PASSIVE : 0))
      finished.cancel()
    }
    guard
      try Readiness.wait(for: (finished.descriptor, .reading), until: deadline, cancellation: cancellation),
      let outcome = results.receive(until: nil)
    else { throw GtachError(.peerTimeout, "looking up the host \"\(endpoint.host)\" takes too long") }
    switch outcome {
    case .found(let addresses): return addresses
    case .failed(let reason):
      throw GtachError(
        .peerUnreachable, "cannot find the host \"\(endpoint.host)\"", reason: reason,
        advice: "check the name, or give the address in digits")
    }
  }

  private enum Outcome: Sendable {
    case found([SocketAddress])
    case failed(String)
  }

  private static func lookUp(_ endpoint: Endpoint, flags: Int32) -> Outcome {
    // C would read the name up to there only.
    guard !endpoint.host.utf8.contains(0) else { return .failed("the name has a zero byte") }
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = streamSocketType
    hints.ai_protocol = Int32(IPPROTO_TCP)
    hints.ai_flags = flags | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list)
    guard status == 0 else { return .failed(String(cString: gai_strerror(status))) }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = entry.pointee.ai_addr {
        addresses.append(SocketAddress(copying: address, length: entry.pointee.ai_addrlen))
      }
      next = entry.pointee.ai_next
    }
    return addresses.isEmpty ? .failed("it has no address") : .found(addresses)
  }
}

#if canImport(Darwin)
  /// SOCK_STREAM as `socket` takes it.
  let streamSocketType = SOCK_STREAM
#else
  /// SOCK_STREAM as `socket` takes it.
  let streamSocketType = Int32(SOCK_STREAM.rawValue)
#endif
