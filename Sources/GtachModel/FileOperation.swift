/// One thing to do to the disk. Decisions emit these in order and whoever owns the disk carries them out, so that a
/// test can cut the power between any two of them.
public enum FileOperation: Hashable, Sendable {
  /// Makes a directory and those above it; no error if it is there.
  case makeDirectory(String)
  /// Creates or replaces a file. Its bytes are not on the disk before a sync.
  case write(path: String, bytes: [UInt8], permissions: UInt16)
  /// Renames over whatever file or empty directory is there: the one atomic step.
  case rename(from: String, to: String)
  /// Makes a symbolic link; fails if something is there (make it beside and rename).
  case makeSymbolicLink(at: String, to: String)
  /// Removes a file, a link, or a directory with all in it; no error if nothing is there.
  case remove(String)
  /// Takes the permission to write from a directory and all in it, links not followed.
  case makeReadOnly(String)
  /// Gives a file the owner and group of another, as far as this process may.
  case takeOwner(of: String, for: String)
  /// Copies what one directory has and another lacks, with all in it, but for these paths below it; no error where the
  /// first is not there.
  case carryOver(from: String, to: String, except: Set<String>)
  /// Renames a file or directory, unless something has the new name or nothing the old one: doing it again changes
  /// nothing, whatever has taken its place meanwhile.
  case setAside(String, to: String)
  /// Puts one file or directory in the place of another, which goes with all in it; nothing where there is none to put,
  /// as that was done.
  case replace(String, by: String)
  /// Puts a file's bytes on the disk (fsync).
  case syncFile(String)
  /// Puts a directory's entries on the disk (fsync).
  case syncDirectory(String)
  /// Puts all that was written to the file system of this path on the disk, at the price of one sync (syncfs).
  case syncFileSystem(of: String)
}
