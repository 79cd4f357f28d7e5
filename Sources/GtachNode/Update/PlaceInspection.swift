import GtachCore
import GtachModel
import GtachSystem

extension FileSystem {
  /// Looks at places for a decision.
  ///
  /// - Throws: `ErrorCode.inputOutput`, also for a file that is longer than it may be.
  func contents(of places: [InspectedPlace]) throws(GtachError) -> [InspectedPlace: PlaceContent] {
    var contents: [InspectedPlace: PlaceContent] = [:]
    for place in places { contents[place] = try content(of: place) }
    return contents
  }

  private func content(of place: InspectedPlace) throws(GtachError) -> PlaceContent {
    var path = place.root
    for name in place.names.dropLast() {
      path += "/\(name)"
      switch try kind(of: path) {
      case .directory: continue
      case nil: return .nothing
      case .file, .symbolicLink, .characterDevice, .blockDevice, .socket, .pipe: return .unreachable(path)
      }
    }
    guard let status = try status(of: place.path) else { return .nothing }
    switch status.kind {
    case .directory: return .directory
    case .file:
      let bytes: [UInt8] =
        if let maximumBytes = place.maximumBytes { try read(place.path, maximumBytes: maximumBytes) } else { [] }
      return .file(bytes: bytes, permissions: status.permissions)
    case .symbolicLink: return .link(to: try readLink(place.path))
    case .characterDevice, .blockDevice, .socket, .pipe: return .other
    }
  }
}
