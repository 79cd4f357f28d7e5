import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  func extract(_ release: ReleaseID, platform: Platform?, into directory: String) throws(GtachError) -> Output {
    let extractor = ReleaseExtractor(try NodeContext(home: home()))
    let cancellation = try interruptible()
    let progress = progress()
    defer { progress.finish() }
    return rendering.extracted(
      try extractor.extract(release, platform: platform, into: directory) { done, total throws(GtachError) in
        try cancellation.check()
        progress.show("extracting", doneBytes: done, totalBytes: total)
      })
  }
}
