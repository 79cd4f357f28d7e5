/// Chooses which pieces of an older archive are to stand before a chunk when it is compressed: those that have the most
/// in common with it, and what stands around them, because what has changed a little has no hash in common at all.
public struct PrefixChooser: Sendable {
  /// The older archive is looked at in cells of so many bytes.
  private static let cellBytes = 16 << 10
  /// How many hashes a cell must have in common with the chunk that no better cell has.
  private static let minimumGain = 2
  /// By how many bytes a piece grows at each end at a time.
  private static let stepBytes = 4096

  private let archive: SampledArchive

  /// A chooser from an older archive.
  public init(archive: SampledArchive) { self.archive = archive }

  /// The pieces, the best last, because what is near is cheap to refer to. Empty where the two have nothing in common.
  ///
  /// - Parameters:
  ///   - chunk: The bytes of the chunk.
  ///   - excess: How many bytes the pieces may be in all beyond the length of the chunk.
  public func pieces(
    for chunk: ArraySlice<UInt8>, excess: Int = ObjectHeader.maximumExcess
  ) -> [Range<Int>] {
    let budget = chunk.count + excess
    var pieces = runs(of: commonCells(with: chunk))
    pieces.sort { ($0.gain, $1.range.lowerBound) > ($1.gain, $0.range.lowerBound) }
    pieces.removeLast(max(0, pieces.count - ObjectHeader.maximumPieces))
    while pieces.reduce(0, { $0 + $1.range.count }) > budget { pieces.removeLast() }
    return widened(pieces.map(\.range), to: budget).reversed()
  }

  private func commonCells(with chunk: ArraySlice<UInt8>) -> [(group: Int, gain: Int)] {
    let hashes = SampledHash.hashes(of: chunk)
    var cover = GreedyCover(memberCount: hashes.count)
    for (number, hash) in hashes.enumerated() {
      for place in archive.places(of: hash) { cover.add(number, to: place / Self.cellBytes) }
    }
    return cover.chosen(atMost: .max, minimumGain: Self.minimumGain)
  }

  /// Neighbouring cells as one piece, in the order of the archive.
  private func runs(of cells: [(group: Int, gain: Int)]) -> [(range: Range<Int>, gain: Int)] {
    var runs: [(range: Range<Int>, gain: Int)] = []
    for (cell, gain) in cells.sorted(by: { $0.group < $1.group }) {
      let range = cell * Self.cellBytes..<min((cell + 1) * Self.cellBytes, archive.size)
      if let last = runs.last, last.range.upperBound == range.lowerBound {
        runs[runs.count - 1] = (last.range.lowerBound..<range.upperBound, last.gain + gain)
      } else {
        runs.append((range, gain))
      }
    }
    return runs
  }

  /// The pieces grown, all alike, as far as the budget and each other let them.
  private func widened(_ pieces: [Range<Int>], to budget: Int) -> [Range<Int>] {
    var pieces = pieces
    var remaining = budget - pieces.reduce(0) { $0 + $1.count }
    var grows = true
    while grows {
      grows = false
      for number in pieces.indices where remaining >= 2 * Self.stepBytes {
        let piece = pieces[number]
        let floor = pieces.lazy.map(\.upperBound).filter { $0 <= piece.lowerBound }.max() ?? 0
        let ceiling = pieces.lazy.map(\.lowerBound).filter { $0 >= piece.upperBound }.min() ?? archive.size
        pieces[number] =
          max(floor, piece.lowerBound - Self.stepBytes)..<min(ceiling, piece.upperBound + Self.stepBytes)
        remaining -= pieces[number].count - piece.count
        if pieces[number] != piece { grows = true }
      }
    }
    return pieces
  }
}
