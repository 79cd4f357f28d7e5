/// A chunk that is not here, and how it can be had.
public struct LackingChunk: Hashable, Sendable {
  /// Where it first occurs in the archive: a position in the index's chunks.
  public let chunk: Int
  /// The objects that yield it on this machine, by their numbers in the index, the cheapest first. It can always be had
  /// bare.
  public let objects: [Int]

  /// A chunk and its objects.
  public init(chunk: Int, objects: [Int]) {
    self.chunk = chunk
    self.objects = objects
  }
}
