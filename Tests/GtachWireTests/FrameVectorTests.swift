import GtachModel
import GtachWire
import Testing

/// Every vector of `Protocol/vectors/frames-*.json`, in whatever pieces the network delivers it.
@Suite struct FrameVectorTests {
  struct Valid: Decodable, Sendable {
    let name: String
    let stream: String
    let frame: String
    let body: String?
    let message: JSON
    let canonical: Bool
  }

  struct Invalid: Decodable, Sendable {
    let name: String
    let stream: String
    let frame: String
    let error: String
  }

  @Test func validFramesMeanWhatTheVectorsSay() throws {
    let vectors: [Valid] = try Vectors.load("frames-valid.json")
    #expect(vectors.count >= 30)
    for vector in vectors {
      let bytes = try #require(Hexadecimal.decode(vector.frame))
      let stream = try #require(MessageStream(name: vector.stream))
      let comment = Comment(rawValue: vector.name)
      let whole = try messages(in: [bytes], of: stream)
      #expect(whole.map(\.described) == [vector.message], comment)
      #expect(try messages(in: bytes.map { [$0] }, of: stream) == whole, comment)
      if let body = vector.body { #expect(Array(bytes.dropFirst(5)) == Array(body.utf8), comment) }
      if vector.canonical { #expect(whole.map { Hexadecimal.encode($0.encoded()) } == [vector.frame], comment) }
      for message in whole { #expect(try messages(in: [message.encoded()], of: stream) == whole, comment) }
    }
  }

  @Test func framesThatArriveJoinedAreTakenApart() throws {
    let vectors: [Valid] = try Vectors.load("frames-valid.json")
    var generator = SeededGenerator(seed: 1)
    for stream in MessageStream.allCases {
      let mine = vectors.filter { $0.stream == "\(stream)" }
      #expect(!mine.isEmpty)
      let bytes = mine.flatMap { Hexadecimal.decode($0.frame) ?? [] }
      for _ in 0..<20 {
        let pieces = cut(bytes, using: &generator)
        #expect(try messages(in: pieces, of: stream).map(\.described) == mine.map(\.message))
      }
      #expect(try messages(in: [bytes], of: stream).map(\.described) == mine.map(\.message))
    }
  }

  @Test func everyTypeHasAVector() throws {
    let vectors: [Valid] = try Vectors.load("frames-valid.json")
    let numbers = Set(vectors.compactMap { Hexadecimal.decode($0.frame)?[4] })
    #expect(numbers.isSuperset(of: MessageType.allCases.map(\.rawValue)))
  }

  @Test func invalidFramesAreRefusedWithTheRightCode() throws {
    let vectors: [Invalid] = try Vectors.load("frames-invalid.json")
    #expect(vectors.count >= 80)
    for vector in vectors {
      let bytes = try #require(Hexadecimal.decode(vector.frame))
      let stream = try #require(MessageStream(name: vector.stream))
      let comment = Comment(rawValue: vector.name)
      let before = Failure(id: 1, code: "busy", message: "").encoded()
      for pieces in [[bytes], bytes.map { [$0] }, [before + bytes], [before, bytes]] {
        let error = caught { try messages(in: pieces, of: stream) }
        #expect(error?.code.rawValue == vector.error, comment)
        #expect(error?.message.isEmpty == false && error?.reason?.contains("\n") != true, comment)
      }
    }
  }
}
