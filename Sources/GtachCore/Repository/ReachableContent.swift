import GtachModel

/// Which chunks and objects are needed: those that the indexes of what stays name, whatever kind of object it is.
public struct ReachableContent: Sendable {
  /// The chunks, by digest.
  public private(set) var chunks: Set<Digest> = []
  /// The objects, by id.
  public private(set) var objects: Set<ObjectID> = []

  /// Nothing is needed.
  public init() {}

  /// Adds what an index names.
  public mutating func add(_ index: ChunkIndex) {
    for chunk in index.chunks { chunks.insert(chunk.digest) }
    for object in index.objects { objects.insert(object.id) }
  }
}
