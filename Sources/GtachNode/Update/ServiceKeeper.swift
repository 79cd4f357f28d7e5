import GtachCore
import GtachModel
import GtachSystem

/// Stops, starts and watches the services of releases. It obeys an `UpdateMachine` and decides nothing.
struct ServiceKeeper: Sendable {
  /// The longest that a service may take to stop, in seconds: systemd kills one after 90 (TimeoutStopSec= in
  /// systemd.service(5)), or after what its unit says.
  static let stopTimeoutSeconds: Int64 = 300

  let control: any ServiceControl
  let limit: StepLimit

  /// Carries out an order.
  ///
  /// - Throws: `ErrorCode.serviceFailed` where the service does not do what it should; `ErrorCode.serviceUnavailable`;
  ///   `ErrorCode.cancelled`.
  func carryOut(_ order: ServiceOrder) throws(GtachError) {
    switch order {
    case .stop(let service):
      try control.stop(service, deadline: limit.deadline(seconds: Self.stopTimeoutSeconds))
    case .reload(let manager): try control.reload(manager)
    case .start(let service, let seconds):
      try control.start(service, deadline: limit.deadline(seconds: Int64(seconds)))
    case .watch(let service, let seconds):
      let flaw = try control.flaw(of: service, stableSeconds: seconds, isFresh: true, cancellation: limit.cancellation)
      if let flaw { throw GtachError(.serviceFailed, "\(service.name) does not stay up", reason: flaw) }
    }
  }

  /// Looks at a release's unit file, and at what has its name on this machine.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid` where the release has no such file; as `carryOut`.
  func inspect(
    unit: String, service: ServiceID, installedAt path: String
  ) throws(GtachError) -> ServiceFinding {
    let files = FileSystem()
    let bytes: [UInt8]
    do throws(GtachError) {
      bytes = try files.read(unit, maximumBytes: UnitFile.maximumBytes)
    } catch {
      throw GtachError(
        .descriptionInvalid, "the release has no unit file \(unit)", reason: error.reason ?? error.message)
    }
    let installed: ServiceFinding.Installed =
      switch try files.kind(of: path) {
      case nil: .nothing
      case .file: .file(try files.read(path, maximumBytes: Self.maximumUnitBytes))
      default: .other
      }
    return ServiceFinding(unit: bytes, installed: installed, known: try control.status(of: service).unitFile)
  }

  // A release's own, and what is put before and behind it.
  private static let maximumUnitBytes = 2 * UnitFile.maximumBytes
}

extension ServiceControl {
  /// Waits until a service was active for so long.
  ///
  /// - Parameter isFresh: Whether it was stopped and started just before.
  /// - Returns: Why it was not; nil where it was.
  func flaw(
    of service: ServiceID, stableSeconds: Int, isFresh: Bool, cancellation: Cancellation?
  ) throws(GtachError) -> String? {
    var watch = ServiceWatch(stableSeconds: stableSeconds, isFresh: isFresh)
    while true {
      switch watch.take(try status(of: service), now: MonotonicClock.now()) {
      case .stable: return nil
      case .unstable(let reason): return reason
      case .lookAgain(let instant): try MonotonicClock.sleep(until: instant, cancellation: cancellation)
      }
    }
  }
}

/// How a self-test looks at services.
public struct ServiceProbe: Sendable {
  private let manager: ServiceManager
  private let own: String?
  private let control: any ServiceControl

  /// A probe; nil where services are not looked at.
  ///
  /// - Parameter own: The unit file of the release that is tested; nil where it has none.
  init?(_ support: ServiceSupport, own: String?, control: any ServiceControl = Systemd()) {
    guard case .available(let manager, _) = support else { return nil }
    self.manager = manager
    self.own = own.flatMap { $0.split(separator: "/").last.map(String.init) }
    self.control = control
  }

  /// Why a service was not active for so long; nil where it was.
  ///
  /// - Parameter unit: Which one; nil for the release's own.
  func flaw(of unit: String?, stableSeconds: Int, cancellation: Cancellation?) throws(GtachError) -> String? {
    guard let name = unit ?? own else {
      throw GtachError(.notFound, "there is no service to look at", reason: "the check names no unit")
    }
    return try control.flaw(
      of: ServiceID(manager: manager, name: name), stableSeconds: stableSeconds, isFresh: false,
      cancellation: cancellation)
  }
}

extension ServiceSupport {
  /// What this machine has for whoever runs gtach: the system's units for root, a user's own for everybody else.
  static func this() -> ServiceSupport {
    #if os(macOS)
      return .missing(reason: "this gtach starts services by systemd only, which macOS has not")
    #else
      let files = FileSystem()
      func isThere(_ path: String) -> Bool { (try? files.exists(path)) ?? false }
      // As sd_booted(3) does.
      guard isThere("/run/systemd/system") else { return .missing(reason: "this machine was not booted with systemd") }
      if Console.isRoot { return .available(.systemd, directory: "/etc/systemd/system") }
      let place = Systemd.runtimeDirectory + "/systemd/private"
      guard isThere(place) else {
        return .missing(
          reason: "no systemd runs for this user: there is no \(place) (loginctl enable-linger starts one at boot)")
      }
      guard let home = Console.environment("HOME"), home.hasPrefix("/") else {
        return .missing(reason: "HOME is not set, and so there is no place for a user's unit files")
      }
      let configuration = Console.environment("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
      return .available(.systemdUser, directory: "\(configuration ?? "\(home)/.config")/systemd/user")
    #endif
  }
}
