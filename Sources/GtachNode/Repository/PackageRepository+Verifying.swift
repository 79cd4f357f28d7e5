import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// How a stored chunk or object is.
  enum Condition: Equatable {
    case sound
    /// It was, and is in quarantine now.
    case damaged
    case missing
    /// Nobody knows: reading it failed, or it is damaged and could not be moved.
    case unreadable(GtachError)
  }

  /// Reads and hashes a stored chunk.
  func condition(of chunk: ChunkIndex.Chunk) -> Condition {
    condition(at: layout.chunk(chunk.digest)) { () throws(GtachError) in try storedChunk(chunk) != nil }
  }

  /// Reads and hashes a stored object, all of its units.
  func condition(ofObject id: ObjectID) -> Condition {
    condition(at: layout.object(id)) { () throws(GtachError) in try storedObject(id) != nil }
  }

  private func condition(at path: String, _ isSound: () throws(GtachError) -> Bool) -> Condition {
    do throws(GtachError) {
      let wasThere = try files.exists(path)
      return try isSound() ? .sound : wasThere ? .damaged : .missing
    } catch {
      return .unreadable(error)
    }
  }
}
