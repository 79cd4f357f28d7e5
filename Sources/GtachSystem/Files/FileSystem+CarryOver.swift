#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// What moves or copies directories with all in them.
extension FileSystem {
  private static let pieceBytes = 1 << 20

  /// Copies what a directory has and another lacks: files, directories and links, with their permissions, and their
  /// owner as far as this process may. Sockets, pipes and devices are of whoever made them and stay.
  func carryOver(_ from: String, to: String, except: Set<String>, below path: String = "") throws(GtachError) {
    let directory = path.isEmpty ? from : "\(from)/\(path)"
    guard try kind(of: directory) == .directory else { return }
    for name in try list(directory) {
      let path = path.isEmpty ? name : "\(path)/\(name)"
      guard !except.contains(path), let status = try status(of: "\(from)/\(path)") else { continue }
      let isThere = try kind(of: "\(to)/\(path)") != nil
      switch status.kind {
      case .directory:
        if !isThere {
          try perform(.makeDirectory("\(to)/\(path)"))
          guard chmod("\(to)/\(path)", mode_t(status.permissions)) == 0 else {
            throw Self.failure("cannot write \(to)/\(path)", errno)
          }
          try perform(.takeOwner(of: "\(from)/\(path)", for: "\(to)/\(path)"))
        }
        try carryOver(from, to: to, except: except, below: path)
      case .file where !isThere:
        try copy("\(from)/\(path)", to: "\(to)/\(path)", permissions: status.permissions)
        try perform(.takeOwner(of: "\(from)/\(path)", for: "\(to)/\(path)"))
      case .symbolicLink where !isThere:
        try perform(.makeSymbolicLink(at: "\(to)/\(path)", to: readLink("\(from)/\(path)")))
      case .file, .symbolicLink, .characterDevice, .blockDevice, .socket, .pipe: continue
      }
    }
  }

  private func copy(_ from: String, to: String, permissions: UInt16) throws(GtachError) {
    let source = try InputFile(from)
    let number = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw Self.failure("cannot write \(to)", errno) }
    let descriptor = Descriptor(owning: number)
    while true {
      let bytes = try source.read(Self.pieceBytes)
      if bytes.isEmpty { break }
      try Self.writeFully(bytes[...], to: descriptor, path: to)
    }
    guard fchmod(number, mode_t(permissions)) == 0 else { throw Self.failure("cannot write \(to)", errno) }
  }

  /// Renames, unless something has the new name already or nothing has the old one.
  func setAside(_ from: String, to: String) throws(GtachError) {
    guard try kind(of: from) != nil, try kind(of: to) == nil else { return }
    try perform(.rename(from: from, to: to))
  }

  /// Puts something in the place of another, where there is something to put.
  func replace(_ path: String, by other: String) throws(GtachError) {
    guard try kind(of: other) != nil else { return }
    try perform([.remove(path), .rename(from: other, to: path)])
  }
}
