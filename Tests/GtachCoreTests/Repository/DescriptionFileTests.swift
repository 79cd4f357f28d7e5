import GtachCore
import GtachModel
import Testing

@Suite("gtach.json")
struct DescriptionFileTests {
  @Test("what no editor shows is said with what to do", arguments: [[0xEF, 0xBB, 0xBF], [0xFF, 0xFE]] as [[UInt8]])
  func encodings(start: [UInt8]) {
    let error = thrownError {
      try PackageDescription(json: start + Array(#"{"name": "app", "version": "1.0.0"}"#.utf8))
    }
    #expect(error?.code == .descriptionInvalid && error?.reason?.hasPrefix("line 1, column 1: ") == true)
    #expect(error?.advice == "save it as UTF-8, without a byte order mark")
  }

  func read(
    _ text: String, name: String? = nil, version: String? = nil
  ) throws(GtachError) -> PackageDescription {
    try PackageDescription(
      json: Array(text.utf8), name: name.map { (text) throws(GtachError) in try PackageName(text) },
      version: version.map { (text) throws(GtachError) in try SemanticVersion(text) })
  }

  func error(_ text: String) -> GtachError? {
    do throws(GtachError) {
      _ = try read(text)
      return nil
    } catch {
      return error
    }
  }

  @Test("everything that an author may write")
  func complete() throws {
    let description = try read(
      """
      { "name": "gtach-app", "version": "0.4.0", "description": "d", "author": "a", "license": "MIT",
        "platforms": [ { "os": "linux", "arch": "arm64", "model": "Raspberry Pi Zero 2*" } ],
        "dependencies": { "hyperpixel": "^1.2" }, "exclude": ["*.log"],
        "install": { "preInstall": "bin/pre", "postInstall": "bin/post", "stableSeconds": 20, "timeoutSeconds": 120 },
        "selfTest": [ { "gpio.loopback": { "output": "GPIO17", "input": "GPIO27" } },
                      { "gpio.level": { "line": "GPIO4", "expect": 1, "bias": "pull-up" } },
                      { "gpio.edges": { "line": "GPIO22", "atLeast": 10, "withinMilliseconds": 1000 } },
                      { "gpio.consumer": { "line": "GPIO19", "heldBy": "backlight" } },
                      { "path": { "exists": "/dev/fb0", "kind": "character-device" } },
                      { "tcp": { "host": "::1", "port": 80, "withinSeconds": 2 } },
                      { "service": { "unit": "ssh.service", "stableSeconds": 2 } },
                      { "command": { "run": ["bin/selfcheck"], "timeoutSeconds": 10 } } ] }
      """)
    #expect(description.name.text == "gtach-app")
    #expect(description.version.description == "0.4.0")
    #expect(description.platforms?.first?.model == "Raspberry Pi Zero 2*")
    #expect(try description.dependencies?.everywhere[PackageName("hyperpixel")] == VersionRange("^1.2"))
    #expect(description.exclude == ["*.log"])
    #expect(description.install?.postInstall == "bin/post")
    #expect(description.selfTest?.count == 8)
  }

  @Test("name and version may be given elsewhere, and then they count")
  func overrides() throws {
    let description = try read("{ \"name\": \"a\", \"version\": \"1.0.0\" }", name: "b", version: "2.0.0")
    #expect(description.name.text == "b" && description.version.description == "2.0.0")
    #expect(try read("{}", name: "b", version: "2.0.0").name.text == "b")
    #expect(error("{ \"version\": \"1.0.0\" }")?.reason?.contains("name") == true)
    #expect(error("{ \"name\": \"a\" }")?.advice?.contains("--version") == true)
  }

  @Test(
    "a key that is not known is named, with its place",
    arguments: [
      ("\"versoin\": 1", "versoin"), ("\"install\": { \"postinstall\": \"x\" }", "install.postinstall"),
      ("\"platforms\": [ {}, { \"cpu\": \"arm64\" } ]", "platforms.cpu"),
      ("\"selfTest\": [ { \"gpio.level\": { \"pin\": 1 } } ]", "selfTest.gpio.level.pin"),
      ("\"selfTest\": [ { \"gpio\": {} } ]", "selfTest.gpio"),
    ])
  func unknownKeys(field: String, place: String) {
    let error = error("{ \"name\": \"a\", \"version\": \"1.0.0\", \(field) }")
    #expect(error?.code == .descriptionInvalid)
    #expect(error?.reason?.contains("\"\(place)\"") == true)
  }

  @Test(
    "what is wrong has its line and column",
    arguments: [
      ("{\n  \"versoin\": 1 }", "line 2, column 3: unknown key"),
      ("{ \"platforms\": [ {},\n { \"cpu\": \"arm64\" } ] }", "line 2, column 4: unknown key"),
      ("{\n\n  \"exclude\": \"x\" }", "line 3, column 3: exclude"),
      ("{ \"name\": \"a\",\n  \"version\": \"1.0.0\"\n  \"author\": \"me\" }", "line 3, column 3: a comma"),
    ] as [(String, String)])
  func places(text: String, start: String) {
    #expect(error(text)?.reason?.hasPrefix(start) == true, "\(error(text)?.reason ?? "")")
  }

  @Test(
    "a value that is none has its place and its own advice",
    arguments: [
      ("\"version\": \"1.0\"", "version: \"1.0\" is not a version", .versionInvalid),
      ("\"name\": \"A b\"", "name: \"A b\" is not", .nameInvalid),
      ("\"dependencies\": { \"b\": \"!=1\" }", "dependencies.b: ", .rangeInvalid),
      ("\"dependencies\": { \"B!\": \"1\" }", "dependencies.B!: ", .nameInvalid),
      ("\"dependencies\": { \"foo\": {} }", "dependencies.foo: ", .nameInvalid),
      ("\"dependencies\": { \"b\": 1 }", "dependencies.b: neither a range of versions", .descriptionInvalid),
      ("\"selfTest\": [ { \"gpio.level\": { \"line\": \"a\" } } ]", "\"expect\" is missing", .descriptionInvalid),
      (
        "\"selfTest\": [ { \"gpio.level\": { \"line\": \"a\", \"expect\": 1, \"bias\": \"up\" } } ]",
        "\"up\" is none of as-is, disabled, pull-up, pull-down", .descriptionInvalid
      ),
      (
        "\"selfTest\": [ { \"path\": { \"exists\": \"/a\", \"kind\": \"pipe\" } } ]",
        "\"pipe\" is none of file, directory, character-device, block-device, socket", .descriptionInvalid
      ),
    ] as [(String, String, ErrorCode)])
  func values(field: String, words: String, code: ErrorCode) throws {
    let text = Array("{\n  \(field)\n}".utf8)
    do throws(GtachError) {
      _ = try PackageDescription(json: text, path: "other.json")
      Issue.record("\(field) is taken")
    } catch {
      #expect(error.code == code)
      #expect(error.message == "other.json cannot be used")
      #expect(error.reason?.hasPrefix("line 2, column ") == true, "\(error.reason ?? "")")
      #expect(error.reason?.contains(words) == true, "\(error.reason ?? "")")
    }
  }

  @Test("what is wrong has its own word")
  func wrong() {
    #expect(error("{ \"name\": \"A\", \"version\": \"1.0.0\" }")?.code == .nameInvalid)
    #expect(error("{ \"name\": \"../x\", \"version\": \"1.0.0\" }")?.code == .nameInvalid)
    #expect(error("{ \"name\": \"a\", \"version\": \"1\" }")?.code == .versionInvalid)
    #expect(
      error("{ \"name\": \"a\", \"version\": \"1.0.0\", \"dependencies\": { \"b\": \"!=1\" } }")?.code == .rangeInvalid)
    for text in [
      "", "[]", "{", "{ \"name\": 1 }", "{ \"name\": \"a\", \"version\": \"1.0.0\", \"exclude\": \"x\" }",
      "{ \"name\": \"a\", \"version\": \"1.0.0\", \"install\": { \"timeoutSeconds\": 0 } }",
      "{ \"name\": \"a\", \"version\": \"1.0.0\", \"install\": { \"stableSeconds\": 3601 } }",
      String(repeating: "[", count: 100_000), "\"" + String(repeating: "x", count: 300_000) + "\"",
    ] {
      #expect(error(text)?.code == .descriptionInvalid)
    }
  }
}
