import GtachModel
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Looks at an install root without a line of the updater: the names of its files are written out here, and its JSON is
/// read by structures of its own, so that a mistake of the updater about its own files is seen.
struct InstallRootChecker {
  let disk: SimulatedDisk
  let root = "/opt/gtach"

  private struct State: Decodable {
    struct Package: Decodable {
      var active, previous: Release?
      var older: [Release]?
    }
    struct Release: Decodable { var manifest: Manifest }
    struct Manifest: Decodable { var version: String }
    var generation: Int
    var packages: [String: Package]
  }
  private struct Journal: Decodable {
    struct Member: Decodable { var release: State.Release }
    var phase: String
    var members: [Member]
  }

  /// What services find when the machine has booted, before anything is recovered: versions by name, each checked byte
  /// for byte against what was packed.
  func reachable(_ location: SourceLocation = #_sourceLocation) throws -> [String: String] {
    guard let target = disk.readLink("\(root)/current") else { return [:] }
    let generations = disk.list("\(root)/generations").map { "generations/\($0)" }
    #expect(generations.contains(target), "current leads to \(target)", sourceLocation: location)
    var found: [String: String] = [:]
    for name in disk.list("\(root)/\(target)") {
      let link = try #require(disk.readLink("\(root)/\(target)/\(name)"), sourceLocation: location)
      let parts = link.split(separator: "/").map(String.init)
      #expect(parts.dropLast() == ["..", "..", "releases", name], sourceLocation: location)
      let version = try #require(parts.last, sourceLocation: location)
      expectComplete(name, version, location)
      found[name] = version
    }
    return found
  }

  /// That the journal, where there is one, can be read, and that it names a step.
  func checkJournal(_ location: SourceLocation = #_sourceLocation) throws {
    guard let bytes = disk.read("\(root)/journal.json") else { return }
    let journal = try JSONDecoder().decode(Journal.self, from: Data(bytes))
    let phases = ["staging", "staged", "activated", "self-tested", "committed", "rolling-back"]
    #expect(phases.contains(journal.phase), "\(journal.phase)", sourceLocation: location)
    #expect(!journal.members.isEmpty, sourceLocation: location)
  }

  /// After the next start has finished or undone what it found: the active versions by name, and those kept before
  /// them.
  func atRest(
    _ location: SourceLocation = #_sourceLocation
  ) throws -> (active: [String: String], previous: [String: String]) {
    #expect(disk.read("\(root)/journal.json") == nil, sourceLocation: location)
    #expect(disk.list("\(root)/staging").isEmpty, sourceLocation: location)
    guard let bytes = disk.read("\(root)/state.json") else { return ([:], [:]) }
    let state = try JSONDecoder().decode(State.self, from: Data(bytes))
    let active = state.packages.compactMapValues { $0.active?.manifest.version }
    let previous = state.packages.compactMapValues { $0.previous?.manifest.version }
    #expect(disk.list("\(root)/generations") == ["\(state.generation)"], sourceLocation: location)
    #expect(try reachable(location) == active, sourceLocation: location)
    for (name, version) in previous { expectComplete(name, version, location) }
    for name in disk.list("\(root)/releases") {
      let older = (state.packages[name]?.older ?? []).map(\.manifest.version)
      for version in older { expectComplete(name, version, location) }
      let kept = Set([active[name], previous[name]].compactMap { $0 } + older)
      #expect(Set(disk.list("\(root)/releases/\(name)")) == kept, "of \(name)", sourceLocation: location)
      if name == "conf" {
        #expect(Set(disk.list("\(root)/configuration/\(name)")) == kept, "of \(name)", sourceLocation: location)
      }
    }
    return (active, previous)
  }

  /// A package's data: each is there whole or not at all, and what users wrote is as they wrote it.
  func expectData(_ name: String, written: [String: String], _ location: SourceLocation = #_sourceLocation) {
    var data = disk.tree("\(root)/state/\(name)").mapValues { String(decoding: $0, as: UTF8.self) }
    for (path, text) in written { #expect(data.removeValue(forKey: path) == text, sourceLocation: location) }
    for (path, text) in data {
      let seed = path == "data/seed" ? "seed of \(name)@" : path == "settings" ? "settings of \(name)@" : "nothing"
      #expect(text.hasPrefix(seed) && text.count == seed.count + 5, "\(path): \(text)", sourceLocation: location)
    }
    for release in disk.list("\(root)/current/.") where release == name {
      guard disk.readLink("\(root)/current/\(name)/data") != nil else { continue }
      #expect(disk.read("\(root)/current/\(name)/data/seed") != nil, sourceLocation: location)
      #expect(disk.read("\(root)/state/\(name)/settings") != nil, sourceLocation: location)
    }
  }

  private func expectComplete(_ name: String, _ version: String, _ location: SourceLocation) {
    var packed: [String: [UInt8]] = [:]
    for path in ["bin/pre", "bin/post", "app.py"] { packed[path] = Array("\(path) of \(name)@\(version)".utf8) }
    if name == "store" || name == "late" && version.hasPrefix("2.") {
      for path in ["data", "settings"] { packed[path] = Array("-> ../../../state/\(name)/\(path)".utf8) }
    }
    if name == "conf" {
      let text = version.hasPrefix("1.") ? "port 80" : "port 80 of 2"
      packed["conf.in"] = Array((version.hasPrefix("1.") ? "port {{port}}" : "port {{port}} of 2").utf8)
      packed["etc/conf"] = Array("-> ../../../../configuration/conf/\(version)/etc/conf".utf8)
      let rendered = disk.tree("\(root)/configuration/conf/\(version)").mapValues {
        String(decoding: $0, as: UTF8.self)
      }
      let operators = ["etc/conf": "an operator's", "etc/conf.gtach-new": text]
      let isOwn = rendered == ["etc/conf": text] || rendered == operators || rendered == ["etc/conf": "an operator's"]
      #expect(isOwn, "\(version): \(rendered)", sourceLocation: location)
    }
    packed["etc/\(name).service"] = SimulatedServices.unit(
      of: ReleaseID(name: Sample.name(name), version: Sample.version(version)))
    #expect(
      disk.tree("\(root)/releases/\(name)/\(version)") == packed, "\(name) \(version) is complete",
      sourceLocation: location)
  }
}
