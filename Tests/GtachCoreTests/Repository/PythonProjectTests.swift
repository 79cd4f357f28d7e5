import GtachCore
import Testing

@Suite("What a tree of Python needs")
struct PythonProjectTests {
  private func project(_ text: String) -> [String] {
    PythonProject.requirements(in: Array(text.utf8), called: "pyproject.toml")
  }

  private func requirements(_ text: String) -> [String] {
    PythonProject.requirements(in: Array(text.utf8), called: "requirements.txt")
  }

  @Test("the dependencies of [project], and no others")
  func projects() {
    let text = #"""
      # [project]
      # dependencies = ["no"]
      [build-system]
      requires = ["setuptools>=61"]
      dependencies = ["no"]

      [ project ]  # PEP 621
      name = "app"
      readme = """
      [project]
      dependencies = ["no"]
      """
      authors = [{ name = "A # [x]", email = 'a@b' }, # comment ]
      ]
      "dependencies" = [ "numpy>=1.20", # with a " in it
        'gpiozero[extra]; python_version < "3.12"',
        "a \"quoted\" one",
      ]
      optional-dependencies.test = ["pytest"]

      [[tool.x]]
      dependencies = ["no"]
      """#
    let expected = ["numpy>=1.20", "gpiozero[extra]; python_version < \"3.12\"", "a \"quoted\" one"]
    #expect(project(text) == expected)
    #expect(project(text.replacing("\n", with: "\r\n")) == expected)
  }

  @Test(
    "what it does not read gives nothing",
    arguments: [
      "", "[project]", "[project]\ndependencies = 'x'", "[project]\ndependencies = []", "project.dependencies = ['x']",
      "[tool.poetry]\ndependencies = ['x']", "[project]\ndynamic = ['dependencies']", "[project]\ndependencies",
      "[[project]]\ndependencies = ['x']", "[project]\nx = '''\ndependencies = ['x']",
    ])
  func nothing(text: String) { #expect(project(text).isEmpty) }

  @Test(
    "a file that breaks off, or is no TOML, ends",
    arguments: ["[project", "[project]\ndependencies = [\"a", "\"\"\"", "\\"])
  func damage(text: String) {
    #expect(project(text).count <= 1)
    for end in text.indices { _ = project(String(text[..<end])) }
    #expect(PythonProject.requirements(in: [0xFF, 0xFE, 0x5B, 0x22], called: "pyproject.toml").isEmpty)
  }

  @Test("the lines of requirements.txt without comments and options")
  func lines() {
    let text = """
      # comment
      numpy>=1.20   # why
      -r other.txt
      --index-url https://example.org
      gpiozero==2.0 \\
          --hash=sha256:abc
        spidev

      git+https://example.org/x.git#egg=x
      """
    let expected = ["numpy>=1.20", "gpiozero==2.0", "spidev", "git+https://example.org/x.git#egg=x"]
    #expect(requirements(text) == expected)
    #expect(requirements(text.replacing("\n", with: "\r\n")) == expected)
    #expect(requirements("").isEmpty)
  }

  @Test("neither a long file nor many lines are reported without end")
  func bounds() {
    #expect(requirements(String(repeating: "a\n", count: 5000)).count == 1000)
    #expect(requirements(String(repeating: "a", count: (256 << 10) + 1)).isEmpty)
  }
}
