/// Where the sampled hashes of an archive are: 8 bytes of memory for each, and no more of them than `maximumEntries`
/// however large the archive is, because the sampling becomes sparser.
public struct SampledArchive: Sendable {
  /// The most hashes that are kept: 24 MB of them.
  static let maximumEntries = 3 << 20
  /// The most places that are kept of one hash.
  static let maximumPlaces = 8
  /// Places are kept in units of so many bytes.
  private static let placeUnit = 16

  /// The length of the archive in bytes.
  public let size: Int
  /// Hashes with a one among so many of their lowest bits are not kept.
  private let sparseness: UInt32
  /// The hash in the upper half of each, the place in the lower; sorted.
  private var entries: [UInt64] = []

  /// The archive of which the chunks are to be added.
  ///
  /// - Parameter size: Its length in bytes.
  public init(size: Int) {
    self.size = size
    var bits: UInt32 = 0
    while size >> (SampledHash.densityBits + Int(bits)) > Self.maximumEntries * 3 / 4 { bits += 1 }
    sparseness = 1 << bits - 1
    entries.reserveCapacity(min(Self.maximumEntries, size >> SampledHash.densityBits))
  }

  /// Adds what stands at an offset.
  public mutating func add(_ hashes: [SampledHash], at offset: Int) {
    for hash in hashes where hash.value & sparseness == 0 {
      guard entries.count < Self.maximumEntries else { return }
      entries.append(UInt64(hash.value) << 32 | UInt64((offset + Int(hash.offset)) / Self.placeUnit))
    }
  }

  /// Sorts what was added: only then can it be asked.
  public mutating func finish() {
    entries.sort()
    var (kept, run) = (0, 0)
    for position in entries.indices {
      run = position > 0 && entries[position] >> 32 == entries[position - 1] >> 32 ? run + 1 : 0
      guard run < Self.maximumPlaces else { continue }
      entries[kept] = entries[position]
      kept += 1
    }
    entries.removeLast(entries.count - kept)
  }

  /// The offsets at which a hash stands, in their order, each to within 16 bytes.
  func places(of hash: SampledHash) -> [Int] {
    guard hash.value & sparseness == 0 else { return [] }
    let wanted = UInt64(hash.value) << 32
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    var result: [Int] = []
    while low < entries.count, entries[low] >> 32 == UInt64(hash.value) {
      result.append(Int(entries[low] & 0xFFFF_FFFF) * Self.placeUnit)
      low += 1
    }
    return result
  }
}
