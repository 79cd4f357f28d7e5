import GtachModel
import GtachSystem

/// Runs a test in a new directory, which is gone afterwards.
func withTestDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = try FileSystem().temporaryDirectory(prefix: "gtach-test-")
  let result: Swift.Result<Result, any Error>
  do { result = .success(try body(path)) } catch { result = .failure(error) }
  try FileSystem().perform(.remove(path))
  return try result.get()
}
