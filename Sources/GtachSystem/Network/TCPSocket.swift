#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// TCP sockets, non-blocking and without Nagle's delay.
enum TCPSocket {
  /// Connects to an endpoint, trying its addresses one after the other; each gets an equal share of the time that is
  /// left.
  ///
  /// - Throws: `ErrorCode.peerUnreachable`, `ErrorCode.peerTimeout`, `ErrorCode.cancelled`, `ErrorCode.busy`.
  static func connect(
    to endpoint: Endpoint, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> (socket: Descriptor, remote: Endpoint) {
    let addresses = try NameResolution.addresses(
      of: endpoint, forListening: false, deadline: deadline, cancellation: cancellation)
    var last = GtachError(.peerUnreachable, "cannot connect to \(endpoint)")
    for (position, address) in addresses.enumerated() {
      var share = deadline
      if let deadline {
        let remaining = MonotonicClock.milliseconds(until: deadline)
        share = MonotonicClock.now().advanced(byMilliseconds: remaining / Int64(addresses.count - position))
      }
      do throws(GtachError) {
        return (try connect(to: address, deadline: share, cancellation: cancellation), address.endpoint)
      } catch {
        if error.code == .cancelled { throw error }
        last = error
      }
    }
    throw last
  }

  private static func connect(
    to address: SocketAddress, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> Descriptor {
    let descriptor = try open(family: address.family)
    let status = address.withPointer { connectCall(descriptor.number, $0, $1) }
    // After an interruption the connection goes on being made as if it had returned EINPROGRESS (connect(2), POSIX).
    guard status == 0 || errno == EINPROGRESS || errno == EINTR else {
      throw unreachable(address.endpoint, errno: errno)
    }
    guard try Readiness.wait(for: (descriptor.number, .writing), until: deadline, cancellation: cancellation) else {
      throw GtachError(
        .peerTimeout, "\(address.endpoint) does not answer", advice: "check that the node is on and on this network")
    }
    var number: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &number, &length) == 0, number == 0 else {
      throw unreachable(address.endpoint, errno: number == 0 ? errno : number)
    }
    return descriptor
  }

  /// Listens on an endpoint; the host `::` means every address of this machine, IPv4 too, also where the kernel has
  /// no IPv6.
  ///
  /// - Throws: `ErrorCode.busy` where the port is taken, `ErrorCode.notPermitted`, `ErrorCode.configurationInvalid`
  ///   for an address that is not this machine's.
  static func listen(on endpoint: Endpoint) throws(GtachError) -> Descriptor {
    var addresses: [SocketAddress]
    do throws(GtachError) {
      let deadline = MonotonicClock.now().advanced(byMilliseconds: resolutionMilliseconds)
      addresses = try NameResolution.addresses(
        of: endpoint, forListening: true, deadline: deadline, cancellation: nil)
      if endpoint.host == "::" {
        let everyIPv4 = Endpoint(host: "0.0.0.0", port: endpoint.port)
        addresses += try NameResolution.addresses(
          of: everyIPv4, forListening: true, deadline: deadline, cancellation: nil)
      }
    } catch {
      throw GtachError(.configurationInvalid, "cannot listen on \(endpoint)", reason: error.reason ?? error.message)
    }
    var last = GtachError(.configurationInvalid, "cannot listen on \(endpoint)")
    for address in addresses {
      do throws(GtachError) {
        return try listen(on: address, named: endpoint)
      } catch {
        last = error
        if error.code == .busy { break }
      }
    }
    throw last
  }

  private static func listen(on address: SocketAddress, named endpoint: Endpoint) throws(GtachError) -> Descriptor {
    let descriptor = try open(family: address.family)
    // Or a restart within minutes would find its own old connections in the way.
    setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    if address.family == AF_INET6 { setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
    guard address.withPointer({ bind(descriptor.number, $0, $1) }) == 0, listenCall(descriptor.number, backlog) == 0
    else {
      let number = errno
      switch number {
      case EADDRINUSE:
        throw GtachError.system(
          .busy, "cannot listen on \(endpoint)", errno: number, advice: "stop the other program or take another port")
      case EACCES, EPERM:
        throw GtachError.system(
          .notPermitted, "cannot listen on \(endpoint)", errno: number, advice: "take a port above 1023")
      default:
        throw GtachError.system(.configurationInvalid, "cannot listen on \(endpoint)", errno: number)
      }
    }
    return descriptor
  }

  /// Turns off Nagle's delay: a request must not wait for the acknowledgement of the one before.
  static func setNoDelay(_ descriptor: Descriptor) {
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  private static func open(family: Int32) throws(GtachError) -> Descriptor {
    let number = socket(family, streamSocketType, 0)
    guard number >= 0 else {
      let code: ErrorCode = errno == EAFNOSUPPORT ? .peerUnreachable : .busy
      throw GtachError.system(code, "cannot make a socket", errno: errno)
    }
    let descriptor = Descriptor(owning: number)
    try descriptor.setNonBlocking()
    setNoDelay(descriptor)
    return descriptor
  }

  // An option that the kernel refuses costs speed or a dual stack, never correctness: the result is not looked at.
  private static func setOption(_ descriptor: Descriptor, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    _ = setsockopt(descriptor.number, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func unreachable(_ endpoint: Endpoint, errno number: Int32) -> GtachError {
    var advice = "check that gtach runs there and that both machines are on one network"
    #if canImport(Darwin)
      // macOS hides the local network from programs without permission behind this very error.
      if number == EHOSTUNREACH {
        advice = "allow gtach in System Settings, Privacy & Security, Local Network"
      }
    #endif
    if number == ECONNREFUSED { advice = "start gtach there: gtach node" }
    return GtachError.system(.peerUnreachable, "cannot connect to \(endpoint)", errno: number, advice: advice)
  }

  /// Connections that the kernel keeps until they are accepted.
  private static let backlog: Int32 = 128
  private static let resolutionMilliseconds: Int64 = 10_000
}

// Inside TCPSocket these names mean its own functions.
private func connectCall(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
  connect(descriptor, address, length)
}

private func listenCall(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
