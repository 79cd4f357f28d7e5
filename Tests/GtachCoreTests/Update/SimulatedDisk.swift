import GtachModel

/// A disk with directories, links and files, whose power can be cut: what was not synced may be there, be torn or be
/// missing, each thing on its own, but for what a journaling file system keeps together: a change of a name does not
/// survive without earlier changes of that name or of what it names.
struct SimulatedDisk {
  private enum Node {
    case directory
    case file(bytes: [UInt8], synced: [UInt8]?)
    case link(String)
  }

  /// A change of names, atomic: `node` appears at `to` and vanishes from `from`.
  private struct Change {
    struct Slot: Hashable {
      var directory: Int
      var name: String
    }
    var node: Int
    var from: Slot?
    var to: Slot?
    var slots: [Slot] { [from, to].compactMap { $0 } }
  }

  private var nodes: [Int: Node] = [0: .directory]
  private var names: [Int: [String: Int]] = [0: [:]]
  private var syncedNames: [Int: [String: Int]] = [0: [:]]
  private var changes: [Change] = []
  private var nextNode = 1

  // MARK: - Looking

  /// What kind of thing a path names, links on the way followed, a link at its end not.
  enum Kind: Hashable { case directory, file, link }

  func kind(of path: String) -> Kind? {
    switch find(path).flatMap({ nodes[$0] }) {
    case .directory: .directory
    case .file: .file
    case .link: .link
    case nil: nil
    }
  }

  func read(_ path: String) -> [UInt8]? {
    guard let node = find(path), case .file(let bytes, _) = nodes[node] else { return nil }
    return bytes
  }

  func readLink(_ path: String) -> String? {
    guard let node = find(path), case .link(let target) = nodes[node] else { return nil }
    return target
  }

  func list(_ path: String) -> [String] { find(path).flatMap { names[$0] }?.keys.sorted() ?? [] }

  /// Every file below a directory that may be reached through a link, with its bytes.
  func tree(_ path: String) -> [String: [UInt8]] {
    guard let start = find(path + "/.") else { return [:] }
    var found: [String: [UInt8]] = [:]
    func visit(_ node: Int, _ path: String) {
      switch nodes[node] {
      case .directory: for (name, child) in names[node] ?? [:] { visit(child, path.isEmpty ? name : "\(path)/\(name)") }
      case .file(let bytes, _): found[path] = bytes
      case .link(let target): found[path] = Array("-> \(target)".utf8)
      case nil: break
      }
    }
    visit(start, "")
    return found
  }

  private func find(_ path: String, links: Int = 8) -> Int? {
    var trail = [0]
    let parts = path.split(separator: "/").map(String.init)
    for (position, part) in parts.enumerated() {
      if part == "." { continue }
      if part == ".." {
        if trail.count > 1 { trail.removeLast() }
        continue
      }
      guard let here = trail.last, let next = names[here]?[part] else { return nil }
      if case .link(let target) = nodes[next], position + 1 < parts.count, links > 0 {
        let before = parts[..<position].joined(separator: "/")
        let rest = parts[(position + 1)...].joined(separator: "/")
        return find("\(before)/\(target)/\(rest)", links: links - 1)
      }
      trail.append(next)
    }
    return trail.last
  }

  // MARK: - Changing

  mutating func perform(_ operation: FileOperation) throws(GtachError) {
    switch operation {
    case .makeDirectory(let path):
      var walked = ""
      for part in path.split(separator: "/") {
        walked += "/\(part)"
        if find(walked) == nil { try make(.directory, at: walked) }
      }
    case .write(let path, let bytes, _):
      if let node = find(path), case .file(_, let synced) = nodes[node] {
        nodes[node] = .file(bytes: bytes, synced: synced)
      } else {
        try make(.file(bytes: bytes, synced: nil), at: path)
      }
    case .rename(let from, let to):
      let (source, target) = (try slot(from), try slot(to))
      guard let node = names[source.directory]?[source.name] else { throw Self.failure(.notFound, "rename \(from)") }
      if let old = names[target.directory]?[target.name], !(names[old] ?? [:]).isEmpty {
        throw Self.failure(.inputOutput, "rename onto \(to), which is not empty")
      }
      change(Change(node: node, from: source, to: target))
    case .makeSymbolicLink(let path, let target):
      guard find(path) == nil else { throw Self.failure(.inputOutput, "link at \(path), which is there") }
      try make(.link(target), at: path)
    case .remove(let path):
      if find(path) != nil { remove(try slot(path)) }
    case .makeReadOnly(let path):
      guard find(path) != nil else { throw Self.failure(.notFound, "protect \(path)") }
    case .takeOwner(let model, let path):
      guard find(model) != nil, find(path) != nil else { throw Self.failure(.notFound, "own \(path)") }
    case .carryOver(let from, let to, let except):
      // Links are followed by no name of these trees.
      for (path, bytes) in tree(from).sorted(by: { $0.key < $1.key }) {
        let names = path.split(separator: "/")
        let isLeft = names.indices.contains { except.contains(names[...$0].joined(separator: "/")) }
        guard !isLeft, find("\(to)/\(path)") == nil else { continue }
        try perform(.makeDirectory("\(to)/\(names.dropLast().joined(separator: "/"))"))
        let text = String(decoding: bytes, as: UTF8.self)
        try perform(
          text.hasPrefix("-> ")
            ? .makeSymbolicLink(at: "\(to)/\(path)", to: String(text.dropFirst(3)))
            : .write(path: "\(to)/\(path)", bytes: bytes, permissions: 0o644))
      }
    case .setAside(let from, let to):
      if find(from) != nil, find(to) == nil { try perform(.rename(from: from, to: to)) }
    case .replace(let path, let other):
      guard find(other) != nil else { return }
      try perform(.remove(path))
      try perform(.rename(from: other, to: path))
    case .syncFile(let path):
      guard let node = find(path), case .file(let bytes, _) = nodes[node] else {
        throw Self.failure(.notFound, "sync \(path)")
      }
      nodes[node] = .file(bytes: bytes, synced: bytes)
    case .syncDirectory(let path):
      guard let directory = find(path), case .directory = nodes[directory] else {
        throw Self.failure(.notFound, "sync \(path)")
      }
      keep { change, _ in change.slots.contains { $0.directory == directory } }
    case .syncFileSystem:
      for (number, node) in nodes {
        if case .file(let bytes, _) = node { nodes[number] = .file(bytes: bytes, synced: bytes) }
      }
      keep { _, _ in true }
    }
  }

  private func slot(_ path: String) throws(GtachError) -> Change.Slot {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last, let directory = find("/" + parts.dropLast().joined(separator: "/")) else {
      throw Self.failure(.notFound, "find \(path)")
    }
    return Change.Slot(directory: directory, name: name)
  }

  private mutating func make(_ node: Node, at path: String) throws(GtachError) {
    let slot = try slot(path)
    nodes[nextNode] = node
    if case .directory = node {
      names[nextNode] = [:]
      syncedNames[nextNode] = [:]
    }
    change(Change(node: nextNode, to: slot))
    nextNode += 1
  }

  // One change for each thing in a tree: the power may be lost in the middle.
  private mutating func remove(_ slot: Change.Slot) {
    guard let node = names[slot.directory]?[slot.name] else { return }
    for name in (names[node] ?? [:]).keys.sorted() { remove(Change.Slot(directory: node, name: name)) }
    change(Change(node: node, from: slot))
  }

  private mutating func change(_ change: Change) {
    Self.apply(change, to: &names)
    changes.append(change)
  }

  private static func apply(_ change: Change, to names: inout [Int: [String: Int]]) {
    if let from = change.from { names[from.directory]?[from.name] = nil }
    if let to = change.to { names[to.directory]?[to.name] = change.node }
  }

  /// Puts changes on the disk: those that are chosen, and those that they cannot be without.
  private mutating func keep(_ isChosen: (Change, Int) -> Bool) {
    var (slots, things) = (Set<Change.Slot>(), Set<Int>())
    var kept = [Bool](repeating: false, count: changes.count)
    for (position, change) in changes.enumerated().reversed() {
      guard isChosen(change, position) || things.contains(change.node) || change.slots.contains(where: slots.contains)
      else { continue }
      kept[position] = true
      slots.formUnion(change.slots)
      things.insert(change.node)
    }
    for (position, change) in changes.enumerated() where kept[position] { Self.apply(change, to: &syncedNames) }
    changes = changes.indices.filter { !kept[$0] }.map { changes[$0] }
  }

  /// The disk after a power cut at this instant.
  func afterPowerCut(using generator: inout some RandomNumberGenerator) -> SimulatedDisk {
    var disk = self
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: break
    case 1:
      let count = Int.random(in: 0...changes.count, using: &generator)
      disk.keep { _, position in position < count }
    default:
      let chosen = changes.map { _ in Bool.random(using: &generator) }
      disk.keep { _, position in chosen[position] }
    }
    disk.names = disk.syncedNames
    disk.changes = []
    for (number, node) in disk.nodes.sorted(by: { $0.key < $1.key }) {
      guard case .file(let bytes, let synced) = node, synced != bytes else { continue }
      let left: [UInt8] =
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes
        case 1: Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
        case 2: Array(repeating: 0, count: bytes.count)
        default: synced ?? []
        }
      disk.nodes[number] = .file(bytes: left, synced: left)
    }
    return disk
  }

  private static func failure(_ code: ErrorCode, _ text: String) -> GtachError {
    GtachError(code, "the simulated disk cannot \(text)")
  }
}
