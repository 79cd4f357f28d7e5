import GtachModel
import Testing

@testable import GtachSystem

@Suite("Network")
struct NetworkTests {
  @Test("port 0 becomes a port, which is taken then")
  func port() throws {
    let listener = try TLSListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
    #expect(listener.boundEndpoint.host == "127.0.0.1")
    #expect(listener.boundEndpoint.port != 0)
    #expect(thrownError { try TLSListener(endpoint: listener.boundEndpoint) }?.code == .busy)
    #expect(thrownError { try listener.accept(deadline: shortly(), cancellation: nil) }?.code == .peerTimeout)
  }

  @Test(
    "an address that is not this machine's cannot be listened on", arguments: ["192.0.2.1", "no\0name"])
  func foreignAddress(host: String) {
    let error = thrownError { try TLSListener(endpoint: Endpoint(host: host, port: 0)) }
    #expect(error?.code == .configurationInvalid)
  }

  @Test("a listener on every address shows an IPv4 client as what it is")
  func everyAddress() throws {
    let listener = try TLSListener(endpoint: Endpoint(host: "::", port: 0))
    let endpoint = Endpoint(host: "127.0.0.1", port: listener.boundEndpoint.port)
    let (socket, remote) = try TCPSocket.connect(to: endpoint, deadline: soon(), cancellation: nil)
    #expect(remote == endpoint)
    let accepted = try listener.accept(deadline: soon(), cancellation: nil)
    #expect(accepted.remoteEndpoint.host == "127.0.0.1")
    withExtendedLifetime(socket) {}
  }

  @Test("a probe connects where somebody listens, and says why not where nobody does")
  func probe() throws {
    let listener = try TLSListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
    try TCPProbe.wait(for: listener.boundEndpoint, deadline: soon(), cancellation: nil)
    // Nobody is given port 1 but a service of the system that no longer exists (RFC 1078).
    let nobody = Endpoint(host: "127.0.0.1", port: 1)
    #expect(
      thrownError { try TCPProbe.wait(for: nobody, deadline: shortly(), cancellation: nil) }?.code == .peerUnreachable)
    let cancellation = try Cancellation()
    cancellation.cancel()
    #expect(
      thrownError { try TCPProbe.wait(for: nobody, deadline: soon(), cancellation: cancellation) }?.code == .cancelled)
  }

  @Test("a name is looked up")
  func name() throws {
    let listener = try TLSListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
    let endpoint = Endpoint(host: "localhost", port: listener.boundEndpoint.port)
    let (socket, _) = try TCPSocket.connect(to: endpoint, deadline: soon(), cancellation: nil)
    _ = try listener.accept(deadline: soon(), cancellation: nil)
    withExtendedLifetime(socket) {}
  }

  @Test("the machine's addresses are digits that can be read again, and none is loopback")
  func interfaces() throws {
    let addresses = try NetworkInterfaces.addresses()
    #expect(Set(addresses).count == addresses.count)
    for address in addresses {
      #expect(!address.hasPrefix("127.") && address != "::1")
      let again = try NameResolution.addresses(
        of: Endpoint(host: address, port: 7420), forListening: true, deadline: shortly(), cancellation: nil)
      #expect(again.map(\.endpoint) == [Endpoint(host: address, port: 7420)])
    }
  }
}
