import GtachCommand
import GtachModel
import GtachNode

extension CommandSession {
  /// Tests the hardware as the plan, the installed package of that name, or every installed package says.
  func selfTest(name: PackageName?, plan: String?, mock: String?) throws(GtachError) -> Output {
    var context = try NodeContext(home: home())
    if let mock { context.configuration.mock = mock }
    try context.releaseDrivenLines()
    return rendering.selfTest(try context.selfTest(name: name, plan: plan, cancellation: interruptible()))
  }
}
