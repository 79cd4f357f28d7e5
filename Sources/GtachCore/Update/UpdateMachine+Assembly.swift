import GtachModel

/// A staged release is put together: what is not of the release alone is looked at first.
extension UpdateMachine {
  /// Has all looked at that decides what becomes of a staged release; one that has nothing of the kind is complete.
  mutating func inspect(_ position: Int) {
    let places = PreservedData(journal.members[position].release, layout: layout).places
    guard !places.isEmpty else {
      return perform(.placing(position), operations.place(journal.members[position].release.id))
    }
    step = .inspecting(position)
    action = .inspect(places)
  }

  /// Puts a staged release together. Where that cannot be, it is the release that is to blame.
  mutating func assemble(_ seen: [InspectedPlace: PlaceContent]) throws(GtachError) {
    guard case .inspecting(let position) = step else {
      throw GtachError(.bug, "an update was told of places that it never asked for")
    }
    let release = journal.members[position].release
    let plan: PreservedData.Plan
    do throws(GtachError) {
      plan = try PreservedData(release, layout: layout).plan(seen)
    } catch {
      journal.errors.append(ErrorReport(error))
      return try undo(refusing: [position])
    }
    var first: [FileOperation] = [.makeDirectory(layout.data(of: release.id.name))]
    if !plan.seeded.isEmpty {
      // Whoever finds only half of what the release brings has to know that it is not the package's own data.
      journal.members[position].seeded = plan.seeded
      first += try operations.write(journal)
    }
    perform(.placing(position), first + plan.operations + operations.place(release.id))
  }
}
