import GtachModel
import Testing

@Suite("Numeric addresses")
struct NetworkAddressTests {
  @Test func areReadInEverySpelling() {
    let loopback: [UInt8] = [UInt8](repeating: 0, count: 15) + [1]
    let gap: [UInt8] = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 10) + [0, 7]
    let full: [UInt8] = (0..<16).map { UInt8($0) }
    let spellings: [(String, [UInt8])] = [
      ("192.168.1.20", [192, 168, 1, 20]), ("0.0.0.0", [0, 0, 0, 0]), ("::1", loopback),
      ("0:0:0:0:0:0:0:1", loopback), ("::", [UInt8](repeating: 0, count: 16)), ("2001:db8::7", gap),
      ("2001:0DB8:0:0::0:7", gap), ("1:203:405:607:809:a0b:c0d:e0f", full), ("1:203:405:607:809:a0b:12.13.14.15", full),
      ("2001:db8::", Array(gap.dropLast()) + [0]), ("::0.0.0.1", loopback),
    ]
    for (text, bytes) in spellings { #expect(NetworkAddress(text)?.bytes == bytes, "\(text)") }
  }

  @Test func areRefusedWhereTheyAreNone() {
    let wrong = [
      "", ".", ":", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2..4", "+1.2.3.4", "pi.local",
      "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":::", ":1::2", "1::2:", "12345::", "g::", "::1.2.3",
      "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", "[::1]", "1:2:3:4::5:6:7:8", " ::1", "::+1", "١.2.3.4",
    ]
    for text in wrong { #expect(NetworkAddress(text) == nil, "\(text)") }
  }

  @Test func areReachedFromSomewhereOrNowhere() throws {
    let expected: [(String, NetworkAddress.Reach)] = [
      ("10.0.0.1", .network), ("192.168.1.20", .network), ("223.255.255.255", .network), ("2001:db8::7", .network),
      ("fd00::1", .network), ("fec0::1", .network), ("127.0.0.1", .machine), ("127.9.9.9", .machine), ("::1", .machine),
      ("169.254.7.7", .link), ("fe80::1", .link), ("febf::1", .link), ("0.0.0.0", .nobody), ("224.0.0.251", .nobody),
      ("255.255.255.255", .nobody), ("::", .nobody), ("ff02::fb", .nobody), ("::ffff:10.0.0.1", .nobody),
      ("::10.0.0.1", .nobody),
    ]
    for (text, reach) in expected { #expect(NetworkAddress(text)?.reach == reach, "\(text)") }
    #expect(try Endpoint("[fe80::1%eth0]:7420").reach == .link)
    #expect(try Endpoint("pi.local:7420").reach == nil)
  }
}
