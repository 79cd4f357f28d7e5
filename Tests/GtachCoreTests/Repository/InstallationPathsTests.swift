import GtachCore
import GtachModel
import Testing

@Suite("services, preserved files and templates in gtach.json")
struct InstallationPathsTests {
  private func read(_ install: String) throws(GtachError) -> PackageDescription {
    let text = #"{ "name": "app", "version": "1.0.0", "install": { \#(install) } }"#
    return try PackageDescription(json: Array(text.utf8))
  }

  @Test("they stand in the description and in the manifest")
  func complete() throws {
    let description = try read(
      #"""
      "service": "etc/app.service", "preserve": ["data/", "var/./db"],
      "templates": { "app.conf.template": "app.conf", "etc/b.in": "etc/b" }
      """#)
    #expect(description.install?.service == "etc/app.service")
    #expect(description.install?.preserve == ["data/", "var/./db"])
    #expect(description.install?.templates == ["app.conf.template": "app.conf", "etc/b.in": "etc/b"])
    let content = Manifest.Content(digest: Sample.digest("archive"), size: 1)
    let manifest = Manifest(
      description: description, platform: .any, created: Timestamp(secondsSinceEpoch: 0), archive: content,
      index: content)
    #expect(try Manifest(json: try manifest.json()).description.install == description.install)
  }

  @Test(
    "paths that lead out of the tree, or say what cannot be meant, are refused",
    arguments: [
      #""service": "/etc/app.service""#, #""service": "../app.service""#, #""service": "app.socket""#,
      #""service": "app""#, #""service": ".service""#, #""service": "app@.service""#, #""service": "a b.service""#,
      #""service": """#, #""service": "app.service/""#, #""service": "a\u0000.service""#,
      #""service": ["app.service"]"#,
      #""preserve": "data""#, #""preserve": [""]"#, #""preserve": ["/"]"#, #""preserve": ["."]"#,
      #""preserve": ["./"]"#,
      #""preserve": ["././"]"#, #""preserve": ["../data"]"#, #""preserve": ["data/.."]"#, #""preserve": ["data//x"]"#,
      #""preserve": ["data//"]"#, #""preserve": ["/var/lib"]"#, #""preserve": ["a\u0000"]"#,
      #""preserve": ["gtach.json"]"#, #""preserve": ["bin/"], "preInstall": "bin/pre""#,
      #""preserve": ["bin"], "postInstall": "./bin/post""#, #""preserve": ["a/b"], "service": "a/b/c.service""#,
      #""preserve": ["etc"], "templates": { "etc/a": "a" }"#,
      #""templates": ["a"]"#, #""templates": { "a": 1 }"#, #""templates": { "/a": "b" }"#,
      #""templates": { "a": "/b" }"#,
      #""templates": { "a": "../b" }"#, #""templates": { "": "b" }"#, #""templates": { "a": "" }"#,
      #""templates": { "a": "." }"#, #""templates": { "a": "b/" }"#, #""templates": { "a": "a" }"#,
      #""templates": { "a": "./a" }"#, #""templates": { "a": "b", "b": "c" }"#, #""templates": { "a": "c", "b": "c" }"#,
      #""templates": { "a": "c", "b": "c/d" }"#,
    ])
  func refused(install: String) {
    #expect(thrownError { try read(install) }?.code == .descriptionInvalid)
  }

  @Test("what is refused is named")
  func reasons() {
    #expect(thrownError { try read(#""preserve": ["."]"#) }?.reason?.contains("whole release") == true)
    #expect(
      thrownError { try read(#""preserve": ["bin/"], "preInstall": "bin/pre""#) }?.reason?.contains("bin/pre") == true)
    #expect(thrownError { try read(#""service": "app.socket""#) }?.reason?.contains("app.socket") == true)
  }
}
