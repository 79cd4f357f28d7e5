import CDNSSD
import GtachModel

/// One question or advertisement that dns_sd keeps open until this object is closed.
///
/// Answers are collected during `process` and handled after it, so that no call is ever made inside a callback.
final class Subscription {
  /// What came back.
  enum Answer {
    /// One's own service is advertised.
    case registered
    /// An instance appeared or disappeared on one interface and protocol.
    case browsed(name: String, isAddition: Bool)
    /// Where an instance listens.
    case target(host: String, port: UInt16)
    /// A record appeared or disappeared.
    case record(bytes: [UInt8], interface: UInt32, isAddition: Bool)
    /// It ended with an error of dns_sd.
    case failed(DNSServiceErrorType)
  }

  /// The service type of every node.
  static let serviceType = "_gtach._tcp"
  /// The one domain of multicast DNS.
  static let domain = "local"

  private var handle: DNSServiceRef?
  fileprivate var answers: [Answer] = []

  private init() {}

  deinit { close() }

  /// The descriptor that becomes readable when `process` has something to do.
  var descriptor: Int32 { handle.map { DNSServiceRefSockFD($0) } ?? -1 }

  /// Takes what there is; only once `poll` said that there is something, or it blocks.
  func process() -> [Answer] {
    guard let handle else { return [] }
    let status = DNSServiceProcessResult(handle)
    if status != kDNSServiceErr_NoError { answers.append(.failed(status)) }
    defer { answers = [] }
    return answers
  }

  /// Ends it.
  func close() {
    if let handle { DNSServiceRefDeallocate(handle) }
    handle = nil
  }

  /// Advertises a service on every interface.
  static func register(name: String, port: UInt16, text: [UInt8]) throws(GtachError) -> Subscription {
    try open("advertise") { subscription, context in
      DNSServiceRegister(
        &subscription.handle, 0, 0, name, serviceType, domain, nil, port.bigEndian, UInt16(text.count), text,
        didRegister, context)
    }
  }

  /// Replaces the TXT record of a service that `register` advertises.
  func update(text: [UInt8]) throws(GtachError) {
    guard let handle else { return }
    let status = DNSServiceUpdateRecord(handle, nil, 0, UInt16(text.count), text, 0)
    guard status == kDNSServiceErr_NoError else { throw Self.failure(status, "change the TXT record") }
  }

  /// Follows which instances there are.
  static func browse() throws(GtachError) -> Subscription {
    try open("browse") { subscription, context in
      DNSServiceBrowse(&subscription.handle, 0, 0, serviceType, domain, didBrowse, context)
    }
  }

  /// Asks where an instance listens.
  static func resolve(instance: String) throws(GtachError) -> Subscription {
    try open("resolve") { subscription, context in
      DNSServiceResolve(&subscription.handle, 0, 0, instance, serviceType, domain, didResolve, context)
    }
  }

  /// Follows the records of a type at a name.
  static func query(name: String, type: Int) throws(GtachError) -> Subscription {
    try open("query") { subscription, context in
      DNSServiceQueryRecord(
        &subscription.handle, 0, 0, name, UInt16(type), UInt16(kDNSServiceClass_IN), didQuery, context)
    }
  }

  /// The name under which an instance's records are found, escaped; nil where it has no valid name.
  static func fullName(of instance: String) -> String? {
    // kDNSServiceMaxDomainName, a macro on one platform and a constant on the other.
    var name = [CChar](repeating: 0, count: 1009)
    guard DNSServiceConstructFullName(&name, instance, serviceType, domain) == 0 else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func open(
    _ what: String, _ start: (Subscription, UnsafeMutableRawPointer) -> DNSServiceErrorType
  ) throws(GtachError) -> Subscription {
    let subscription = Subscription()
    // Callbacks come during `process` only, so the object outlives them all.
    let status = start(subscription, Unmanaged.passUnretained(subscription).toOpaque())
    guard status == kDNSServiceErr_NoError else { throw failure(status, what) }
    return subscription
  }

  /// The error for a status of dns_sd.
  static func failure(_ status: DNSServiceErrorType, _ what: String) -> GtachError {
    let message = "discovery is not available"
    if status == kDNSServiceErr_Unknown || status == kDNSServiceErr_ServiceNotRunning {
      #if canImport(Darwin)
        return GtachError(.discoveryUnavailable, message, reason: "mDNSResponder does not answer (\(status))")
      #else
        return GtachError(
          .discoveryUnavailable, message, reason: "avahi-daemon or D-Bus does not run (\(status))",
          advice: "start avahi-daemon; peers given with --peer are reached without it")
      #endif
    }
    return GtachError(.discoveryUnavailable, message, reason: "cannot \(what): dns_sd error \(status)")
  }
}

// kDNSServiceErr_ServiceNotRunning of Apple's header, which Avahi's lacks.
private let kDNSServiceErr_ServiceNotRunning: DNSServiceErrorType = -65563

private func subscription(_ context: UnsafeMutableRawPointer?) -> Subscription? {
  context.map { Unmanaged<Subscription>.fromOpaque($0).takeUnretainedValue() }
}

private func isAddition(_ flags: DNSServiceFlags) -> Bool { flags & DNSServiceFlags(kDNSServiceFlagsAdd) != 0 }

private func didRegister(
  _ handle: DNSServiceRef?, _ flags: DNSServiceFlags, _ status: DNSServiceErrorType, _ name: UnsafePointer<CChar>?,
  _ type: UnsafePointer<CChar>?, _ domain: UnsafePointer<CChar>?, _ context: UnsafeMutableRawPointer?
) {
  subscription(context)?.answers.append(status == kDNSServiceErr_NoError ? .registered : .failed(status))
}

private func didBrowse(
  _ handle: DNSServiceRef?, _ flags: DNSServiceFlags, _ interface: UInt32, _ status: DNSServiceErrorType,
  _ name: UnsafePointer<CChar>?, _ type: UnsafePointer<CChar>?, _ domain: UnsafePointer<CChar>?,
  _ context: UnsafeMutableRawPointer?
) {
  guard status == kDNSServiceErr_NoError, let name else {
    subscription(context)?.answers.append(.failed(status))
    return
  }
  subscription(context)?.answers.append(.browsed(name: String(cString: name), isAddition: isAddition(flags)))
}

private func didResolve(
  _ handle: DNSServiceRef?, _ flags: DNSServiceFlags, _ interface: UInt32, _ status: DNSServiceErrorType,
  _ name: UnsafePointer<CChar>?, _ host: UnsafePointer<CChar>?, _ port: UInt16, _ textLength: UInt16,
  _ text: UnsafePointer<UInt8>?, _ context: UnsafeMutableRawPointer?
) {
  guard status == kDNSServiceErr_NoError, let host else {
    subscription(context)?.answers.append(.failed(status))
    return
  }
  subscription(context)?.answers.append(.target(host: String(cString: host), port: UInt16(bigEndian: port)))
}

private func didQuery(
  _ handle: DNSServiceRef?, _ flags: DNSServiceFlags, _ interface: UInt32, _ status: DNSServiceErrorType,
  _ name: UnsafePointer<CChar>?, _ type: UInt16, _ class: UInt16, _ length: UInt16, _ data: UnsafeRawPointer?,
  _ timeToLive: UInt32, _ context: UnsafeMutableRawPointer?
) {
  guard status == kDNSServiceErr_NoError else {
    subscription(context)?.answers.append(.failed(status))
    return
  }
  let bytes = [UInt8](UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : Int(length)))
  subscription(context)?.answers.append(
    .record(bytes: bytes, interface: interface, isAddition: isAddition(flags)))
}
