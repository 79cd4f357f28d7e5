import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  /// How long the installer waits for an order that systemd has started, in seconds: it is started again for the next.
  private static var idleSeconds: Int { 60 }

  /// Takes orders until there are none, or it is interrupted; its events are its log, on the standard output.
  func installer(source: String, socket: String?) throws(GtachError) -> Output {
    let cancellation = try Cancellation()
    var context = try NodeContext(home: home(), cancellation: cancellation)
    context.isInstaller = true
    let listener: UnixSocketListener
    if let socket {
      listener = try UnixSocketListener(path: socket)
    } else if let inherited = try UnixSocketListener.inherited() {
      listener = inherited
    } else {
      throw GtachError(
        .usage, "the installer has no socket to listen on", reason: "systemd did not start it by one",
        advice: "start gtach-installer.socket, or name one with --socket PATH")
    }
    let rendering = rendering
    let service = InstallerService(
      ReleaseInstaller(context, source: try Home(absolute: source).path, cancellation: cancellation),
      listener: listener, cancellation: cancellation
    ) { event in
      // Nobody may read its log, on a full disk perhaps; it installs all the same.
      try? Console.write(rendering.event(event, at: nil), to: .output)
    }
    try onInterruption { cancellation.cancel() }
    try service.run(idleSeconds: socket == nil ? Self.idleSeconds : nil)
    return Output()
  }

  /// Makes lines inputs again that a self-test was driving when it was ended.
  func releaseLines() throws(GtachError) -> Output {
    try NodeContext(home: home()).releaseDrivenLines()
    return Output()
  }
}
