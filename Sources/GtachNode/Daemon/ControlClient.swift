import GtachModel
import GtachSystem

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The command line's end of the Unix socket.
public enum ControlClient {
  /// Asks the daemon of a home.
  ///
  /// - Parameter event: takes what happens on the way.
  /// - Returns: the last reply, or nil where no daemon runs.
  /// - Throws: what the daemon failed with, `ErrorCode.peerClosed` where it ended before it answered, or
  ///   `ErrorCode.cancelled`, which ends only the wait: the daemon does what it was asked for.
  public static func ask(
    _ request: ControlRequest, home: Home, cancellation: Cancellation, event: (NodeEvent) -> Void = { _ in }
  ) throws(GtachError) -> ControlReply? {
    let deadline = MonotonicClock.now().advanced(byMilliseconds: ControlServer.requestMilliseconds)
    guard let connection = try connect(home, deadline: deadline, cancellation: cancellation) else { return nil }
    defer { connection.close() }
    try connection.sendLine(ControlCoding.encode(request), deadline: deadline)
    while let line = try receiveLine(connection, answering: request) {
      switch try ControlCoding.decode(ControlReply.self, from: line) {
      case .event(let happened): event(happened)
      case .failed(let report): throw report.error
      case let reply: return reply
      }
    }
    throw GtachError(.peerClosed, "the daemon ended before it answered")
  }

  private static func receiveLine(
    _ connection: borrowing UnixSocketConnection, answering request: ControlRequest
  ) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try connection.receiveLine(deadline: nil)
    } catch {
      guard error.code == .cancelled else { throw error }
      switch request {
      case .install, .rollback, .sync:
        throw error.goingOn("the daemon goes on with it: gtach status and gtach history say how it stands")
      case .status, .peers, .reload: throw error
      }
    }
  }

  /// Connects to the daemon, and waits for one that is just starting.
  ///
  /// - Returns: nil where there is none.
  private static func connect(
    _ home: Home, deadline: Instant, cancellation: Cancellation
  ) throws(GtachError) -> UnixSocketConnection? {
    while true {
      do throws(GtachError) {
        return try UnixSocketConnection.connect(path: home.socket, deadline: deadline, cancellation: cancellation)
      } catch {
        guard error.code == .peerUnreachable else { throw error }
        // A daemon has its lock before it listens, and until it has ended.
        guard try FileLock.isHeld(path: home.daemonLock), MonotonicClock.now() < deadline else { return nil }
      }
      try cancellation.sleep(until: MonotonicClock.now().advanced(byMilliseconds: 50))
    }
  }
}

extension GtachError {
  /// The same error, which says who goes on with what somebody no longer waits for.
  func goingOn(_ advice: String) -> GtachError { GtachError(code, message, reason: reason, advice: advice) }
}

/// The lines of the control socket.
enum ControlCoding {
  static func encode(_ value: some Encodable) throws(GtachError) -> [UInt8] {
    do {
      return Array(try JSONEncoder().encode(value))
    } catch {
      throw GtachError(.bug, "a line for the control socket cannot be written", reason: "\(error)")
    }
  }

  static func decode<Value: Decodable>(_ type: Value.Type, from line: [UInt8]) throws(GtachError) -> Value {
    do {
      return try JSONReading.decode(type, from: line)
    } catch {
      throw GtachError(
        .protocolViolation, "the other end of the control socket speaks another language",
        advice: "are the daemon and the command of the same version of gtach?")
    }
  }
}
