import GtachModel
import Testing

/// The error that the body throws, and nil if it throws none; `#expect(throws:)` gives it away only from Swift 6.1 on.
func thrownError<Result>(_ body: () throws -> Result) -> GtachError? {
  do {
    _ = try body()
    return nil
  } catch let error as GtachError {
    return error
  } catch {
    Issue.record(error, "every error is a GtachError")
    return nil
  }
}
