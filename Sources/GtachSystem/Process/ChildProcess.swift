#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CSystem
import GtachModel

/// Runs other programs: hooks and the commands of self-tests.
public enum ChildProcess {
  /// Where a program finds others that inherits nothing from whoever started gtach: its PATH.
  public static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// How a program ended.
  public enum Exit: Hashable, Sendable {
    /// It returned this status; 0 is success.
    case status(Int32)
    /// A signal of this number ended it.
    case signal(Int32)
    /// It was killed at the deadline.
    case timedOut
  }

  /// What became of a program.
  public struct Completion: Hashable, Sendable {
    /// How it ended.
    public let exit: Exit
    /// What it wrote to standard output and standard error, in that order of writing: the end of it where it was more
    /// than wanted, for there a program says why it failed.
    public let output: [UInt8]
    /// Whether it wrote more than `output`.
    public let isTruncated: Bool
  }

  /// Runs a program and waits for its end.
  ///
  /// No shell is involved. The program reads from /dev/null, inherits no other descriptor, has every signal at its
  /// default, and is the leader of a process group of its own: at the deadline, the whole group is killed. What it
  /// started and left behind on purpose lives on if it ends by itself.
  ///
  /// - Parameters:
  ///   - executable: A path; relative to `directory` if it is not absolute. `PATH` is not searched.
  ///   - arguments: Without the program's own name.
  ///   - environment: All of it: nothing is inherited.
  ///   - directory: Where it starts.
  ///   - deadline: When it is killed.
  ///   - maximumOutputBytes: How much of its output is kept.
  ///   - cancellation: What else ends it.
  /// - Throws: `ErrorCode.notFound`, `ErrorCode.inputOutput` where it cannot be started; `ErrorCode.cancelled` (it was
  ///   killed then, too); `ErrorCode.busy` where the system has no room for it.
  public static func run(
    executable: String, arguments: [String], environment: [String: String], directory: String, deadline: Instant,
    maximumOutputBytes: Int, cancellation: Cancellation? = nil
  ) throws(GtachError) -> Completion {
    let path = executable.hasPrefix("/") ? executable : "\(directory)/\(executable)"
    let pipe = try Descriptor.pipe()
    let exited = try Cancellation()
    let child = try spawn(
      path: path, arguments: arguments, environment: environment, directory: directory, output: pipe.writer)
    return try Supervision(
      child: child, name: executable, output: pipe.reader, exited: exited, maximumOutputBytes: maximumOutputBytes
    ).run(until: deadline, cancellation: cancellation)
  }

  private static func spawn(
    path: String, arguments: [String], environment: [String: String], directory: String, output: Descriptor
  ) throws(GtachError) -> pid_t {
    for text in [path, directory] + arguments + environment.flatMap({ [$0.key, $0.value] })
    where text.utf8.contains(0) {
      throw GtachError(.inputOutput, "cannot start \(path)", reason: "a zero byte in its arguments")
    }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }

    var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    var failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    // A writer that is non-blocking for us would surprise the program, and the flag belongs to the pipe's end.
    _ = fcntl(output.number, F_SETFL, 0)
    failed = failed | posix_spawn_file_actions_adddup2(&actions, output.number, 1)
    failed = failed | posix_spawn_file_actions_adddup2(&actions, output.number, 2)
    #if canImport(Darwin)
      failed = failed | posix_spawn_file_actions_addchdir_np(&actions, directory)
      flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
    #else
      failed = failed | gtach_spawn_add_chdir(&actions, directory)
      failed = failed | gtach_spawn_add_closefrom(&actions, 3)
    #endif
    var signals = sigset_t()
    sigfillset(&signals)
    failed = failed | posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    failed = failed | posix_spawnattr_setsigmask(&attributes, &signals)
    failed = failed | posix_spawnattr_setpgroup(&attributes, 0)
    failed = failed | posix_spawnattr_setflags(&attributes, Int16(flags))
    guard failed == 0 else { throw GtachError(.busy, "cannot start \(path)", reason: "the system is out of memory") }

    var argumentPointers = ([path] + arguments).map { strdup($0) } + [nil]
    var environmentPointers = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
    var child: pid_t = 0
    let status = posix_spawn(&child, path, &actions, &attributes, &argumentPointers, &environmentPointers)
    guard status == 0 else {
      let code: ErrorCode = status == ENOENT ? .notFound : status == EAGAIN || status == ENOMEM ? .busy : .inputOutput
      throw GtachError.system(code, "cannot start \(path)", errno: status)
    }
    return child
  }
}
