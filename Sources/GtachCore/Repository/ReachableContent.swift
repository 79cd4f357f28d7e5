import GtachModel

/// Which chunks and objects are needed: those that the indexes of what stays name, whatever kind of object it is.
public struct ReachableContent: Sendable {
  /// The chunks, by digest.
  public private(set) var chunks: Set<Digest> = []
  /// The objects, by id.
  public private(set) var objects: Set<ObjectID> = []

  /// Those objects that releases which are complete name, and no fetch under way: their chunks are here, and they only
  /// spare others bytes.
  public var cachedObjects: Set<ObjectID> { objects.subtracting(awaitedObjects) }

  /// Those objects that a fetch under way names.
  public private(set) var awaitedObjects: Set<ObjectID> = []

  /// Nothing is needed.
  public init() {}

  /// Adds what an index names.
  ///
  /// - Parameter isComplete: Whether the release is here; else it is being fetched.
  public mutating func add(_ index: ChunkIndex, isComplete: Bool) {
    for chunk in index.chunks { chunks.insert(chunk.digest) }
    for object in index.objects {
      objects.insert(object.id)
      if !isComplete { awaitedObjects.insert(object.id) }
    }
  }
}
