import GtachModel

/// What the templates of a release (`install.templates`) become on this machine: files of this release alone, beside
/// those of the releases before, so that one rename makes a release and its configuration active, and a rollback finds
/// its own again.
///
/// What an operator has changed is taken over from the release that was active, as dpkg does with its conffiles
/// (deb-conffiles(5)): the new file is laid beside where it is another than the last one was.
struct ReleaseConfiguration {
  let release: InstallState.Release
  /// The release that is active; nil where there is none.
  let previous: InstallState.Release?
  let layout: InstallLayout
  let values: TemplateValues
  let hashing: any Hashing

  /// What writes the files, what is recorded of them, and what gives the staged release its links.
  struct Plan {
    var files: [String: InstallState.RenderedFile] = [:]
    var operations: [FileOperation] = []
  }

  private var templates: [(source: String, target: String)] {
    (release.manifest.description.install?.templates ?? [:]).sorted { $0.value < $1.value }.map { source, target in
      // Another release may spell the same path with a "./".
      (source: source, target: (ReleasePath.components(of: target) ?? []).joined(separator: "/"))
    }
  }

  /// Whether there is anything to do.
  var isEmpty: Bool { templates.isEmpty && (previous?.configuration ?? [:]).isEmpty }

  private func staged(_ path: String, maximumBytes: Int? = nil) -> InspectedPlace {
    InspectedPlace(
      root: layout.stagingTree, names: ReleasePath.components(of: path) ?? [], maximumBytes: maximumBytes)
  }
  private func before(_ path: String, of release: ReleaseID, isBeside: Bool = false) -> InspectedPlace {
    let names = ReleasePath.components(of: isBeside ? path + InstallLayout.besideSuffix : path) ?? []
    return InspectedPlace(
      root: layout.configuration(release), names: names,
      maximumBytes: isBeside ? nil : ConfigurationTemplate.maximumRenderedBytes)
  }

  /// What has to be looked at before anything is decided.
  var places: [InspectedPlace] {
    guard !isEmpty else { return [] }
    var places = [values.place]
    for (source, target) in templates {
      places += [staged(source, maximumBytes: ConfigurationTemplate.maximumBytes), staged(target)]
    }
    if let previous {
      for path in (previous.configuration ?? [:]).keys.sorted() {
        places += [before(path, of: previous.id), before(path, of: previous.id, isBeside: true)]
      }
    }
    return places
  }

  /// Decides, from what was seen at `places`.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` for a variable without a value and for values that cannot be read;
  ///   `ErrorCode.descriptionInvalid` for a template that is none, and where something of the release is in the way.
  func plan(_ seen: [InspectedPlace: PlaceContent]) throws(GtachError) -> Plan {
    var plan = Plan()
    guard !isEmpty else { return plan }
    let values = try values.values(seen[values.place] ?? .nothing)
    for (source, target) in templates {
      guard case .file(let bytes, _) = seen[staged(source, maximumBytes: ConfigurationTemplate.maximumBytes)] else {
        throw fail(source, "it is not there, or no file")
      }
      guard seen[staged(target)] == .nothing else { throw fail(source, "the release has a \"\(target)\" already") }
      let new = try ConfigurationTemplate(bytes, path: source).rendered(with: values)
      try add(target, new, seen, to: &plan)
      let names = staged(target).names
      plan.operations += [
        .makeDirectory(staged(target).parent),
        .makeSymbolicLink(at: staged(target).path, to: layout.configurationLink(release.id, names)),
      ]
    }
    try addObsolete(seen, to: &plan)
    guard !plan.files.isEmpty else { return Plan() }
    // Whatever is left there is of a transaction that came to nothing.
    let directory = layout.configuration(release.id)
    plan.operations = [.remove(directory), .makeDirectory(directory)] + plan.operations
    return plan
  }

  /// Lays down a file of a template, or the operator's in its place.
  private func add(
    _ path: String, _ new: [UInt8], _ seen: [InspectedPlace: PlaceContent], to plan: inout Plan
  ) throws(GtachError) {
    let digest = hashing.digest(of: new)
    var file = InstallState.RenderedFile(digest: digest)
    guard let previous, let last = previous.configuration?[path] else {
      plan.files[path] = file
      return write(new, to: path, like: nil, in: &plan)
    }
    let content = try content(of: path, in: previous, seen)
    switch content {
    case .file(let bytes, let permissions) where isChanged(bytes, since: last):
      write(bytes, to: path, like: permissions, in: &plan)
      file.isKept = bytes == new ? nil : true
    case .file(_, let permissions): write(new, to: path, like: permissions, in: &plan)
    case .link(let target):
      plan.operations += [
        .makeDirectory(after(path).parent), .makeSymbolicLink(at: after(path).path, to: target),
      ]
      file.isKept = true
    case .nothing, .directory, .other, .unreachable: file.isKept = true
    }
    if file.isKept == true {
      // An operator who has seen this one already, and put it away, is not asked again.
      let isSeen = last.digest == digest && seen[before(path, of: previous.id, isBeside: true)] == .nothing
      if isSeen { file.isKept = nil } else { write(new, beside: path, content, in: &plan) }
    }
    plan.files[path] = file
  }

  /// Keeps what an operator changed of templates that the release has not any more.
  private func addObsolete(_ seen: [InspectedPlace: PlaceContent], to plan: inout Plan) throws(GtachError) {
    guard let previous else { return }
    for (path, last) in (previous.configuration ?? [:]).sorted(by: { $0.key < $1.key })
    where plan.files[path] == nil {
      switch try content(of: path, in: previous, seen) {
      case .file(let bytes, let permissions) where isChanged(bytes, since: last):
        write(bytes, to: path, like: permissions, in: &plan)
      case .link(let target):
        plan.operations += [
          .makeDirectory(after(path).parent), .makeSymbolicLink(at: after(path).path, to: target),
        ]
      case .file, .nothing, .directory, .other, .unreachable: continue
      }
      plan.files[path] = InstallState.RenderedFile(digest: last.digest, isObsolete: true)
    }
  }

  /// What an operator has made of a file.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` for what can neither be kept nor replaced.
  private func content(
    of path: String, in previous: InstallState.Release, _ seen: [InspectedPlace: PlaceContent]
  ) throws(GtachError) -> PlaceContent {
    let place = before(path, of: previous.id)
    let content = seen[place] ?? .nothing
    switch content {
    case .nothing, .file, .link: return content
    case .directory, .other, .unreachable:
      throw GtachError(
        .configurationInvalid, "\(place.path) cannot be taken over", reason: "it is no file, nor a link in a directory",
        advice: "put a file there, or remove it")
    }
  }

  private func isChanged(_ bytes: [UInt8], since last: InstallState.RenderedFile) -> Bool {
    hashing.digest(of: bytes) != last.digest
  }

  private func after(_ path: String) -> InspectedPlace { before(path, of: release.id) }

  /// Writes a file of the release, with the permissions and the owner of the one before where that has any.
  private func write(_ bytes: [UInt8], to path: String, like permissions: UInt16?, in plan: inout Plan) {
    write(bytes, at: after(path), permissions, ownerOf: path, in: &plan)
  }

  /// Writes what the operator's file is not: whoever may not read that one may not read this one.
  private func write(_ bytes: [UInt8], beside path: String, _ content: PlaceContent, in plan: inout Plan) {
    let permissions: UInt16? = if case .file(_, let permissions) = content { permissions } else { nil }
    write(bytes, at: after(path + InstallLayout.besideSuffix), permissions, ownerOf: path, in: &plan)
  }

  private func write(
    _ bytes: [UInt8], at place: InspectedPlace, _ permissions: UInt16?, ownerOf path: String, in plan: inout Plan
  ) {
    plan.operations += [
      .makeDirectory(place.parent), .write(path: place.path, bytes: bytes, permissions: permissions ?? 0o644),
    ]
    if let previous, permissions != nil {
      plan.operations.append(.takeOwner(of: before(path, of: previous.id).path, for: place.path))
    }
  }

  private func fail(_ source: String, _ reason: String) -> GtachError {
    GtachError(
      .descriptionInvalid, "the template \"\(source)\" of \(release.id) cannot be used", reason: reason,
      advice: "install a release whose \"install.templates\" names files of its own")
  }
}

extension InstallState.Release {
  /// The files of its configuration that an operator changed before it was installed, for people.
  var keptFiles: [KeptFile]? {
    let layout = InstallLayout(root: "")
    let kept = (configuration ?? [:]).sorted { $0.key < $1.key }.compactMap { path, file -> KeptFile? in
      guard file.isKept == true || file.isObsolete == true else { return nil }
      let path = String("\(layout.configuration(id))/\(path)".dropFirst())
      return KeptFile(path: path, beside: file.isKept == true ? path + InstallLayout.besideSuffix : nil)
    }
    return kept.isEmpty ? nil : kept
  }
}

extension InstallOperations {
  /// Removes what the templates of a release became in a transaction that failed.
  func removeConfiguration(of member: UpdateJournal.Member) -> [FileOperation] {
    let isPossible =
      member.release.manifest.description.install?.templates != nil || member.before.active?.configuration != nil
    guard !member.wasKept, isPossible else { return [] }
    // The directory itself may have been lost with the power.
    let directory = layout.configuration(of: member.name)
    return [
      .makeDirectory(directory), .remove(layout.configuration(member.release.id)), .syncDirectory(directory),
    ]
  }
}
