import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

@Suite("Preserved data for real")
struct PreservedDataInstallTests {
  @Test("data may be written to through the release, whose own files may not, and outlive updates and rollbacks")
  func outlives() throws {
    try withInstallRoot { root in
      let manager = try root.manager()
      let (preserve, files) = (["data/", "db"], ["data/seed": "seed", "db": "empty", "lib/a": "a"])
      try manager.install(root.release("1.0.0", preserve: preserve, files: files))
      #expect(try root.text("current/app/data/seed") == "seed")
      #expect(try root.files.status(of: "\(root.root)/state/app/data")?.permissions == 0o755)
      #expect(try root.files.status(of: "\(root.root)/state/app/db")?.permissions == 0o644)
      #expect(try root.files.status(of: "\(root.root)/releases/app/1.0.0/lib/a")?.permissions == 0o444)
      for path in ["current/app/data/log", "state/app/db"] {
        let bytes = Array("written".utf8)
        try root.files.perform(.write(path: "\(root.root)/\(path)", bytes: bytes, permissions: 0o644))
      }
      try manager.install(root.release("1.1.0", preserve: preserve, files: ["data/seed": "another", "db": "new"]))
      #expect(try root.text("current/app/data/seed") == "seed")
      #expect(try root.text("current/app/data/log") == "written")
      #expect(try root.text("current/app/db") == "written")
      #expect(try manager.rollback(name: PackageName("app")).success)
      #expect(try root.text("current/app/data/log") == "written")
      #expect(try root.files.list("\(root.root)/state/app") == ["data", "db"])
    }
  }

  @Test("a link on the way, in the release or in the data, is never gone through")
  func links() throws {
    try withInstallRoot { root in
      let outside = "\(root.directory)/outside"
      try root.files.perform([.makeDirectory(outside), .makeDirectory("\(root.root)/state/app")])
      let release = try root.release("1.0.0", preserve: ["var/data/"])
      let manager = try root.manager()
      let inRelease = try manager.install([release.requested()]) { _, directory throws(GtachError) in
        try release.write(into: directory)
        try root.files.perform(.makeSymbolicLink(at: "\(directory)/var", to: outside))
      }
      #expect(inRelease.validationErrors.map(\.code) == ["description-invalid"])
      try root.files.perform(.makeSymbolicLink(at: "\(root.root)/state/app/var", to: outside))
      let inData = try manager.install(root.release("1.1.0", preserve: ["var/data/"], files: ["var/data/a": "a"]))
      #expect(inData.validationErrors.map(\.code) == ["description-invalid"])
      #expect(try root.files.list(outside).isEmpty)
      #expect(try manager.installed().isEmpty)
    }
  }
}
