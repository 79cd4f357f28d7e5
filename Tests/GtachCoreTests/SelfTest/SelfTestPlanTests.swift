import GtachCore
import GtachModel
import Testing

@Suite("Plans of self-tests")
struct SelfTestPlanTests {
  private func plan(_ json: String) throws(GtachError) -> SelfTestPlan { try SelfTestPlan(json: Array(json.utf8)) }

  @Test("an array of checks, or an object that allows lines to be driven too")
  func forms() throws {
    let check = #"{ "gpio.loopback": { "output": "GPIO17", "input": "GPIO27" } }"#
    let expected = SelfTestCheck.loopback(output: "GPIO17", input: "GPIO27")
    #expect(try plan("[\(check)]") == SelfTestPlan(checks: [expected]))
    #expect(try plan("[]") == SelfTestPlan(checks: []))
    #expect(
      try plan("{ \"selfTest\": [\(check)], \"mayDrive\": [\"GPIO17\"] }")
        == SelfTestPlan(checks: [expected], mayDrive: ["GPIO17"]))
    #expect(try plan("{ \"selfTest\": [] }") == SelfTestPlan(checks: []))
  }

  @Test(
    "what nobody would run is refused",
    arguments: [
      "", "1", "{}", #"{ "selftest": [] }"#, #"{ "selfTest": [], "maydrive": [] }"#, #"[ { "gpio.levle": {} } ]"#,
      #"[ { "gpio.level": { "line": "GPIO4" } } ]"#, #"[ { "gpio.level": { "line": "GPIO4", "expect": 2 } } ]"#,
      "[ {} ]",
    ])
  func refused(json: String) {
    do throws(GtachError) {
      _ = try plan(json)
      Issue.record("it was accepted")
    } catch {
      #expect(error.code == .descriptionInvalid)
    }
  }

  @Test("the record of driven lines is durable before it is visible, and is read back whatever the names are")
  func record() throws {
    let record = DrivenLineRecord(lines: ["GPIO17", "a \"b\\\u{1}ü"])
    let operations = record.writing(to: "/home/state/driven.json")
    #expect(operations.last == .syncDirectory("/home/state"))
    #expect(operations.suffix(3).first == .syncFile("/home/state/driven.json.new"))
    guard case .write(_, let bytes, _) = operations[1] else {
      Issue.record("the second operation writes the file")
      return
    }
    #expect(try DrivenLineRecord(json: bytes) == record)
    #expect(throws: GtachError.self) { try DrivenLineRecord(json: Array("{}".utf8)) }
  }
}
