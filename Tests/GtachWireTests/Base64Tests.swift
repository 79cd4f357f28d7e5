import GtachModel
import Testing

@testable import GtachWire

@Suite struct Base64Tests {
  @Test(arguments: [
    // RFC 4648, section 10.
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func theVectorsOfTheRFC(plain: String, coded: String) {
    let unpadded = String(coded.prefix(while: { $0 != "=" }))
    #expect(Base64.standard.encode(Array(plain.utf8)) == coded)
    #expect(Base64.standard.decode(coded) == Array(plain.utf8))
    #expect(Base64.url.encode(Array(plain.utf8)) == unpadded)
    #expect(Base64.url.decode(unpadded) == Array(plain.utf8))
  }

  @Test func everyByteSurvivesAtEveryPlace() {
    var generator = SeededGenerator(seed: 5)
    for count in 0..<300 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(Base64.standard.decode(Base64.standard.encode(bytes)) == bytes)
      #expect(Base64.url.decode(Base64.url.encode(bytes)) == bytes)
    }
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=", "Zm9v\n", "Zm 9v", "Zm9v-_==", "Zé==",
  ])
  func aSecondSpellingIsRefused(text: String) { #expect(Base64.standard.decode(text) == nil) }

  @Test func theChecksumIsThatOfZip() {
    // The check value of the CRC catalogue.
    #expect(CRC32.checksum(of: Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(CRC32.checksum(of: []) == 0)
  }
}
