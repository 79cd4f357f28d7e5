import GtachModel
import GtachSystem

/// The installer's end of its Unix socket: one order a connection, one after the other.
public struct InstallerService: Sendable {
  /// How long a client may take to give its order, or to read a line, in milliseconds.
  static let lineMilliseconds: Int64 = 5_000

  private let installer: ReleaseInstaller
  private let listener: UnixSocketListener
  private let cancellation: Cancellation
  private let events: @Sendable (NodeEvent) -> Void

  /// A service over a socket.
  ///
  /// - Parameter events: The log.
  public init(
    _ installer: ReleaseInstaller, listener: UnixSocketListener, cancellation: Cancellation,
    events: @escaping @Sendable (NodeEvent) -> Void
  ) {
    self.installer = installer
    self.listener = listener
    self.cancellation = cancellation
    self.events = events
  }

  /// Finishes what was left unfinished, and takes orders until nobody has any for so long, or until it is cancelled.
  ///
  /// - Parameter idleSeconds: nil for ever.
  /// - Throws: What keeps it from taking orders.
  public func run(idleSeconds: Int?) throws(GtachError) {
    do throws(GtachError) {
      try installer.recover(events: events)
    } catch {
      // The next order tries again, and says so where that fails, too.
      events(.updateFailed(name: "recovery", error: ErrorReport(error)))
    }
    while !cancellation.isCancelled {
      let connection: UnixSocketConnection
      do throws(GtachError) {
        let deadline = idleSeconds.map { MonotonicClock.now().advanced(byMilliseconds: Int64($0) * 1000) }
        connection = try listener.accept(deadline: deadline, cancellation: cancellation)
      } catch {
        if error.code == .cancelled || error.code == .peerTimeout { return }
        throw error
      }
      serve(connection)
    }
  }

  private func serve(_ connection: UnixSocketConnection) {
    defer { connection.close() }
    @Sendable func send(_ reply: InstallerReply) {
      do throws(GtachError) {
        try connection.sendLine(
          ControlCoding.encode(reply),
          deadline: MonotonicClock.now().advanced(byMilliseconds: Self.lineMilliseconds))
      } catch {
        // The client went away. What it ordered is done all the same.
        return
      }
    }
    let reply: InstallerReply
    do throws(GtachError) {
      let deadline = MonotonicClock.now().advanced(byMilliseconds: Self.lineMilliseconds)
      // Whoever still writes when the connection is closed would not read why.
      guard let line = try connection.receiveLine(deadline: deadline) else { return }
      try check(connection)
      let request = try ControlCoding.decode(InstallerRequest.self, from: line)
      let events = events
      reply = .result(
        try installer.carryOut(request) { event in
          events(event)
          send(.event(event))
        })
    } catch {
      events(.updateFailed(name: "order", error: ErrorReport(error)))
      reply = .failed(ErrorReport(error))
    }
    send(reply)
  }

  /// Throws for anybody but root and the user whose daemon it is, whatever the permissions of the socket.
  private func check(_ connection: UnixSocketConnection) throws(GtachError) {
    let user = try connection.peerUser()
    let customer = try installer.customer
    guard user == 0 || user == customer else {
      throw GtachError(.notPermitted, "user \(user) may not have anything installed here")
    }
  }
}

/// The daemon's end of it.
struct InstallerClient: Sendable {
  /// How long it takes at most until the installer has been started and takes the order, in milliseconds.
  static let connectMilliseconds: Int64 = 30_000

  let socket: String
  let cancellation: Cancellation?

  /// Has an order carried out.
  ///
  /// - Throws: What the installer failed with; `ErrorCode.peerUnreachable` where there is none; `ErrorCode.peerClosed`
  ///   where it ended before it answered: its next start goes on with the order.
  func carryOut(_ request: InstallerRequest, events: (NodeEvent) -> Void) throws(GtachError) -> UpdateResult {
    let deadline = MonotonicClock.now().advanced(byMilliseconds: Self.connectMilliseconds)
    let connection: UnixSocketConnection
    do throws(GtachError) {
      connection = try UnixSocketConnection.connect(path: socket, deadline: deadline, cancellation: cancellation)
    } catch {
      guard error.code == .peerUnreachable || error.code == .notPermitted else { throw error }
      throw GtachError(
        error.code, "the installer cannot be reached at \(socket)", reason: error.reason,
        advice: "is gtach-installer.socket started? \"installer\" in config.json names its path")
    }
    defer { connection.close() }
    try connection.sendLine(ControlCoding.encode(request), deadline: deadline)
    while let line = try receiveLine(connection) {
      switch try ControlCoding.decode(InstallerReply.self, from: line) {
      case .event(let event): events(event)
      case .failed(let report): throw report.error
      case .result(let result): return result
      }
    }
    throw GtachError(.peerClosed, "the installer ended before it answered", advice: "its next start goes on with it")
  }

  private func receiveLine(_ connection: UnixSocketConnection) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try connection.receiveLine(deadline: nil)
    } catch {
      guard error.code == .cancelled else { throw error }
      throw error.goingOn("the installer goes on with it: gtach history says how it ended")
    }
  }
}
