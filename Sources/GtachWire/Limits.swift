/// What this version of the protocol allows, with the unit last. `Protocol/README.md` repeats every number.
public enum Limits {
  /// The largest value of a frame's length field, in bytes: type and body, without the four bytes of the length
  /// itself. Only an extension's frame comes near; every known type has a tighter limit (`MessageType.bodyBytes`).
  public static let frameBytes = 1 << 20
  /// The length field, in bytes.
  public static let frameHeaderBytes = 4
  /// A JSON body, in bytes.
  public static let controlBodyBytes = 256 << 10
  /// A JSON body of `peers`, in bytes: it comes from somebody who may lie, and is no more than a hint.
  public static let peersBodyBytes = 32 << 10
  /// The nodes of one `peers`.
  public static let peersPerMessage = 64
  /// The endpoints of a node in `peers`.
  public static let endpointsPerPeer = 4
  /// A JSON body of `join`, in bytes: it comes from somebody who has proved nothing yet.
  public static let joinBodyBytes = 16 << 10
  /// A JSON body of `welcome`, in bytes: it carries a TUF root.
  public static let welcomeBodyBytes = 768 << 10

  /// The longest zstd frame that anybody makes of so many bytes, on the wire or in a file, and the longest object that
  /// a chunk of that many may have: what zstd makes of bytes that it cannot compress (ZSTD_COMPRESSBOUND), and some
  /// room.
  public static func zstdFrameBytes(size: Int) -> Int { size + size >> 8 + 1024 }
  /// The longest file, in bytes.
  public static let fileBytes = 16 << 20
  /// The longest zstd frame that a file travels as, in bytes.
  public static let fileFrameBytes = 17 << 20
  /// The bytes of a file's frame in one `filePart`.
  public static let partBytes = 256 << 10
  /// The bases that one `getFile` names.
  public static let bases = 3
  /// The largest unit of an object, and part of a chunk, in bytes.
  public static let unitBytes = 64 << 10
  /// The smallest unit that an index may name, in bytes; the last unit of an object may be shorter.
  public static let smallestUnitBytes = 4 << 10
  /// The largest object, and the largest zstd frame that a chunk travels as, in bytes.
  public static let objectBytes = 4 << 20
  /// The units of one object.
  public static let unitsPerObject = objectBytes / smallestUnitBytes
  /// The units of a variant, its bare chunks included; the numbers of its objects and units are below it.
  public static let unitsPerVariant = 1 << 27
  /// The longest spelling of such a number, in bytes.
  static let unitNumberBytes = 4
  /// The objects that one `getUnitLists` names.
  public static let objectsPerGetUnitLists = 64
  /// The units that one `getUnit` names.
  public static let unitsPerGetUnit = 16
  /// The body of a `have`, in bytes.
  public static let haveBodyBytes = 64 << 10

  /// The buckets of an index digest.
  public static let buckets = 256
  /// The entries of one `entries` message.
  public static let entriesPerMessage = 256
  /// The names of entries of one `getEntries`, and so of one `entries`.
  public static let entryIDsPerMessage = 8192
  /// A target path, in bytes.
  public static let targetPathBytes = 512
  /// The file name of TUF metadata, in bytes.
  public static let fileNameBytes = 128
  /// The protocol versions that a `hello` lists.
  public static let versions = 16
  /// The sentence of a `failure`, in bytes.
  public static let failureMessageBytes = 1024
  /// An error's stable word, in bytes.
  public static let failureCodeBytes = 64
  /// A certificate or a certificate request in PEM, in bytes.
  public static let certificateBytes = 8 << 10
  /// The TUF root of a `welcome`, in bytes before base64: as much as a TUF client reads of a root.
  public static let rootBytes = 512_000
  /// The largest integer of a JSON body and of a 64-bit field: what a double holds exactly (RFC 8259, section 6).
  public static let integer = (1 << 53) - 1

  /// A string of a TXT record, in bytes (RFC 6763, section 6.1: its length is one byte).
  public static let textStringBytes = 255
  /// A whole TXT record, in bytes (RFC 6763, section 6.2).
  public static let textRecordBytes = 1300
  /// The characters of an invitation token.
  public static let tokenCharacters = 4096
  /// The address hints of an invitation token.
  public static let tokenHints = 8

  /// The requests of one connection that may be unanswered at a time; `watch`, `follow` and `claim` do not count.
  public static let outstandingRequests = 64
  /// The `follow`s of one connection that may be open at a time.
  public static let follows = 8
  /// The `claim`s of one connection that may be open at a time.
  public static let claims = 8
  /// From the start of a connection until TLS and both `hello`s are done, in milliseconds.
  public static let handshakeMilliseconds: Int64 = 10_000
  /// From the first byte of a frame to its last, in milliseconds.
  public static let frameMilliseconds: Int64 = 30_000
  /// From a request, or from the previous frame of its answer, to the next frame, in milliseconds; not for `watch`,
  /// `follow` and `claim`.
  public static let answerMilliseconds: Int64 = 30_000
  /// How long a `watch` waits for a change before it is answered with what is unchanged, in milliseconds.
  public static let watchMilliseconds: Int64 = 30_000
  /// After how much silence a connection may be closed, in milliseconds.
  public static let idleMilliseconds: Int64 = 90_000
}
