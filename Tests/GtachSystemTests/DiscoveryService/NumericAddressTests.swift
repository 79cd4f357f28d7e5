import GtachModel
import Testing

@testable import GtachSystem

@Suite("Addresses from records")
struct NumericAddressTests {
  @Test("addresses that a peer may have")
  func text() {
    #expect(NumericAddress.text([10, 77, 0, 1], family: .ipv4, interface: 2) == "10.77.0.1")
    let global: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
    #expect(NumericAddress.text(global, family: .ipv6, interface: 2) == "2001:db8::1")
    let local: [UInt8] = [0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
    // No machine has an interface of that number, so the number itself is the zone (RFC 4007, section 11).
    #expect(NumericAddress.text(local, family: .ipv6, interface: 999_999) == "fe80::1%999999")
  }

  @Test("addresses that no peer can have, and bytes that are none")
  func refused() {
    for bytes: [UInt8] in [[0, 0, 0, 0], [127, 0, 0, 1], [224, 0, 0, 251], [255, 255, 255, 255], [10, 0, 0], []] {
      #expect(NumericAddress.text(bytes, family: .ipv4, interface: 1) == nil)
    }
    let zeros = [UInt8](repeating: 0, count: 15)
    let linkLocal: [UInt8] = [0xFE, 0x80] + zeros.prefix(13) + [1]
    for bytes in [zeros + [0], zeros + [1], [0xFF, 0x02] + zeros.prefix(14), zeros, [UInt8](repeating: 1, count: 17)] {
      #expect(NumericAddress.text(bytes, family: .ipv6, interface: 1) == nil)
    }
    #expect(NumericAddress.text(linkLocal, family: .ipv6, interface: 0) == nil)
  }
}
