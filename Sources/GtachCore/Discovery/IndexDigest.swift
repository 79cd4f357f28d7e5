import GtachModel
import GtachWire

/// What a node holds complete, in a form that two nodes compare cheaply: one root, 256 bucket digests, entries.
///
/// The digest of an entry is the SHA-256 of `TARGETPATH\nMANIFESTHEX\n`, and its first byte is the entry's bucket. The
/// digest of a bucket is the first 16 bytes of the SHA-256 of its entries' digests, in ascending order one after the
/// other; an empty bucket has 16 zero bytes. The root is the first 16 bytes of the SHA-256 of all bucket digests.
/// So a peer that changed a little is asked for a few buckets only, however much it holds.
public struct IndexDigest: Hashable, Sendable {
  /// The root: two nodes that hold the same have the same.
  public private(set) var root: ShortDigest
  /// The 256 bucket digests; a bucket's number is its position.
  public private(set) var buckets: [ShortDigest]
  private var placed: [[Placed]]

  private struct Placed: Hashable {
    let digest: Digest
    let entry: Entries.Entry
  }

  /// The digest of these variants, each with the SHA-256 of its manifest.
  public init(entries: [VariantID: Digest], hashing: some Hashing) {
    placed = Array(repeating: [], count: Limits.buckets)
    for (variant, manifest) in entries {
      let entry = Entries.Entry(variant: variant, manifest: manifest)
      let digest = Self.digest(of: entry, hashing: hashing)
      placed[Int(digest.firstByte)].append(Placed(digest: digest, entry: entry))
    }
    buckets = []
    for bucket in placed.indices {
      placed[bucket].sort { $0.digest < $1.digest }
      buckets.append(Self.bucket(of: placed[bucket].map(\.digest), hashing: hashing))
    }
    root = Self.root(of: buckets, hashing: hashing)
  }

  /// Takes note of one change: a variant is held now with this manifest instead of that, either of them nil for none.
  /// It costs a look at one or two buckets, however much is held.
  public mutating func change(
    _ variant: VariantID, from old: Digest?, to new: Digest?, hashing: some Hashing
  ) {
    guard old != new else { return }
    var changed: Set<Int> = []
    for (manifest, isHeld) in [(old, false), (new, true)] {
      guard let manifest else { continue }
      let entry = Entries.Entry(variant: variant, manifest: manifest)
      let digest = Self.digest(of: entry, hashing: hashing)
      let bucket = Int(digest.firstByte)
      changed.insert(bucket)
      placed[bucket].removeAll { $0.digest == digest }
      guard isHeld else { continue }
      let position = placed[bucket].firstIndex { digest < $0.digest } ?? placed[bucket].endIndex
      placed[bucket].insert(Placed(digest: digest, entry: entry), at: position)
    }
    for bucket in changed { buckets[bucket] = Self.bucket(of: placed[bucket].map(\.digest), hashing: hashing) }
    root = Self.root(of: buckets, hashing: hashing)
  }

  /// The entries of some buckets, in the order of the buckets and of their digests: the answer to `getEntries`.
  public func entries(in buckets: some Sequence<UInt8>) -> [Entries.Entry] {
    buckets.flatMap { placed[Int($0)].map(\.entry) }
  }

  /// Of the entries of some buckets those that a peer does not know, and which that it knows are none any more: the
  /// answer to a `getEntries` that says what is known.
  public func entries(in buckets: some Sequence<UInt8>, besides known: EntryIDs) -> ([Entries.Entry], gone: EntryIDs) {
    var gone = Set(known.values)
    let entries = buckets.flatMap { bucket in
      placed[Int(bucket)].filter { gone.remove(EntryIDs.value($0.digest)) == nil }.map(\.entry)
    }
    return (entries, EntryIDs(gone))
  }

  /// The requests for the entries of some buckets, of which some are known: one, or as many as it takes where more are
  /// known than one request may name.
  ///
  /// - Parameter known: The known entries' digests; nil where nothing was ever asked.
  public static func requests(for buckets: [UInt8], known: [Digest]?) -> [(buckets: [UInt8], known: EntryIDs?)] {
    guard let known else { return [(buckets, nil)] }
    var requests: [(buckets: [UInt8], known: EntryIDs?)] = []
    var (group, named) = ([UInt8](), [Digest]())
    let byBucket = Dictionary(grouping: known, by: \.firstByte)
    for bucket in buckets {
      let digests = byBucket[bucket] ?? []
      guard digests.count <= Limits.entryIDsPerMessage else {
        requests.append(([bucket], nil))
        continue
      }
      if named.count + digests.count > Limits.entryIDsPerMessage {
        requests.append((group, EntryIDs(named)))
        (group, named) = ([], [])
      }
      group.append(bucket)
      named += digests
    }
    return group.isEmpty ? requests : requests + [(group, EntryIDs(named))]
  }

  /// Which buckets of a peer differ from what is remembered of that peer; every one that is not empty where nothing is.
  public static func changedBuckets(from remembered: [ShortDigest]?, to current: [ShortDigest]) -> [UInt8] {
    let old = remembered ?? [ShortDigest](repeating: .zero, count: Limits.buckets)
    return zip(old, current).enumerated().compactMap { number, pair in
      pair.0 == pair.1 ? nil : UInt8(truncatingIfNeeded: number)
    }
  }

  /// The root over 256 bucket digests.
  public static func root(of buckets: [ShortDigest], hashing: some Hashing) -> ShortDigest {
    ShortDigest(hashing.digest(of: buckets.flatMap(\.bytes)))
  }

  /// The digest of an entry; its first byte is the entry's bucket.
  public static func digest(of entry: Entries.Entry, hashing: some Hashing) -> Digest {
    hashing.digest(of: Array("\(entry.variant.targetPath)\n\(entry.manifest.hex)\n".utf8))
  }

  private static func bucket(of sorted: [Digest], hashing: some Hashing) -> ShortDigest {
    sorted.isEmpty ? .zero : ShortDigest(hashing.digest(of: sorted.flatMap(\.bytes)))
  }
}
