import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct IndexDigestTests {
  private struct Vector: Decodable {
    struct Bucket: Decodable {
      let digest: String
      let targets: [String]
    }
    let name: String
    let entries: [String: String]
    let root: String
    let buckets: [String: Bucket]
  }

  private func entries(_ texts: [String: String]) throws -> [VariantID: Digest] {
    var entries: [VariantID: Digest] = [:]
    for (target, manifest) in texts {
      let variant = try #require(VariantID(targetPath: target))
      let digest = try #require(Digest(hex: manifest))
      entries[variant] = digest
    }
    return entries
  }

  private func many(_ numbers: Range<Int>) throws -> [VariantID: Digest] {
    var entries: [VariantID: Digest] = [:]
    for number in numbers {
      let variant = try #require(VariantID(targetPath: "app/1.\(number).0/any/manifest.json"))
      entries[variant] = SHA256().digest(of: Array("\(number)".utf8))
    }
    return entries
  }

  @Test func theVectorsOfTheSpecification() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(root)/Protocol/vectors/index-digests.json"))
    let vectors = try JSONDecoder().decode([Vector].self, from: bytes)
    #expect(vectors.count >= 4)
    for vector in vectors {
      let comment = Comment(rawValue: vector.name)
      let digest = IndexDigest(entries: try entries(vector.entries), hashing: SHA256())
      #expect(digest.root.hex == vector.root, comment)
      #expect(digest.buckets.count == 256)
      for number in UInt8.min...UInt8.max {
        let expected = vector.buckets["\(number)"]
        #expect(digest.buckets[Int(number)].hex == expected?.digest ?? String(repeating: "0", count: 32), comment)
        #expect(digest.entries(in: [number]).map(\.variant.targetPath) == expected?.targets ?? [], comment)
      }
    }
  }

  @Test func anotherManifestOrPlatformIsAnotherRoot() throws {
    let digest = SHA256().digest(of: [1])
    let roots = try [
      ["a/1.0.0/any/manifest.json": digest], ["a/1.0.0/any/manifest.json": SHA256().digest(of: [2])],
      ["a/1.0.0/linux-arm64/manifest.json": digest], ["a/1.0.1/any/manifest.json": digest],
      ["b/1.0.0/any/manifest.json": digest], [:],
    ].map { IndexDigest(entries: try entries($0.mapValues(\.hex)), hashing: SHA256()).root }
    #expect(Set(roots).count == roots.count)
  }

  @Test func askingForWhatChangedIsEnoughToKnowAll() throws {
    // A dialler remembers a peer's entries by bucket and asks only for the buckets whose digests differ.
    let old = IndexDigest(entries: try many(0..<1000), hashing: SHA256())
    let new = IndexDigest(entries: try many(3..<1002), hashing: SHA256())
    let changed = IndexDigest.changedBuckets(from: old.buckets, to: new.buckets)
    #expect((1...5).contains(changed.count))
    let unchanged = (UInt8.min...UInt8.max).filter { !changed.contains($0) }
    let known = old.entries(in: unchanged) + new.entries(in: changed)
    #expect(Set(known) == Set(new.entries(in: UInt8.min...UInt8.max)))
    #expect(known.count == 999)
    #expect(IndexDigest.changedBuckets(from: new.buckets, to: new.buckets).isEmpty)
  }

  /// What it costs to learn that an index has changed, as messages of one connection: what NodeState asks.
  private func exchange(
    from old: IndexDigest, to new: IndexDigest
  ) throws -> (bytes: Int, entries: Set<Entries.Entry>) {
    let everything = UInt8.min...UInt8.max
    var known = Dictionary(
      uniqueKeysWithValues: old.entries(in: everything).map { (IndexDigest.digest(of: $0, hashing: SHA256()), $0) })
    var messages: [Message] = [
      .changed(Changed(id: 1, indexRoot: new.root, metadataVersion: 1)), .getBuckets(GetBuckets(id: 2)),
      .buckets(Buckets(id: 2, digests: new.buckets)),
      .watch(Watch(id: 3, indexRoot: new.root, metadataVersion: 1)),
    ]
    let changed = IndexDigest.changedBuckets(from: old.buckets, to: new.buckets)
    let remembered = known.keys.filter { changed.contains($0.firstByte) }
    for request in IndexDigest.requests(for: changed, known: Array(remembered)) {
      messages.append(.getEntries(GetEntries(id: 4, buckets: request.buckets, known: request.known)))
      let (entries, gone) = new.entries(in: request.buckets, besides: try #require(request.known))
      messages += Entries.messages(id: 4, entries: entries, gone: gone).map { .entries($0) }
      for value in gone.values { known = known.filter { EntryIDs.value($0.key) != value } }
      for entry in entries { known[IndexDigest.digest(of: entry, hashing: SHA256())] = entry }
    }
    return (messages.reduce(0) { $0 + $1.encoded().count }, Set(known.values))
  }

  @Test("with 10,000 releases one more costs at most 16 KiB, and 1,000 more 300 bytes each")
  func costGrowsWithWhatChanged() throws {
    let old = IndexDigest(entries: try many(0..<10_000), hashing: SHA256())
    for (numbers, maximum) in [(0..<10_001, 16 << 10), (0..<11_000, 300 * 1000), (1..<10_000, 16 << 10)] {
      let new = IndexDigest(entries: try many(numbers), hashing: SHA256())
      let (bytes, entries) = try exchange(from: old, to: new)
      #expect(bytes <= maximum)
      #expect(entries == Set(new.entries(in: UInt8.min...UInt8.max)))
    }
  }

  @Test func moreThanOneRequestMayNameIsAskedInSeveral() throws {
    let digests = (0..<20_000).map { SHA256().digest(of: Array("\($0)".utf8)) }
    let requests = IndexDigest.requests(for: Array(UInt8.min...UInt8.max), known: digests)
    #expect(requests.count == 3)
    #expect(requests.flatMap(\.buckets) == Array(UInt8.min...UInt8.max))
    #expect(requests.allSatisfy { ($0.known?.values.count ?? 0) <= Limits.entryIDsPerMessage })
    #expect(requests.reduce(0) { $0 + ($1.known?.values.count ?? 0) } == digests.count)
    // A bucket of which too much is known is asked for as a whole.
    let crowd = Array(
      Set(
        (0..<9000).map { number -> Digest in
          let bytes = SHA256().digest(of: Array("\(number)".utf8)).bytes
          return Digest([7] + bytes.dropFirst()) ?? digests[0]
        }))
    let whole = IndexDigest.requests(for: [6, 7, 8], known: crowd)
    #expect(whole.map(\.buckets) == [[7], [6, 8]] && whole[0].known == nil && whole[1].known == EntryIDs([Digest]()))
    #expect(IndexDigest.requests(for: [1, 2], known: nil).map(\.buckets) == [[1, 2]])
  }

  @Test func whoIsMetForTheFirstTimeIsAskedForWhatIsNotEmpty() throws {
    let entries = try many(0..<3)
    let few = IndexDigest(entries: entries, hashing: SHA256())
    let asked = IndexDigest.changedBuckets(from: nil, to: few.buckets)
    #expect((1...3).contains(asked.count))
    #expect(Set(few.entries(in: asked).map(\.variant)) == Set(entries.keys))
    let none = IndexDigest(entries: [:], hashing: SHA256())
    #expect(IndexDigest.changedBuckets(from: nil, to: none.buckets).isEmpty)
    // And who lost everything is noticed.
    #expect(IndexDigest.changedBuckets(from: few.buckets, to: none.buckets) == asked)
  }

  @Test func changesOneByOneLeadToWhatAllTogetherGive() throws {
    var generator = SeededGenerator(seed: 4)
    let variants = Array(try many(0..<400).keys).sorted()
    var entries: [VariantID: Digest] = [:]
    var index = IndexDigest(entries: entries, hashing: SHA256())
    for step in 0..<1500 {
      let variant = variants[Int.random(in: 0..<variants.count, using: &generator)]
      let manifest: Digest? =
        Int.random(in: 0..<3, using: &generator) == 0
        ? nil : SHA256().digest(of: [UInt8.random(in: 0..<2, using: &generator)])
      index.change(variant, from: entries[variant], to: manifest, hashing: SHA256())
      entries[variant] = manifest
      if step % 100 == 0 || step < 10 { #expect(index == IndexDigest(entries: entries, hashing: SHA256())) }
    }
    for (variant, manifest) in entries { index.change(variant, from: manifest, to: nil, hashing: SHA256()) }
    #expect(index == IndexDigest(entries: [:], hashing: SHA256()))
  }

  @Test func entriesLandInTheBucketOfTheirFirstByte() throws {
    let digest = IndexDigest(entries: try many(0..<500), hashing: SHA256())
    for number in UInt8.min...UInt8.max {
      for entry in digest.entries(in: [number]) {
        #expect(IndexDigest.digest(of: entry, hashing: SHA256()).firstByte == number)
      }
    }
    #expect(IndexDigest.root(of: digest.buckets, hashing: SHA256()) == digest.root)
  }
}
