import GtachModel

/// How far an object is whose units arrive.
public enum ObjectProgress: Equatable, Sendable {
  /// Some units are missing; those of these numbers are here.
  case arriving(units: [Int])
  /// It is stored whole. Where its chunk is not here, too, it needs something that is not: it is decoded when the
  /// variant is completed.
  case whole(isChunkHere: Bool)
  /// It is what its id says, and yields no chunk or another one: its publisher made it wrongly. Nothing is left of it.
  case useless(GtachError)
}
