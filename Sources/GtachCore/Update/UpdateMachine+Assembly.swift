import GtachModel

/// A staged release is put together: what is not of the release alone is looked at first.
extension UpdateMachine {
  /// Has all looked at that decides what becomes of a staged release; one that has nothing of the kind is complete.
  mutating func inspect(_ position: Int) {
    let member = journal.members[position]
    let places = (member.wasKept ? [] : data(of: member).places) + (configuration(of: member)?.places ?? [])
    guard !places.isEmpty else {
      return member.wasKept
        ? stage(from: position + 1) : perform(.placing(position), operations.place(member.release.id))
    }
    step = .inspecting(position)
    action = .inspect(places)
  }

  private func data(of member: UpdateJournal.Member) -> PreservedData {
    PreservedData(member.release, layout: layout)
  }

  /// Nil in a recovery, which puts no release together.
  private func configuration(of member: UpdateJournal.Member) -> ReleaseConfiguration? {
    let sources = [member.before.active, member.before.kept(member.release.id.version)]
    return hashing.map {
      ReleaseConfiguration(
        release: member.release, sources: sources.compactMap { $0 }, layout: layout,
        values: TemplateValues(release: member.release, layout: layout, machine: machine), hashing: $0,
        isKept: member.wasKept)
    }
  }

  /// Puts a staged release together. Where that cannot be, it is the release that is to blame.
  mutating func assemble(_ seen: [InspectedPlace: PlaceContent]) throws(GtachError) {
    guard case .inspecting(let position) = step, let configuration = configuration(of: journal.members[position]) else {
      throw GtachError(.bug, "an update was told of places that it never asked for")
    }
    let member = journal.members[position]
    let preserved: PreservedData.Plan
    let rendered: ReleaseConfiguration.Plan
    do throws(GtachError) {
      // One that is here already has its links.
      preserved = member.wasKept ? PreservedData.Plan() : try data(of: member).plan(seen)
      rendered = try configuration.plan(seen)
    } catch {
      journal.errors.append(ErrorReport(error))
      return try undo(refusing: [position])
    }
    journal.members[position].release.configuration = rendered.files.isEmpty ? nil : rendered.files
    if member.wasKept {
      journal.members[position].isReconfigured = true
      return perform(.placing(position), rendered.operations)
    }
    var first: [FileOperation] = [.makeDirectory(layout.data(of: member.name))]
    if !preserved.seeded.isEmpty {
      // Whoever finds only half of what the release brings has to know that it is not the package's own data.
      journal.members[position].seeded = preserved.seeded
      first += try operations.write(journal)
    }
    perform(
      .placing(position),
      first + preserved.operations + rendered.operations + operations.place(member.release.id))
  }
}
