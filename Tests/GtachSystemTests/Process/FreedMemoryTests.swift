#if canImport(Glibc)
  import FoundationEssentials
  import GtachSystem
  import Testing

  @Suite("Memory that is given back")
  struct FreedMemoryTests {
    /// How much of files is mapped and resident, in kB.
    private func residentFiles() throws -> Int {
      let status = String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/status")), as: UTF8.self)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
      return try #require(Int(line.split { $0 == " " || $0 == "\t" }[1]))
    }

    @Test("the program's pages go, and come back as they are used, whatever runs meanwhile")
    func programPages() throws {
      let bytes = [UInt8](repeating: 7, count: 1 << 20)
      let digest = SHA256().digest(of: bytes)
      let workers = try (0..<2).map { _ in
        try WorkerThread(name: "test-digests") {
          for _ in 0..<50 { #expect(SHA256().digest(of: bytes) == digest) }
        }
      }
      // Other tests use more of the program meanwhile: that some time there is less is enough.
      var isLess = false
      for _ in 0..<20 {
        let before = try residentFiles()
        FreedMemory.giveBackAll()
        if try residentFiles() < before { isLess = true }
      }
      #expect(isLess)
      for worker in workers { worker.join() }
    }
  }
#endif
