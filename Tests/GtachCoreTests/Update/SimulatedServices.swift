import GtachCore
import GtachModel
import Testing

/// The systemd of a simulated machine: what it has read of the unit files, and what runs of it. Names of files and the
/// words of unit files are written out here, so that a mistake of the updater about them is seen.
struct SimulatedServices {
  static let directory = "/etc/systemd/system"

  /// What a service runs: what its unit says of itself, and the release that its program was of when it was started, and
  /// that of `lib`, which programs load.
  struct Life: Hashable, CustomStringConvertible {
    var unit: String
    var program: String?
    var library: String?
    var description: String { "\(unit) of \(program ?? "nothing") with \(library ?? "no") lib" }
  }

  private var loaded: [String: String] = [:]
  private(set) var running: [String: Life] = [:]

  /// The machine has booted: what is wanted by the target that it boots to is started.
  mutating func boot(_ disk: SimulatedDisk) {
    reload(disk)
    running = [:]
    for name in disk.list("\(Self.directory)/multi-user.target.wants") where loaded[name] != nil { start(name, disk) }
  }

  mutating func reload(_ disk: SimulatedDisk) {
    loaded = [:]
    for name in disk.list(Self.directory) where name.hasSuffix(".service") && !name.hasPrefix(".") {
      loaded[name] = disk.read("\(Self.directory)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }
  }

  mutating func stop(_ name: String) { running[name] = nil }

  /// Whether there is such a unit to start.
  @discardableResult
  mutating func start(_ name: String, _ disk: SimulatedDisk) -> Bool {
    guard let text = loaded[name] else { return false }
    if running[name] != nil { return true }
    func value(_ key: String) -> String {
      text.split(separator: "\n").first { $0.hasPrefix("\(key)=") }.map { String($0.dropFirst(key.count + 1)) } ?? ""
    }
    // /opt/gtach/current/NAME/bin/run
    let place = value("ExecStart").split(separator: "/").dropLast(2).map { "/\($0)" }.joined()
    running[name] = Life(
      unit: value("Description"), program: Self.version(place, disk),
      library: Self.version("/opt/gtach/current/lib", disk))
    return true
  }

  private static func version(_ link: String, _ disk: SimulatedDisk) -> String? {
    disk.readLink(link)?.split(separator: "/").last.map(String.init)
  }

  /// What of the unit a release has: the same for all patches of a minor version.
  static func unit(of release: ReleaseID) -> [UInt8] {
    Array(
      """
      [Unit]
      Description=\(release.name) \(release.version.major).\(release.version.minor)
      [Service]
      ExecStart=/usr/local/gtach/current/\(release.name)/bin/run
      [Install]
      WantedBy=multi-user.target

      """.utf8)
  }

  /// Checks that exactly the services of these releases run and are known, each of the right release, and that nothing
  /// else lies about.
  ///
  /// - Parameter services: Versions by package, of those that have a service; the unit is called after the package.
  func check(
    _ services: [String: String], _ disk: SimulatedDisk, _ comment: String = "",
    _ location: SourceLocation = #_sourceLocation
  ) {
    var lives: [String: Life] = [:]
    let library = Self.version("/opt/gtach/current/lib", disk)
    for (name, version) in services {
      let minor = version.split(separator: ".").prefix(2).joined(separator: ".")
      lives["\(name).service"] = Life(unit: "\(name) \(minor)", program: version, library: library)
    }
    #expect(running == lives, "\(comment)", sourceLocation: location)
    let units = lives.keys.sorted()
    let files = disk.list(Self.directory).filter { $0 != "multi-user.target.wants" }
    #expect(files == units, "\(comment)", sourceLocation: location)
    #expect(disk.list("\(Self.directory)/multi-user.target.wants") == units, "\(comment)", sourceLocation: location)
    for unit in units {
      #expect(
        disk.readLink("\(Self.directory)/multi-user.target.wants/\(unit)") == "../\(unit)", sourceLocation: location)
    }
    // Whoever boots from this disk has the same running.
    var next = self
    next.boot(disk)
    #expect(next.running == lives, "after a boot; \(comment)", sourceLocation: location)
  }
}

extension Sample {
  /// A release whose service is called after its package.
  static func service(
    _ version: String, of package: String = "app", hooks: Bool = true,
    _ change: (inout PackageDescription) -> Void = { _ in }
  ) -> InstallState.Release {
    release(version, of: package, hooks: hooks) { description in
      description.install = description.install ?? PackageDescription.Installation()
      description.install?.service = "etc/\(package).service"
      change(&description)
    }
  }
}
