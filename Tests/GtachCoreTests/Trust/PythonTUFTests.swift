import GtachCore
import GtachModel
import GtachSystem
import Testing

/// Metadata that python-tuf wrote (Tests/interop/write-with-python-tuf.py), read with real hashes and signatures: two
/// roots, a replaced timestamp key, a threshold of two, and fields that gtach does not know.
@Suite("Metadata of python-tuf")
struct PythonTUFTests {
  private let files: [String: [UInt8]]

  init() throws {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let directory = parts.joined(separator: "/") + "/interop/python-tuf"
    var files: [String: [UInt8]] = [:]
    for name in try FileSystem().list(directory) {
      files[name] = try FileSystem().read("\(directory)/\(name)", maximumBytes: 100_000)
    }
    self.files = files
  }

  private func load(_ files: [String: [UInt8]]) throws -> TrustedMetadata {
    try TrustedMetadata.load(
      files: { name in files[name] }, pinnedRoot: files["1.root.json"] ?? [], checking: Ed25519(), hashing: SHA256())
  }

  @Test("the whole chain is accepted, and the release is listed")
  func accepted() throws {
    let trusted = try load(files)
    #expect(trusted.isComplete)
    #expect(trusted.rootVersion == 2)
    #expect(trusted.timestampVersion == 6)
    let variant = try #require(VariantID(targetPath: "app/1.2.3/linux-arm64/manifest.json"))
    let manifest = Array("{\"a manifest\": \"of python-tuf's making\"}\n".utf8)
    let listed = ListedVariant(
      variant: variant, manifest: .init(digest: SHA256().digest(of: manifest), size: manifest.count),
      platforms: [.init(os: "linux")], dependencies: [try PackageName("hyperpixel"): try VersionRange("^1.2")])
    #expect(trusted.targets == [variant: listed])
  }

  @Test("a peer that serves it is believed, step by step")
  func update() throws {
    let pinned = try TrustedMetadata(pinnedRoot: files["1.root.json"] ?? [], checking: Ed25519(), hashing: SHA256())
    var update = MetadataUpdate(
      trusted: pinned, now: Timestamp(secondsSinceEpoch: 0), checking: Ed25519(), hashing: SHA256())
    while let file = update.nextFile { try update.receive(files[file.name]) }
    #expect(try update.finished?.trusted.targets == load(files).targets)
    #expect(update.finished.map { Set($0.newFiles.keys) } == Set(files.keys).subtracting(["1.root.json"]))
  }

  @Test("one flipped bit anywhere in a signed value is noticed")
  func damaged() throws {
    let genuine = try load(files)
    for (name, bytes) in files {
      var generator = SeededGenerator(seed: 3)
      for _ in 0..<20 {
        var damaged = files
        let position = Int.random(in: bytes.indices, using: &generator)
        damaged[name]?[position] ^= 1 << UInt8.random(in: 0..<7, using: &generator)
        // Of a file that nothing describes, white space may change, or a signature that the threshold does not need.
        if let trusted = try? load(damaged), trusted.isComplete {
          #expect(trusted.targets == genuine.targets)
          #expect(name == "timestamp.json" || name.hasSuffix("root.json"))
        }
      }
    }
  }
}
