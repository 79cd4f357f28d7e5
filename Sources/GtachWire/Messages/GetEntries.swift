/// Asks for the entries of some buckets (JSON); answered by `entries` until one says that no more follow.
public struct GetEntries: Hashable, Sendable {
  /// The request's number, repeated in every answer.
  public let id: UInt32
  /// The numbers of the buckets: 1 to 256, ascending, none twice.
  public let buckets: [UInt8]

  /// A request for some buckets, in whatever order they come.
  public init(id: UInt32, buckets: some Sequence<UInt8>) {
    self.id = id
    self.buckets = Set(buckets).sorted()
  }
}

extension GetEntries: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .getEntries }

  var flaw: String? {
    let isAscending = zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }
    return isAscending && !buckets.isEmpty ? nil : "buckets are not 1 to 256 ascending numbers"
  }
}
