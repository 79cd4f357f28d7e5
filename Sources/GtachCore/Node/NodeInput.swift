import GtachModel
import GtachWire

/// A number by which the shell knows whom to answer.
public struct RequestToken: Hashable, Sendable {
  /// The number.
  public let number: Int
  /// The token of that number.
  public init(number: Int) { self.number = number }
}

/// Everything that can happen to a node.
public enum NodeInput: Sendable {
  /// Multicast said something.
  case discovery(DiscoveryEvent)
  /// A peer that was dialled has said hello; the name is that of its certificate.
  case sessionOpened(SessionID, hello: Hello, name: String, endpoint: Endpoint)
  /// A peer has dialled this node and said hello; it says that it listens there.
  case called(NodeID, name: String, endpoint: Endpoint)
  /// This machine's addresses are others than before.
  case networkChanged
  /// A connection ended, or could not be made.
  case sessionClosed(SessionID, GtachError?)
  /// A peer answered.
  case reply(SessionID, SessionReply)
  /// A part of an answer came, if no whole one.
  case heard(SessionID)
  /// Signed metadata is on disk, or could not be put there.
  case metadataSaved(GtachError?)
  /// Which chunks of a variant are lacking on disk.
  case inspected(VariantID, Result<[LackingChunk], GtachError>)
  /// A variant is complete and visible, or could not be made so.
  case completed(VariantID, GtachError?)
  /// The repository, read again: another process may have changed it.
  case repositoryChanged(trusted: TrustedMetadata, held: [VariantID: Digest], choices: ReleaseChoices)
  /// What is installed, read again.
  case installStateChanged(InstallState)
  /// An update or a rollback ended.
  case updateFinished(Result<UpdateResult, GtachError>)
  /// The repository is cleaned, and what is complete here now; or it could not be.
  case cleaned(Result<(report: GarbageReport, held: [VariantID: Digest]), GtachError>)
  /// A peer asked for a chunk that is not here, or no longer, or cannot be read.
  case chunkUnavailable(Digest)
  /// All that is listed here was looked at: what is damaged is so no longer, and what is complete here now.
  case checked(Result<(damaged: [VariantID], held: [VariantID: Digest]), GtachError>)
  /// The operator asks for something: `sync`, `install` or `rollback`.
  case control(RequestToken, ControlRequest)
  /// Time has passed.
  case tick

  /// About how much memory it takes.
  public var approximateBytes: Int { if case .reply(_, let reply) = self { reply.approximateBytes } else { 512 } }
}

/// What may be asked of a peer.
public enum SessionRequest: Hashable, Sendable {
  /// A file of signed metadata, at most so many bytes.
  case metadata(name: String, maximumBytes: Int)
  /// The buckets of its index digest.
  case buckets
  /// What is in some buckets, beside what is known of them.
  case entries(buckets: [UInt8], known: EntryIDs?)
  /// The manifest of a variant.
  case manifest(VariantID, Manifest.Content)
  /// The index of a variant.
  case index(VariantID, Manifest.Content)
  /// To tell which units of a variant it has, from now on.
  case follow(VariantID, UnitMap, index: Digest)
  /// No longer to tell it.
  case unfollow(VariantID)
  /// Something of a variant that it was asked to tell of.
  case fetch(VariantID, ChunkFetch.Question)
  /// To say when its index root or metadata version are no longer these.
  case watch(Advertisement)
  /// Whom it has met.
  case peers
}

/// What a peer answered. Whatever breaks the protocol ends the session instead.
public enum SessionReply: Sendable {
  /// A file of signed metadata; nil where the peer has none of that name.
  case metadata(name: String, [UInt8]?)
  /// 256 bucket digests.
  case buckets([ShortDigest])
  /// What is in the buckets that were asked for; where something is said to be gone, only what was not known, and what
  /// is none any more of what was.
  case entries([VariantID: Digest], gone: EntryIDs?)
  /// A manifest that has the digest and size asked for.
  case manifest(VariantID, [UInt8])
  /// An index that has the digest and size asked for.
  case index(VariantID, [UInt8])
  /// Something of a variant that it was asked to tell of.
  case fetch(VariantID, ChunkFetch.Reply)
  /// The peer has no such manifest or index any more.
  case missing(VariantID)
  /// The peer's index root and metadata version, as they are now.
  case changed(Advertisement)
  /// Whom it has met, as it says.
  case peers([Peers.Entry])

  /// About how much memory it takes.
  var approximateBytes: Int {
    switch self {
    case .metadata(_, let bytes): 512 + (bytes?.count ?? 0)
    case .manifest(_, let bytes), .index(_, let bytes): 512 + bytes.count
    case .entries(let entries, let gone): 512 + 256 * entries.count + 8 * (gone?.values.count ?? 0)
    case .fetch(_, .has(let ranges)): 512 + MemoryLayout<Range<Int>>.stride * ranges.count
    case .peers(let entries): 512 + 256 * entries.count
    case .buckets, .fetch, .missing, .changed: 512
    }
  }

  /// Whether it answers a question, rather than being told when there is something to tell.
  var isAnswer: Bool {
    switch self {
    case .changed: false
    case .fetch(_, let reply): reply.isAnswer
    default: true
    }
  }
}

/// Everything that a node can decide to do; the shell obeys and reports back.
public enum NodeAction: Sendable {
  /// Connect to the first of these addresses that answers.
  case dial(SessionID, [Endpoint])
  /// End a connection; with an error where the peer is at fault.
  case close(SessionID, GtachError?)
  /// Ask a peer. Answers come in the order of the questions, that to `watch` excepted.
  case send(SessionID, SessionRequest)
  /// Put verified metadata on disk, durably.
  case saveMetadata([String: [UInt8]])
  /// Find out which chunks of a variant are lacking on disk.
  case inspect(VariantID, ChunkIndex)
  /// Forget what arrives of a variant that is not fetched any more, or not at present, beside what others that are need
  /// of it. On the disk it stays for when it is.
  case leave(ChunkIndex, keeping: [ChunkIndex])
  /// Make a variant visible: everything of it is stored.
  case complete(VariantID, manifest: [UInt8], index: [UInt8])
  /// Note durably that releases are wanted here, because an operator asked for them by name.
  case keep([ReleaseID])
  /// Tell the neighbours: by advertisement, and on the connections that watch.
  case advertise(Advertisement)
  /// Tell those who ask of these peers.
  case introduce([Peers.Entry])
  /// Ask multicast anew where an instance is: it is not where it was said to be.
  case lookUp(instance: String)
  /// Keep on disk who was met.
  case remember([RememberedPeer])
  /// Install variants that are complete, all at once: each after those that it needs.
  case install([RequestedVariant])
  /// Make an earlier release active again.
  case rollBack(PackageName, SemanticVersion?)
  /// Clean the repository; some variants are wanted here for other reasons than those on the disk.
  case clean(keeping: [VariantID])
  /// Find out what of the variants that are listed here is damaged; some chunks are to be read, of the others it is
  /// enough to see them.
  case check(suspects: Set<Digest>)
  /// Tell the operator.
  case emit(NodeEvent)
  /// Answer a request, for the last time.
  case answer(RequestToken, ControlReply)
}
