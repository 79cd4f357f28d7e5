import GtachModel

/// One message on its way: a type byte and a body that nobody has looked into yet.
///
///     0               4       5
///     +---------------+-------+------------------
///     | length, u32   | type  | body
///     +---------------+-------+------------------
///
/// The length is big-endian and counts type and body.
public struct Frame: Hashable, Sendable {
  /// The type byte; `MessageType` where it is known.
  public let type: UInt8
  /// The body.
  public let body: [UInt8]

  /// A frame from its parts.
  public init(type: UInt8, body: [UInt8]) {
    self.type = type
    self.body = body
  }

  /// The frame as it travels, the length first.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: type, bodyBytes: body.count)
    writer.append(body)
    return writer.bytes
  }
}

/// Cuts a stream of bytes into frames.
///
/// A frame that is too long is refused as soon as its length is here, one that is too long for its type or does not
/// belong on this stream as soon as its type is. Memory grows with the bytes that came, never with what a length
/// promises. Take every frame with `next()` after each `push`: then no more than one frame and one push is ever kept.
/// After an error the stream is useless: the error is thrown again and further bytes are dropped.
public struct FrameDecoder: Sendable {
  /// More capacity than this is given back when the buffer is empty, in bytes: most connections idle.
  private static let retainedBytes = 16 << 10

  private let stream: MessageStream?
  private var buffer: [UInt8] = []
  private var start = 0
  private var failure: GtachError?

  /// A decoder for one direction of a connection; nil takes every known type.
  public init(for stream: MessageStream? = nil) { self.stream = stream }

  /// The bytes that are kept, waiting for the rest of a frame or for `next()`.
  public var bufferedBytes: Int { buffer.count - start }

  /// Takes bytes that came, however they were cut.
  public mutating func push(_ bytes: ArraySlice<UInt8>) {
    guard failure == nil else { return }
    if start > 0 {
      buffer.removeSubrange(..<start)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// Takes bytes that came, however they were cut.
  public mutating func push(_ bytes: [UInt8]) { push(bytes[...]) }

  /// The next frame; nil until all of it is here.
  ///
  /// - Throws: `ErrorCode.frameOversize`, `ErrorCode.frameMalformed` for a length of 0, `ErrorCode.protocolViolation`
  ///   for an unknown type below `MessageType.firstExtension` and for one that does not belong on this stream.
  public mutating func next() throws(GtachError) -> Frame? {
    if let failure { throw failure }
    do {
      return try take()
    } catch {
      failure = error
      buffer = []
      start = 0
      throw error
    }
  }

  /// To be called when the stream ended.
  ///
  /// - Throws: `ErrorCode.peerClosed` in the middle of a frame, or the error that `next()` threw.
  public func finish() throws(GtachError) {
    if let failure { throw failure }
    guard bufferedBytes == 0 else {
      throw GtachError(
        .peerClosed, "the connection ended in the middle of a frame", reason: "\(bufferedBytes) bytes of it came")
    }
  }

  private mutating func take() throws(GtachError) -> Frame? {
    guard bufferedBytes >= Limits.frameHeaderBytes else { return nil }
    let body = start + Limits.frameHeaderBytes + 1
    let length = buffer[start..<(body - 1)].reduce(0) { $0 << 8 | Int($1) }
    guard length > 0 else {
      throw GtachError(.frameMalformed, "the peer sent a frame without a type", reason: "its length is 0")
    }
    guard length <= Limits.frameBytes else {
      throw GtachError(
        .frameOversize, "the peer sent too large a frame", reason: "\(length) bytes, allowed are \(Limits.frameBytes)")
    }
    guard bufferedBytes > Limits.frameHeaderBytes else { return nil }
    try check(type: buffer[body - 1], bodyBytes: length - 1)
    let end = body - 1 + length
    guard buffer.count >= end else { return nil }
    let frame = Frame(type: buffer[body - 1], body: Array(buffer[body..<end]))
    start = end
    if start == buffer.count {
      start = 0
      buffer.removeAll(keepingCapacity: buffer.capacity <= Self.retainedBytes)
    }
    return frame
  }

  private func check(type number: UInt8, bodyBytes: Int) throws(GtachError) {
    guard let type = MessageType(rawValue: number) else {
      if number >= MessageType.firstExtension { return }
      throw .unknownType(number)
    }
    if let stream, !stream.carries(type) {
      throw GtachError(.protocolViolation, "the peer sent \(type.name) where it does not belong")
    }
    guard bodyBytes <= type.bodyBytes else {
      throw GtachError(
        .frameOversize, "the peer sent too large a \(type.name)",
        reason: "\(bodyBytes) bytes, allowed are \(type.bodyBytes)")
    }
  }
}

extension GtachError {
  static func unknownType(_ number: UInt8) -> GtachError {
    GtachError(
      .protocolViolation, "the peer sent a frame of an unknown type",
      reason: "type 0x\(Hexadecimal.encode([number])) is no extension")
  }
}
