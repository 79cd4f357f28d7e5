import GtachModel

/// What the templates of a release (`install.templates`) become on this machine: files of this release alone, beside
/// those of the releases before, so that one rename makes a release and its configuration active, and a rollback finds
/// its own again.
///
/// What an operator has changed is taken over from the release that was active, as dpkg does with its conffiles
/// (deb-conffiles(5)): the new file is laid beside where it is another than the last one was. A release that is here
/// already and is installed again is configured anew like any other; what he has changed of its own is taken over where
/// he left the file alone in the release that is active.
struct ReleaseConfiguration {
  let release: InstallState.Release
  /// The releases whose files may be an operator's: the one that is active, and behind it this one, where it is here
  /// already.
  let sources: [InstallState.Release]
  let layout: InstallLayout
  let values: TemplateValues
  let hashing: any Hashing
  /// Whether the release is here already, and has its links.
  var isKept = false

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
  var isEmpty: Bool { templates.isEmpty && sources.allSatisfy { ($0.configuration ?? [:]).isEmpty } }

  /// Where the files are made.
  private var directory: String { isKept ? layout.nextConfiguration(release.id) : layout.configuration(release.id) }

  private func staged(_ path: String, maximumBytes: Int? = nil) -> InspectedPlace {
    InspectedPlace(
      root: isKept ? layout.release(release.id) : layout.stagingTree, names: ReleasePath.components(of: path) ?? [],
      maximumBytes: maximumBytes)
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
    for source in sources {
      for path in (source.configuration ?? [:]).keys.sorted() {
        places += [before(path, of: source.id), before(path, of: source.id, isBeside: true)]
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
      guard isKept || seen[staged(target)] == .nothing else {
        throw fail(source, "the release has a \"\(target)\" already")
      }
      let new = try ConfigurationTemplate(bytes, path: source).rendered(with: values)
      try add(target, new, seen, to: &plan)
      if isKept { continue }
      let names = staged(target).names
      plan.operations += [
        .makeDirectory(staged(target).parent),
        .makeSymbolicLink(at: staged(target).path, to: layout.configurationLink(release.id, names)),
      ]
    }
    try addObsolete(seen, to: &plan)
    guard !plan.files.isEmpty else { return Plan() }
    // Whatever is left there is of a transaction that came to nothing.
    plan.operations = [.remove(directory), .makeDirectory(directory)] + plan.operations + others
    return plan
  }

  /// What an operator has put beside his files, which may lead to it or read it.
  private var others: [FileOperation] {
    sources.filter { $0.configuration != nil }.map { source in
      let own = (source.configuration ?? [:]).keys.flatMap { [$0, $0 + InstallLayout.besideSuffix] }
      return .carryOver(from: layout.configuration(source.id), to: directory, except: Set(own))
    }
  }

  /// The release whose file it is that stands for the last one: the first of which an operator has changed it, else the
  /// first that has it.
  private func source(
    of path: String, _ seen: [InspectedPlace: PlaceContent]
  ) -> (release: InstallState.Release, file: InstallState.RenderedFile)? {
    let candidates = sources.compactMap { release in release.configuration?[path].map { (release: release, file: $0) } }
    let changed = candidates.first { candidate in
      switch seen[before(path, of: candidate.release.id)] ?? .nothing {
      case .file(let bytes, _): isChanged(bytes, since: candidate.file)
      case .nothing, .link, .directory, .other, .unreachable: true
      }
    }
    return changed ?? candidates.first
  }

  /// Lays down a file of a template, or the operator's in its place.
  private func add(
    _ path: String, _ new: [UInt8], _ seen: [InspectedPlace: PlaceContent], to plan: inout Plan
  ) throws(GtachError) {
    let digest = hashing.digest(of: new)
    var file = InstallState.RenderedFile(digest: digest)
    guard let (source, last) = source(of: path, seen) else {
      plan.files[path] = file
      return write(new, at: after(path), like: nil, ownerOf: nil, in: &plan)
    }
    let content = try content(of: path, in: source, seen)
    let owner = before(path, of: source.id).path
    switch content {
    case .file(let bytes, let permissions) where isChanged(bytes, since: last):
      write(bytes, at: after(path), like: permissions, ownerOf: owner, in: &plan)
      file.isKept = bytes == new ? nil : true
    case .file(_, let permissions): write(new, at: after(path), like: permissions, ownerOf: owner, in: &plan)
    case .link(let target):
      plan.operations += [
        .makeDirectory(after(path).parent), .makeSymbolicLink(at: after(path).path, to: target),
      ]
      file.isKept = true
    case .nothing, .directory, .other, .unreachable: file.isKept = true
    }
    if file.isKept == true {
      // An operator who has seen this one already, and put it away, is not asked again.
      let isSeen = last.digest == digest && seen[before(path, of: source.id, isBeside: true)] == .nothing
      if isSeen {
        file.isKept = nil
      } else {
        // Whoever may not read the operator's file may not read this one.
        let permissions: UInt16? = if case .file(_, let permissions) = content { permissions } else { nil }
        write(new, at: after(path + InstallLayout.besideSuffix), like: permissions, ownerOf: owner, in: &plan)
      }
    }
    plan.files[path] = file
  }

  /// Keeps what an operator changed of templates that the release has not any more.
  private func addObsolete(_ seen: [InspectedPlace: PlaceContent], to plan: inout Plan) throws(GtachError) {
    for path in Set(sources.flatMap { ($0.configuration ?? [:]).keys }).sorted() where plan.files[path] == nil {
      guard let (source, last) = source(of: path, seen) else { continue }
      switch try content(of: path, in: source, seen) {
      case .file(let bytes, let permissions) where isChanged(bytes, since: last):
        write(bytes, at: after(path), like: permissions, ownerOf: before(path, of: source.id).path, in: &plan)
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
    of path: String, in source: InstallState.Release, _ seen: [InspectedPlace: PlaceContent]
  ) throws(GtachError) -> PlaceContent {
    let place = before(path, of: source.id)
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

  private func after(_ path: String) -> InspectedPlace {
    InspectedPlace(root: directory, names: ReleasePath.components(of: path) ?? [])
  }

  /// Writes a file, with the permissions and the owner of the one before where that has any.
  private func write(
    _ bytes: [UInt8], at place: InspectedPlace, like permissions: UInt16?, ownerOf model: String?,
    in plan: inout Plan
  ) {
    plan.operations += [
      .makeDirectory(place.parent), .write(path: place.path, bytes: bytes, permissions: permissions ?? 0o644),
    ]
    if let model, permissions != nil { plan.operations.append(.takeOwner(of: model, for: place.path)) }
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

extension UpdateJournal.Member {
  /// Whether there is anything to configure.
  var mayBeConfigured: Bool {
    release.manifest.description.install?.templates != nil || before.active?.configuration != nil
  }
}

extension InstallOperations {
  /// Removes what the templates of a release became in a transaction that failed; one that was here before has its own
  /// again.
  func removeConfiguration(of member: UpdateJournal.Member) -> [FileOperation] {
    guard member.mayBeConfigured else { return [] }
    // The directory itself may have been lost with the power.
    let (directory, id) = (layout.configuration(of: member.name), member.release.id)
    let removal: [FileOperation] =
      member.wasKept
      ? [
        .replace(layout.configuration(id), by: layout.formerConfiguration(id)),
        .remove(layout.nextConfiguration(id)),
      ] : [.remove(layout.configuration(id))]
    return [.makeDirectory(directory)] + removal + [.syncDirectory(directory)]
  }

  /// Has releases that were here before take on the configuration that was made for them. To be done while they are not
  /// active, and as often as need be.
  func reconfigure(_ members: [UpdateJournal.Member]) -> [FileOperation] {
    members.filter { $0.isReconfigured == true }.flatMap { member -> [FileOperation] in
      let id = member.release.id
      return [
        .setAside(layout.configuration(id), to: layout.formerConfiguration(id)),
        .replace(layout.configuration(id), by: layout.nextConfiguration(id)),
        .syncDirectory(layout.configuration(of: member.name)),
      ]
    }
  }
}
