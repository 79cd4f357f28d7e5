import GtachModel
import GtachSystem
import Testing

@Suite("SHA-256")
struct DigestTests {
  /// FIPS 180-4's examples, and the million times "a" of NIST's CAVP.
  static let vectors: [(message: String, digest: String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ]

  @Test("published vectors, at once and piece by piece", arguments: vectors)
  func vector(message: String, digest: String) {
    let bytes = Array(message.utf8)
    #expect(SHA256().digest(of: bytes).hex == digest)
    let stream = SHA256Stream()
    // Twice: a stream can be used again after its end.
    for _ in 0..<2 {
      var rest = bytes[...]
      var size = 1
      while !rest.isEmpty {
        stream.update(rest.prefix(size))
        rest = rest.dropFirst(size)
        size = size * 2 + 1
      }
      #expect(stream.finish().hex == digest)
    }
  }

  @Test("a slice is hashed from where it starts")
  func slice() {
    let bytes = Array("xxabcxx".utf8)
    #expect(SHA256().digest(of: bytes[2..<5]).hex == Self.vectors[1].digest)
  }

  @Test("random bytes are as many as asked for, and never the same")
  func random() {
    #expect(SystemRandom.bytes(0).isEmpty)
    #expect(SystemRandom.bytes(33).count == 33)
    #expect(SystemRandom.bytes(32) != SystemRandom.bytes(32))
  }
}
