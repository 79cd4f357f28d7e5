/// Asks for the entries of some buckets (JSON); answered by `entries` until one says that no more follow.
public struct GetEntries: Hashable, Sendable {
  /// The request's number, repeated in every answer.
  public let id: UInt32
  /// The numbers of the buckets: 1 to 256, ascending, none twice.
  public let buckets: [UInt8]
  /// What of these buckets need not be sent, but only that it is gone; nil where nothing is known of the peer.
  public let known: EntryIDs?

  /// A request for some buckets, in whatever order they come.
  public init(id: UInt32, buckets: some Sequence<UInt8>, known: EntryIDs? = nil) {
    self.id = id
    self.buckets = Set(buckets).sorted()
    self.known = known
  }
}

extension GetEntries: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .getEntries }

  var flaw: String? {
    let isAscending = zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }
    guard isAscending, !buckets.isEmpty else { return "buckets are not 1 to 256 ascending numbers" }
    let asked = Set(buckets)
    let isAsked = known?.values.allSatisfy { asked.contains(EntryIDs.bucket(of: $0)) } ?? true
    return isAsked ? nil : "it names entries of buckets that it does not ask for"
  }
}
