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
  public let root: ShortDigest
  /// The 256 bucket digests; a bucket's number is its position.
  public let buckets: [ShortDigest]
  private let entriesByBucket: [UInt8: [Entries.Entry]]

  /// The digest of these variants, each with the SHA-256 of its manifest.
  public init(entries: [VariantID: Digest], hashing: some Hashing) {
    var placed: [UInt8: [(digest: Digest, entry: Entries.Entry)]] = [:]
    for (variant, manifest) in entries {
      let entry = Entries.Entry(variant: variant, manifest: manifest)
      let digest = Self.digest(of: entry, hashing: hashing)
      placed[digest.firstByte, default: []].append((digest, entry))
    }
    var buckets = [ShortDigest](repeating: .zero, count: Limits.buckets)
    var entriesByBucket: [UInt8: [Entries.Entry]] = [:]
    for (bucket, content) in placed {
      let sorted = content.sorted { $0.digest < $1.digest }
      buckets[Int(bucket)] = Self.bucket(of: sorted.map(\.digest), hashing: hashing)
      entriesByBucket[bucket] = sorted.map(\.entry)
    }
    self.buckets = buckets
    self.entriesByBucket = entriesByBucket
    root = Self.root(of: buckets, hashing: hashing)
  }

  /// The entries of some buckets, in the order of the buckets and of their digests: the answer to `getEntries`.
  public func entries(in buckets: some Sequence<UInt8>) -> [Entries.Entry] {
    buckets.flatMap { entriesByBucket[$0] ?? [] }
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
    ShortDigest(hashing.digest(of: sorted.flatMap(\.bytes)))
  }
}
