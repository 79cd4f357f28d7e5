import GtachModel

// What a node asks its neighbours of a variant that it fetches, and what they say.

extension ChunkFetch {
  /// What to ask of whom.
  public enum Question: Hashable, Sendable {
    /// A lease; `have` is how many units are here.
    case claim(have: Int, urgent: Bool)
    /// No lease any more.
    case endClaim
    /// The lists of some objects, by their numbers.
    case lists([Int])
    /// One of some units, the best liked first.
    case unit([Int], have: Int)
    /// The chunk itself, by its position in the index.
    case chunk(Int)
  }

  /// What a peer said, or sent.
  public enum Reply: Sendable {
    /// It has these units, or these, too.
    case has([Range<Int>])
    /// It granted a lease, or took it back.
    case lease(isGranted: Bool)
    /// The list of an object's units is here, and the object as far as this.
    case listed(object: Int, ObjectProgress)
    /// It has not got the lists of these objects.
    case listsLacking([Int])
    /// A unit is verified and stored, of so many bytes; the progress of its object, where that is more than this unit.
    case unit(Int, bytes: Int, ObjectProgress?)
    /// It has not got the units that it was asked for.
    case unitsLacking([Int])
    /// It answered a question with nothing, as there is no lease any more.
    case leaseOver
    /// A bare chunk is verified and stored; so many bytes of it came over the wire.
    case chunk(Int, bytes: Int)
    /// It has not got a bare chunk that it was asked for.
    case chunkLacking(Int)
    /// It gives out nothing at all.
    case notGiven
    /// Something came, and this machine could not store it.
    case refused(GtachError)

    /// Whether it answers a question, rather than being told when there is something to tell.
    var isAnswer: Bool {
      switch self {
      case .has, .lease: false
      default: true
      }
    }
  }
}
