#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

extension GtachError {
  /// The error of a system call that failed, with the kernel's own words as the reason.
  ///
  /// A full disk or an exhausted quota is `.diskFull` whatever `code` says, as what to do about it differs. An SD card
  /// that is worn out becomes read-only by itself, and the kernel's words do not say what that means.
  ///
  /// - Parameter number: The value of `errno` right after the call.
  static func system(
    _ code: ErrorCode, _ message: String, errno number: Int32, advice: String? = nil
  ) -> GtachError {
    let reason = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    if number == ENOSPC || number == EDQUOT {
      return GtachError(.diskFull, message, reason: reason, advice: advice ?? "free some space and try again")
    }
    let readOnly =
      number == EROFS ? "the disk is mounted read-only: mount it for writing, or change it where it is worn out" : nil
    return GtachError(code, message, reason: reason, advice: advice ?? readOnly)
  }
}
