import GtachModel
import GtachSystem
import Testing

/// What can be said of real lines without any: this machine may have GPIO or not, but never a line of this name.
@Suite("GPIO of this machine")
struct GPIODeviceTests {
  @Test("a line that is not there, or no GPIO at all, is an error of its own")
  func missing() {
    let device = GPIODevice()
    #expect(!device.isMock)
    let name = "no such line"
    let expected: Set<ErrorCode?> = [.gpioUnavailable, .gpioLineMissing, .notPermitted]
    #expect(expected.contains(thrownError { try device.info(line: name) }?.code))
    #expect(expected.contains(thrownError { try device.read(line: name, bias: .pullUp) }?.code))
    #expect(
      expected.contains(
        thrownError {
          try device.drive(output: name, levels: [0, 1], reading: name, settleMilliseconds: 1)
        }?.code))
    #expect(
      expected.contains(thrownError { try device.countEdges(line: name, limit: 1, withinMilliseconds: 1) }?.code))
  }
}
