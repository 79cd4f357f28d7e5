import GtachModel
import Testing

@testable import GtachSystem

@Suite("TXT records")
struct TextStringsTests {
  @Test("pairs become strings behind their lengths, in the order of their keys")
  func encode() throws {
    let bytes = try TextStrings.encode(["v": "1", "d": "ab=c"])
    #expect(bytes == Array("\u{6}d=ab=c\u{3}v=1".utf8))
    #expect(TextStrings.decode(bytes) == ["v": "1", "d": "ab=c"])
  }

  @Test("a record without pairs is one empty string (RFC 6763, section 6.1)")
  func empty() throws {
    #expect(try TextStrings.encode([:]) == [0])
    #expect(TextStrings.decode([0]) == [:])
    #expect(TextStrings.decode([UInt8]()) == [:])
  }

  @Test("keys and lengths that a record cannot hold are refused")
  func refused() {
    for pairs in [
      ["": "x"], ["a=b": "x"], ["ä": "x"], ["a": String(repeating: "x", count: 254)],
      Dictionary(uniqueKeysWithValues: (0..<6).map { ("k\($0)", String(repeating: "x", count: 250)) }),
    ] {
      #expect(thrownError { try TextStrings.encode(pairs) }?.code == .bug)
    }
  }

  @Test("what is wrong in a record of others is passed over")
  func foreign() {
    let decode: (String) -> [String: String] = { TextStrings.decode(Array($0.utf8)) }
    #expect(decode("\u{3}V=1\u{3}v=2") == ["v": "1"])
    #expect(decode("\u{4}flag\u{2}=x\u{3}v=1") == ["flag": "", "v": "1"])
    #expect(decode("\u{3}v=1\u{9}a=b") == ["v": "1"])
    #expect(TextStrings.decode([3, 0x76, 0x3D, 0xFF, 3, 0x64, 0x3D, 0x31]) == ["d": "1"])
    #expect(TextStrings.decode([3, 0x07, 0x3D, 0x31]) == [:])
  }

  @Test("no bytes stop it")
  func robust() {
    var generator = SeededGenerator(seed: 6763)
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0..<64, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      for (key, value) in TextStrings.decode(bytes) {
        #expect(!key.isEmpty && key.utf8.count + value.utf8.count < 256)
      }
    }
  }
}
