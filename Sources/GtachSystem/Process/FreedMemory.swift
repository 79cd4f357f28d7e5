import CSystem

/// What becomes of memory that is not needed any more.
///
/// Chunks, objects and units are arrays of 64 KiB to 1 MiB that come and go thousands of times. By default, glibc gives
/// each of these pages back at once, and the kernel clears them for the next array: of a fetch over a fast network,
/// that was an eighth of the processor's time. See mallopt(3).
public enum FreedMemory {
  /// Larger ones are given back at once, in bytes.
  private static let largestKept = 4 << 20
  /// How much is kept in an arena at most, in bytes.
  private static let keptBytes = 8 << 20
  /// How many arenas share what is kept. By default there are eight for each processor, each with pages of its own; two
  /// are enough for threads that seldom meet.
  private static let arenas = 2

  /// Keeps some of it for the next arrays from now on. To be called before there are threads. Without effect elsewhere
  /// than under glibc.
  public static func keep() {
    #if canImport(Glibc)
      gtach_keep_freed_memory(Int32(largestKept), Int32(keptBytes), Int32(arenas))
    #endif
  }

  /// Gives back what is kept, when it will not be needed for a while.
  public static func giveBack() {
    #if canImport(Glibc)
      gtach_give_back_freed_memory()
    #endif
  }

  /// Gives back whatever this process can have again: what is kept, and the pages of the program and its libraries.
  ///
  /// Two thirds of what an idle daemon has resident was needed to start, to fetch and to install: on a machine with
  /// 512 MB others can use that better. What is used next comes back from the file, which mostly is in the kernel's
  /// cache still: some hundred page faults.
  public static func giveBackAll() {
    #if canImport(Glibc)
      gtach_give_back_freed_memory()
      gtach_forget_program_pages()
    #endif
  }
}
