import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

/// Archives that the system's own tar makes, against the directories that they hold.
@Suite("Packing archives")
struct PackageSourceTests {
  private func tar(_ arguments: [String]) throws(GtachError) {
    let completion = try ChildProcess.run(
      executable: "/usr/bin/env", arguments: ["tar"] + arguments, environment: ["PATH": "/usr/bin:/bin"],
      directory: "/", deadline: MonotonicClock.now().advanced(byMilliseconds: 60_000), maximumOutputBytes: 4096)
    #expect(completion.exit == .status(0), "\(String(decoding: completion.output, as: UTF8.self))")
  }

  private func pack(
    _ source: String, _ fixture: RepositoryFixture, home: String = "home", name: PackageName? = nil,
    version: SemanticVersion? = nil, file: String? = nil, bump: SemanticVersion.Part? = nil, platform: Platform = .any
  ) throws(GtachError) -> Manifest {
    let repository = try PackageRepository(home: "\(fixture.directory)/\(home)")
    return try PackageCreator(repository: repository).createPackage(
      source: source, name: name, version: version, descriptionFile: file, bump: bump, level: 1,
      platform: platform, created: Timestamp(secondsSinceEpoch: 0)
    ).manifest
  }

  /// Whether nothing is left of what was unpacked.
  private func expectNothingLeft(_ fixture: RepositoryFixture, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect((try? fixture.files.list(fixture.layout.incoming)) == [], sourceLocation: sourceLocation)
  }

  @Test("the archive of a tree gives the release of the tree", arguments: ["ustar", "pax"])
  func same(format: String) throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      try fixture.files.perform([
        .makeDirectory("\(fixture.tree)/empty"), .makeDirectory("\(fixture.tree)/é"),
        .write(path: "\(fixture.tree)/é/ü.txt", bytes: [1], permissions: 0o600),
        .makeSymbolicLink(at: "\(fixture.tree)/bin/link", to: "../text"),
      ])
      let expected = try pack(fixture.tree, fixture, home: "one")
      let archive = "\(fixture.directory)/x.tar"
      // With its root, from inside; and as people release tarballs, from outside.
      for arguments in [["-C", fixture.tree, "."], ["-C", fixture.directory, "tree"]] {
        try tar(["--format", format, "-cf", archive] + arguments)
        #expect(try pack(archive, fixture) == expected)
        expectNothingLeft(fixture)
      }
    }
  }

  @Test("one directory around everything is the tree, unless the archive names its root or something lies beside it")
  func roots() throws {
    try RepositoryFixture.with { fixture in
      let (outer, archive) = ("\(fixture.directory)/outer", "\(fixture.directory)/x.tar")
      try fixture.files.perform([
        .makeDirectory("\(outer)/app"), .write(path: "\(outer)/app/file", bytes: [1], permissions: 0o644),
      ])
      let (name, version) = (try PackageName("a"), try SemanticVersion("1.0.0"))
      func digest(_ source: String, home: String) throws(GtachError) -> Digest {
        try pack(source, fixture, home: home, name: name, version: version).archive.digest
      }
      try tar(["-C", outer, "-cf", archive, "app"])
      #expect(try digest(archive, home: "1") == digest("\(outer)/app", home: "2"))
      try tar(["-C", outer, "-cf", archive, "."])
      #expect(try digest(archive, home: "3") == digest(outer, home: "4"))
      try fixture.files.perform(.write(path: "\(outer)/beside", bytes: [], permissions: 0o644))
      try tar(["-C", outer, "-cf", archive, "app", "beside"])
      #expect(try digest(archive, home: "5") == digest(outer, home: "6"))
    }
  }

  @Test("the description in it counts, or the one that is named; it cannot be raised")
  func descriptions() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree(version: "1.2.3")
      let (archive, other) = ("\(fixture.directory)/x.tar", "\(fixture.directory)/other.json")
      try tar(["-C", fixture.tree, "-cf", archive, "."])
      let manifest = try pack(archive, fixture)
      #expect(manifest.variant.description == "app@1.2.3 (any)")
      #expect(errorCode { try pack(archive, fixture, bump: .patch) } == .usage)
      let text = #"{ "name": "b", "version": "2.0.0" }"#
      try fixture.files.perform(.write(path: other, bytes: Array(text.utf8), permissions: 0o644))
      #expect(try pack(archive, fixture, file: other).variant.description == "b@2.0.0 (any)")
      #expect(try pack(archive, fixture, file: other, bump: .major).variant.description == "b@3.0.0 (any)")
      expectNothingLeft(fixture)
    }
  }

  @Test("a wheel says what it is called")
  func wheels() throws {
    try RepositoryFixture.with { fixture in
      let (tree, wheel) = ("\(fixture.directory)/w", "\(fixture.directory)/Foo_Bar-1.0rc1-py3-none-any.whl")
      func write(_ metadata: String) throws(GtachError) {
        try fixture.files.perform([
          .makeDirectory("\(tree)/foo_bar"), .makeDirectory("\(tree)/Foo_Bar-1.0rc1.dist-info"),
          .write(path: "\(tree)/foo_bar/__init__.py", bytes: [], permissions: 0o644),
          .write(path: "\(tree)/Foo_Bar-1.0rc1.dist-info/METADATA", bytes: Array(metadata.utf8), permissions: 0o644),
        ])
        // Whether it is a zip is not what matters here.
        try tar(["-C", tree, "-cf", wheel, "foo_bar", "Foo_Bar-1.0rc1.dist-info"])
      }
      try write("Name: Foo_Bar\nVersion: 1.0rc1\nSummary: Bars\n")
      let manifest = try pack(wheel, fixture)
      #expect(manifest.variant.description == "foo-bar@1.0.0-rc.1 (any)")
      #expect(manifest.description.description == "Bars")
      #expect(
        try pack(wheel, fixture, version: SemanticVersion("4.0.0")).variant.description == "foo-bar@4.0.0 (any)")
      let native = "\(fixture.directory)/Foo_Bar-1.0rc1-cp311-cp311-manylinux_2_17_aarch64.whl"
      try tar(["-C", tree, "-cf", native, "."])
      #expect(errorCode { try pack(native, fixture) } == .platformUnsupported)
      #expect(
        try pack(native, fixture, home: "native", platform: Platform("linux-arm64")).platform.text == "linux-arm64")
      for platform in ["linux-x86_64", "macos-arm64", "linux-riscv64", "linux-armv7"] {
        #expect(errorCode { try pack(native, fixture, platform: Platform(platform)) } == .platformUnsupported)
      }
      let several = "\(fixture.directory)/Foo_Bar-1.0rc1-cp311-cp311-macosx_11_0_universal2.manylinux_2_17_x86_64.whl"
      try tar(["-C", tree, "-cf", several, "."])
      for platform in ["macos-arm64", "linux-x86_64"] {
        #expect(
          try pack(several, fixture, home: platform, platform: Platform(platform)).platform.text == platform)
      }
      #expect(errorCode { try pack(several, fixture, platform: Platform("linux-arm64")) } == .platformUnsupported)
      try write("Name: Foo_Bar\nVersion: 1.0.post1\n")
      #expect(errorCode { try pack(wheel, fixture) } == .versionInvalid)
      try fixture.files.perform(.remove("\(tree)/Foo_Bar-1.0rc1.dist-info"))
      try tar(["-C", tree, "-cf", wheel, "foo_bar"])
      #expect(errorCode { try pack(wheel, fixture) } == .archiveInvalid)
      expectNothingLeft(fixture)
    }
  }

  @Test("what is no archive, or a hostile one, leaves nothing")
  func hostile() throws {
    try RepositoryFixture.with { fixture in
      let archive = "\(fixture.directory)/x.tar"
      try fixture.files.perform(.write(path: archive, bytes: [1, 2, 3], permissions: 0o644))
      #expect(errorCode { try pack(archive, fixture) } == .archiveInvalid)
      #expect(errorCode { try pack("\(fixture.directory)/none", fixture) } == .notFound)
      try fixture.writeTree()
      try fixture.files.perform(.makeSymbolicLink(at: "\(fixture.tree)/out", to: "../../secret"))
      try tar(["-C", fixture.tree, "-cf", archive, "."])
      do throws(GtachError) {
        _ = try pack(archive, fixture)
        Issue.record("a link out of the tree was packed")
      } catch {
        #expect(error.code == .archivePathUnsafe)
        #expect(error.message.contains("out\""))
      }
      expectNothingLeft(fixture)
      #expect(try fixture.repository().variants().isEmpty)
    }
  }

  @Test("packing ends when it is to, at every step, and leaves no workspace")
  func cancelled() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let archive = "\(fixture.directory)/x.tar"
      try tar(["-C", fixture.tree, "-cf", archive, "."])
      var steps: [PackingProgress] = []
      func run(stopping end: Int, home: String) throws {
        steps = []
        let repository = try PackageRepository(home: "\(fixture.directory)/\(home)")
        _ = try PackageCreator(repository: repository).createPackage(
          source: archive, level: 1, created: Timestamp(secondsSinceEpoch: 0)
        ) { (step) throws(GtachError) in
          if steps.count == end { throw GtachError(.cancelled, "test") }
          steps.append(step)
        }
      }
      try run(stopping: Int.max, home: "home")
      let all = steps.count
      #expect(all > 20)
      for end in stride(from: 0, to: all, by: 3) {
        let home = "other"
        #expect(errorCode { try run(stopping: end, home: home) } == .cancelled)
        let layout = RepositoryLayout(home: "\(fixture.directory)/\(home)")
        #expect(try fixture.files.list(layout.incoming) == [])
        for place in [layout.chunks, layout.objects] where try fixture.files.exists(place) {
          for name in try fixture.files.list(place) { #expect(try fixture.files.list("\(place)/\(name)") == []) }
        }
      }
      // What a release needs that is here stays, whatever ends the next one.
      let repository = try fixture.repository()
      try fixture.writeTree(version: "1.0.1")
      let one = try fixture.publish(into: repository)
      try fixture.writeTree(version: "1.0.2", extra: ["more": RepositoryFixture.noise(400_000, seed: 5)])
      #expect(
        errorCode {
          try PackageCreator(repository: repository).createPackage(
            source: fixture.tree, level: 1, created: Timestamp(secondsSinceEpoch: 0)
          ) { (step) throws(GtachError) in
            if case .encoding = step { throw GtachError(.cancelled, "test") }
          }
        } == .cancelled)
      let out = "\(fixture.directory)/out"
      try fixture.files.perform(.makeDirectory(out))
      try repository.extract(one.manifest.variant, into: out)
    }
  }
}
